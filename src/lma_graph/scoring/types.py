"""The GraphQL types of scoring rules and of the score history."""

from collections.abc import Sequence
from typing import Any

from lma_graph.kernel.graphql.commands import Payload, payload, told
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import batched, to_many, to_one
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.leads.loaders import HOLDER
from lma_graph.leads.types import Lead
from lma_graph.organizations.types import Organization
from lma_graph.scoring.criteria import RULE as RULE_WORDS
from lma_graph.scoring.criteria import SCORE_ENTRY as ENTRY_WORDS
from lma_graph.scoring.loaders import LEAD_SCORE_ENTRIES, ORGANIZATION_RULES, RULE
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow
from lma_graph.scoring.service import rules


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


@node(LeadScoreHistoryRow, tag=11, ids_of={"lead_id": "Lead", "rule_id": "LeadScoringRule"}, hide={"organization_id"})
class LeadScoreHistory:
    """One entry of the score ledger: a lead's score is the sum of its `scoreChange`s."""

    lead = to_one(HOLDER, Lead, key=LeadScoreHistoryRow.lead_id, description="The lead.", required=True)
    rule = to_one(RULE, LeadScoringRule, key=LeadScoreHistoryRow.rule_id, description="The rule that gave the points.")


@extend(Lead)
class LeadScore:
    """What scoring adds to leads."""

    score_history = to_many(
        LEAD_SCORE_ENTRIES, LeadScoreHistory, ENTRY_WORDS, description="How the score came about, newest first."
    )


@extend(Organization)
class OrganizationRules:
    """What scoring adds to organizations."""

    lead_scoring_rules = to_many(
        ORGANIZATION_RULES,
        LeadScoringRule,
        RULE_WORDS,
        description="Its scoring rules, newest first; no retired ones.",
    )
