"""The GraphQL types of scoring rules and of the score history."""

from lma_graph.kernel.graphql.fields import queried, to_many, to_one
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.loaders import HOLDER
from lma_graph.leads.types import Lead
from lma_graph.organizations.types import Organization
from lma_graph.scoring.criteria import RULE as RULE_WORDS
from lma_graph.scoring.criteria import SCORE_ENTRY as ENTRY_WORDS
from lma_graph.scoring.loaders import LEAD_SCORE_ENTRIES, ORGANIZATION_RULES, RULE
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow


@node(LeadScoringRuleRow, tag=10, ids_of={"organization_id": "Organization"})
class LeadScoringRule:
    """A condition on leads and the points it gives."""

    criteria_query = queried(LeadScoringRuleRow.criteria, LEAD)


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
