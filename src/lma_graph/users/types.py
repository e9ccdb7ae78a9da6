"""The GraphQL type of users."""

from lma_graph.kernel.graphql.fields import computed, to_many, to_one
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.kernel.viewer import PERMISSIONS, Role
from lma_graph.organizations.loaders import ORGANIZATION
from lma_graph.organizations.types import Organization
from lma_graph.users.criteria import USER as USER_WORDS
from lma_graph.users.loaders import ORGANIZATION_USERS
from lma_graph.users.models import UserRow


def _permissions(role: str) -> list[str]:
    return sorted(permission.value for permission in PERMISSIONS[Role[role]])


@node(UserRow, tag=2, ids_of={"organization_id": "Organization"})
class User:
    """A person who works with leads."""

    organization = to_one(
        ORGANIZATION, Organization, key=UserRow.organization_id, description="The user's organization.", required=True
    )
    permissions = computed(
        UserRow.role, list[str], _permissions, description="What the user may do, permission by permission."
    )


@extend(Organization)
class OrganizationUsers:
    """The users of an organization."""

    users = to_many(ORGANIZATION_USERS, User, USER_WORDS, description="Its users, newest first.")
