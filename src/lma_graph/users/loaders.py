"""How users are loaded."""

from lma_graph.kernel.loaders import All, ById, Children
from lma_graph.kernel.order import Sort
from lma_graph.users.models import UserRow

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))
USER = ById(UserRow)
USERS = All(UserRow, NEWEST)
ORGANIZATION_USERS = Children(UserRow, UserRow.organization_id, NEWEST)
