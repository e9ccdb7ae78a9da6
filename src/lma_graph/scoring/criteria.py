"""What can be asked of scoring rules and of the score history."""

from lma_graph.kernel.criteria import ManyTerm, OneTerm, Vocabulary
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.leads.criteria import LEAD
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow

RULE = Vocabulary("LeadScoringRule", LeadScoringRuleRow, "What a scoring rule must be like.")
RULE.extend(*column_terms(LeadScoringRuleRow, "LeadScoringRule", without={"criteria"}))

SCORE_ENTRY = Vocabulary("LeadScoreHistory", LeadScoreHistoryRow, "What an entry of the score history must be like.")
SCORE_ENTRY.extend(
    *column_terms(LeadScoreHistoryRow, "LeadScoreHistory", ids={"lead_id": "Lead", "rule_id": "LeadScoringRule"}),
    OneTerm("lead", "The lead.", LEAD, key=LeadScoreHistoryRow.lead_id),
    OneTerm("rule", "The rule that gave the points.", RULE, key=LeadScoreHistoryRow.rule_id),
)
LEAD.extend(
    ManyTerm("scoreHistory", "Entries of the lead's score history.", SCORE_ENTRY, parent=LeadScoreHistoryRow.lead_id)
)
