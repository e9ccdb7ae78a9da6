"""The GraphQL types of scoring rules and of the score history."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from strawberry.annotation import StrawberryAnnotation

from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.graphql.commands import Payload, payload, shown, told, told_each
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import batched, queried, to_many, to_one
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.loaded import LoadedField, argument
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.kernel.graphql.scalars import Json
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.loaders import HOLDER, LEAD
from lma_graph.leads.models import LeadRow, LeadTemperature
from lma_graph.leads.types import Lead
from lma_graph.organizations.types import Organization
from lma_graph.scoring.criteria import RULE as RULE_WORDS
from lma_graph.scoring.criteria import SCORE_ENTRY as ENTRY_WORDS
from lma_graph.scoring.engine.trial import MOST_SAMPLES
from lma_graph.scoring.loaders import LEAD_SCORE_ENTRIES, ORGANIZATION_RULES, RULE
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow, ScoreCap, ScoreEntryKind
from lma_graph.scoring.service import rules
from lma_graph.scoring.service.explaining import explain


@payload
class ScoringRuleFault:
    """Why a scoring rule is invalid: in one place of it."""

    path = told(list[str], of="path", description="Where in the rule it is, such as `criteria`, `expr`, `company`.")
    message = told(str, of="message", description="What is wrong, for people.")
    code = told(str, of="code", description="What is wrong, for programs.")


_JUDGED = (LeadScoringRuleRow.criteria, LeadScoringRuleRow.rule_type, LeadScoringRuleRow.frequency)


async def _validity(rows: Sequence[Any], _: Context) -> list[bool]:
    return [not rules.faults_of(row) for row in rows]


async def _faults(rows: Sequence[Any], _: Context) -> list[list[Payload]]:
    return [[Payload("ScoringRuleFault", one.as_json()) for one in rules.faults_of(row)] for row in rows]


@node(LeadScoringRuleRow, tag=10, ids_of={"organization_id": "Organization"})
class LeadScoringRule:
    """A condition on leads and the points it gives."""

    is_valid = batched(
        _validity,
        bool,
        reads=_JUDGED,
        description="Whether it can be used. A rule becomes invalid when what its criteria ask for is gone, such as a "
        "term of an earlier release. Then leads keep the points it has given, and nobody gets any, until it is mended "
        "or retired.",
    )
    faults = batched(
        _faults, list[ScoringRuleFault], reads=_JUDGED, description="Why it is invalid; none for a sound one."
    )
    criteria_query = queried(LeadScoringRuleRow.criteria, LEAD_WORDS)


@node(LeadScoreHistoryRow, tag=11, ids_of={"lead_id": "Lead", "rule_id": "LeadScoringRule"}, hide={"organization_id"})
class LeadScoreHistory:
    """One entry of the score ledger: a lead's score is the sum of its `scoreChange`s."""

    lead = to_one(HOLDER, Lead, key=LeadScoreHistoryRow.lead_id, description="The lead.", required=True)
    rule = to_one(RULE, LeadScoringRule, key=LeadScoreHistoryRow.rule_id, description="The rule that gave the points.")


@payload
class RuleExplanation:
    """What a scoring rule has to do with a lead's score."""

    rule = told(LeadScoringRule, of="rule", description="The rule; it may be inactive or retired.")
    points = told(int, of="points", description="What it has given, as the score history has it.")
    points_now = told(
        int,
        of="points_now",
        description="What it would give at this moment, caps left out. It differs from `points` until the lead is "
        "scored again, as by a rule that depends on time.",
    )
    matched = told(
        bool | None,
        of="matched",
        description="Whether its criteria hold now; null where the rule is invalid and keeps to what it gave.",
    )
    condition = told(
        str | None, of="condition", description="Its criteria in plain words; null where they cannot be read."
    )
    values = told(
        Json,
        of="values",
        description="What of the lead the criteria look at, by the names of the filter: `customFields.plan`, "
        "`assignedTo.role`. Of related lists it is how many match, and with `every` how many do not; further ones of "
        "a name are `activities#2` and so on. Counts are of what you may see.",
    )


@payload
class ScoreAdjustment:
    """Points that no rule has given."""

    kind = told(enum_of(ScoreEntryKind), of="kind", description="Where they come from.")
    change = told(int, of="change", description="How many there are; negative ones were taken.")
    reason = told(str | None, of="reason", description="Why, in words; null where several are summed up.")
    cap = told(enum_of(ScoreCap) | None, of="cap", description="Which cap cut, with `CAP`.")
    entries = told(int, of="entries", description="How many entries of the score history these are.")
    created_at = told(dt.datetime, of="created_at", description="When the last of them was made.")


@payload
class ScoreExplanation:
    """How a lead's score comes about: everything that is told here adds up to it."""

    score = told(int, of="score", description="The lead's score.")
    total = told(
        int, of="total", description="The sum of the `points` of all rules and the `change` of all adjustments."
    )
    rules = told_each(
        RuleExplanation, of="rules", description="Rules in the order of their priority; see the argument `all`."
    )
    adjustments = told_each(
        ScoreAdjustment,
        of="adjustments",
        description="The score the lead came with, the cut of each cap, and what was adjusted by hand: the last 20 one "
        "by one, newest first, and earlier ones summed up.",
    )


async def _explanations(rows: Sequence[Any], context: Context, **arguments: Any) -> list[Payload]:
    leads = {row.id: row.score for row in rows}
    found = await explain(context.reader, context.scope, leads, every=arguments["all"])
    return [Payload("ScoreExplanation", found[row.id]) for row in rows]


def _explained() -> Any:
    made = batched(
        _explanations,
        ScoreExplanation,
        reads=[LeadRow.score],
        description="How the score comes about: rule by rule the points, the condition and the values it looks at.",
    )
    every = "Also the rules that have given nothing and do not match; retired ones only where they have given points."
    made.arguments = [argument("all", bool, every, required=True, default=False)]
    return made


@extend(Lead)
class LeadScore:
    """What scoring adds to leads."""

    score_history = to_many(
        LEAD_SCORE_ENTRIES, LeadScoreHistory, ENTRY_WORDS, description="How the score came about, newest first."
    )
    score_explanation = _explained()


@extend(Organization)
class OrganizationRules:
    """What scoring adds to organizations."""

    lead_scoring_rules = to_many(
        ORGANIZATION_RULES,
        LeadScoringRule,
        RULE_WORDS,
        description="Its scoring rules, newest first; no retired ones.",
    )


@payload
class ScoreBar:
    """How many leads have scores between two bounds, both included."""

    from_ = told(int | None, of="from", description="The lowest score; null for all below.", name="from")
    to = told(int | None, of="to", description="The highest score; null for all above.")
    before = told(int, of="before", description="How many leads have such a score.")
    after = told(int, of="after", description="How many would have.")


@payload
class TemperatureFlow:
    """How many leads would go from one temperature to another, or stay."""

    from_ = told(enum_of(LeadTemperature), of="from", description="How warm they are.", name="from")
    to = told(enum_of(LeadTemperature), of="to", description="How warm they would be.")
    count = told(int, of="count", description="How many leads.")


@payload
class ScorePreviewSample:
    """A lead whose score would change."""

    lead = shown(LEAD, Lead, of="lead", description="The lead.", required=True)
    points_before = told(int, of="points_before", description="What the rule has given it, by the score history.")
    points_after = told(int, of="points_after", description="What the rule would give it.")
    score_before = told(int, of="score_before", description="Its score.")
    score_after = told(int, of="score_after", description="Its score as it would be, after caps.")
    temperature_before = told(enum_of(LeadTemperature), of="temperature_before", description="How warm it is.")
    temperature_after = told(enum_of(LeadTemperature), of="temperature_after", description="How warm it would be.")


class SamplesField(LoadedField):
    """The first of the samples that a preview has taken."""

    async def value(self, source: Any, context: Context, **arguments: Any) -> list[Payload]:  # noqa: ARG002
        """As many as were asked for."""
        first = arguments["first"]
        if not 0 <= first <= MOST_SAMPLES:
            raise InvalidInput.at(("first",), f"must be between 0 and {MOST_SAMPLES}", "OUT_OF_RANGE")
        return [Payload("ScorePreviewSample", one) for one in source.samples[:first]]


def _samples() -> SamplesField:
    made = SamplesField(
        type_annotation=StrawberryAnnotation(list[ScorePreviewSample]),
        description="Leads whose score would change, those where it changes most first.",
    )
    made.arguments = [argument("first", int, f"How many, at most {MOST_SAMPLES}.", required=True, default=10)]
    return made


@payload
class ScoringRulePreview:
    """What a new or changed scoring rule would do to the leads at this moment."""

    condition = told(str, of="condition", description="Its criteria in plain words.")
    leads = told(int, of="leads", description="How many leads were looked at; all counts are of these.")
    one_in = told(
        int,
        of="one_in",
        description="1 where these are all leads that were asked for. Of more than 100,000 every second, third and so "
        "on is looked at.",
    )
    matched = told(int, of="matched", description="For how many of them its criteria hold.")
    changed = told(int, of="changed", description="How many of them would have another score.")
    never_matches = told(bool, of="never_matches", description="Whether its criteria hold for none of them.")
    always_matches = told(bool, of="always_matches", description="Whether its criteria hold for each of them.")
    distribution = told_each(
        ScoreBar,
        of="distribution",
        description="How the scores spread before and after, in steps of 10 from the lowest to the highest; below -990 "
        "and from 1,000 on there is one bar each.",
    )
    temperature_flow = told_each(
        TemperatureFlow, of="temperature_flow", description="From which temperature to which: all nine pairs."
    )
    samples = _samples()
