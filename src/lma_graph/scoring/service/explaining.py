"""How the scores of leads come about: rule by rule what was given and what would be now, and everything else.

Enter at `explain`: three statements, however many leads and rules there are. What was given is the ledger's, so all of
it together is the score; what rules would give now is asked with the expressions that scoring itself uses. The values
that criteria look at are asked as the viewer, who may see less of other rows than scoring does.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by, array

from lma_graph.kernel.criteria import clock
from lma_graph.kernel.criteria.seen import Seen, labelled
from lma_graph.kernel.scope import ORGANIZATION, Scope, table_of
from lma_graph.kernel.transactions import Row, Transaction
from lma_graph.leads.models import LeadRow
from lma_graph.scoring.engine.expressions import matches, points, scope_of
from lma_graph.scoring.engine.rules import Rule, made
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow, ScoreEntryKind

MOST_BY_HAND = 20
"""How many adjustments by hand are told one by one; earlier ones are summed up."""
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger()))
_NAMED: sa.BindParameter[Any] = sa.bindparam("named", type_=sa.ARRAY(sa.BigInteger()))
_LEAD = table_of(LeadRow).alias("l")
Told = dict[str, Any]


@dataclass(frozen=True)
class _Known:
    """A rule as it is stored, and as scoring understands it."""

    row: Row
    rule: Rule
    seen: Sequence[tuple[str, Seen]]
    """What of a lead its criteria look at, by name."""

    @property
    def counts(self) -> bool:
        """Whether it gives points at all."""
        return self.row.is_active and self.row.deleted_at is None


@dataclass(frozen=True)
class _Now:
    """What a rule makes of a lead at this moment."""

    matched: bool | None
    points: int | None
    """None where the criteria cannot be read: the rule keeps to what it gave."""
    values: Mapping[str, Any]


_UNREAD = _Now(None, None, {})


async def explain(transaction: Transaction, scope: Scope, leads: Mapping[int, int], *, every: bool) -> dict[int, Told]:
    """The explanation of each lead's score, which stands beside its id; `every` for rules without points too."""
    entries: dict[int, list[Row]] = defaultdict(list)
    for entry in await transaction.rows(_ledger(), {"keys": list(leads)}):
        entries[entry.lead_id].append(entry)
    named = sorted(
        {one.rule_id for group in entries.values() for one in group if one.rule_id is not None and one.change}
    )
    rules = await _rules(transaction, scope, named)
    now = await _now(transaction, rules, list(leads))
    return {
        number: _explained(score, entries[number], rules, now.get(number, {}), every=every)
        for number, score in leads.items()
    }


def _explained(
    score: int, entries: Sequence[Row], rules: Sequence[_Known], now: Mapping[int, _Now], *, every: bool
) -> Told:
    given = {one.rule_id: one.change for one in entries if one.rule_id is not None}
    others = [_adjustment(one) for one in entries if one.rule_id is None]
    told = [_rule(one, given.get(one.row.id, 0), now.get(one.row.id, _UNREAD)) for one in rules]
    shown = [one for one, known in zip(told, rules, strict=True) if every or _counts_for_something(one, known)]
    return {
        "score": score,
        "total": sum(one["points"] for one in shown) + sum(one["change"] for one in others),
        "rules": shown,
        "adjustments": [one for one in others if one["change"] or one["kind"] == ScoreEntryKind.MANUAL.value],
    }


def _counts_for_something(told: Told, known: _Known) -> bool:
    return bool(told["points"] or told["points_now"] or (told["matched"] and known.counts))


def _rule(known: _Known, given: int, now: _Now) -> Told:
    keeps = now.points is None and known.counts
    return {
        "rule": known.row,
        "points": given,
        "points_now": (given if keeps else now.points or 0) if known.counts else 0,
        "matched": now.matched,
        "condition": None if known.rule.criteria is None else known.rule.criteria.words,
        "values": now.values,
    }


def _adjustment(entry: Row) -> Told:
    summed = entry.kind == ScoreEntryKind.MANUAL.value and entry.entries > 1
    return {
        "kind": entry.kind,
        "change": entry.change,
        "reason": None if summed else entry.reason,
        "cap": entry.cap,
        "entries": entry.entries,
        "created_at": entry.created_at,
    }


def _ledger() -> sa.Select[Any]:
    """What each rule, cap and opening has given to the leads of `:keys`; entries by hand one by one, newest first."""
    entry = table_of(LeadScoreHistoryRow).alias("h")
    newest = (entry.c.created_at.desc(), entry.c.id.desc())
    place = sa.func.row_number().over(partition_by=(entry.c.lead_id, entry.c.kind), order_by=newest)
    by_hand = entry.c.kind == sa.literal_column("'MANUAL'")
    placed = (
        sa.select(
            *(entry.c[name] for name in ("lead_id", "kind", "rule_id", "cap", "score_change", "reason", "created_at")),
            entry.c.id,
            sa.case((by_hand, sa.func.least(place, MOST_BY_HAND + 1)), else_=0).label("place"),
        )
        .where(entry.c.organization_id == ORGANIZATION, entry.c.lead_id == sa.any_(_KEYS))
        .subquery()
    )
    groups = (placed.c.lead_id, placed.c.kind, placed.c.rule_id, placed.c.cap, placed.c.place)
    last = sa.func.array_agg(aggregate_order_by(placed.c.reason, placed.c.created_at.desc(), placed.c.id.desc()))
    return (
        sa.select(
            *groups,
            sa.cast(sa.func.sum(placed.c.score_change), sa.Integer()).label("change"),
            sa.func.count().label("entries"),
            sa.func.max(placed.c.created_at).label("created_at"),
            sa.type_coerce(last, sa.ARRAY(sa.Text()))[1].label("reason"),
        )
        .group_by(*groups)
        .order_by(placed.c.lead_id, placed.c.kind.desc(), placed.c.place, placed.c.cap, placed.c.rule_id)
    )


async def _rules(transaction: Transaction, scope: Scope, named: Sequence[int]) -> list[_Known]:
    """The rules that are not retired, and those that are named, in their order."""
    rule = table_of(LeadScoringRuleRow).alias("r")
    asked = (
        sa.select(*rule.c)
        .where(rule.c.organization_id == ORGANIZATION)
        .where(sa.or_(rule.c.deleted_at.is_(None), rule.c.id == sa.any_(_NAMED)))
        .order_by(rule.c.priority, rule.c.id)
    )
    shown = replace(scope, sees_private_notes=False, sees_mentioned_notes=False)
    found = []
    for row in await transaction.rows(asked, {"named": list(named)}):
        known = made(dict(row._mapping), transaction.viewer.time_zone)
        seen = [] if known.criteria is None else labelled(known.criteria.seen(_LEAD, shown))
        found.append(_Known(row, known, seen))
    return found


async def _now(transaction: Transaction, rules: Sequence[_Known], numbers: Sequence[int]) -> dict[int, dict[int, _Now]]:
    """Lead → rule → what it makes of the lead; rules that cannot be read are left out."""
    valid = [one for one in rules if one.rule.is_valid]
    if not valid or not numbers:
        return {}
    lead, scope, at = _LEAD, scope_of(transaction.viewer), clock.now()
    places = {one: place for place, one in enumerate(dict.fromkeys(s for known in valid for _, s in known.seen))}
    shown: list[sa.ColumnElement[Any]] = [sa.cast(one.json, sa.Text()) for one in places]
    asked = sa.select(
        lead.c.id,
        array([matches(one.rule, lead, scope, at) for one in valid]).label("matched"),
        array([points(one.rule, lead, scope, at) for one in valid]).label("points"),
        array[Any](shown, type_=sa.Text()).label("seen"),
    ).where(lead.c.organization_id == ORGANIZATION, lead.c.id == sa.any_(_KEYS))
    found = {}
    for row in await transaction.rows(asked, {"keys": list(numbers)}):
        seen = [None if one is None else orjson.loads(one) for one in row.seen]
        found[row.id] = {
            one.row.id: _Now(bool(matched), given, {name: of.shown(seen[places[of]]) for name, of in one.seen})
            for one, matched, given in zip(valid, row.matched, row.points, strict=True)
        }
    return found
