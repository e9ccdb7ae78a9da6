"""One request answered both ways: by plan, and field by field. Enter at `Both.answer`."""

import json
from dataclasses import dataclass, field
from typing import Any

import orjson
import strawberry
from graphql import OperationType

from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.context import CommandContext, Context
from lma_graph.kernel.graphql.engine import GraphQLEngine
from lma_graph.kernel.graphql.exchange import READ_WRITE, GraphQLRequest, GraphQLResponse
from lma_graph.kernel.graphql.execution.payloads import PAYLOADS
from lma_graph.kernel.graphql.execution.runner import EXECUTIONS, planned
from lma_graph.kernel.graphql.limits import Limits
from lma_graph.kernel.session import Session
from lma_graph.kernel.viewer import Viewer
from world import SCHEMA

Variables = dict[str, Any]
PAYLOAD_WAYS = ("planned", "standard", "discarded")
PLANNED = ("planned", "")


def ways() -> dict[tuple[str, str], int]:
    """How often each way was taken so far, by (way, reason)."""
    samples = next(iter(EXECUTIONS.collect())).samples
    return {(one.labels["way"], one.labels["reason"]): int(one.value) for one in samples if one.name.endswith("_total")}


def payload_ways() -> dict[str, int]:
    """How payloads of mutations were shown so far, by way."""
    samples = [one for metric in PAYLOADS.collect() for one in metric.samples if one.name.endswith("_total")]
    return {way: int(sum(one.value for one in samples if one.labels["way"] == way)) for way in PAYLOAD_WAYS}


def since(before: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """How often each way was taken since then; ways not taken are left out."""
    return {way: count - before.get(way, 0) for way, count in ways().items() if count != before.get(way, 0)}


@dataclass
class Answer:
    """What a client gets, and how it came about."""

    body: dict[str, Any]
    text: str
    """The body as JSON with its keys in order; correlation ids, which are random, left out."""
    failure: Any
    statements: list[str] = field(default_factory=list)
    """What ran on the driver's connection, BEGIN and COMMIT left out."""
    count: int = 0
    """How many statements ran, whichever way."""
    ways: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """The response's data."""
        return self.body.get("data")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The response's errors."""
        return self.body.get("errors", [])


class Both:
    """The two engines over one database; documents are parsed and validated once for both."""

    def __init__(self, database: Database, schema: strawberry.Schema = SCHEMA, limits: Limits | None = None) -> None:
        self.database = database
        self.by_plan = GraphQLEngine(schema, limits or Limits(), runner=planned)
        self.by_field = GraphQLEngine(schema, limits or Limits())
        self.by_field.documents = self.by_plan.documents

    async def plan(self, viewer: Viewer, text: str, variables: Variables | None = None) -> Answer:
        """By plan."""
        return await self._ask(self.by_plan, viewer, text, variables or {})

    async def reference(self, viewer: Viewer, text: str, variables: Variables | None = None) -> Answer:
        """Field by field."""
        return await self._ask(self.by_field, viewer, text, variables or {})

    async def answer(self, viewer: Viewer, text: str, variables: Variables | None = None) -> Answer:
        """Both ways, which must be equal; what the plan gave."""
        expected = await self.reference(viewer, text, variables)
        found = await self.plan(viewer, text, variables)
        assert found.text == expected.text, difference(found, expected)
        return found

    async def change(self, viewer: Viewer, text: str, variables: Variables | None = None) -> Answer:
        """A rehearsed mutation both ways, which must be equal; what the plans of its payloads gave."""
        found, expected = [
            await self._ask(engine, viewer, text, variables or {}) for engine in (self.by_plan, self.by_field)
        ]
        assert found.text == expected.text, difference(found, expected)
        return found

    async def _ask(self, engine: GraphQLEngine, viewer: Viewer, text: str, variables: Variables) -> Answer:
        readers: list[Any] = []
        statements: list[str] = []

        def open_context(kind: OperationType) -> Any:
            if kind is OperationType.MUTATION:
                return _Changing(Session(self.database, viewer), statements)
            return _Opened(self.database, viewer, readers, statements)

        before = ways()
        response = await engine.execute(GraphQLRequest(text, None, variables, {}, READ_WRITE), open_context)
        count = readers[0].statements if readers else 0
        body = as_client(response)
        return Answer(body, json.dumps(body), response.failure, statements, count, since(before))


class _Changing:
    """A mutation's context that tells what ran in it."""

    def __init__(self, session: Session, statements: list[str]) -> None:
        self._session = session
        self._session.observe = lambda text, _: statements.append(text)

    async def __aenter__(self) -> Context:
        return CommandContext(self._session)

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()


class _Opened:
    """A reader's context that tells what ran in it."""

    def __init__(self, database: Database, viewer: Viewer, readers: list[Any], statements: list[str]) -> None:
        self._reader = database.reader(viewer)
        self._readers = readers
        self._statements = statements

    async def __aenter__(self) -> Context:
        reader = await self._reader.__aenter__()
        reader.observe = lambda text, _: self._statements.append(text)
        self._readers.append(reader)
        return Context.over(reader)

    async def __aexit__(self, *exception: Any) -> Any:
        return await self._reader.__aexit__(*exception)


def as_client(response: GraphQLResponse) -> dict[str, Any]:
    """The body as a client reads it, without correlation ids."""
    body: dict[str, Any] = orjson.loads(orjson.dumps(response.body(), option=orjson.OPT_UTC_Z))
    for error in body.get("errors", ()):
        error["extensions"].pop("correlationId", None)
    return body


def difference(found: Answer, expected: Answer) -> str:
    """Where two answers part, for a person."""
    at = next(
        (at for at, (a, b) in enumerate(zip(found.text, expected.text, strict=False)) if a != b),
        min(len(found.text), len(expected.text)),
    )
    begin = max(at - 200, 0)
    return (
        f"the answers part at character {at} ({found.ways}):\n"
        f"by plan:  …{found.text[begin : at + 300]}\nby field: …{expected.text[begin : at + 300]}"
    )
