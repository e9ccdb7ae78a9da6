"""Root fields about scoring."""

from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from lma_graph.kernel.graphql.commands import Payload
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import by_id, listing
from lma_graph.kernel.graphql.given import Made
from lma_graph.kernel.graphql.inputs import filter_of, plain
from lma_graph.kernel.graphql.loaded import LoadedField, argument
from lma_graph.kernel.graphql.nodes import root
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.scoring.criteria import RULE as RULE_WORDS
from lma_graph.scoring.criteria import SCORE_ENTRY as ENTRY_WORDS
from lma_graph.scoring.inputs import PreviewScoringRuleInput
from lma_graph.scoring.loaders import RULE, RULES, SCORE_ENTRIES
from lma_graph.scoring.service.previewing import preview
from lma_graph.scoring.types import LeadScoreHistory, LeadScoringRule, ScoringRulePreview


class PreviewRuleField(LoadedField):
    """`previewScoringRule`: what a rule would do, asked of a snapshot."""

    @property
    def arguments(self) -> list[StrawberryArgument]:
        """Made when the schema is assembled: vocabularies are complete by then."""
        if self._arguments is None:
            self._arguments = [
                argument("input", _preview.graphql(), "The rule to try out.", required=True),
                argument("filter", filter_of(LEAD_WORDS), "On which leads; without it on all."),
            ]
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value

    async def value(self, source: Any, context: Context, **arguments: Any) -> Payload:  # noqa: ARG002
        """Score without writing."""
        given = _preview.values(arguments["input"])
        tree = arguments.get("filter")
        chosen = None if tree is None else LEAD_WORDS.filter(plain(tree))
        return Payload("ScoringRulePreview", await preview(context.reader, given, chosen))


_preview: Made = PreviewScoringRuleInput


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
    preview_scoring_rule = PreviewRuleField(
        type_annotation=StrawberryAnnotation(ScoringRulePreview),
        description="What a new or changed scoring rule would do at this moment, with caps and thresholds as they are; "
        "nothing is written. Needs `scoring.write`.",
    )
