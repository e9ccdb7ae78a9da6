"""The schema, assembled from the features' parts."""

import asyncio
from typing import Any, Optional

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from lma_graph.activities.queries import ActivityQueries
from lma_graph.campaigns.queries import CampaignQueries
from lma_graph.executions.queries import ExecutionQueries
from lma_graph.integrations.queries import IntegrationQueries
from lma_graph.kernel import ids
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.graphql.context import Info
from lma_graph.kernel.graphql.nodes import LOADERS, Node, Typed
from lma_graph.kernel.graphql.scalars import SCALARS
from lma_graph.kernel.paging import LARGEST_PAGE
from lma_graph.leads.queries import LeadQueries
from lma_graph.organizations.queries import OrganizationQueries
from lma_graph.scoring.queries import ScoringQueries
from lma_graph.users.queries import UserQueries
from lma_graph.workflows.queries import WorkflowQueries


async def _node(info: Info, global_id: str) -> Typed | None:
    found = ids.decode(global_id)
    if found is None:
        return None
    name, number = found
    row = await info.context.load(LOADERS[name], number)
    return None if row is None else Typed(row, name)


@strawberry.type
class NodeQueries:
    """Relay's way to any row."""

    @strawberry.field(graphql_type=Optional[Node], description="Anything by its global id; null where there is none.")
    async def node(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002  # Relay's name
        """One row of any type."""
        return await _node(info, id)

    @strawberry.field(
        graphql_type=list[Optional[Node]], description="Many by their global ids, in their order; at most 200."
    )
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> Any:
        """Rows of any types; one statement per type."""
        if len(ids) > LARGEST_PAGE:
            raise InvalidInput.at(("ids",), f"must be at most {LARGEST_PAGE} ids", "OUT_OF_RANGE")
        return await asyncio.gather(*(_node(info, one) for one in ids))


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
)


def build() -> strawberry.Schema:
    """The whole graph."""
    query = merge_types("Query", QUERIES)
    return strawberry.Schema(query=query, config=StrawberryConfig(scalar_map=SCALARS))
