"""How integrations are loaded."""

from lma_graph.integrations.models import IntegrationRow
from lma_graph.kernel.loaders import All, ById, Children
from lma_graph.kernel.order import Sort

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))
INTEGRATION = ById(IntegrationRow)
INTEGRATIONS = All(IntegrationRow, NEWEST)
ORGANIZATION_INTEGRATIONS = Children(IntegrationRow, IntegrationRow.organization_id, NEWEST)
