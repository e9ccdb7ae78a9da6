"""Asking the engine as the server does, by plan. Enter at `ask`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.engine import GraphQLEngine
from lma_graph.kernel.graphql.exchange import GraphQLRequest
from lma_graph.kernel.graphql.execution.runner import EXECUTIONS, planned
from lma_graph.kernel.graphql.limits import Limits
from lma_graph.kernel.viewer import Role
from world import SCHEMA, Answer, World

ENGINE = GraphQLEngine(SCHEMA, Limits(), runner=planned)
PLANNED = EXECUTIONS.labels("planned", "")


async def ask(world: World, query: str, variables: dict[str, Any] | None = None, *, role: Role = Role.ADMIN) -> Answer:
    """What a client gets, and the statements that ran. Without errors it has been answered by its plan alone."""
    ran: list[str] = []

    @asynccontextmanager
    async def context(_: object) -> AsyncIterator[Context]:
        async with world.database.reader(await world.viewer(role)) as reader:
            reader.observe = lambda text, _: ran.append(text)
            yield Context.over(reader)

    before = PLANNED._value.get()
    response = await ENGINE.execute(GraphQLRequest(query, variables=variables or {}), context)
    body = orjson.loads(orjson.dumps(response.body(), option=orjson.OPT_UTC_Z))
    assert PLANNED._value.get() == before + (not response.errors)
    return Answer(body.get("data"), body.get("errors", []), ran)


async def number(world: World, query: str, *, role: Role = Role.ADMIN) -> Any:
    """The value of the only root field, which takes a single statement."""
    answer = await ask(world, query, role=role)
    assert answer.errors == []
    assert len(answer.statements) == 1
    (value,) = answer.data.values()
    return value
