"""Enrolling leads in campaigns, moving members on, and taking them out."""

from lma_graph.campaigns.inputs import (
    EnrollLeadsInput,
    RemoveLeadsFromCampaignInput,
    UpdateCampaignLeadInput,
    UpdateCampaignLeadsInput,
)
from lma_graph.campaigns.loaders import CAMPAIGN, MEMBER
from lma_graph.campaigns.models import MemberStatus
from lma_graph.campaigns.service import enrolling, moving
from lma_graph.campaigns.service.moving import Members
from lma_graph.campaigns.types import Campaign, CampaignLead
from lma_graph.executions.loaders import EXECUTION
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, told, told_each
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission

_CAMPAIGN = "The campaign as it is now."
_LONG_WORK = "The long work that does it; null where it is done, as it is for up to 10,000 leads."


@payload
class EnrollLeadsPayload:
    """The leads are in the campaign, but for those that cannot be."""

    campaign = shown(CAMPAIGN, Campaign, of="campaign", description=_CAMPAIGN)
    enrolled = told(int | None, of="enrolled", description="How many leads have become members, or are so again.")
    already_enrolled = told(int | None, of="already_enrolled", description="How many leads were members already.")
    not_eligible = told(
        int | None,
        of="not_eligible",
        description="How many leads stay out: unsubscribed, bounced, deleted or merged ones, and those that a person "
        "has taken out, unless their ids were given.",
    )
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=_LONG_WORK)


@payload
class UpdateCampaignLeadPayload:
    """The member is where it was asked to be."""

    campaign_lead = shown(MEMBER, CampaignLead, of="campaign_lead", description="The membership as it is now.")


@payload
class CampaignLeadError:
    """Why a member was left as it is."""

    campaign_lead = shown(MEMBER, CampaignLead, of="campaign_lead", description="The membership.")
    code = told(str, of="code", description="What is wrong, for programs.")
    message = told(str, of="message", description="What is wrong, for people.")


_FAILED = "How many members cannot go there and stay as they are."
_ERRORS = "Why, for the first 100 of those, by their leads' ids."


@payload
class UpdateCampaignLeadsPayload:
    """The members are where they were asked to be, but for those that cannot go there."""

    campaign = shown(CAMPAIGN, Campaign, of="campaign", description=_CAMPAIGN)
    updated = told(int | None, of="updated", description="How many members have moved.")
    unchanged = told(int | None, of="unchanged", description="How many members were there already.")
    failed = told(int | None, of="failed", description=_FAILED)
    errors = told_each(CampaignLeadError, of="errors", description=_ERRORS)
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=_LONG_WORK)


@payload
class RemoveLeadsFromCampaignPayload:
    """The leads are out of the campaign."""

    campaign = shown(CAMPAIGN, Campaign, of="campaign", description=_CAMPAIGN)
    removed = told(int | None, of="removed", description="How many members were taken out.")
    unchanged = told(
        int | None, of="unchanged", description="How many were out already: taken out, or unsubscribed, which stays."
    )
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=_LONG_WORK)


@mutations
class CampaignLeadMutations:
    """What can be done to members of campaigns."""

    @command(Permission.CAMPAIGNS_WRITE, EnrollLeadsInput, EnrollLeadsPayload)
    async def enroll_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Make leads members of a campaign that is a `DRAFT`, `ACTIVE` or `PAUSED`; each is at most once in it.

        The same call again enrols nobody. Up to 10,000 leads are enrolled at once, more as long work. Leads of
        `exclude` are not counted at all.
        """
        return {"campaign": given.campaign_id, **await enrolling.enroll(unit, given.campaign_id, given)}

    @command(Permission.CAMPAIGNS_WRITE, UpdateCampaignLeadInput, UpdateCampaignLeadPayload)
    async def update_campaign_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Say how far a member has come: forwards in as many steps as it takes, or out.

        `CONTACTED`, `RESPONDED` and `CONVERTED` stamp their moment once. A move back is a `Conflict`
        (`MOVE_NOT_ALLOWED`); only who was taken out or bounced can be `ENROLLED` again.
        """
        status = MemberStatus[given.status]
        return {"campaign_lead": await moving.move_one(unit, given.campaign_id, given.lead_id, status)}

    @command(Permission.CAMPAIGNS_WRITE, UpdateCampaignLeadsInput, UpdateCampaignLeadsPayload)
    async def update_campaign_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Say how far many members have come, each as `updateCampaignLead` would do it.

        Up to 10,000 are moved at once, more as long work. A member that cannot go there stays as it is and is told of
        in `errors`.
        """
        members = Members.given(given.campaign_id, given)
        made = await moving.move(unit, members, MemberStatus[given.status], "updateCampaignLeads")
        return {"campaign": given.campaign_id, **made}

    @command(Permission.CAMPAIGNS_WRITE, RemoveLeadsFromCampaignInput, RemoveLeadsFromCampaignPayload)
    async def remove_leads_from_campaign(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Take members out of a campaign: they are `REMOVED`, and their history stays.

        Neither a filter nor the campaign's criteria bring them back; `enrollLeads` by their ids does. Up to 10,000 at
        once, more as long work.
        """
        members = Members.given(given.campaign_id, given)
        made = await moving.move(unit, members, MemberStatus.REMOVED, "removeLeadsFromCampaign")
        if "execution" in made:
            return {"campaign": given.campaign_id, **made}
        return {"campaign": given.campaign_id, **moving.removed(made)}
