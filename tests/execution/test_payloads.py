"""Payloads of mutations by plan: the same answer as field by field, and never a command run twice."""

from contextlib import asynccontextmanager
from typing import Any

import pytest
from both import as_client

from lma_graph.kernel.graphql.context import CommandContext
from lma_graph.kernel.graphql.engine import GraphQLEngine, run_standard
from lma_graph.kernel.graphql.exchange import READ_WRITE, GraphQLRequest
from lma_graph.kernel.graphql.execution import payloads
from lma_graph.kernel.graphql.execution.payloads import PAYLOADS
from lma_graph.kernel.graphql.execution.runner import planned
from lma_graph.kernel.graphql.limits import Limits
from lma_graph.kernel.session import Session
from world import SCHEMA, World

ENGINES = {
    "planned": GraphQLEngine(SCHEMA, Limits(), runner=planned),
    "standard": GraphQLEngine(SCHEMA, Limits(), runner=run_standard),
}
UPDATE = """
mutation ($id: ID!, $deep: Boolean! = true) {
  first: updateLead(input: { id: $id, patch: { company: "same" } }) {
    __typename
    ... on UpdateLeadPayload {
      kind: __typename
      lead {
        id version tags company customFields
        assignedTo { id email }
        activities(first: 2) @include(if: $deep) { totalCount edges { cursor node { id subject user { id } } } }
      }
      again: lead { notes(first: 1) { nodes { content } pageInfo { hasNextPage } } }
    }
    ... on Error { code path }
  }
  second: deleteLead(input: { id: "nothing" }) { ... on Error { __typename code message path } }
}
"""
CHANGE = """
mutation ($id: ID!, $dry: Boolean) {
  updateLead(input: { id: $id, dryRun: $dry, patch: { company: "new" } }) {
    ... on UpdateLeadPayload { lead { version company } }
  }
}
"""


async def ask(way: str, world: World, text: str, variables: dict[str, Any]) -> tuple[Any, list[str]]:
    statements: list[str] = []

    @asynccontextmanager
    async def open_context(_: object) -> Any:
        async with Session(world.database, await world.viewer()) as session:
            session.observe = lambda statement, _: statements.append(statement)
            yield CommandContext(session)

    request = GraphQLRequest(text, None, variables, {}, READ_WRITE)
    return as_client(await ENGINES[way].execute(request, open_context)), statements


def counted(way: str) -> float:
    return sum(
        sample.value
        for metric in PAYLOADS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["way"] == way
    )


async def populated(world: World) -> Any:
    lead = await world.lead(company="same", tags=["a"], custom_fields={"x": [1, None]})
    for at in range(3):
        await world.activity(lead, subject=f"s{at}", user_id=world.users["ADMIN"])
        await world.note(lead)
    return lead


@pytest.mark.parametrize("deep", [True, False])
async def test_both_ways_give_the_same(world: World, deep: bool) -> None:
    lead = await populated(world)
    variables = {"id": world.id("Lead", lead.id), "deep": deep}
    before = counted("planned"), counted("discarded"), counted("standard")
    found, statements = await ask("planned", world, UPDATE, variables)
    assert (counted("planned"), counted("discarded"), counted("standard")) == (before[0] + 1, *before[1:])
    expected, _ = await ask("standard", world, UPDATE, variables)
    assert list(found["data"]["first"]) == list(expected["data"]["first"])
    assert {**found, "extensions": None} == {**expected, "extensions": None}
    assert found["data"]["first"]["lead"]["version"] == 1
    assert found["data"]["second"] == {
        "__typename": "NotFound",
        "code": "NOT_FOUND",
        "message": "There is no such lead.",
        "path": ["input", "id"],
    }
    # The lead locked, twice; its row; what hangs on it.
    assert len(statements) == 2 + 1 + (2 if deep else 1), statements


async def test_a_surprise_shows_the_payload_the_standard_way_and_changes_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("surprise")

    monkeypatch.setattr(payloads, "fill_levels", fail)
    lead = await populated(world)
    before = counted("discarded")
    found, _ = await ask("planned", world, CHANGE, {"id": world.id("Lead", lead.id)})
    assert found["data"] == {"updateLead": {"lead": {"version": 2, "company": "new"}}}
    assert "errors" not in found
    assert counted("discarded") == before + 1
    rows = await world.fetch("SELECT 1 FROM activities WHERE organization_id = $1 AND activity_type = 'FIELD_CHANGE'")
    assert len(rows) == 1


@pytest.mark.parametrize("way", ["planned", "discarded"])
async def test_a_rehearsal_is_shown_within_its_transaction(
    world: World, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Any, run: Any) -> None:
        await run.context.reader.raw.execute("SELECT 1/0")

    if way == "discarded":
        monkeypatch.setattr(payloads, "fill_levels", fail)
    lead = await populated(world)
    before = counted(way)
    found, _ = await ask("planned", world, CHANGE, {"id": world.id("Lead", lead.id), "dry": True})
    assert found["data"] == {"updateLead": {"lead": {"version": 2, "company": "new"}}}
    assert counted(way) == before + 1
    rows = await world.fetch("SELECT version FROM leads WHERE organization_id = $1")
    assert [row["version"] for row in rows] == [1]


UPSERT = """
mutation ($leads: [UpsertLeadInput!]!) {
  first: upsertLeads(input: { matchOn: EMAIL, leads: $leads, dryRun: true }) {
    ... on UpsertLeadsPayload {
      updated
      results { errors { code path } kind: __typename index action lead { email assignedTo { id } } conflicts { id } }
    }
  }
  second: upsertLeads(input: { matchOn: EMAIL, leads: $leads, dryRun: true }) {
    ... on UpsertLeadsPayload { failed results { place: index errors { __typename message } } }
  }
  third: upsertLeads(input: { matchOn: EMAIL, leads: [], dryRun: true }) {
    ... on UpsertLeadsPayload { results { index errors { code } lead { id } } }
  }
}
"""


async def test_the_objects_that_a_payload_lists_are_loaded_together(world: World) -> None:
    for name in ("ann", "ben"):
        await world.lead(email=f"{name}@x.test", assigned_to_id=world.users["ADMIN"])
    leads = [
        {"email": "ann@x.test", "company": "New"},
        {"email": "no address", "status": "LOST"},
        {"email": "ben@x.test", "company": "New"},
        {"company": "Nobody"},
    ]
    before = counted("discarded")
    ours, statements = await ask("planned", world, UPSERT, {"leads": leads})
    theirs, _ = await ask("standard", world, UPSERT, {"leads": leads})
    assert ours == theirs
    results = ours["data"]["first"]["results"]
    assert [one["action"] for one in results] == ["UPDATED", "FAILED", "UPDATED", "FAILED"]
    assert [[error["code"] for error in one["errors"]] for one in results] == [
        [],
        ["INVALID_EMAIL"],
        [],
        ["MISSING_VALUE"],
    ]
    assert ours["data"]["third"] == {"results": []}
    assert counted("discarded") == before
    _, of_twice_as_many = await ask("planned", world, UPSERT, {"leads": leads * 2})
    assert len(of_twice_as_many) == len(statements)
