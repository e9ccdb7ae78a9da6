"""Creating, changing, moving on and deleting campaigns."""

import strawberry

from lma_graph.campaigns.inputs import (
    CreateCampaignInput,
    DeleteCampaignInput,
    SetCampaignStatusInput,
    UpdateCampaignInput,
    columns_of,
)
from lma_graph.campaigns.loaders import CAMPAIGN, MEMBER
from lma_graph.campaigns.models import CampaignStatus
from lma_graph.campaigns.service import life
from lma_graph.campaigns.types import Campaign, CampaignLead
from lma_graph.executions.loaders import EXECUTION
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel import ids
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, told
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.graphql.nodes import extend
from lma_graph.kernel.graphql.refusals import ConflictType
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission

_FOLLOWING = (
    "The long work that has members follow the criteria, of more than 10,000 leads; null where it is done, or where "
    "nobody follows."
)


@extend(ConflictType)
class ConflictCampaign:
    """What of campaigns a conflict is about."""

    campaign = shown(CAMPAIGN, Campaign, of="campaign", description="The campaign as it is now.")
    campaign_lead = shown(MEMBER, CampaignLead, of="campaign_lead", description="The membership as it is now.")


@payload
class CreateCampaignPayload:
    """The campaign was created."""

    campaign = shown(CAMPAIGN, Campaign, of="campaign", description="The new campaign.")


@payload
class UpdateCampaignPayload:
    """The campaign is as asked for."""

    campaign = shown(CAMPAIGN, Campaign, of="campaign", description="The campaign as it is now.")
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=_FOLLOWING)


@payload
class SetCampaignStatusPayload:
    """The campaign stands where it was asked to."""

    campaign = shown(CAMPAIGN, Campaign, of="campaign", description="The campaign as it is now.")
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=_FOLLOWING)


@payload
class DeleteCampaignPayload:
    """The campaign was deleted."""

    id = told(strawberry.ID, of="id", description="Global id that the campaign had.")


@mutations
class CampaignMutations:
    """What can be done to campaigns."""

    @command(Permission.CAMPAIGNS_WRITE, CreateCampaignInput, CreateCampaignPayload)
    async def create_campaign(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Create a campaign, a `DRAFT` at first."""
        return {"campaign": await life.create(unit, columns_of(given))}

    @command(Permission.CAMPAIGNS_WRITE, UpdateCampaignInput, UpdateCampaignPayload)
    async def update_campaign(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Change values of a campaign.

        Other `targetCriteria` leave the members that are there; with `followCriteria` they come and go at once where
        the campaign is active.
        """
        return await life.update(unit, given.id, columns_of(given.patch))

    @command(Permission.CAMPAIGNS_WRITE, SetCampaignStatusInput, SetCampaignStatusPayload)
    async def set_campaign_status(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Move a campaign on: `DRAFT` to `ACTIVE`, which can be `PAUSED` and go on, to `COMPLETED`; all to `ARCHIVED`.

        Any other move is a `Conflict` (`MOVE_NOT_ALLOWED`) that says what is allowed; what is there already stays.
        """
        return await life.set_status(unit, given.id, CampaignStatus[given.status])

    @command(Permission.CAMPAIGNS_WRITE, DeleteCampaignInput, DeleteCampaignPayload)
    async def delete_campaign(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Delete a draft that nobody has ever been in, for good.

        Any other campaign is part of the history of leads, so it is a `Conflict` (`CAMPAIGN_IN_USE`): archive it.
        """
        await life.delete(unit, given.id)
        return {"id": ids.encode("Campaign", given.id)}
