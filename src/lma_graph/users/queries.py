"""Root fields about users."""

from lma_graph.kernel.graphql.fields import by_id, current, listing
from lma_graph.kernel.graphql.nodes import root
from lma_graph.users.criteria import USER as USER_WORDS
from lma_graph.users.loaders import USER, USERS
from lma_graph.users.types import User


@root
class UserQueries:
    """What can be asked about users."""

    user = by_id(USER, User, description="One user by id.")
    users = listing(USERS, User, USER_WORDS, description="The organization's users, newest first.")

    viewer = current(
        USER,
        User,
        key=lambda viewer: viewer.user_id,
        description="Who is asking: the user that the token names.",
    )
