"""What can be asked of users."""

from lma_graph.kernel.criteria import Vocabulary
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.users.models import UserRow

USER = Vocabulary("User", UserRow, "What a user must be like.")
USER.extend(*column_terms(UserRow, "User"))
