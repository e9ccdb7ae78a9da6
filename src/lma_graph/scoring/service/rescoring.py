"""Which leads are scored anew, and when: at once, as long work, once more after a change of rules, and by the clock.

Enter at `chosen` for leads that a client has chosen, at `follow` after a change of rules or thresholds, at
`by_the_clock` for what time alone changes. What the engine does is the same each time: it writes what is not yet in the
ledger, so that to do it twice or to begin again is never wrong.

A transaction that has begun before a change of rules was committed may have scored its leads by the old ones, and
commit them later, unseen by whoever rescores meanwhile. So a change is followed by a look at the leads that begins only
when every transaction that was at work has ended (`awaited`).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lma_graph.executions.service import is_under_way, start
from lma_graph.kernel import ids
from lma_graph.kernel.criteria import Filter, clock
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.jobs import enqueue
from lma_graph.kernel.scope import ORGANIZATION, Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.service import selecting
from lma_graph.leads.service.selecting import Selection
from lma_graph.scoring.engine import rules
from lma_graph.scoring.engine.expressions import matches
from lma_graph.scoring.engine.rules import Rule
from lma_graph.scoring.engine.run import BY_RULES, rescore
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow

LONG_WORK = "RESCORE"
SETTLE = "scoring.settle"
"""The job that looks once more."""
HOURLY: Mapping[str, Any] = {"schedule": "hourly"}
BY_THRESHOLDS = "Thresholds or caps were set."
_LOCK = "rescore"
_LOOKS, _PAUSE_S = 4, 0.25
_HORIZON = """
SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next,
       pg_snapshot_xmin(pg_current_snapshot()) >= coalesce($1::text::xid8, pg_snapshot_xmax(pg_current_snapshot()))
       AS passed
"""
_RULES = table_of(LeadScoringRuleRow)
_ENTRIES = table_of(LeadScoreHistoryRow)


@dataclass(frozen=True)
class Touched(Selection):
    """Leads whose score may depend on a rule: those it is for now, and those it has given points to.

    Without a rule it is all leads, whoever looks.
    """

    rule: Rule | None = None
    gives: bool = True
    """Whether the rule is in use."""

    def conditions(self, lead: sa.Table, scope: Scope) -> list[Condition]:
        """See the class; whether the viewer sees the leads does not matter."""
        everyone = Scope(indexed_fields=scope.indexed_fields)
        found = conditions(lead, everyone)
        if self.rule is None:
            return found
        given = sa.select(_ENTRIES.c.lead_id).where(
            _ENTRIES.c.organization_id == ORGANIZATION, _ENTRIES.c.rule_id == self.rule.id
        )
        has = lead.c.id.in_(given)
        if not self.gives or not self.rule.is_valid:
            return [*found, has]
        return [*found, sa.or_(has, matches(self.rule, lead, everyone, clock.now()))]


async def touched(unit: UnitOfWork, rule: int | None) -> Touched:
    """The leads that a rule touches as it is now; all leads without one."""
    if rule is None:
        return Touched()
    found = await unit.rows(
        sa.select(_RULES).where(_RULES.c.organization_id == ORGANIZATION, _RULES.c.id == rule),
    )
    row = found[0]
    return Touched(rule=rules.made(row._asdict()), gives=row.is_active and row.deleted_at is None)


@dataclass(frozen=True)
class Done:
    """What became of some leads."""

    seen: int
    changed: int
    after: int | None
    """The id to go on behind; None where there are no more leads."""


async def chunk(
    unit: UnitOfWork, selection: Selection, *, after: int = 0, limit: int | None = None, warmth: bool = False
) -> Done:
    """Score the next leads behind an id. With `warmth` their temperatures too, where the score stays."""
    most = limit or selecting.AT_ONCE
    leads = [row.id for row in await selection.read(unit, (), after=after, limit=most, lock=True)]
    reason = BY_THRESHOLDS if warmth else BY_RULES
    changed = await rescore(unit, leads, held=True, judge=warmth, reason=reason) if leads else 0
    return Done(len(leads), changed, leads[-1] if len(leads) == most else None)


async def chosen(
    unit: UnitOfWork, numbers: list[int] | None, filter_: Filter | None, *, everyone: bool
) -> dict[str, Any]:
    """Score the leads that a client has chosen: up to 10,000 now, more as long work.

    Raises `InvalidInput` unless they are chosen in exactly one way, and `NotFound`.
    """
    if [numbers is not None, filter_ is not None, everyone].count(True) != 1:
        text = "Selectors exclude each other: give one of leadIds, filter and all: true."
        raise InvalidInput.at((), text, "ONE_SELECTOR")
    if numbers is not None:
        return await _now(unit, Selection(tuple(numbers)))
    wanted = filter_ or Filter(LEAD, {})
    return await _now_or_later(
        unit, Selection(filter=wanted), {"mutation": "rescoreLeads", "filter": dict(wanted.tree)}
    )


async def follow(unit: UnitOfWork, mutation: str, *, rule: int | None = None) -> dict[str, Any]:
    """Score the leads that a change of one rule, or without one of what is set for all, can touch.

    In an organization of up to 10,000 leads that is in this transaction, and once more later for leads that others are
    writing; otherwise it is long work.
    """
    warmth = rule is None
    if await Touched().count(unit, selecting.AT_ONCE + 1) > selecting.AT_ONCE:
        named = {} if rule is None else {"ruleId": ids.encode("LeadScoringRule", rule)}
        return {"execution": await start(unit, LONG_WORK, {"mutation": mutation, **named}, lock=_LOCK)}
    await enqueue(unit, SETTLE, lock=_LOCK, rule=rule)
    return await _now(unit, await touched(unit, rule), warmth=warmth)


async def by_the_clock(unit: UnitOfWork) -> None:
    """Score all leads where rules give other points because of time, or of what scoring does not take part in."""
    if (await rules.read(unit)).unannounced and not await is_under_way(unit, LONG_WORK, HOURLY):
        await _now_or_later(unit, Touched(), HOURLY)


async def _now_or_later(unit: UnitOfWork, selection: Selection, stored: Mapping[str, Any]) -> dict[str, Any]:
    if await selection.count(unit, selecting.AT_ONCE + 1) > selecting.AT_ONCE:
        return {"execution": await start(unit, LONG_WORK, stored, total=await selection.count(unit), lock=_LOCK)}
    return await _now(unit, selection)


async def _now(unit: UnitOfWork, selection: Selection, *, warmth: bool = False) -> dict[str, Any]:
    done = await chunk(unit, selection, warmth=warmth)
    changed = done.changed
    while done.after is not None:
        done = await chunk(unit, selection, after=done.after, warmth=warmth)
        changed += done.changed
    return {"changed": changed}


async def awaited(unit: UnitOfWork, until: str | None) -> str | None:
    """Wait a while for the transactions that were at work when this was first asked; None where all have ended.

    Otherwise it gives what to ask with the next time. It takes no transaction id itself, so nobody waits for it.
    """
    for _ in range(_LOOKS):
        (row,) = await unit.fetch(_HORIZON, until)
        if row["passed"]:
            return None
        until = until or row["next"]
        await asyncio.sleep(_PAUSE_S)
    return until
