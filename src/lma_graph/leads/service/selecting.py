"""Leads that a client has chosen, by their ids or by a filter, and work on them chunk by chunk.

Enter at `Selection` and `done`. Of each chunk the leads are locked first, in the order of their ids, which is the
order of all locks; what is then written is a bounded number of statements, however many leads there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa

from lma_graph.executions.service import start
from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.errors import InvalidInput, NotFound, Path
from lma_graph.kernel.scope import Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, Row, Transaction, UnitOfWork
from lma_graph.leads.models import LeadRow
from lma_graph.leads.service.life import NO_LEAD

LONG_WORK = "BULK_UPDATE"
"""The type of the execution that does more."""
AT_ONCE = 10_000
"""How many leads one transaction changes."""

_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger()))
_AFTER: sa.BindParameter[int] = sa.bindparam("after", type_=sa.BigInteger())
_LIMIT: sa.BindParameter[int] = sa.bindparam("limit", type_=sa.Integer())

Read = sa.ColumnElement[Any]


class Work(Protocol):
    """What is done to the leads of a selection; it counts what it does."""

    name: ClassVar[str]
    """The mutation whose work it is."""

    def stored(self) -> dict[str, Any]:
        """What it was asked to do, as an execution keeps and shows it."""

    def reads(self, lead: sa.FromClause) -> Sequence[Read]:
        """What it wants to know of each lead beside the id."""

    async def take(self, unit: UnitOfWork, leads: Sequence[Row]) -> None:
        """Do it to locked leads."""

    def outcome(self) -> dict[str, Any]:
        """What it has done so far."""


@dataclass(frozen=True)
class Selection:
    """Leads by ids, as they were sent, or by a filter; only those that the viewer sees."""

    numbers: tuple[int, ...] | None = None
    filter: Filter | None = None
    path: Path | None = None
    """Where the one lead was named; a list of ids is `leadIds`."""

    @classmethod
    def given(cls, values: Mapping[str, Any]) -> "Selection":
        """The selection of an input with `leadIds` and `filter`."""
        numbers, chosen = values.get("lead_ids"), values.get("filter")
        if (numbers is None) == (chosen is None):
            text = "Selectors exclude each other: give either leadIds or filter."
            raise InvalidInput.at((), text, "ONE_SELECTOR")
        return cls(None if numbers is None else tuple(numbers), chosen)

    @classmethod
    def one(cls, number: int) -> "Selection":
        """The lead of an input with `leadId`."""
        return cls((number,), path=("leadId",))

    async def read(
        self, transaction: Transaction, reads: Sequence[Read], *, after: int = 0, limit: int = AT_ONCE, lock: bool
    ) -> Sequence[Row]:
        """Up to `limit` leads behind an id. Raises `NotFound` where an id of the list is of none."""
        lead = table_of(LeadRow)
        wanted = self.conditions(lead, Scope.of(transaction.viewer))
        statement = sa.select(lead.c.id, *reads).where(*wanted, lead.c.id > _AFTER).order_by(lead.c.id).limit(_LIMIT)
        if lock:
            statement = statement.with_for_update(of=lead, key_share=True)
        found = await transaction.rows(
            statement.execution_options(**{ANEW: True}), {"after": after, "limit": limit, **self._values()}
        )
        if not after:
            self._refuse_missing({row.id for row in found})
        return found

    async def count(self, transaction: Transaction, limit: int | None = None) -> int:
        """How many leads there are; with a limit, counting stops there."""
        lead = table_of(LeadRow)
        some = sa.select(lead.c.id).where(*self.conditions(lead, Scope.of(transaction.viewer))).limit(limit).subquery()
        counted = sa.select(sa.func.count().label("found")).select_from(some).execution_options(**{ANEW: True})
        found: int = (await transaction.rows(counted, self._values()))[0].found
        return found

    def conditions(self, lead: sa.Table, scope: Scope) -> list[Condition]:
        """What a lead of the selection is like; other ways to choose say it otherwise."""
        found = conditions(lead, scope)
        chosen = lead.c.id == sa.any_(_KEYS) if self.filter is None else self.filter.sql(lead, scope)
        return [*found, chosen]

    def _values(self) -> dict[str, Any]:
        return {} if self.numbers is None else {"keys": sorted(set(self.numbers))}

    def _refuse_missing(self, found: set[int]) -> None:
        for place, number in enumerate(self.numbers or ()):
            if number not in found:
                raise NotFound(NO_LEAD, path=self.path or ("leadIds", place))


async def chunk(
    unit: UnitOfWork, selection: Selection, work: Work, *, after: int = 0, limit: int = AT_ONCE
) -> int | None:
    """Do the work to the next leads behind an id; gives the id to go on behind, None where there are no more."""
    leads = await selection.read(unit, work.reads(table_of(LeadRow)), after=after, limit=limit, lock=True)
    if leads:
        await work.take(unit, leads)
    return int(leads[-1].id) if len(leads) == limit else None


async def done(unit: UnitOfWork, selection: Selection, work: Work) -> dict[str, Any]:
    """Do the work to all leads of the selection; what it has done.

    That is in this transaction, unless a filter matches more leads than one changes. Then it is long work, which goes
    on chunk by chunk when this unit is committed, and the outcome is its `execution`.
    """
    if selection.filter is not None and await selection.count(unit, AT_ONCE + 1) > AT_ONCE:
        stored = {"mutation": work.name, "filter": dict(selection.filter.tree), **work.stored()}
        return {"execution": await start(unit, LONG_WORK, stored, total=await selection.count(unit))}
    after: int | None = 0
    while after is not None:
        after = await chunk(unit, selection, work, after=after)
    return work.outcome()
