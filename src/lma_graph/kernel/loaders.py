"""Loaders are values: a frozen spec says which rows belong to which keys, and gives the statement for many at once.

A GraphQL field names a spec; nothing is registered. Field by field execution serves specs through data loaders
(`dataloaders`), batched execution hands a spec all parents of a level at once.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

from lma_graph.kernel.order import Order, behind, order_by
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Condition, Scope, column_of, conditions, table_of
from lma_graph.kernel.tables import Base
from lma_graph.kernel.transactions import ANEW, Row, Transaction

KEYS: sa.BindParameter[Any] = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger()))
LIMIT: sa.BindParameter[int] = sa.bindparam("limit", type_=sa.Integer())
Where = Callable[[sa.FromClause], Condition]


class Spec(Protocol):
    """What a data loader can serve: the values of many keys in the keys' order."""

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], arguments: Any) -> Sequence[Any]:
        """One value per key."""


def _name(attribute: Any) -> str:
    return column_of(attribute).name


def rows_of(table: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """The columns a row is read with: all but those that only the database needs."""
    return [column for column in table.c if not isinstance(column.type, TSVECTOR)]


def chosen(table: sa.FromClause, columns: Sequence[str] | None) -> list[sa.ColumnElement[Any]]:
    """The named columns of a table, or all that rows are read with."""
    return rows_of(table) if columns is None else [table.c[name] for name in columns]


@dataclass(frozen=True)
class ById:
    """A row by its id; None where there is none that the viewer may see."""

    row: type[Base]
    lifting: str | None = None
    """The name of a visibility rule that need not be asked again, since whoever names the row has been seen by it."""

    def statement(self, scope: Scope, columns: Sequence[str] | None = None) -> sa.Select[Any]:
        """The rows of `:keys`; those of `columns`, or all that are read."""
        table = table_of(self.row).alias("t")
        seen = conditions(table, scope, lifting=self.lifting)
        return sa.select(*chosen(table, columns)).where(*seen, table.c.id == sa.any_(KEYS))

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], _: Any) -> Sequence[Row | None]:
        """One row or None per key."""
        found = {row.id: row for row in await reader.rows(self.statement(scope), {"keys": list(keys)})}
        return [found.get(key) for key in keys]


@dataclass(frozen=True)
class Link:
    """A table between two others: `parent` points at one side, `child` at the other."""

    row: type[Base]
    parent: Any
    child: Any


@dataclass(frozen=True)
class Children:
    """The rows whose `parent` key is the given one, as pages in `order`; and how many there are.

    `parent` is a key of the row itself, or a `Link` where a table stands between.
    """

    row: type[Base]
    parent: Any
    order: Order
    where: Where | None = None

    @property
    def key(self) -> str:
        """The name of the foreign key; empty where a table stands between."""
        return "" if isinstance(self.parent, Link) else _name(self.parent)

    def belongs(self, child: sa.FromClause, scope: Scope) -> tuple[sa.ColumnElement[Any], sa.FromClause]:
        """The column that names a child's parent, and where the two come from."""
        if not isinstance(self.parent, Link):
            return child.c[self.key], child
        link = table_of(self.parent.row).alias("link")
        ours = _name(self.parent.child)
        tie = sa.and_(link.c[ours] == child.c.id, *conditions(link, scope, child_of=ours))
        return link.c[_name(self.parent.parent)], child.join(link, tie)

    def conditions(self, table: sa.FromClause, scope: Scope, page: Page | None) -> list[Condition]:
        """Everything a child must satisfy beside its parent."""
        found = conditions(table, scope, child_of=self.key)
        if self.where is not None:
            found.append(self.where(table))
        if page is not None and page.filter is not None:
            found.append(page.filter.sql(table, scope))
        return found

    def statement(self, scope: Scope, page: Page, columns: Sequence[str] | None = None) -> sa.Select[Any]:
        """Top `:limit` per parent of `:keys`, each group in the page's running order, led by its `parent_id`.

        LATERAL and not a window function: it reads N rows per parent through the index, however many there are.
        """
        child = table_of(self.row).alias("c")
        read = chosen(child, columns)
        parents = sa.func.unnest(KEYS).table_valued(sa.column("id", sa.BigInteger())).render_derived("k")
        parent, both = self.belongs(child, scope)
        wanted = self.conditions(child, scope, page)
        if page.position is not None:
            wanted.append(behind(child.c, page.running, page.position))
        top = (
            sa.select(*read)
            .select_from(both)
            .where(*wanted, parent == parents.c.id)
            .order_by(*order_by(child.c, page.running))
            .limit(LIMIT)
            .lateral("top")
        )
        found = [top.c[column.name] for column in read]
        statement = sa.select(parents.c.id.label("parent_id"), *found).select_from(parents.join(top, sa.true()))
        return _planned(statement, page)

    def count(self, scope: Scope, page: Page | None) -> sa.Select[Any]:
        """How many children each parent of `:keys` has; parents without any are missing."""
        child = table_of(self.row).alias("c")
        parent, both = self.belongs(child, scope)
        return (
            sa.select(parent.label("parent_id"), sa.func.count().label("count"))
            .select_from(both)
            .where(*self.conditions(child, scope, page), parent == sa.any_(KEYS))
            .group_by(parent)
        )

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], page: Page) -> Sequence[list[Row]]:
        """Up to `limit + 1` rows per key."""
        groups: dict[int, list[Row]] = defaultdict(list)
        for row in await reader.rows(self.statement(scope, page), {"keys": list(keys), "limit": page.limit + 1}):
            groups[row.parent_id].append(row)
        return [groups[key] for key in keys]


@dataclass(frozen=True)
class Count:
    """How many children a row has, by the filter of a page."""

    children: Children

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], page: Page | None) -> Sequence[int]:
        """A number per key."""
        found = await reader.rows(self.children.count(scope, page), {"keys": list(keys)})
        counts = _pairs(found)
        return [counts.get(key, 0) for key in keys]


@dataclass(frozen=True)
class First:
    """The first child in the order of `children`; None where there is none."""

    children: Children

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], _: Any) -> Sequence[Row | None]:
        """One row or None per key."""
        page = Page(limit=0, order=self.children.order)
        groups = await self.children.load(reader, scope, keys, page)
        return [group[0] if group else None for group in groups]


@dataclass(frozen=True)
class Aggregate:
    """One value computed over the children, such as the earliest moment; None where there are none."""

    children: Children
    value: Callable[[sa.FromClause], sa.ColumnElement[Any]]

    def statement(self, scope: Scope) -> sa.Select[Any]:
        """The value of each parent of `:keys`."""
        child = table_of(self.children.row).alias("c")
        parent = child.c[self.children.key]
        return (
            sa.select(parent.label("parent_id"), self.value(child).label("value"))
            .where(*self.children.conditions(child, scope, None), parent == sa.any_(KEYS))
            .group_by(parent)
        )

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], _: Any) -> Sequence[Any]:
        """A value or None per key."""
        rows = await reader.rows(self.statement(scope), {"keys": list(keys)})
        found = _pairs(rows)
        return [found.get(key) for key in keys]


@dataclass(frozen=True)
class All:
    """All rows of a table that the viewer may see, as pages; the list behind a root field."""

    row: type[Base]
    order: Order
    where: Where | None = None
    lifting: str | None = None
    """The name of a visibility rule that this list lifts, such as the one that hides deleted rows."""

    def conditions(self, table: sa.FromClause, scope: Scope, page: Page) -> list[Condition]:
        """Everything a row must satisfy."""
        found = conditions(table, scope, lifting=self.lifting)
        if self.where is not None:
            found.append(self.where(table))
        if page.filter is not None:
            found.append(page.filter.sql(table, scope))
        return found

    def statement(self, scope: Scope, page: Page, columns: Sequence[str] | None = None) -> sa.Select[Any]:
        """`:limit` rows in the page's running order."""
        table = table_of(self.row).alias("t")
        wanted = self.conditions(table, scope, page)
        if page.position is not None:
            wanted.append(behind(table.c, page.running, page.position))
        ordered = order_by(table.c, page.running)
        return _planned(sa.select(*chosen(table, columns)).where(*wanted).order_by(*ordered).limit(LIMIT), page)

    def count(self, scope: Scope, page: Page) -> sa.Select[Any]:
        """How many rows there are."""
        table = table_of(self.row).alias("t")
        counted = sa.select(sa.func.count().label("count")).select_from(table)
        return _planned(counted.where(*self.conditions(table, scope, page)), page)


def _planned(statement: sa.Select[Any], page: Page) -> sa.Select[Any]:
    """With a filter, what is the best way depends on how many rows have the very values asked for."""
    return statement if page.filter is None else statement.execution_options(**{ANEW: True})


def _pairs(rows: Sequence[Row]) -> dict[int, Any]:
    return {row[0]: row[1] for row in rows}  # type: ignore[misc]  # two columns, by construction
