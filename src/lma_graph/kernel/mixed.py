"""Rows of several tables as one list: what hangs on each parent, by the moment at which it occurred.

A page is found in two steps: which rows it holds, by one statement over all tables, and then the rows themselves,
table by table. Enter at `Mixed`.
"""

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from lma_graph.kernel.loaders import KEYS, LIMIT, Children, chosen
from lma_graph.kernel.order import Sort, order_by
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Condition, Scope, table_of
from lma_graph.kernel.transactions import Row, Transaction

LATEST: Final = (
    Sort("occurred_at", descending=True),
    Sort("kind", descending=True),
    Sort("id", descending=True),
)
"""The order of every mixed list. What occurred at one moment is told apart by its kind and its id."""
KINDS_OF_CURSOR: Final[dict[str, Any]] = {"occurred_at": dt.datetime, "kind": int, "id": int}


@dataclass(frozen=True)
class MixedPage(Page):
    """A slice of a mixed list; `kinds` are the names of those that it is about."""

    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One table of a mixed list."""

    name: str
    type_name: str
    """The GraphQL type that shows its rows."""
    children: Children
    """Which of its rows belong to a parent, in the order of `moment` and id, both descending."""
    moment: str
    """The column that says when a row occurred; it never changes."""

    def where(self, table: sa.FromClause, scope: Scope) -> list[Condition]:
        """Everything a row must satisfy beside its parent, which has been seen."""
        return self.children.conditions(table, scope, None)

    def statement(self, scope: Scope, columns: Sequence[str] | None = None) -> sa.Select[Any]:
        """The rows of `:keys`, whose parents have been seen."""
        table = table_of(self.children.row).alias("t")
        return sa.select(*chosen(table, columns)).where(*self.where(table, scope), table.c.id == sa.any_(KEYS))


class Entry:
    """A row of one of the tables, and its place in the list; it has the row's columns as attributes."""

    __slots__ = ("_row", "id", "kind", "occurred_at", "type_name")

    def __init__(self, place: Row, type_name: str, row: Row) -> None:
        self.id, self.kind, self.occurred_at = place.id, place.kind, place.occurred_at
        self.type_name = type_name
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


@dataclass(frozen=True)
class Mixed:
    """What hangs on a parent in several tables, as pages, latest first; and how much there is."""

    kinds: tuple[Kind, ...]

    def numbered(self, page: MixedPage) -> list[tuple[int, Kind]]:
        """The kinds that a page is about, with their numbers, which cursors hold: they stay as they are for ever."""
        return [(number, kind) for number, kind in enumerate(self.kinds) if kind.name in page.kinds]

    def statement(self, scope: Scope, page: MixedPage) -> sa.Select[Any]:
        """Top `:limit` per parent of `:keys` in the page's running order: `parent_id`, `kind`, `occurred_at`, `id`.

        Each table gives as many through its index before they are merged, however many it has.
        """
        parents = sa.func.unnest(KEYS).table_valued(sa.column("id", sa.BigInteger())).render_derived("k")
        tops = [_top(number, kind, parents, scope, page) for number, kind in self.numbered(page)]
        merged = sa.union_all(*tops).subquery("merged")
        top = sa.select(merged).order_by(*order_by(merged.c, page.running)).limit(LIMIT).lateral("top")
        return sa.select(parents.c.id.label("parent_id"), *top.c).select_from(parents.join(top, sa.true()))

    def count(self, scope: Scope, page: MixedPage) -> sa.Select[Any]:
        """How much hangs on each parent of `:keys`; parents without anything are missing."""
        counted = sa.union_all(
            *(kind.children.count(scope, None) for _, kind in self.numbered(page)),
        ).subquery("counted")
        total = sa.cast(sa.func.sum(counted.c.count), sa.BigInteger()).label("count")
        return sa.select(counted.c.parent_id, total).group_by(counted.c.parent_id)

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], page: MixedPage) -> Sequence[Any]:
        """Up to `limit + 1` entries per key."""
        values = {"keys": list(keys), "limit": page.limit + 1}
        places = await reader.rows(self.statement(scope, page), values)
        wanted: dict[int, list[int]] = defaultdict(list)
        for place in places:
            wanted[place.kind].append(place.id)

        async def rows(number: int, ids: list[int]) -> dict[tuple[int, int], Row]:
            found = await reader.rows(self.kinds[number].statement(scope), {"keys": ids})
            return {(number, row.id): row for row in found}

        parts = await asyncio.gather(*(rows(number, ids) for number, ids in sorted(wanted.items())))
        found = {key: row for part in parts for key, row in part.items()}
        groups: dict[int, list[Entry]] = defaultdict(list)
        for place in places:
            row = found[place.kind, place.id]
            groups[place.parent_id].append(Entry(place, self.kinds[place.kind].type_name, row))
        return [groups[key] for key in keys]


@dataclass(frozen=True)
class MixedCount:
    """How much hangs on a parent, by the kinds of a page."""

    mixed: Mixed

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], page: MixedPage) -> Sequence[int]:
        """A number per key."""
        rows = await reader.rows(self.mixed.count(scope, page), {"keys": list(keys)})
        found: dict[int, int] = {row.parent_id: row._mapping["count"] for row in rows}
        return [found.get(key, 0) for key in keys]


def _top(number: int, kind: Kind, parents: sa.FromClause, scope: Scope, page: MixedPage) -> Any:
    """The first of one table, by its own index."""
    child = table_of(kind.children.row).alias(f"c{number}")
    moment, own = child.c[kind.moment], child.c.id
    wanted = [*kind.where(child, scope), child.c[kind.children.key] == parents.c.id]
    if page.position is not None:
        wanted.append(_behind(moment, own, number, page))
    order = [column.asc() if page.backward else column.desc() for column in (moment, own)]
    place = sa.literal_column(str(number), sa.Integer()).label("kind")
    found = sa.select(place, moment.label("occurred_at"), own.label("id")).where(*wanted).order_by(*order).limit(LIMIT)
    return sa.select(found.correlate(parents).subquery())


def _behind(moment: Any, own: Any, number: int, page: MixedPage) -> Condition:
    """The rows of one kind that come after a position, which is in a list of all kinds."""
    assert page.position is not None
    at, kind, last = page.position
    when = sa.literal(at, moment.type)
    if number == kind:
        left, right = sa.tuple_(moment, own), sa.tuple_(when, sa.literal(last, sa.BigInteger()))
        return left > right if page.backward else left < right
    if page.backward:
        return moment >= when if number > kind else moment > when  # type: ignore[no-any-return]
    return moment <= when if number < kind else moment < when  # type: ignore[no-any-return]
