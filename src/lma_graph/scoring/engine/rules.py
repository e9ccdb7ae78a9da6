"""The rules that give points to the leads of an organization, as they are stored, and what is known of each.

Enter at `read`: one statement. What it finds is kept by its content, so that rules are worked out once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from lma_graph.kernel.criteria import Filter, read_stored
from lma_graph.kernel.errors import FieldError, InvalidInput, Path
from lma_graph.kernel.lru import BoundedLru
from lma_graph.kernel.transactions import Transaction
from lma_graph.leads.criteria import LEAD
from lma_graph.scoring.engine.looks import NOTHING, Looks, looks_at_itself, looks_of
from lma_graph.scoring.models import FrequencyPeriod, RuleFrequency, RuleType

WARM, HOT, HYSTERESIS = 40, 80, 5
"""The scores from which leads are warm and hot, and how far they may fall below, where nobody has set others."""

_READ = """
SELECT coalesce(o.settings ->> 'timeZone', 'UTC') AS time_zone, o.settings ->> 'scoring' AS scoring,
    (SELECT json_agg(json_build_object(
        'id', r.id, 'name', r.name, 'rule_type', r.rule_type, 'criteria', r.criteria, 'score_points', r.score_points,
        'priority', r.priority, 'frequency', r.frequency, 'frequency_limit', r.frequency_limit,
        'frequency_period', r.frequency_period, 'half_life_days', r.half_life_days) ORDER BY r.priority, r.id)::text
     FROM lead_scoring_rules r
     WHERE r.organization_id = $1 AND r.is_active AND r.deleted_at IS NULL) AS rules,
    (SELECT array_agg(DISTINCT a.lead_id) FROM activities a WHERE a.organization_id = $1 AND a.id = ANY($2::bigint[]))
        AS leads
FROM organizations o WHERE o.id = $1
"""


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule and what is known of it. One with faults is invalid: it keeps to what it gave until it is mended."""

    id: int
    name: str
    rule_type: RuleType
    score_points: int
    priority: int
    criteria: Filter | None
    frequency: RuleFrequency = RuleFrequency.ONCE
    limit: int | None = None
    period: FrequencyPeriod | None = None
    half_life_days: int | None = None
    time_zone: str = "UTC"
    faults: tuple[FieldError, ...] = ()
    looks: Looks = NOTHING

    @property
    def is_valid(self) -> bool:
        """Whether its criteria can be read."""
        return not self.faults

    @property
    def counted(self) -> Mapping[str, Any] | None:
        """What activities must be like to count, with `EACH` and `AT_MOST`."""
        if self.frequency is RuleFrequency.ONCE or self.criteria is None:
            return None
        return counted_of(self.criteria)


@dataclass(frozen=True)
class Thresholds:
    """The scores from which a lead is warm and hot, and how far it may fall below before it is not any more."""

    warm: int = WARM
    hot: int = HOT
    hysteresis: int = HYSTERESIS


@dataclass(frozen=True, eq=False)
class RuleSet:
    """The active rules of an organization in their order, and what it has set for scoring."""

    rules: tuple[Rule, ...]
    thresholds: Thresholds = field(default_factory=Thresholds)
    caps: Mapping[RuleType, int] = field(default_factory=dict)
    total_cap: int | None = None
    time_zone: str = "UTC"
    memo: dict[Any, Any] = field(default_factory=dict)
    """What others have worked out from the above."""

    def notice(self, columns: frozenset[str]) -> bool:
        """Whether one of the rules can notice a change of these columns of a lead."""
        return any(rule.looks.notice(columns) for rule in self.rules if rule.is_valid)

    @property
    def gives_nothing(self) -> bool:
        """Whether there is nothing that could give points or cut them."""
        return not self.rules and self.total_cap is None

    @property
    def notices_activities(self) -> bool:
        """Whether one of the rules looks at activities."""
        return any("activities" in rule.looks.relations for rule in self.rules if rule.is_valid)

    @property
    def unannounced(self) -> bool:
        """Whether one of the rules must be asked again though nothing was done to the lead."""
        return any(rule.looks.unannounced for rule in self.rules if rule.is_valid)


def made(row: Mapping[str, Any], time_zone: str = "UTC") -> Rule:
    """A rule of the values of its row, or of one that somebody is drafting. Never raises; see `Rule.faults`."""
    kind, frequency = RuleType[row["rule_type"]], RuleFrequency[row.get("frequency") or "ONCE"]
    criteria, faults = _read_criteria(row["criteria"])
    if criteria is not None:
        faults = (*faults_of(criteria, frequency),)
    looks = looks_of(criteria) if criteria is not None else NOTHING
    if kind is RuleType.DECAY:
        looks = Looks(looks.columns | {"last_engagement_date"}, looks.relations, time_dependent=True)
    period = row.get("frequency_period")
    return Rule(
        id=row.get("id") or 0,
        name=row["name"],
        rule_type=kind,
        score_points=row["score_points"],
        priority=row.get("priority") or 0,
        criteria=criteria,
        frequency=frequency,
        limit=row.get("frequency_limit"),
        period=FrequencyPeriod[period] if period else None,
        half_life_days=row.get("half_life_days"),
        time_zone=time_zone,
        faults=tuple(faults),
        looks=looks,
    )


def _read_criteria(stored: Any) -> tuple[Filter | None, tuple[FieldError, ...]]:
    try:
        return read_stored(LEAD, stored), ()
    except InvalidInput as error:
        return None, error.fields


def faults_of(criteria: Filter, frequency: RuleFrequency, path: Path = ("criteria",)) -> list[FieldError]:
    """Why a rule with these criteria, which are a filter of leads, cannot give points."""
    found = list(looks_at_itself(criteria, path))
    if frequency is not RuleFrequency.ONCE and counted_of(criteria) is None:
        text = (
            "Which activities are counted must be said by one term `activities` on the criteria's first level, with "
            "either `some` or `count`."
        )
        found.append(FieldError(("frequency",), text, "NOT_ALLOWED"))
    return found


def counted_of(criteria: Filter) -> Mapping[str, Any] | None:
    """The filter of the activities that `EACH` and `AT_MOST` count; None where the criteria do not say one."""
    term = criteria.tree.get("activities")
    if not isinstance(term, Mapping) or len(term) != 1:
        return None
    if "some" in term:
        some: Mapping[str, Any] = term["some"]
        return some
    if "count" in term:
        where: Mapping[str, Any] = term["count"].get("where", {})
        return where
    return None


_kept: BoundedLru[tuple[str, str | None, str | None], RuleSet] = BoundedLru(max_items=200, max_weight=64_000_000)


async def read(transaction: Transaction) -> RuleSet:
    """The rules that count now."""
    return (await read_with_leads(transaction, ()))[0]


async def read_with_leads(transaction: Transaction, activities: Any) -> tuple[RuleSet, list[int]]:
    """The rules that count now, and the leads of these activities."""
    row = await transaction.arrays(_READ, [transaction.viewer.organization_id, list(activities)])
    key = (row["time_zone"], row["scoring"], row["rules"])
    found = _kept.get(key)
    if found is None:
        found = rule_set(*key)
        # The statement that is made of rules, and what is kept beside it, is some times as long as they are.
        _kept.put(key, found, 10_000 + 40 * len(row["rules"] or ""))
    return found, row["leads"] or []


def rule_set(time_zone: str, scoring: str | None, rules: str | None) -> RuleSet:
    """The rules and settings of an organization, of their JSON."""
    set_for: Mapping[str, Any] = orjson.loads(scoring) if scoring else {}
    thresholds = set_for.get("thresholds") or {}
    return RuleSet(
        rules=tuple(made(row, time_zone) for row in orjson.loads(rules)) if rules else (),
        thresholds=Thresholds(
            thresholds.get("warm", WARM), thresholds.get("hot", HOT), set_for.get("hysteresis", HYSTERESIS)
        ),
        caps={kind: cap for kind in RuleType if (cap := (set_for.get("caps") or {}).get(kind.value)) is not None},
        total_cap=set_for.get("totalCap"),
        time_zone=time_zone,
    )
