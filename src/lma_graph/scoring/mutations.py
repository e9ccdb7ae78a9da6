"""Mutations of scoring: its rules, its thresholds, and the scores of leads."""

from lma_graph.executions.loaders import EXECUTION
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, told
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.loaders import LEAD
from lma_graph.leads.types import Lead
from lma_graph.organizations.loaders import ORGANIZATION
from lma_graph.organizations.types import Organization
from lma_graph.scoring.inputs import (
    AdjustLeadScoreInput,
    CreateScoringRuleInput,
    DeleteScoringRuleInput,
    RescoreLeadsInput,
    SetScoreThresholdsInput,
    UpdateScoringRuleInput,
)
from lma_graph.scoring.loaders import RULE, SCORE_ENTRY
from lma_graph.scoring.service import adjusting, rescoring, rules, thresholds
from lma_graph.scoring.types import LeadScoreHistory, LeadScoringRule

CHANGED = "How many leads have another score or temperature by it; null where that is long work."
LONG_WORK = "The long work that scores the leads; null where it is done, as it is for up to 10,000 leads."


@payload
class CreateScoringRulePayload:
    """The rule is made, and the leads have its points."""

    rule = shown(RULE, LeadScoringRule, of="rule", description="The rule.")
    changed = told(int | None, of="changed", description=CHANGED)
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=LONG_WORK)


@payload
class UpdateScoringRulePayload:
    """The rule is as asked for, and the leads have the points it gives now."""

    rule = shown(RULE, LeadScoringRule, of="rule", description="The rule.")
    changed = told(int | None, of="changed", description=CHANGED)
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=LONG_WORK)


@payload
class DeleteScoringRulePayload:
    """The rule is retired, and its points are taken back."""

    rule = shown(RULE, LeadScoringRule, of="rule", description="The rule, which entries of the score history name yet.")
    changed = told(int | None, of="changed", description=CHANGED)
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=LONG_WORK)


@payload
class SetScoreThresholdsPayload:
    """Thresholds and caps hold from now on, for all leads."""

    organization = shown(ORGANIZATION, Organization, of="organization", description="The organization.")
    changed = told(int | None, of="changed", description=CHANGED)
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=LONG_WORK)


@payload
class AdjustLeadScorePayload:
    """The points are given or taken."""

    lead = shown(LEAD, Lead, of="lead", description="The lead.")
    entry = shown(SCORE_ENTRY, LeadScoreHistory, of="entry", description="The entry of its score history.")


@payload
class RescoreLeadsPayload:
    """The leads have the points that the rules give."""

    changed = told(int | None, of="changed", description=CHANGED)
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=LONG_WORK)


@mutations
class ScoringMutations:
    """What can be done about scores."""

    @command(Permission.SCORING_WRITE, CreateScoringRuleInput, CreateScoringRulePayload)
    async def create_scoring_rule(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Make a scoring rule, and give its points to the leads it is for.

        That is done with it in an organization of up to 10,000 leads, and long work in a larger one.
        """
        return await rules.create(unit, rules.columns_of(given))

    @command(Permission.SCORING_WRITE, UpdateScoringRuleInput, UpdateScoringRulePayload)
    async def update_scoring_rule(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Change a scoring rule, and bring the leads it touches to the points it gives now.

        With another frequency its limit goes by itself, with another type its half-life. A retired rule is a
        `Conflict`.
        """
        return await rules.update(unit, given.id, rules.columns_of(given.patch))

    @command(Permission.SCORING_WRITE, DeleteScoringRuleInput, DeleteScoringRulePayload)
    async def delete_scoring_rule(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Retire a scoring rule, and take its points back.

        It is no longer listed, but entries of the score history keep naming it. A retired one is a `Conflict`.
        """
        return await rules.retire(unit, given.id)

    @command(Permission.SCORES_ADJUST, AdjustLeadScoreInput, AdjustLeadScorePayload)
    async def adjust_lead_score(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Add points to a lead's score by hand, or take some; its temperature follows.

        The points stay whatever the rules give, and no cap counts them.
        """
        return await adjusting.adjust(
            unit, given.lead_id, given.change, given.reason, expected_version=given.expected_version
        )

    @command(Permission.SCORING_WRITE, RescoreLeadsInput, RescoreLeadsPayload)
    async def rescore_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Score leads anew, by the rules as they are: up to 10,000 at once, more as long work.

        Leads are scored whenever something changes that a rule looks at, and each hour where that is time or another
        thing than the lead and its activities. A second time changes nothing.
        """
        return await rescoring.chosen(unit, given.lead_ids, given.filter, everyone=bool(given.all))

    @command(Permission.SCORING_WRITE, SetScoreThresholdsInput, SetScoreThresholdsPayload)
    async def set_score_thresholds(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Set from which scores on leads are warm and hot, and what rules give at most; all leads are judged by it."""
        return await thresholds.store(unit, given)
