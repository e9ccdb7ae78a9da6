"""The schema, assembled from the features' parts."""

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from lma_graph.activities.mutations.communication import ActivityMutations
from lma_graph.activities.mutations.notes import NoteMutations
from lma_graph.activities.queries import ActivityQueries
from lma_graph.analytics.queries import AnalyticsQueries
from lma_graph.campaigns.mutations.life import CampaignMutations
from lma_graph.campaigns.mutations.members import CampaignLeadMutations
from lma_graph.campaigns.queries import CampaignQueries
from lma_graph.executions.mutations import ExecutionMutations
from lma_graph.executions.queries import ExecutionQueries
from lma_graph.integrations.queries import IntegrationQueries
from lma_graph.kernel.graphql.execution.payloads import PayloadExecutor
from lma_graph.kernel.graphql.interface import NodeQueries
from lma_graph.kernel.graphql.scalars import SCALARS
from lma_graph.leads.mutations.assignment import AssignmentMutations
from lma_graph.leads.mutations.bulk import BulkMutations
from lma_graph.leads.mutations.exchange import ExchangeMutations
from lma_graph.leads.mutations.life import LeadMutations
from lma_graph.leads.mutations.merge import MergeMutations
from lma_graph.leads.mutations.upsert import UpsertMutations
from lma_graph.leads.queries import LeadQueries
from lma_graph.organizations.queries import OrganizationQueries
from lma_graph.schema.participants import PARTICIPANTS
from lma_graph.scoring.mutations import ScoringMutations
from lma_graph.scoring.queries import ScoringQueries
from lma_graph.timeline.types import TimelineEntry
from lma_graph.users.queries import UserQueries
from lma_graph.workflows.queries import WorkflowQueries

QUERIES = (
    NodeQueries,
    UserQueries,
    OrganizationQueries,
    LeadQueries,
    ActivityQueries,
    CampaignQueries,
    ScoringQueries,
    WorkflowQueries,
    ExecutionQueries,
    IntegrationQueries,
    AnalyticsQueries,
)

MUTATIONS: tuple[type, ...] = (
    LeadMutations,
    UpsertMutations,
    MergeMutations,
    AssignmentMutations,
    BulkMutations,
    ExchangeMutations,
    ActivityMutations,
    NoteMutations,
    ExecutionMutations,
    ScoringMutations,
    CampaignMutations,
    CampaignLeadMutations,
)
TAKING_PART = PARTICIPANTS
TYPES = (TimelineEntry,)

_QUERY = "Everything that can be read. All of it belongs to the viewer's organization, and a query sees one snapshot."
_MUTATION = (
    "Everything that can be changed. Each field is one transaction, in the order in which they are written; a refused "
    "one changes nothing, and earlier ones stay."
)


def build() -> strawberry.Schema:
    """The whole graph."""
    query = merge_types("Query", QUERIES)
    query.__strawberry_definition__.description = _QUERY  # type: ignore[attr-defined]  # merging drops descriptions
    mutation = merge_types("Mutation", MUTATIONS)
    mutation.__strawberry_definition__.description = _MUTATION  # type: ignore[attr-defined]
    return strawberry.Schema(
        query=query,
        mutation=mutation,
        types=TYPES,
        config=StrawberryConfig(scalar_map=SCALARS),
        execution_context_class=PayloadExecutor,
    )
