"""Fields of types that are views over rows: columns, relations, connections, derived values.

Each field names a loader spec; the resolver path awaits a data loader for it, and a planner can read the same spec
from the field. Enter at `to_one`, `to_many` and `derived` inside a type, at `listing` and `by_id` for root fields.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Optional

import sqlalchemy as sa
import strawberry
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from lma_graph.kernel import ids
from lma_graph.kernel.criteria import Vocabulary
from lma_graph.kernel.graphql.connections import Connected, connection_of
from lma_graph.kernel.graphql.context import Context, Info
from lma_graph.kernel.graphql.inputs import column_types, filter_of, order_of, read_order
from lma_graph.kernel.loaders import All, ById, Children, Count, Spec
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Scope, column_of
from lma_graph.kernel.viewer import Viewer

PAGE_AT_ROOT = 20
PAGE_NESTED = 10
Arguments = Mapping[str, Any]
Columns = Sequence[str] | None


class ColumnField(StrawberryField):
    """The value of a column; `convert` turns it into what clients see, and is not asked about nulls."""

    def __init__(
        self,
        column: sa.Column[Any],
        convert: Callable[[Any], Any] | None = None,
        node: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.column = column.name
        self.is_json = isinstance(column.type, JSONB)
        self.convert = convert if node is None else lambda number: ids.encode(node, number)
        self.node = node
        """The type whose global ids the column's numbers are."""

    def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:  # noqa: ARG002
        """Read the row."""
        value = getattr(source, self.column)
        return value if self.convert is None or value is None else self.convert(value)


class LoadedField(StrawberryField):
    """A field whose value is loaded: not basic, so that it gets the context and its arguments."""

    @property
    def is_basic_field(self) -> bool:
        """False, so that `get_result` gets the operation's context."""
        return False

    def get_result(self, source: Any, info: Info | None, args: Any, kwargs: Any) -> Coroutine[Any, Any, Any]:  # noqa: ARG002
        """A coroutine that loads the value."""
        assert info is not None
        return self.value(source, info.context, **kwargs)

    async def value(self, source: Any, context: Context, **arguments: Any) -> Any:
        """The value for one source."""
        raise NotImplementedError


class OneField(LoadedField):
    """The row that a key of this row points at."""

    def __init__(self, spec: Spec, key: str, **options: Any) -> None:
        super().__init__(**options)
        self.spec = spec
        self.key = key

    async def value(self, source: Any, context: Context, **_: Any) -> Any:
        """None where the key is null or what it points at is not visible."""
        key = getattr(source, self.key)
        return None if key is None else await context.load(self.spec, key)


class EachField(LoadedField):
    """The rows whose ids a JSON column of this row lists; those that are not visible are left out."""

    def __init__(self, spec: Spec, key: str, **options: Any) -> None:
        super().__init__(**options)
        self.spec = spec
        self.key = key

    async def value(self, source: Any, context: Context, **_: Any) -> Any:
        """All of them through one loader."""
        found = await asyncio.gather(*(context.load(self.spec, number) for number in getattr(source, self.key)))
        return [row for row in found if row is not None]


class DerivedField(LoadedField):
    """A value computed for many rows at once by a spec keyed by their id."""

    def __init__(self, spec: Spec, **options: Any) -> None:
        super().__init__(**options)
        self.spec = spec

    async def value(self, source: Any, context: Context, **_: Any) -> Any:
        """What the spec gives for the row."""
        return await context.load(self.spec, source.id)


Batch = Callable[..., Awaitable[Sequence[Any]]]
"""`async fn(rows, context, **arguments)`: one value per row, in the rows' order."""


class BatchField(LoadedField):
    """A field whose resolver takes all parents of a level at once; `reads` names the columns it looks at."""

    def __init__(self, resolve: Batch, reads: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.resolve = resolve
        self.reads = tuple(reads)

    async def value(self, source: Any, context: Context, **arguments: Any) -> Any:
        """The value of one parent, resolved together with those asked for at the same time."""
        return await context.load_batch(self, source, arguments)


class PagedField(LoadedField):
    """What nested and root connections share: the arguments and how they are read."""

    def __init__(self, vocabulary: Vocabulary, spec: Children | All, page: int, **options: Any) -> None:
        super().__init__(metadata={"page": page}, **options)
        self.vocabulary = vocabulary
        self.spec = spec
        self.page = page

    @property
    def arguments(self) -> list[StrawberryArgument]:
        """Made when the schema is assembled: vocabularies are complete by then."""
        if self._arguments is None:
            self._arguments = self._make_arguments()
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value

    def _make_arguments(self) -> list[StrawberryArgument]:
        made = filter_of(self.vocabulary)
        order: Any = list[order_of(self.vocabulary)]  # type: ignore[misc]
        return [
            argument("first", int, f"How many rows from the start, at most 200; {self.page} by default."),
            argument("after", str, "Only rows after this cursor; goes with `first`."),
            argument("last", int, "How many rows from the end, at most 200; instead of `first`."),
            argument("before", str, "Only rows before this cursor; goes with `last`."),
            argument("filter", made, "Which rows the list is about; all of them by default."),
            argument("order_by", order, "What to sort by, most important first; newest first by default."),
        ]

    def read_page(self, arguments: Arguments) -> Page:
        """The page that a client asked for."""
        tree = arguments.get("filter")
        return Page.read(
            default=self.page,
            order=read_order(self.vocabulary, arguments.get("order_by")) or self.spec.order,
            first=arguments.get("first"),
            after=arguments.get("after"),
            last=arguments.get("last"),
            before=arguments.get("before"),
            filter=None if tree is None else self.vocabulary.filter(tree),
            types=column_types(self.vocabulary),
            of=self.vocabulary.name,
        )


class ManyField(PagedField):
    """A page of the rows that point at this row."""

    spec: Children

    async def value(self, source: Any, context: Context, **arguments: Any) -> Connected:
        """One statement for all the rows of the level, and one more for their counts where asked for."""
        page = self.read_page(arguments)
        rows = await context.load(self.spec, source.id, page)
        return Connected(rows, page, lambda: context.load(Count(self.spec), source.id, _uncut(page)))


class ListField(PagedField):
    """A root field: a page of all rows the viewer may see. Subclasses say which rows, or in what order."""

    spec: All
    pages_alone = True
    """Whether the statement depends on nothing of the arguments but the page."""

    def rows(self, scope: Scope, page: Page, arguments: Arguments, columns: Columns = None) -> sa.Select[Any]:
        """The statement of a page, for `:limit` rows."""
        del arguments
        return self.spec.statement(scope, page, columns)

    def count(self, scope: Scope, page: Page, arguments: Arguments) -> sa.Select[Any]:
        """The statement of the whole list's length."""
        del arguments
        return self.spec.count(scope, page)

    async def value(self, source: Any, context: Context, **arguments: Any) -> Connected:  # noqa: ARG002
        """One statement, and one more for the count where asked for."""
        page = self.read_page(arguments)
        rows = await context.reader.rows(self.rows(context.scope, page, arguments), {"limit": page.limit + 1})

        async def count() -> int:
            found = await context.reader.rows(self.count(context.scope, page, arguments))
            return int(found[0][0])

        return Connected(rows, page, count)


class CurrentField(LoadedField):
    """A root field: the row that the viewer stands for, such as their own user."""

    def __init__(self, spec: ById, key: Callable[[Viewer], int], **options: Any) -> None:
        super().__init__(**options)
        self.spec = spec
        self.key = key

    async def value(self, source: Any, context: Context, **_: Any) -> Any:  # noqa: ARG002
        """Always there: the viewer has been checked."""
        return await context.load(self.spec, self.key(context.viewer))


class ByIdField(LoadedField):
    """A root field: one row by its global id."""

    def __init__(self, spec: ById, node: str, **options: Any) -> None:
        super().__init__(**options)
        self.spec = spec
        self.node = node
        self.arguments = [argument("id", strawberry.ID, f"Global id of a {node}.", required=True)]

    async def value(self, source: Any, context: Context, **arguments: Any) -> Any:  # noqa: ARG002
        """None for anything that is not the id of such a row that the viewer may see."""
        number = ids.number_of(arguments["id"], self.node)
        return None if number is None else await context.load(self.spec, number)


def argument(
    name: str, kind: Any, description: str, *, required: bool = False, default: Any = strawberry.UNSET
) -> StrawberryArgument:
    """A described argument of a field."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(kind if required else Optional[kind]),
        description=description,
        default=default,
    )


def _uncut(page: Page) -> Page:
    """The page without its slice: all pages of one list share their count."""
    return Page(limit=0, filter=page.filter)


def to_one(spec: Spec, node: Any, *, key: Any, description: str, required: bool = False) -> Any:
    """A relation by a key of the row."""
    kind = node if required else Optional[node]
    name = column_of(key).name
    return OneField(spec, name, type_annotation=StrawberryAnnotation(kind), description=description)


def to_each(spec: Spec, node: Any, *, key: Any, description: str) -> Any:
    """A relation by a list of ids in a column of the row."""
    name = column_of(key).name
    return EachField(spec, name, type_annotation=StrawberryAnnotation(list[node]), description=description)


def to_many(spec: Children, node: Any, vocabulary: Vocabulary, *, description: str) -> Any:
    """A connection over the rows that point at this row."""
    kind = StrawberryAnnotation(connection_of(node))
    return ManyField(vocabulary, spec, PAGE_NESTED, type_annotation=kind, description=description)


def computed(attribute: Any, kind: Any, convert: Callable[[Any], Any], *, description: str) -> Any:
    """A value computed from one column of the row."""
    return ColumnField(
        column_of(attribute), convert, type_annotation=StrawberryAnnotation(kind), description=description
    )


def derived(spec: Spec, kind: Any, *, description: str) -> Any:
    """A value that a spec computes from the row's id."""
    return DerivedField(spec, type_annotation=StrawberryAnnotation(kind), description=description)


def batched(resolve: Batch, kind: Any, *, reads: Sequence[Any], description: str) -> Any:
    """A value that a function computes for all rows of a level at once."""
    names = [column_of(attribute).name for attribute in reads]
    return BatchField(resolve, names, type_annotation=StrawberryAnnotation(kind), description=description)


def listing(spec: All, node: Any, vocabulary: Vocabulary, *, description: str) -> Any:
    """A root connection."""
    kind = StrawberryAnnotation(connection_of(node))
    return ListField(vocabulary, spec, PAGE_AT_ROOT, type_annotation=kind, description=description)


def current(spec: ById, node: Any, *, key: Callable[[Viewer], int], description: str) -> Any:
    """A root field for a row of the viewer's own."""
    return CurrentField(spec, key, type_annotation=StrawberryAnnotation(node), description=description)


def by_id(spec: ById, node: Any, *, description: str) -> Any:
    """A root field for one row."""
    name = node.__strawberry_definition__.name
    return ByIdField(spec, name, type_annotation=StrawberryAnnotation(Optional[node]), description=description)


def declared(cls: type) -> Sequence[tuple[str, StrawberryField]]:
    """The fields in a class body, in order, under their Python names."""
    found = []
    for name, value in vars(cls).items():
        if isinstance(value, StrawberryField):
            value.python_name = name
            value.origin = value.origin or cls
            if value.type_annotation is not None and value.type_annotation.namespace is None:
                value.type_annotation.set_namespace_from_field(value)
            found.append((name, value))
    return found
