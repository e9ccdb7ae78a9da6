"""Root fields about integrations."""

from lma_graph.integrations.criteria import INTEGRATION as INTEGRATION_WORDS
from lma_graph.integrations.loaders import INTEGRATION, INTEGRATIONS
from lma_graph.integrations.types import Integration
from lma_graph.kernel.graphql.fields import by_id, listing
from lma_graph.kernel.graphql.nodes import root


@root
class IntegrationQueries:
    """What can be asked about integrations."""

    integration = by_id(INTEGRATION, Integration, description="One integration by id.")
    integrations = listing(INTEGRATIONS, Integration, INTEGRATION_WORDS, description="Integrations, newest first.")
