"""Keyset paging: the slice of a list that a client asks for. Enter at `Page.read`.

A page starts behind a position in an order (`order`, `cursors`), never at an offset; the id breaks every tie, so
that pages never repeat or skip a row while others are inserted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.cursors import read_cursor
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.order import BY_ID, Order, Sort, complete

LARGEST_PAGE = 200


@dataclass(frozen=True)
class Page:
    """Which slice of which list: the arguments of a connection, checked. Equal pages share a loader."""

    limit: int
    backward: bool = False
    position: tuple[Any, ...] | None = None
    """The values of the cursor to start behind, in the order's columns."""
    order: Order = (BY_ID,)
    filter: Filter | None = None
    of: str = ""
    """What the list is of, such as `Lead`: a cursor of another list is refused."""
    bounded: bool = field(default=False, compare=False)
    """Whether a cursor was given, so that there is something on its other side."""

    @classmethod
    def read(
        cls,
        *,
        default: int,
        order: Sequence[Sort],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: Filter | None = None,  # noqa: A002  # the argument's name in the API
        types: dict[str, Any],
        of: str = "",
    ) -> "Page":
        """Check the arguments of a connection; `types` gives the Python type of every sortable column."""
        backward = last is not None or (before is not None and first is None)
        if first is not None and last is not None:
            raise InvalidInput.at(("last",), "give either first or last, not both", "CONTRADICTION")
        if after is not None and before is not None:
            raise InvalidInput.at(("before",), "give either after or before, not both", "CONTRADICTION")
        if (backward and after is not None) or (not backward and before is not None):
            name = "after" if backward else "before"
            raise InvalidInput.at(
                (name,), f"{name} does not go with {'last' if backward else 'first'}", "CONTRADICTION"
            )
        name = "last" if backward else "first"
        limit = last if backward else first
        limit = default if limit is None else limit
        if limit < 0:
            raise InvalidInput.at((name,), "must not be negative", "OUT_OF_RANGE")
        if limit > LARGEST_PAGE:
            raise InvalidInput.at((name,), f"must be at most {LARGEST_PAGE}, the largest page", "OUT_OF_RANGE")
        whole = complete(order)
        text, argument = (before, "before") if backward else (after, "after")
        position = None if text is None else read_cursor(text, of, whole, types, (argument,))
        return cls(limit, backward, position, whole, filter, of, text is not None)

    @property
    def running(self) -> Order:
        """The order in which rows are fetched: reversed when paging backward."""
        return tuple(sort.reversed() for sort in self.order) if self.backward else self.order
