"""Orders: what a list is sorted by, and the SQL of sorting and of starting behind a position."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.base import ReadOnlyColumnCollection


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
    bound = [_bound(value, column) for value, column in zip(position, columns, strict=True)]
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


def _bound(value: Any, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A value of a cursor as a bind; whole numbers as the widest, since anyone can write a cursor."""
    return sa.literal(value, sa.BigInteger() if isinstance(column.type, sa.Integer) else column.type)


def _past(
    column: sa.ColumnElement[Any], sort: Sort, bound: sa.ColumnElement[Any], value: Any
) -> sa.ColumnElement[bool]:
    """Strictly behind a value in one column, nulls included where they come later."""
    if value is None:
        return column.is_not(None) if sort.nulls_first else sa.false()
    past: sa.ColumnElement[bool] = column < bound if sort.descending else column > bound
    return sa.or_(past, column.is_(None)) if sort.nullable and not sort.nulls_first else past
