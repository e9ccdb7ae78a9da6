"""What a new or changed rule would do to scores, tried out without writing. Enter at `preview`.

The rule is asked with the expressions that scoring itself uses; what all else has given is the ledger's. So it is the
rule's own effect, caps and thresholds included, and what other rules owe a lead for other reasons stays out of it. It
is one statement over all leads, beside those that read the rule and the settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.kernel.criteria import Filter, clock, to_stored
from lma_graph.kernel.errors import Denied, FieldError, InvalidInput, NotFound
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import ORGANIZATION, Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, Row, Transaction
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.models import LeadRow, LeadTemperature
from lma_graph.scoring.engine import rules as engine
from lma_graph.scoring.engine.expressions import matches, points
from lma_graph.scoring.engine.rules import Rule, RuleSet, Thresholds
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow, RuleType
from lma_graph.scoring.service import rules

BUCKET = 10
"""How many scores one bar of the distribution stands for."""
LAST_BUCKET = 100
"""Bars beyond so many, either way, are one with no end."""
MOST_SAMPLES = 50
Number = sa.ColumnElement[int]
_WARMTHS = (LeadTemperature.HOT, LeadTemperature.WARM, LeadTemperature.COLD)
_NEW = ("rule_type", "criteria", "score_points")
"""What a new rule cannot do without."""


@dataclass(frozen=True)
class _Draft:
    """The rule as it would be, and what is stored of it."""

    rule: Rule
    gives: bool
    """Whether it is in use."""
    stored: Row | None

    @property
    def was(self) -> RuleType | None:
        """The type under which caps count what it has given so far."""
        return None if self.stored is None else RuleType[self.stored.rule_type]


async def preview(transaction: Transaction, given: Mapping[str, Any], chosen: Filter | None) -> dict[str, Any]:
    """What scores would be with a rule of these column values, `id` for one that is there, its criteria a filter.

    Raises `Denied`, `NotFound`, and `InvalidInput` where the values do not fit together.
    """
    if not transaction.viewer.may(Permission.SCORING_WRITE):
        raise Denied(Permission.SCORING_WRITE)
    draft = await _draft(transaction, given)
    asked = _statement(draft, await engine.read(transaction), Scope.of(transaction.viewer), chosen)
    number = None if draft.stored is None else draft.stored.id
    (found,) = await transaction.rows(asked.execution_options(**{ANEW: True}), {"rule": number})
    assert draft.rule.criteria is not None
    leads, matched, changed = orjson.loads(found.counts)
    return {
        "condition": draft.rule.criteria.words,
        "leads": leads,
        "matched": matched,
        "changed": changed,
        "never_matches": matched == 0,
        "always_matches": matched == leads > 0,
        "distribution": _bars(orjson.loads(found.distribution)),
        "temperature_flow": _flow(orjson.loads(found.flow)),
        "samples": [_sample(one) for one in orjson.loads(found.samples)],
    }


async def _draft(transaction: Transaction, given: Mapping[str, Any]) -> _Draft:
    stored = await _stored(transaction, given["id"]) if "id" in given else None
    values = rules.columns_of(given)
    if stored is None:
        missing = [name for name in _NEW if name not in values]
        if missing:
            raise InvalidInput([FieldError((camel(one),), "Needed by a new rule.", "MISSING_VALUE") for one in missing])
        whole = {**rules.DEFAULTS, "name": "", **values}
    else:
        known = engine.made(stored._asdict()).criteria
        whole = {**stored._asdict(), "criteria": known, **rules.without(values), **values}
    found = [fault for fault, _ in rules.inconsistencies(whole)]
    if whole["criteria"] is None:
        assert stored is not None
        found += engine.made(stored._asdict()).faults
    if found:
        raise InvalidInput(found)
    rule = engine.made({**whole, "criteria": to_stored(whole["criteria"])}, transaction.viewer.time_zone)
    return _Draft(rule, whole["is_active"], stored)


async def _stored(transaction: Transaction, number: int) -> Row:
    row = table_of(LeadScoringRuleRow).alias("r")
    asked = sa.select(*row.c).where(row.c.organization_id == ORGANIZATION, row.c.id == sa.bindparam("rule"))
    found = await transaction.rows(asked, {"rule": number})
    if not found:
        raise NotFound("There is no such scoring rule.", path=("id",))
    if found[0].deleted_at is not None:
        raise InvalidInput.at(("id",), "The rule is retired; leave the id out to try out a new one.", "NOT_ALLOWED")
    return found[0]


# --- the statement ---


def _statement(draft: _Draft, known: RuleSet, scope: Scope, chosen: Filter | None) -> sa.Select[*tuple[Any, ...]]:
    """Counts, distribution, flow and samples, each as JSON."""
    scored = _scored(draft, known, _point(draft, scope, chosen))
    judged = sa.select(*scored.c, _warmth(scored, known.thresholds).label("warmth")).cte("judged")
    differs = judged.c.after != judged.c.before
    totals = (sa.func.count(), sa.func.count().filter(judged.c.matched), sa.func.count().filter(differs))
    counts = sa.select(_json(*totals)).select_from(judged)
    bars = sa.union_all(
        *(
            sa.select(_bar(judged.c[name]).label("bar"), sa.literal(place).label("place"))
            for place, name in enumerate(("before", "after"))
        )
    ).subquery()
    counted = [sa.func.count().filter(bars.c.place == place) for place in (0, 1)]
    per_bar = sa.select(_json(bars.c.bar, *counted).label("one")).group_by(bars.c.bar).subquery()
    flows = sa.select(_json(judged.c.was, judged.c.warmth, sa.func.count()).label("one"))
    per_flow = flows.group_by(judged.c.was, judged.c.warmth).subquery()
    told = (judged.c[name] for name in ("id", "given", "gives", "before", "after", "was", "warmth"))
    order = (sa.func.abs(judged.c.after - judged.c.before).desc(), judged.c.id)
    samples = sa.select(_json(*told).label("one")).where(differs).order_by(*order).limit(MOST_SAMPLES).subquery()
    return sa.select(
        sa.cast(counts.scalar_subquery(), sa.Text()).label("counts"),
        *(
            sa.cast(
                sa.select(sa.func.coalesce(sa.func.json_agg(one.c.one), sa.text("'[]'"))).scalar_subquery(), sa.Text()
            ).label(name)
            for name, one in (("distribution", per_bar), ("flow", per_flow), ("samples", samples))
        ),
    )


def _point(draft: _Draft, scope: Scope, chosen: Filter | None) -> sa.CTE:
    """The leads, whether the rule would match each, and what it would give."""
    lead, at = table_of(LeadRow).alias("l"), clock.now()
    everyone = Scope(indexed_fields=scope.indexed_fields)
    wanted = [*conditions(lead, scope), *([] if chosen is None else [chosen.sql(lead, scope)])]
    gives = points(draft.rule, lead, everyone, at) if draft.gives else sa.literal(0)
    return (
        sa.select(
            lead.c.id,
            lead.c.score.label("before"),
            lead.c.lead_temperature.label("was"),
            sa.func.coalesce(matches(draft.rule, lead, everyone, at), sa.false()).label("matched"),
            gives.label("gives"),
        )
        .where(*wanted)
        .cte("point")
    )


def _scored(draft: _Draft, known: RuleSet, point: sa.CTE) -> sa.Subquery:
    """The leads with what the rule has given so far, and their score as it would be."""
    capped = known.caps or known.total_cap is not None
    ledger = _ledger(draft, known, point, everything=bool(capped))
    if ledger is None:
        return sa.select(*point.c, _ZERO.label("given"), (point.c.before + point.c.gives).label("after")).subquery()
    own = sa.func.coalesce(ledger.c.own, 0)
    after = point.c.before - own + point.c.gives
    if capped:
        after = point.c.before - sa.func.coalesce(ledger.c.total, 0) + _capped(draft, known, point, ledger)
    both = point.outerjoin(ledger, ledger.c.lead_id == point.c.id)
    return sa.select(*point.c, own.label("given"), after.label("after")).select_from(both).subquery()


_ZERO: Number = sa.literal(0)


def _ledger(draft: _Draft, known: RuleSet, point: sa.CTE, *, everything: bool) -> sa.Subquery | None:
    """What the leads have been given by the rule; with everything by all rules too, in sums as caps take them."""
    entry, rule = table_of(LeadScoreHistoryRow).alias("h"), table_of(LeadScoringRuleRow).alias("r")
    mine = entry.c.rule_id == sa.bindparam("rule", type_=sa.BigInteger())
    change = entry.c.score_change
    if not everything:
        if draft.stored is None:
            return None
        own = sa.select(entry.c.lead_id, _sum(change).label("own")).where(entry.c.organization_id == ORGANIZATION, mine)
        return own.group_by(entry.c.lead_id).subquery("given")
    by_rule = entry.c.kind == sa.literal_column("'RULE'")
    opening = entry.c.kind == sa.literal_column("'OPENING'")
    sums = {f"sum_{kind}": rule.c.rule_type == kind.value for kind in known.caps}
    others = sa.func.coalesce(rule.c.rule_type, "").not_in([kind.value for kind in known.caps])
    all_of = sa.select(
        entry.c.lead_id,
        _sum(change).filter(mine).label("own"),
        _sum(change).filter(opening).label("opening"),
        _sum(change).filter(sa.not_(opening)).label("total"),
        _sum(change).filter(by_rule, others).label("sum_others"),
        *(_sum(change).filter(by_rule, of).label(name) for name, of in sums.items()),
    ).select_from(entry.outerjoin(rule, sa.and_(rule.c.organization_id == ORGANIZATION, rule.c.id == entry.c.rule_id)))
    wanted = (entry.c.organization_id == ORGANIZATION, entry.c.kind != sa.literal_column("'MANUAL'"))
    return all_of.where(*wanted, entry.c.lead_id.in_(sa.select(point.c.id))).group_by(entry.c.lead_id).subquery("given")


def _capped(draft: _Draft, known: RuleSet, point: sa.CTE, ledger: sa.Subquery) -> Number:
    """What caps leave of what all rules would give."""

    def would_be(kind: RuleType | None) -> Number:
        """The sum of a type's rules, or of all without a cap, with the rule's points exchanged."""
        found: Number = sa.func.coalesce(ledger.c["sum_others" if kind is None else f"sum_{kind}"], 0)
        if draft.was is not None and _cap_of(draft.was, known) == kind:
            found = found - sa.func.coalesce(ledger.c.own, 0)
        return found + point.c.gives if _cap_of(draft.rule.rule_type, known) == kind else found

    rest = would_be(None)
    for kind, cap in known.caps.items():
        rest = rest + sa.func.greatest(sa.func.least(would_be(kind), cap), -cap)
    if known.total_cap is None:
        return rest
    opening = sa.func.coalesce(ledger.c.opening, 0)
    return rest + sa.func.least(0, known.total_cap - opening - rest)


def _cap_of(kind: RuleType, known: RuleSet) -> RuleType | None:
    return kind if kind in known.caps else None


def _warmth(scored: sa.Subquery, thresholds: Thresholds) -> sa.ColumnElement[str]:
    """How warm the lead would be; it only becomes another where the score does."""
    after, was = scored.c.after, scored.c.was
    hot, warm, cold = (sa.literal_column(f"'{one.value}'", sa.Text()) for one in _WARMTHS)
    slack = thresholds.hysteresis
    return sa.case(
        (after == scored.c.before, was),
        (after >= thresholds.hot - sa.case((was == hot, slack), else_=0), hot),
        (after >= thresholds.warm - sa.case((was == cold, 0), else_=slack), warm),
        else_=cold,
    )


def _sum(of: sa.ColumnElement[Any]) -> Any:
    return sa.func.sum(of)


def _bar(score: sa.ColumnElement[Any]) -> Number:
    """The number of the bar that a score falls into."""
    bar = sa.cast(sa.func.floor(score / sa.cast(BUCKET, sa.Double())), sa.Integer())
    return sa.func.greatest(sa.func.least(bar, LAST_BUCKET), -LAST_BUCKET)


def _json(*values: Any) -> sa.ColumnElement[Any]:
    return sa.func.json_build_array(*values)


# --- what is told ---


def _bars(found: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Bar after bar from the lowest to the highest, those between without leads too."""
    known = {bar: (before, after) for bar, before, after in found}
    return [
        {
            "from": None if bar == -LAST_BUCKET else bar * BUCKET,
            "to": None if bar == LAST_BUCKET else (bar + 1) * BUCKET - 1,
            "before": known.get(bar, (0, 0))[0],
            "after": known.get(bar, (0, 0))[1],
        }
        for bar in (range(min(known), max(known) + 1) if known else ())
    ]


def _flow(found: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    known = {(was, warmth): count for was, warmth, count in found}
    pairs = [(was.value, warmth.value) for was in LeadTemperature for warmth in LeadTemperature]
    return [{"from": was, "to": warmth, "count": known.get((was, warmth), 0)} for was, warmth in pairs]


def _sample(found: Sequence[Any]) -> dict[str, Any]:
    lead, given, gives, before, after, was, warmth = found
    return {
        "lead": lead,
        "points_before": given,
        "points_after": gives,
        "score_before": before,
        "score_after": after,
        "temperature_before": was,
        "temperature_after": warmth,
    }
