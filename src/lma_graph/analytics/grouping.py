"""Rows grouped by what a client chooses, in one statement: keys with their labels, and what is measured of each group.

What a table can be grouped by is a `Dimension` for each key, what can be measured an aggregate for each name; only what
is asked for is computed. Enter at `Grouping.read` and `Grouping.statement`.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lma_graph.analytics.periods import Interval, first_day_of, zone_of
from lma_graph.kernel import ids
from lma_graph.kernel.errors import InvalidInput, LimitExceeded
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.tables import Base
from lma_graph.kernel.transactions import ANEW, Row
from lma_graph.kernel.viewer import Viewer

MOST_KEYS = 3
MOST_GROUPS = 1_000
Column = sa.ColumnElement[Any]
Join = Callable[[sa.FromClause, Scope], tuple[sa.FromClause, Column]]
"""What is joined to a row of the table, and on what condition."""
Measure = Callable[[sa.FromClause], Column]
"""An aggregate over the grouped rows."""


@dataclass(frozen=True)
class Named:
    """Rows that a key is the id of: their type, their table, and what a person calls one."""

    node: str
    row: type[Base]
    name: Callable[[sa.FromClause], Column]


@dataclass(frozen=True)
class Dimension:
    """One thing that rows can be grouped by: a column of the table, or of what is joined to it."""

    column: str
    named: Named | None = None
    join: Join | None = None
    period: Interval | None = None

    def value(self, source: sa.FromClause, zone: str) -> Column:
        """The key of a row."""
        column = source.c[self.column]
        return column if self.period is None else first_day_of(self.period, column, zone)

    def shown(self, value: Any) -> str | None:
        """A key as clients see it."""
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, dt.date):
            return value.isoformat()
        assert self.named is not None
        return ids.encode(self.named.node, value)


def periods_of(column: str) -> dict[str, Dimension]:
    """A dimension for each calendar period of a moment."""
    return {interval.value: Dimension(column, period=interval) for interval in Interval}


@dataclass(frozen=True)
class Grouping:
    """How a client wants rows grouped."""

    names: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    measures: tuple[str, ...]
    """Those that are asked for or sorted by."""
    order: tuple[tuple[str, bool], ...]
    """Measures, or `keys`, and whether descending."""
    first: int | None
    zone: str

    @classmethod
    def read(
        cls,
        viewer: Viewer,
        arguments: Mapping[str, Any],
        asked: Sequence[str],
        dimensions: Mapping[str, Dimension],
        measures: Mapping[str, Measure],
    ) -> "Grouping":
        """Check the arguments of a field; `asked` are the names of what is selected."""
        names = tuple(arguments.get("group_by") or ())
        _check_keys(names)
        first = arguments.get("first")
        if first is not None and not 1 <= first <= MOST_GROUPS:
            raise InvalidInput.at(("first",), f"must lie between 1 and {MOST_GROUPS}", "OUT_OF_RANGE")
        order = tuple(
            (one["field"].lower(), str(one.get("direction", "DESC")) == "DESC")
            for one in arguments.get("order_by") or ()
        )
        wanted = {"count"} | {name for name in measures if camel(name) in asked} | {name for name, _ in order}
        kept = tuple(name for name in measures if name in wanted)
        zone = zone_of(viewer).key
        return cls(names, tuple(dimensions[name] for name in names), kept, order, first, zone)

    def keys(self, rows: sa.FromClause) -> list[Column]:
        """The keys among the columns of a subquery."""
        return [rows.c[f"k{place}"] for place in range(len(self.dimensions))]

    def rows(
        self, table: sa.FromClause, scope: Scope, wanted: Sequence[Column], columns: Sequence[Column]
    ) -> sa.Subquery:
        """The rows that satisfy all that is wanted, each with its keys; once for each of several values of a key."""
        source, keys = table, []
        for place, dimension in enumerate(self.dimensions):
            owner = table
            if dimension.join is not None:
                owner, tie = dimension.join(table, scope)
                source = source.outerjoin(owner, tie)
            keys.append(dimension.value(owner, self.zone).label(f"k{place}"))
        return sa.select(*keys, *columns).select_from(source).where(*wanted).subquery()

    def statement(
        self, rows: sa.FromClause, scope: Scope, measures: Mapping[str, Measure], beside: sa.FromClause | None = None
    ) -> sa.Select[Any]:
        """The groups of some rows with their labels, in order; `beside` has further figures by the same keys."""
        found = [measures[name](rows).label(name) for name in self.measures]
        groups = sa.select(*self.keys(rows), *found).select_from(rows).group_by(*self.keys(rows))
        if not self.dimensions:
            groups = groups.having(sa.func.count() > 0)
        group = groups.subquery("g")
        labels: list[Column] = []
        source: sa.FromClause = group
        for place, dimension in enumerate(self.dimensions):
            if dimension.named is not None:
                other = table_of(dimension.named.row).alias()
                tie = sa.and_(*conditions(other, scope), other.c.id == group.c[f"k{place}"])
                source = source.outerjoin(other, tie)
                labels.append(dimension.named.name(other).label(f"label{place}"))
        further: list[Column] = []
        if beside is not None:
            source = source.outerjoin(beside, self._whole(beside) == self._whole(group))
            further = [column for column in beside.c if column.name not in {key.name for key in self.keys(beside)}]
        limit = MOST_GROUPS + 1 if self.first is None else self.first
        statement = sa.select(*group.c, *labels, *further).select_from(source).order_by(*self._order(group))
        return statement.limit(sa.literal(limit, sa.Integer())).execution_options(**{ANEW: True})

    def _whole(self, rows: sa.FromClause) -> Column:
        """All keys as one value, in which nulls are equal."""
        keys = [sa.cast(key, sa.Text()) for key in self.keys(rows)]
        return sa.cast(postgresql.array(keys), sa.ARRAY(sa.Text()))

    def _order(self, group: sa.FromClause) -> list[Column]:
        """As asked; otherwise time first, and then the largest groups. The keys decide in the end."""
        keys = [_sorted(key) for key in self.keys(group)]
        ordered: list[Column] = []
        if not self.order:
            periods = [key for key, one in zip(keys, self.dimensions, strict=True) if one.period is not None]
            ordered = [*periods, group.c["count"].desc()]
        for name, descending in self.order:
            columns = keys if name == "keys" else [group.c[name]]
            ordered += [(one.desc() if descending else one.asc()).nulls_last() for one in columns]
        return [*ordered, *(key.asc().nulls_last() for key in keys)]

    def read_rows(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """The groups as figures. Raises `LimitExceeded` where there are more than can be shown at once."""
        if self.first is None and len(rows) > MOST_GROUPS:
            raise LimitExceeded(
                f"These keys make more than {MOST_GROUPS} groups; ask for the first of them, or filter.",
                limit="groups",
                allowed=MOST_GROUPS,
            )
        return [{**row._mapping, "keys": self._shown(row)} for row in rows]

    def _shown(self, row: Row) -> list[dict[str, Any]]:
        shown = []
        for place, (name, dimension) in enumerate(zip(self.names, self.dimensions, strict=True)):
            value = dimension.shown(getattr(row, f"k{place}"))
            label = value if dimension.named is None else getattr(row, f"label{place}")
            shown.append({"field": name, "value": value, "label": label})
        return shown


def _check_keys(names: Sequence[str]) -> None:
    if len(names) > MOST_KEYS:
        message = f"lists {len(names)} keys; at most {MOST_KEYS} are allowed"
        raise InvalidInput.at(("groupBy",), message, "TOO_LARGE")
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InvalidInput.at(("groupBy", place), "is listed twice", "DUPLICATE")


def _sorted(key: Column) -> Column:
    """Text by code points: the same order in every database."""
    return sa.collate(key, "C") if isinstance(key.type, sa.Text) else key


def share(part: Column, whole: Column) -> Column:
    """One number divided by another; null where the other is zero."""
    return sa.cast(part, sa.Double()) / sa.func.nullif(sa.cast(whole, sa.Double()), 0)
