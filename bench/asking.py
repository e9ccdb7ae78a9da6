"""Requests to the engine in this process. Enter at `Asking`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson

from bench.clock import Run
from lma_graph.app.asgi import limits_of
from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.engine import GraphQLEngine, Runner
from lma_graph.kernel.graphql.exchange import GraphQLRequest
from lma_graph.kernel.settings import Settings
from lma_graph.schema.graph import build


class Asking:
    """The engine over one database, as the server puts it together; `runner` is one of its two ways of execution."""

    def __init__(self, database: Database, runner: Runner) -> None:
        self.database = database
        self.engine = GraphQLEngine(build(), limits_of(Settings()), runner=runner)

    async def ask(
        self, slug: str, email: str, query: str, variables: Mapping[str, Any] | None = None
    ) -> tuple[bytes, int]:
        """The answer's bytes, and the number of statements; raises where there are errors."""
        viewer = await self.database.viewer(slug, email)
        statements = 0

        @asynccontextmanager
        async def context(_: object) -> AsyncIterator[Context]:
            nonlocal statements
            async with self.database.reader(viewer) as reader:
                yield Context.over(reader)
                statements = reader.statements

        response = await self.engine.execute(GraphQLRequest(query, variables=variables or {}), context)
        if response.errors:
            raise AssertionError(response.errors)
        return orjson.dumps(response.body(), option=orjson.OPT_UTC_Z), statements

    def run(self, slug: str, email: str, query: str, variables: Mapping[str, Any] | None = None) -> Run:
        """A call to repeat."""
        return lambda: self.ask(slug, email, query, variables)
