"""The mutations that GraphiQL opens with do what they say, and as rehearsals keep nothing."""

import pytest

from lma_graph.app.asgi import limits_of
from lma_graph.app.examples import Example, load_examples
from lma_graph.kernel.graphql.engine import GraphQLEngine
from lma_graph.kernel.graphql.exchange import GraphQLRequest
from lma_graph.kernel.settings import Settings
from lma_graph.kernel.viewer import Role
from lma_graph.schema.graph import build
from world import World

EXAMPLES = [one for one in load_examples() if "\nmutation " in one.query]
ENGINE = GraphQLEngine(build(), limits_of(Settings()))


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
async def test_every_example_succeeds_and_keeps_nothing(world: World, example: Example) -> None:
    lead, other = await world.lead(status="NURTURING", score=60), await world.lead()
    known = {"lead": world.id("Lead", lead.id), "duplicate": world.id("Lead", other.id)}
    campaign = await world.campaign(status="ACTIVE")
    await world.member(campaign, lead)
    known["campaign"] = world.id("Campaign", campaign.id)
    known["user"] = world.id("User", world.users[Role.SALES_REP])
    variables = {name: value for name, value in known.items() if f"${name}:" in example.query}
    ENGINE.prepare(GraphQLRequest(example.query, variables=variables))
    answer = await world.change(example.query, variables)
    assert answer.errors == []
    assert [one["__typename"] for one in answer.data.values() if not one["__typename"].endswith("Payload")] == []
    kept = await world.fetch("SELECT version FROM leads WHERE organization_id = $1")
    assert [row["version"] for row in kept] == [1, 1]
    assert await world.fetch("SELECT 1 FROM activities WHERE organization_id = $1") == []
