"""Connections as fields: the arguments of a page, and how it is read. Enter at `ManyField` and `ListField`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from strawberry.types.arguments import StrawberryArgument

from lma_graph.kernel.criteria import Vocabulary
from lma_graph.kernel.graphql.connections import Connected
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.inputs import column_types, filter_of, order_of, read_order
from lma_graph.kernel.graphql.loaded import LoadedField, argument
from lma_graph.kernel.loaders import All, Children, Count
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Scope

PAGE_AT_ROOT = 20
PAGE_NESTED = 10
Arguments = Mapping[str, Any]
Columns = Sequence[str] | None


class SlicedField(LoadedField):
    """What all connections share: the arguments of a slice. Subclasses add theirs, and say how they are read."""

    def __init__(self, page: int, **options: Any) -> None:
        super().__init__(metadata={"page": page}, **options)
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
        return [
            argument("first", int, f"How many rows from the start, at most 200; {self.page} by default."),
            argument("after", str, "Only rows after this cursor; goes with `first`."),
            argument("last", int, "How many rows from the end, at most 200; instead of `first`."),
            argument("before", str, "Only rows before this cursor; goes with `last`."),
        ]

    def read_page(self, arguments: Arguments) -> Page:
        """The page that a client asked for."""
        raise NotImplementedError

    @property
    def moments(self) -> frozenset[str]:
        """The columns to sort by that hold moments, as far as that is known."""
        return frozenset()


class PagedField(SlicedField):
    """What connections over one table share: its filter and its orders."""

    def __init__(self, vocabulary: Vocabulary, spec: Children | All, page: int, **options: Any) -> None:
        super().__init__(page, **options)
        self.vocabulary = vocabulary
        self.spec = spec

    def _make_arguments(self) -> list[StrawberryArgument]:
        made = filter_of(self.vocabulary)
        order: Any = list[order_of(self.vocabulary)]  # type: ignore[misc]
        return [
            *super()._make_arguments(),
            argument("filter", made, "Which rows the list is about; all of them by default."),
            argument("order_by", order, "What to sort by, most important first; newest first by default."),
        ]

    @property
    def moments(self) -> frozenset[str]:
        """The columns to sort by that hold moments."""
        types = column_types(self.vocabulary)
        return frozenset(name for name, kind in types.items() if kind is dt.datetime)

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


def _uncut(page: Page) -> Page:
    """The page without its slice: all pages of one list share their count."""
    return Page(limit=0, filter=page.filter)
