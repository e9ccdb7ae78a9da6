"""Keyset paging: orders, cursors, and the slice of a list that a client asks for.

Enter at `Page.read`. A cursor is the position of a row in one order: the values sorted by, then the id, which breaks
every tie, so that pages never repeat or skip a row while others are inserted.
"""

import base64
import binascii
import datetime as dt
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.errors import InvalidInput, Path

LARGEST_PAGE = 200
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Sort:
    """One column to sort by. `nullable` says whether the place of nulls matters at all."""

    column: str
    descending: bool = False
    nulls_first: bool = False
    nullable: bool = False

    def reversed(self) -> "Sort":
        """The opposite direction, nulls at the other end."""
        return Sort(self.column, not self.descending, not self.nulls_first, self.nullable)


Order = tuple[Sort, ...]
Columns = Mapping[str, sa.ColumnElement[Any]] | ReadOnlyColumnCollection[str, Any]
"""What is sorted by, by name: a table's columns, or expressions."""
BY_ID = Sort("id")


def complete(order: Sequence[Sort]) -> Order:
    """The order with the id at its end, in the direction of the last column, so that an index can serve it."""
    if any(sort.column == "id" for sort in order):
        return tuple(order)
    return (*order, Sort("id", descending=order[-1].descending if order else False))


@dataclass(frozen=True)
class Page:
    """Which slice of which list: the arguments of a connection, checked. Equal pages share a loader."""

    limit: int
    backward: bool = False
    position: tuple[Any, ...] | None = None
    """The values of the cursor to start behind, in the order's columns."""
    order: Order = (BY_ID,)
    filter: Filter | None = None
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
        position = None if text is None else read_cursor(text, whole, types, (argument,))
        return cls(limit, backward, position, whole, filter, text is not None)

    @property
    def running(self) -> Order:
        """The order in which rows are fetched: reversed when paging backward."""
        return tuple(sort.reversed() for sort in self.order) if self.backward else self.order


def order_by(values: Columns, order: Order) -> list[sa.ColumnElement[Any]]:
    """The ORDER BY of an order; nulls are placed only where there can be any, so that indexes fit."""
    clauses = []
    for sort in order:
        column = values[sort.column]
        clause: sa.ColumnElement[Any] = column.desc() if sort.descending else column.asc()
        if sort.nullable:
            clause = clause.nulls_first() if sort.nulls_first else clause.nulls_last()
        clauses.append(clause)
    return clauses


def behind(values: Columns, order: Order, position: Sequence[Any]) -> sa.ColumnElement[bool]:
    """The rows that come after a position. One row comparison where it can be, so that an index scan starts there."""
    columns = [values[sort.column] for sort in order]
    bound = [sa.literal(value, column.type) for value, column in zip(position, columns, strict=True)]
    one_way = len({sort.descending for sort in order}) == 1
    if one_way and not any(sort.nullable for sort in order):
        left, right = sa.tuple_(*columns), sa.tuple_(*bound)
        return left < right if order[0].descending else left > right
    choices = []
    for at in range(len(order)):
        equal = [columns[i].is_not_distinct_from(bound[i]) for i in range(at)]
        choices.append(sa.and_(*equal, _past(columns[at], order[at], bound[at], position[at])))
    if order[0].nullable:
        return sa.or_(*choices)
    # Implied by the rest; lets an index on the first column start at the position.
    start = columns[0] <= bound[0] if order[0].descending else columns[0] >= bound[0]
    return sa.and_(start, sa.or_(*choices))


def _past(
    column: sa.ColumnElement[Any], sort: Sort, bound: sa.ColumnElement[Any], value: Any
) -> sa.ColumnElement[bool]:
    """Strictly behind a value in one column, nulls included where they come later."""
    if value is None:
        return column.is_not(None) if sort.nulls_first else sa.false()
    past: sa.ColumnElement[bool] = column < bound if sort.descending else column > bound
    return sa.or_(past, column.is_(None)) if sort.nullable and not sort.nulls_first else past


def cursor_writer(order: Order) -> Callable[[Sequence[Any]], str]:
    """A function from a row's values in the order's columns to its opaque position."""
    mark = _mark(order)

    def write(values: Sequence[Any]) -> str:
        packed = orjson.dumps([mark, *[_pack(value) for value in values]])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    return write


def read_cursor(text: str, order: Order, types: dict[str, Any], path: Path) -> tuple[Any, ...]:
    """The values of a cursor written in the same order; anything else is `InvalidInput`."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        mark, *packed = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if mark == _mark(order) and len(packed) == len(order):
            return tuple(_unpack(value, types[s.column]) for s, value in zip(order, packed, strict=True))
    except (ValueError, TypeError, OverflowError, binascii.Error):
        pass
    raise InvalidInput.at(path, "is not a cursor of this list in this order", "INVALID_CURSOR")


def _mark(order: Order) -> int:
    """A short digest of an order, so that a cursor of another order is noticed."""
    return zlib.crc32(repr([(s.column, s.descending, s.nulls_first) for s in order]).encode())


def _pack(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        # Exact: microseconds since 1970 fit a double's 53 bits until the year 2255.
        return round(value.timestamp() * 1e6)
    return value.isoformat() if isinstance(value, dt.date) else value


def _unpack(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    if kind is dt.datetime and type(value) is int:
        return _EPOCH + dt.timedelta(microseconds=value)
    if kind is dt.date and type(value) is str:
        return dt.date.fromisoformat(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind or (kind is int and not -(2**63) <= value < 2**63):
        raise TypeError
    return value
