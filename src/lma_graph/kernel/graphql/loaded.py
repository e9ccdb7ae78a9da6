"""The kinds of fields that types and roots have, beside connections, which are in `lists`.

Each names what its value comes from (a column, a loader spec, a function over many rows), so that a planner can read
it there; its resolver awaits a data loader for it. They are made by the functions of `fields`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Optional

import sqlalchemy as sa
import strawberry
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from lma_graph.kernel import ids
from lma_graph.kernel.graphql.context import Context, Info
from lma_graph.kernel.loaders import ById, Spec
from lma_graph.kernel.viewer import Viewer


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
        self.is_moment = isinstance(column.type, sa.TIMESTAMP)
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


class ToldField(StrawberryField):
    """A plain value of what a command gave, by its name there."""

    def __init__(self, of: str, **options: Any) -> None:
        super().__init__(**options)
        self.of = of

    def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:  # noqa: ARG002
        """Read it."""
        return getattr(source, self.of)


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
    """A field whose resolver takes all parents of a level at once; `reads` names the columns it looks at.

    With `asks`, a function of the selection, the resolver also gets `names`: what is selected of its values.
    """

    def __init__(
        self, resolve: Batch, reads: Sequence[str], asks: Callable[[Info], Any] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.resolve = resolve
        self.reads = tuple(reads)
        self.asks = asks

    def get_result(self, source: Any, info: Info | None, args: Any, kwargs: Any) -> Coroutine[Any, Any, Any]:
        """A coroutine that loads the value."""
        if self.asks is not None:
            assert info is not None
            kwargs = {**kwargs, "names": self.asks(info)}
        return super().get_result(source, info, args, kwargs)

    async def value(self, source: Any, context: Context, **arguments: Any) -> Any:
        """The value of one parent, resolved together with those asked for at the same time."""
        return await context.load_batch(self, source, arguments)


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
