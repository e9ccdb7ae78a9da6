"""The GraphQL type of integrations."""

from lma_graph.integrations.criteria import INTEGRATION as INTEGRATION_WORDS
from lma_graph.integrations.loaders import ORGANIZATION_INTEGRATIONS
from lma_graph.integrations.models import IntegrationRow
from lma_graph.kernel.graphql.fields import to_many, to_one
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.kernel.graphql.scalars import Json
from lma_graph.kernel.secrets import masked
from lma_graph.organizations.types import Organization
from lma_graph.users.loaders import USER
from lma_graph.users.types import User


@node(
    IntegrationRow,
    tag=12,
    ids_of={"organization_id": "Organization", "created_by": "User"},
    shows={"configuration": (Json, masked)},
)
class Integration:
    """A connection to another system."""

    created_by = to_one(USER, User, key=IntegrationRow.created_by, description="The user who created it.")


@extend(Organization)
class OrganizationIntegrations:
    """What integrations add to organizations."""

    integrations = to_many(
        ORGANIZATION_INTEGRATIONS, Integration, INTEGRATION_WORDS, description="Its integrations, newest first."
    )
