"""Root fields about campaigns."""

from lma_graph.campaigns.criteria import CAMPAIGN as CAMPAIGN_WORDS
from lma_graph.campaigns.criteria import MEMBER as MEMBER_WORDS
from lma_graph.campaigns.loaders import CAMPAIGN, CAMPAIGNS, MEMBERS
from lma_graph.campaigns.types import Campaign, CampaignLead
from lma_graph.kernel.graphql.fields import by_id, listing
from lma_graph.kernel.graphql.nodes import root


@root
class CampaignQueries:
    """What can be asked about campaigns."""

    campaign = by_id(CAMPAIGN, Campaign, description="One campaign by id.")
    campaigns = listing(CAMPAIGNS, Campaign, CAMPAIGN_WORDS, description="Campaigns, newest first.")
    campaign_leads = listing(
        MEMBERS, CampaignLead, MEMBER_WORDS, description="Memberships in all campaigns, latest first."
    )
