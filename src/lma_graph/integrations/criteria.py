"""What can be asked of integrations."""

from lma_graph.integrations.models import IntegrationRow
from lma_graph.kernel.criteria import OneTerm, Vocabulary
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.users.criteria import USER

INTEGRATION = Vocabulary("Integration", IntegrationRow, "What an integration must be like.")
INTEGRATION.extend(
    # The configuration may hold secrets, which a filter could otherwise guess letter by letter.
    *column_terms(IntegrationRow, "Integration", ids={"created_by": "User"}, without={"configuration"}),
    OneTerm("createdBy", "The user who created it.", USER, key=IntegrationRow.created_by),
)
