"""The GraphQL types of campaigns and their members."""

from collections.abc import Sequence
from typing import Any

from lma_graph.activities.models import ActivityRow
from lma_graph.activities.types import Activity
from lma_graph.campaigns.criteria import CAMPAIGN as CAMPAIGN_WORDS
from lma_graph.campaigns.criteria import MEMBER as MEMBER_WORDS
from lma_graph.campaigns.loaders import (
    CAMPAIGN,
    CAMPAIGN_LEADS,
    CAMPAIGN_MEMBERS,
    LEAD_MEMBERSHIPS,
    ORGANIZATION_CAMPAIGNS,
)
from lma_graph.campaigns.models import CampaignLeadRow, CampaignRow
from lma_graph.campaigns.service.targets import faults_of, said
from lma_graph.kernel.graphql.commands import payload, shown_all, told, told_each
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import batched, queried, to_many, to_one
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.loaders import HOLDER, LEAD
from lma_graph.leads.models import LeadSource, LeadStatus
from lma_graph.leads.types import Lead
from lma_graph.organizations.types import Organization
from lma_graph.users.loaders import USER
from lma_graph.users.types import User


async def _validity(campaigns: Sequence[Any], _: Context) -> list[bool]:
    return [not faults_of(one.target_criteria) for one in campaigns]


async def _faults(campaigns: Sequence[Any], _: Context) -> list[list[str]]:
    return [[said(fault) for fault in faults_of(one.target_criteria)] for one in campaigns]


@node(CampaignRow, tag=6, ids_of={"organization_id": "Organization", "created_by": "User"})
class Campaign:
    """A marketing or outreach campaign."""

    target_criteria_query = queried(CampaignRow.target_criteria, LEAD_WORDS)

    created_by = to_one(USER, User, key=CampaignRow.created_by, description="The user who created it.")
    leads = to_many(CAMPAIGN_LEADS, Lead, LEAD_WORDS, description="The leads in it, newest first.")
    is_valid = batched(
        _validity,
        bool,
        reads=[CampaignRow.target_criteria],
        description="Whether its `targetCriteria` can be used; true where there are none. Where they cannot, nobody is "
        "enrolled by them.",
    )
    faults = batched(
        _faults,
        list[str],
        reads=[CampaignRow.target_criteria],
        description="Why its `targetCriteria` cannot be used any more, such as a field that is gone; empty otherwise.",
    )


@node(CampaignLeadRow, tag=7, ids_of={"campaign_id": "Campaign", "lead_id": "Lead"}, hide={"organization_id"})
class CampaignLead:
    """A lead's membership in a campaign."""

    campaign = to_one(CAMPAIGN, Campaign, key=CampaignLeadRow.campaign_id, description="The campaign.", required=True)
    lead = to_one(HOLDER, Lead, key=CampaignLeadRow.lead_id, description="The lead.", required=True)


@extend(Campaign)
class CampaignMembers:
    """The members of a campaign."""

    campaign_leads = to_many(
        CAMPAIGN_MEMBERS, CampaignLead, MEMBER_WORDS, description="Its members, latest enrolment first."
    )


@extend(Lead)
class LeadCampaigns:
    """What campaigns add to leads."""

    campaign_leads = to_many(
        LEAD_MEMBERSHIPS, CampaignLead, MEMBER_WORDS, description="Memberships in campaigns, latest first."
    )


@extend(Activity)
class ActivityCampaign:
    """What campaigns add to activities."""

    campaign = to_one(CAMPAIGN, Campaign, key=ActivityRow.campaign_id, description="The campaign it was part of.")


@extend(Organization)
class OrganizationCampaigns:
    """What campaigns add to organizations."""

    campaigns = to_many(ORGANIZATION_CAMPAIGNS, Campaign, CAMPAIGN_WORDS, description="Its campaigns, newest first.")


@payload
class AudienceByStatus:
    """Leads of one status."""

    status = told(enum_of(LeadStatus), of="status", description="The status.")
    count = told(int, of="count", description="How many leads have it.")


@payload
class AudienceBySource:
    """Leads of one source."""

    source = told(enum_of(LeadSource), of="source", description="The source.")
    count = told(int, of="count", description="How many leads have it.")


@payload
class CampaignAudience:
    """Whom a campaign would take at this moment."""

    count = told(int, of="count", description="How many leads would be enrolled.")
    by_status = told_each(AudienceByStatus, of="by_status", description="The same by status, most first.")
    by_source = told_each(AudienceBySource, of="by_source", description="The same by source, most first.")
    sample_leads = shown_all(LEAD, Lead, of="leads", description="The ten newest of them.")
    already_enrolled = told(int, of="already_enrolled", description="How many leads are members already.")
    not_eligible = told(
        int, of="not_eligible", description="How many leads stay out: unsubscribed, bounced, or taken out by a person."
    )
