"""Scoring leads anew: one, many, or everyone. Enter at `rescore`, and at `rescore_chunk` for work in steps.

Leads are held first, in the order of their ids, by a statement of its own: only a statement that begins after that sees
what those who held them before have written into the ledger.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lma_graph.activities.ledger import mark_of
from lma_graph.kernel.scope import Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, UnitOfWork
from lma_graph.leads.models import LeadRow
from lma_graph.scoring.engine.expressions import scope_of
from lma_graph.scoring.engine.rules import RuleSet, read
from lma_graph.scoring.engine.statement import prepared

AT_ONCE = 2_000
"""How many leads one statement scores."""
FEW = 20
"""Up to so many leads are scored by the plan that is kept for any number."""
BY_RULES = "Scored by rules."
"""The reason in the audit trail, unless there is a better one."""

Chosen = Callable[[sa.FromClause, Scope], Condition]
"""A condition on leads, such as `Filter.sql`."""

_AFTER: sa.BindParameter[int] = sa.bindparam("after", type_=sa.BigInteger())
_LIMIT: sa.BindParameter[int] = sa.bindparam("limit", type_=sa.Integer())
_KEYS: sa.BindParameter[Sequence[int]] = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger()))


@dataclass(frozen=True)
class Chunk:
    """What was done in one step."""

    seen: int
    """How many leads were looked at."""
    changed: int
    """How many of them have another score or temperature now."""
    after: int | None
    """The id to go on behind; None where there are no more."""


async def rescore(
    unit: UnitOfWork,
    numbers: Sequence[int] | None,
    *,
    at: dt.datetime | None = None,
    rules: RuleSet | None = None,
    held: bool = False,
    judge: bool = False,
    reason: str = BY_RULES,
) -> int:
    """Bring the scores of leads, or of everyone with `None`, to what the rules give; how many leads changed.

    `at` is the moment that counts as now. `held` says that the unit of work holds the leads already. With `judge`
    temperatures are judged even where the score stays, as after new thresholds.
    """
    rules = await read(unit) if rules is None else rules
    if numbers is not None and held:
        return await _score(unit, sorted(set(numbers)), rules, at=at, judge=judge, reason=reason)
    changed, after = 0, 0 if numbers is None or numbers else None
    while after is not None:
        done = await rescore_chunk(unit, after=after, numbers=numbers, at=at, rules=rules, judge=judge, reason=reason)
        changed, after = changed + done.changed, done.after
    return changed


async def rescore_chunk(
    unit: UnitOfWork,
    *,
    after: int = 0,
    limit: int = AT_ONCE,
    numbers: Sequence[int] | None = None,
    chosen: Chosen | None = None,
    scope: Scope | None = None,
    at: dt.datetime | None = None,
    rules: RuleSet | None = None,
    judge: bool = False,
    reason: str = BY_RULES,
) -> Chunk:
    """Score the next leads behind an id anew: of all, of `numbers`, or of those for which `chosen` holds.

    `scope` is whose leads they are and what `chosen` may look at; without one it is that of stored criteria.
    """
    rules = await read(unit) if rules is None else rules
    found = await _hold(unit, scope or scope_of(unit.viewer), (after, limit), numbers, chosen)
    changed = await _score(unit, found, rules, at=at, judge=judge, reason=reason)
    return Chunk(len(found), changed, found[-1] if len(found) == limit else None)


async def _hold(
    unit: UnitOfWork, scope: Scope, page: tuple[int, int], numbers: Sequence[int] | None, chosen: Chosen | None
) -> list[int]:
    lead = table_of(LeadRow)
    wanted = [*conditions(lead, scope), lead.c.id > _AFTER]
    if numbers is not None:
        wanted.append(lead.c.id == sa.any_(_KEYS))
    if chosen is not None:
        wanted.append(chosen(lead, scope))
    statement = sa.select(lead.c.id).where(*wanted).order_by(lead.c.id).limit(_LIMIT)
    statement = statement.with_for_update(of=lead, key_share=True).execution_options(**{ANEW: True})
    values = {"after": page[0], "limit": page[1], **({} if numbers is None else {"keys": sorted(set(numbers))})}
    return [row.id for row in await unit.rows(statement, values)]


async def _score(
    unit: UnitOfWork, numbers: Sequence[int], rules: RuleSet, *, at: dt.datetime | None, judge: bool, reason: str
) -> int:
    """Score leads that are held."""
    statement, changed = prepared(rules, scope_of(unit.viewer), pinned=at is not None), 0
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        values = {"keys": some, "at": at, "judge": judge, "reason": reason, "mark": mark_of(unit)}
        arguments = statement.arguments(unit.binds(values))
        row = await unit.arrays(statement.text, arguments, anew=len(some) > FEW)
        changed += row[0]
    return changed
