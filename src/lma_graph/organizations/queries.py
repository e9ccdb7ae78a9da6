"""Root fields about the organization."""

import strawberry

from lma_graph.kernel.graphql.context import Info
from lma_graph.kernel.graphql.nodes import root
from lma_graph.organizations.loaders import ORGANIZATION
from lma_graph.organizations.types import Organization


@root
class OrganizationQueries:
    """What can be asked about the organization."""

    @strawberry.field(graphql_type=Organization, description="The organization of the viewer.")
    async def organization(self, info: Info) -> object:
        """Always the viewer's own."""
        return await info.context.load(ORGANIZATION, info.context.viewer.organization_id)
