"""The GraphQL type of organizations. Features above add their lists to it."""

from lma_graph.kernel.graphql.nodes import node
from lma_graph.organizations.models import OrganizationRow


@node(OrganizationRow, tag=1)
class Organization:
    """A customer of this server. Everything else belongs to exactly one organization."""
