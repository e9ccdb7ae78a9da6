"""Root fields about the organization."""

from lma_graph.kernel.graphql.fields import current
from lma_graph.kernel.graphql.nodes import root
from lma_graph.organizations.loaders import ORGANIZATION
from lma_graph.organizations.types import Organization


@root
class OrganizationQueries:
    """What can be asked about the organization."""

    organization = current(
        ORGANIZATION,
        Organization,
        key=lambda viewer: viewer.organization_id,
        description="The organization of the viewer.",
    )
