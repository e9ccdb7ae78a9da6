"""A rule tried on leads without writing: one statement for what scores would be. Enter at `statement`.

The rule is asked with the expressions that scoring itself uses; what all else has given is the ledger's. So it is the
rule's own effect, caps and thresholds included, and what other rules owe a lead for other reasons stays out of it.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.criteria import Filter, clock
from lma_graph.kernel.scope import ORGANIZATION, Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, Row
from lma_graph.leads.models import LeadRow, LeadTemperature
from lma_graph.scoring.engine.expressions import matches, points
from lma_graph.scoring.engine.rules import Rule, RuleSet, Thresholds
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow, RuleFrequency, RuleType

BUCKET = 10
"""How many scores one bar of the distribution stands for."""
LAST_BUCKET = 100
"""Bars beyond so many, either way, are one with no end."""
MOST_SAMPLES = 50
_LEAD = table_of(LeadRow).alias("l")
_WARMTHS = (LeadTemperature.HOT, LeadTemperature.WARM, LeadTemperature.COLD)
Number = sa.ColumnElement[int]


@dataclass(frozen=True)
class Draft:
    """The rule as it would be, and what is stored of it."""

    rule: Rule
    gives: bool
    """Whether it is in use."""
    stored: Row | None

    @property
    def flat(self) -> int | None:
        """What it gives to each lead that it matches; None where that is not the same for all."""
        if not self.gives:
            return 0
        once = self.rule.frequency is RuleFrequency.ONCE and self.rule.rule_type is not RuleType.DECAY
        return self.rule.score_points if once else None

    @property
    def was(self) -> RuleType | None:
        """The type under which caps count what it has given so far."""
        return None if self.stored is None else RuleType[self.stored.rule_type]


def leads_of(scope: Scope, chosen: Filter | None, part: int = 1) -> tuple[Scope, list[Condition]]:
    """Which leads it is tried on: those chosen that the viewer sees, or every so manieth of them."""
    wanted = [*conditions(_LEAD, scope), *([] if chosen is None else [chosen.sql(_LEAD, scope)])]
    if part > 1:
        # By a hash: organizations that grow at once may take turns at ids.
        spread = sa.func.hashint8(_LEAD.c.id, type_=sa.Integer()).op("&")(sa.literal_column("2147483647"))
        wanted.append(spread.op("%")(sa.bindparam("part", type_=sa.Integer())) == 0)
    return scope, wanted


def counted(scope: Scope, chosen: Filter | None) -> sa.Select[Any]:
    """How many leads there are to try it on."""
    counted = sa.select(sa.func.count().label("leads")).select_from(_LEAD).where(*leads_of(scope, chosen)[1])
    return counted.execution_options(**{ANEW: True})


def statement(draft: Draft, known: RuleSet, leads: tuple[Scope, list[Condition]]) -> sa.Select[*tuple[Any, ...]]:
    """Counts, distribution, flow and samples, each as JSON."""
    scored = _scored(draft, known, _point(draft, *leads))
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
    found = sa.select(
        sa.cast(counts.scalar_subquery(), sa.Text()).label("counts"),
        *(
            sa.cast(
                sa.select(sa.func.coalesce(sa.func.json_agg(one.c.one), sa.text("'[]'"))).scalar_subquery(), sa.Text()
            ).label(name)
            for name, one in (("distribution", per_bar), ("flow", per_flow), ("samples", samples))
        ),
    )
    return found.execution_options(**{ANEW: True})


def _point(draft: Draft, scope: Scope, wanted: list[Condition]) -> sa.CTE:
    """The leads, whether the rule would match each, and what it would give if that takes more than to match."""
    everyone, at = Scope(indexed_fields=scope.indexed_fields), clock.now()
    more = [] if draft.flat is not None else [points(draft.rule, _LEAD, everyone, at).label("gives")]
    found = sa.select(
        _LEAD.c.id,
        _LEAD.c.score.label("before"),
        _LEAD.c.lead_temperature.label("was"),
        sa.func.coalesce(matches(draft.rule, _LEAD, everyone, at), sa.false()).label("matched"),
        *more,
    ).where(*wanted)
    # Otherwise what it takes to match would be asked anew wherever the answer is used.
    return found.cte("point").prefix_with("MATERIALIZED", dialect="postgresql")


def _gives(draft: Draft, point: sa.CTE) -> Number:
    """What the rule would give."""
    return point.c.gives if draft.flat is None else sa.case((point.c.matched, draft.flat), else_=0)


def _scored(draft: Draft, known: RuleSet, point: sa.CTE) -> sa.Subquery:
    """The leads with what the rule has given so far, and their score as it would be."""
    shown = (point.c.id, point.c.before, point.c.was, point.c.matched, _gives(draft, point).label("gives"))
    capped = known.caps or known.total_cap is not None
    ledger = _ledger(draft, known, point, everything=bool(capped))
    if ledger is None:
        return sa.select(
            *shown, _ZERO.label("given"), (point.c.before + _gives(draft, point)).label("after")
        ).subquery()
    own = sa.func.coalesce(ledger.c.own, 0)
    after = point.c.before - own + _gives(draft, point)
    if capped:
        after = point.c.before - sa.func.coalesce(ledger.c.total, 0) + _capped(draft, known, point, ledger)
    both = point.outerjoin(ledger, ledger.c.lead_id == point.c.id)
    return sa.select(*shown, own.label("given"), after.label("after")).select_from(both).subquery()


_ZERO: Number = sa.literal(0)


def _ledger(draft: Draft, known: RuleSet, point: sa.CTE, *, everything: bool) -> sa.Subquery | None:
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


def _capped(draft: Draft, known: RuleSet, point: sa.CTE, ledger: sa.Subquery) -> Number:
    """What caps leave of what all rules would give."""

    def would_be(kind: RuleType | None) -> Number:
        """The sum of a type's rules, or of all without a cap, with the rule's points exchanged."""
        found: Number = sa.func.coalesce(ledger.c["sum_others" if kind is None else f"sum_{kind}"], 0)
        if draft.was is not None and _cap_of(draft.was, known) == kind:
            found = found - sa.func.coalesce(ledger.c.own, 0)
        return found + _gives(draft, point) if _cap_of(draft.rule.rule_type, known) == kind else found

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
