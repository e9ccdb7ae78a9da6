"""Every table of every feature: importing the models registers them in one metadata."""

from lma_graph.activities import models as activities
from lma_graph.campaigns import models as campaigns
from lma_graph.executions import models as executions
from lma_graph.integrations import models as integrations
from lma_graph.kernel import idempotency, outbox
from lma_graph.kernel.tables import Base
from lma_graph.leads import models as leads
from lma_graph.organizations import models as organizations
from lma_graph.scoring import models as scoring
from lma_graph.users import models as users
from lma_graph.workflows import models as workflows

MODELS = (
    organizations,
    users,
    leads,
    campaigns,
    activities,
    scoring,
    workflows,
    executions,
    integrations,
    idempotency,
    outbox,
)
METADATA = Base.metadata
