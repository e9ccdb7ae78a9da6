"""How scoring rules and the score history are loaded."""

from lma_graph.kernel.loaders import All, ById, Children
from lma_graph.kernel.order import Sort
from lma_graph.kernel.scope import visible
from lma_graph.leads.loaders import through_lead
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))
visible(LeadScoreHistoryRow, via=LeadScoreHistoryRow.lead_id)(through_lead("lead_id"))

RULE = ById(LeadScoringRuleRow)
# Retired rules are found by id, since entries keep naming them, but are not listed.
RULES = All(LeadScoringRuleRow, NEWEST, lambda rule: rule.c.deleted_at.is_(None))
ORGANIZATION_RULES = Children(
    LeadScoringRuleRow, LeadScoringRuleRow.organization_id, NEWEST, lambda rule: rule.c.deleted_at.is_(None)
)
SCORE_ENTRIES = All(LeadScoreHistoryRow, NEWEST)
SCORE_ENTRY = ById(LeadScoreHistoryRow)
LEAD_SCORE_ENTRIES = Children(LeadScoreHistoryRow, LeadScoreHistoryRow.lead_id, NEWEST)
