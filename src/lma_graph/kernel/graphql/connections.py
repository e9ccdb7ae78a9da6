"""Relay connections: the types, and the values that resolvers return for them."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from lma_graph.kernel.cursors import write_cursors
from lma_graph.kernel.paging import Page


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is something before this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge; null on an empty page.")


class Edge:
    """A row and its position."""

    __slots__ = ("_page", "node")

    def __init__(self, node: Any, page: Page) -> None:
        self.node = node
        self._page = page

    @property
    def cursor(self) -> str:
        """Computed only where it is asked for."""
        return cursor_of(self.node, self._page)


def cursor_of(row: Any, page: Page) -> str:
    """The position of a row in the page's list."""
    return write_cursors(page.of, page.order, [[getattr(row, sort.column)] for sort in page.order])[0]


class Connected:
    """One page of a list: what a connection field resolves to."""

    def __init__(self, rows: Sequence[Any], page: Page, count: Callable[[], Awaitable[int]]) -> None:
        """`rows` come in the page's running order, one more than asked for where there are more."""
        self._page = page
        self._more = len(rows) > page.limit
        kept = rows[: page.limit]
        self.nodes = list(reversed(kept)) if page.backward else list(kept)
        self._count = count

    @cached_property
    def edges(self) -> list[Edge]:
        """The rows with their positions."""
        return [Edge(row, self._page) for row in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        """Both directions; what lies behind the given cursor is known without another look."""
        page = self._page
        return PageInfo(
            has_next_page=page.bounded if page.backward else self._more,
            has_previous_page=self._more if page.backward else page.bounded,
            start_cursor=cursor_of(self.nodes[0], page) if self.nodes else None,
            end_cursor=cursor_of(self.nodes[-1], page) if self.nodes else None,
        )

    @property
    def total_count(self) -> Awaitable[int]:
        """Counted only where it is asked for."""
        return self._count()


_made: dict[str, Any] = {}


def connection_of(node: Any) -> Any:
    """`…Connection` and `…Edge` of a type."""
    name: str = node.__strawberry_definition__.name
    if name not in _made:
        edge = _type(f"{name}Edge", f"One {name} and its position in a list.")
        _add(edge, "node", node, f"The {name}.")
        _add(edge, "cursor", str, "Its position, for `after` and `before`.")
        made = _type(f"{name}Connection", f"One page of a list of {name}.")
        _add(made, "edges", list[edge], "The rows with their positions.")  # type: ignore[valid-type]
        _add(made, "nodes", list[node], "The rows alone.")
        _add(made, "page_info", PageInfo, "Where this page lies in the list.")
        _add(
            made,
            "total_count",
            int,
            "How many rows the list has in all, under its filter; counted only where asked for.",
        )
        _made[name] = made
    return _made[name]


def _type(name: str, description: str) -> Any:
    return strawberry.type(type(name, (), {"__annotations__": {}}), name=name, description=description)


def _add(made: Any, name: str, annotation: Any, description: str) -> None:
    field = StrawberryField(python_name=name, type_annotation=StrawberryAnnotation(annotation), description=description)
    made.__strawberry_definition__.fields.append(field)
