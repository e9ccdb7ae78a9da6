"""The GraphQL types of users and of the viewer."""

import strawberry

from lma_graph.kernel.graphql.context import Info
from lma_graph.kernel.graphql.fields import to_many, to_one
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.kernel.viewer import PERMISSIONS, Role
from lma_graph.organizations.loaders import ORGANIZATION
from lma_graph.organizations.types import Organization
from lma_graph.users.criteria import USER as USER_WORDS
from lma_graph.users.loaders import ORGANIZATION_USERS, USER
from lma_graph.users.models import UserRow


@node(UserRow, tag=2, ids_of={"organization_id": "Organization"})
class User:
    """A person who works with leads."""

    organization = to_one(
        ORGANIZATION, Organization, key=UserRow.organization_id, description="The user's organization.", required=True
    )


@extend(Organization)
class OrganizationUsers:
    """The users of an organization."""

    users = to_many(ORGANIZATION_USERS, User, USER_WORDS, description="Its users, newest first.")


@strawberry.type(description="Who is asking: the user and the organization that the token names.")
class Viewer:
    """The viewer of this request."""

    @strawberry.field(graphql_type=User, description="The user.")
    async def user(self, info: Info) -> object:
        """The viewer's user."""
        return await info.context.load(USER, info.context.viewer.user_id)

    @strawberry.field(graphql_type=Organization, description="The organization.")
    async def organization(self, info: Info) -> object:
        """The viewer's organization."""
        return await info.context.load(ORGANIZATION, info.context.viewer.organization_id)

    @strawberry.field(graphql_type=enum_of(Role), description="What the viewer may do, as one word.")
    def role(self, info: Info) -> object:
        """The role."""
        return info.context.viewer.role

    @strawberry.field(description="What the viewer may do, permission by permission.")
    def permissions(self, info: Info) -> list[str]:
        """The role's permissions, in the alphabet's order."""
        return sorted(PERMISSIONS[info.context.viewer.role])
