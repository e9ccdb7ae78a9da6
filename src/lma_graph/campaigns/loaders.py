"""How campaigns and their members are loaded."""

from lma_graph.campaigns.models import CampaignLeadRow, CampaignRow
from lma_graph.kernel.loaders import All, ById, Children, Link
from lma_graph.kernel.order import Sort
from lma_graph.kernel.scope import visible
from lma_graph.leads.loaders import through_lead
from lma_graph.leads.models import LeadRow

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))
LATEST = (Sort("added_at", descending=True), Sort("id", descending=True))
visible(CampaignLeadRow, via=CampaignLeadRow.lead_id)(through_lead("lead_id"))

CAMPAIGN = ById(CampaignRow)
CAMPAIGNS = All(CampaignRow, NEWEST)
ORGANIZATION_CAMPAIGNS = Children(CampaignRow, CampaignRow.organization_id, NEWEST)
MEMBER = ById(CampaignLeadRow)
MEMBERS = All(CampaignLeadRow, LATEST)
LEAD_MEMBERSHIPS = Children(CampaignLeadRow, CampaignLeadRow.lead_id, LATEST)
CAMPAIGN_MEMBERS = Children(CampaignLeadRow, CampaignLeadRow.campaign_id, LATEST)
CAMPAIGN_LEADS = Children(LeadRow, Link(CampaignLeadRow, CampaignLeadRow.campaign_id, CampaignLeadRow.lead_id), NEWEST)
