"""What the mutations of scoring are given."""

from collections.abc import Iterator
from typing import Any

from lma_graph.kernel import checks
from lma_graph.kernel.checks import Refused
from lma_graph.kernel.errors import FieldError
from lma_graph.kernel.graphql.given import (
    Given,
    Made,
    Values,
    chosen,
    criteria,
    flag,
    given,
    integer,
    key,
    keys,
    member,
    merged,
    nested,
    of,
    query,
    several,
    text,
    value,
)
from lma_graph.leads.criteria import LEAD
from lma_graph.scoring.engine.looks import looks_at_itself
from lma_graph.scoring.models import LeadScoringRuleRow, RuleType
from lma_graph.scoring.service import rules, thresholds

MOST_POINTS = 1_000_000
LONGEST_NAME = 200
LONGEST_HALF_LIFE = 36_500


def _points(description: str, **options: Any) -> Given:
    def check(sent: int) -> int:
        if sent == 0:
            raise Refused("OUT_OF_RANGE", "Points are given or taken; 0 would do nothing.")
        return checks.integer(sent, -MOST_POINTS, MOST_POINTS)

    return value(int, check, f"{description} Not 0, and at most {MOST_POINTS:,} either way.", **options)


_CRITERIA = (
    "Which leads it is for: `{}` is all. It cannot ask for what scoring makes of a lead: `score`, `leadTemperature`, "
    "`scoreHistory` and `updatedAt`."
)


@given
class ScoringRulePatch:
    """Values of a scoring rule. What is absent stays as it is; null clears."""

    name = of(LeadScoringRuleRow.name, text, limit=LONGEST_NAME)
    description = of(LeadScoringRuleRow.description, text)
    rule_type = chosen(LeadScoringRuleRow.rule_type)
    criteria = criteria(LEAD, _CRITERIA)
    criteria_query = query(LEAD, "criteria")
    score_points = of(LeadScoringRuleRow.score_points, _points)
    priority = of(LeadScoringRuleRow.priority, integer)
    is_active = of(LeadScoringRuleRow.is_active, flag)
    frequency = chosen(LeadScoringRuleRow.frequency)
    frequency_limit = of(LeadScoringRuleRow.frequency_limit, integer, least=1)
    frequency_period = chosen(LeadScoringRuleRow.frequency_period)
    half_life_days = of(LeadScoringRuleRow.half_life_days, integer, least=1, most=LONGEST_HALF_LIFE)

    @staticmethod
    def together(values: Values) -> Iterator[FieldError]:
        """What can be said of the criteria without the rule."""
        return looks_at_itself(values.criteria) if values.criteria is not None else iter(())


_patch: Made = ScoringRulePatch


@given
class CreateScoringRuleInput:
    """A new scoring rule. It is active unless said otherwise, and its points are given at once."""

    name = of(LeadScoringRuleRow.name, text, limit=LONGEST_NAME, required=True)
    description = _patch.fields["description"]
    rule_type = member(RuleType, "What the rule looks at.", required=True)
    criteria = _patch.fields["criteria"]
    criteria_query = query(LEAD, "criteria", required=True)
    score_points = of(LeadScoringRuleRow.score_points, _points, required=True)
    priority = _patch.fields["priority"]
    is_active = _patch.fields["is_active"]
    frequency = _patch.fields["frequency"]
    frequency_limit = _patch.fields["frequency_limit"]
    frequency_period = _patch.fields["frequency_period"]
    half_life_days = _patch.fields["half_life_days"]

    @staticmethod
    def together(values: Values) -> Iterator[FieldError]:
        """What does not fit together; a value that is at fault itself is not judged again."""
        unread = {name for name, one in values.items() if one is None}
        return (fault for fault, about in rules.inconsistencies(values) if not unread & about)


@given
class UpdateScoringRuleInput:
    """Which scoring rule to change, and how."""

    id = key("LeadScoringRule", "The rule.", required=True)
    patch = nested(_patch, "The values to change.", required=True)


@merged(_patch)
class PreviewScoringRuleInput:
    """A new scoring rule, which needs `ruleType`, `criteria` and `scorePoints`, or changes of one that is there."""

    id = key("LeadScoringRule", "The rule to change; what is absent stays as it is. Without it, it is a new rule.")


@given
class DeleteScoringRuleInput:
    """Which scoring rule to retire."""

    id = key("LeadScoringRule", "The rule.", required=True)


@given
class AdjustLeadScoreInput:
    """How many points to add to a lead's score, and why."""

    lead_id = key("Lead", "The lead.", required=True)
    change = _points("How many points to add; negative ones are taken.", required=True)
    reason = text("Why, for the score history and the audit trail.", required=True)
    expected_version = integer(
        "The version of the lead that was seen; another one by now is a `Conflict`. Scoring makes no new version."
    )


@given
class ScoreCapInput:
    """The most that all rules of one type may give to a lead, or take from it."""

    rule_type = member(RuleType, "The type of the rules.", required=True)
    limit = integer("The most points, either way.", least=0, most=thresholds.LARGEST_CAP, required=True)


_cap: Made = ScoreCapInput


@given
class SetScoreThresholdsInput:
    """From which scores on leads are warm and hot, and what rules give at most. What is absent stays as it is."""

    warm = integer("The score from which on a lead is WARM.", required=True)
    hot = integer("The score from which on a lead is HOT.", required=True)
    hysteresis = integer(
        "How far below a threshold a score must fall before the lead is colder again, so that it does not go to and "
        "fro; 5 unless it was set.",
        least=0,
    )
    caps = several(_cap, "The caps by type of rule, all of them; none at all takes them away.", most=len(RuleType))
    total_cap = integer(
        "The most that the opening score and all rules may give together; points given by hand are left out. Null "
        "takes it away.",
        least=0,
        most=thresholds.LARGEST_CAP,
        clears=True,
    )


@given
class RescoreLeadsInput:
    """Which leads to score anew: one of the three."""

    lead_ids = keys("Lead", "These leads, at most 10,000.", as_sent=True)
    filter = criteria(LEAD, "All leads that are like this.")
    all = flag("True: every lead.")
