"""Root fields about campaigns."""

from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from lma_graph.campaigns.criteria import CAMPAIGN as CAMPAIGN_WORDS
from lma_graph.campaigns.criteria import MEMBER as MEMBER_WORDS
from lma_graph.campaigns.inputs import PreviewCampaignAudienceInput
from lma_graph.campaigns.loaders import CAMPAIGN, CAMPAIGNS, MEMBERS
from lma_graph.campaigns.service.enrolling import preview
from lma_graph.campaigns.types import Campaign, CampaignAudience, CampaignLead
from lma_graph.kernel.graphql.commands import Payload
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import by_id, listing
from lma_graph.kernel.graphql.given import Made
from lma_graph.kernel.graphql.loaded import LoadedField, argument
from lma_graph.kernel.graphql.nodes import root

_preview: Made = PreviewCampaignAudienceInput


class AudienceField(LoadedField):
    """`previewCampaignAudience`: what a mutation would do, asked of a snapshot."""

    @property
    def arguments(self) -> list[StrawberryArgument]:
        """Made when the schema is assembled: vocabularies are complete by then."""
        if self._arguments is None:
            self._arguments = [argument("input", _preview.graphql(), "Whose audience.", required=True)]
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value

    async def value(self, source: Any, context: Context, **arguments: Any) -> Payload:  # noqa: ARG002
        """Look without writing."""
        return Payload("CampaignAudience", await preview(context.reader, _preview.values(arguments["input"])))


@root
class CampaignQueries:
    """What can be asked about campaigns."""

    campaign = by_id(CAMPAIGN, Campaign, description="One campaign by id.")
    campaigns = listing(CAMPAIGNS, Campaign, CAMPAIGN_WORDS, description="Campaigns, newest first.")
    campaign_leads = listing(
        MEMBERS, CampaignLead, MEMBER_WORDS, description="Memberships in all campaigns, latest first."
    )
    preview_campaign_audience = AudienceField(
        type_annotation=StrawberryAnnotation(CampaignAudience),
        description="Whom `enrollLeads` would enrol at this moment by a campaign's criteria, or by criteria yet to be "
        "stored; nothing is written. Needs `campaigns.write`.",
    )
