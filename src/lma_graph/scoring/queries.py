"""Root fields about scoring."""

from lma_graph.kernel.graphql.fields import by_id, listing
from lma_graph.kernel.graphql.nodes import root
from lma_graph.scoring.criteria import RULE as RULE_WORDS
from lma_graph.scoring.criteria import SCORE_ENTRY as ENTRY_WORDS
from lma_graph.scoring.loaders import RULE, RULES, SCORE_ENTRIES
from lma_graph.scoring.types import LeadScoreHistory, LeadScoringRule


@root
class ScoringQueries:
    """What can be asked about scoring."""

    lead_scoring_rule = by_id(RULE, LeadScoringRule, description="One scoring rule by id; retired ones too.")
    lead_scoring_rules = listing(
        RULES, LeadScoringRule, RULE_WORDS, description="Scoring rules, newest first; no retired ones."
    )
    lead_score_history = listing(
        SCORE_ENTRIES, LeadScoreHistory, ENTRY_WORDS, description="Score entries of all leads, newest first."
    )
