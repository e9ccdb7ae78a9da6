"""What can be asked of campaigns and their members."""

from lma_graph.activities.criteria import ACTIVITY
from lma_graph.activities.models import ActivityRow
from lma_graph.campaigns.models import CampaignLeadRow, CampaignRow
from lma_graph.kernel.criteria import ManyTerm, OneTerm, Vocabulary
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.leads.criteria import LEAD
from lma_graph.users.criteria import USER

CAMPAIGN = Vocabulary("Campaign", CampaignRow, "What a campaign must be like.")
MEMBER = Vocabulary("CampaignLead", CampaignLeadRow, "What a membership must be like.")
CAMPAIGN.extend(
    *column_terms(CampaignRow, "Campaign", ids={"created_by": "User"}, without={"target_criteria", "goals"}),
    OneTerm("createdBy", "The user who created it.", USER, key=CampaignRow.created_by),
    ManyTerm("campaignLeads", "Its members.", MEMBER, parent=CampaignLeadRow.campaign_id),
)
MEMBER.extend(
    *column_terms(CampaignLeadRow, "CampaignLead", ids={"campaign_id": "Campaign", "lead_id": "Lead"}),
    OneTerm("campaign", "The campaign.", CAMPAIGN, key=CampaignLeadRow.campaign_id),
    OneTerm("lead", "The lead.", LEAD, key=CampaignLeadRow.lead_id),
)
LEAD.extend(ManyTerm("campaignLeads", "Memberships in campaigns.", MEMBER, parent=CampaignLeadRow.lead_id))
ACTIVITY.extend(OneTerm("campaign", "The campaign it was part of.", CAMPAIGN, key=ActivityRow.campaign_id))
