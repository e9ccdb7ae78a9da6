"""The README does what it says: its queries and mutations run, and its table of settings is complete."""

import datetime as dt
import enum
import json
from typing import Any

import pytest
from reading import README, ROOT, fenced, queries, rows

from lma_graph.app.asgi import limits_of
from lma_graph.app.examples import Example, load_examples
from lma_graph.kernel.graphql.engine import GraphQLEngine
from lma_graph.kernel.graphql.exchange import READ_WRITE, GraphQLRequest
from lma_graph.kernel.settings import Settings
from lma_graph.kernel.viewer import Role
from lma_graph.leads.intake.mapping import Mapping
from lma_graph.leads.service.importing import import_leads
from lma_graph.schema.graph import build
from world import World

TEXT = README.read_text(encoding="utf-8")
ERRORS = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
QUERIES = queries(TEXT)
# Mutations are tried by tests/app/test_mutation_examples.py.
EXAMPLES = [example for example in load_examples() if "\nmutation " not in example.query]
ENGINE = GraphQLEngine(build(), limits_of(Settings()))


def shown(default: object) -> str:
    """A default as the table shows it; empty where there is none."""
    if default is None or default == ():
        return ""
    value = default.value if isinstance(default, enum.Enum) else default
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


@pytest.fixture
async def busy_world(world: World) -> World:
    """An organization in which every example finds something."""
    rep = await world.user(first_name="Laila", email=f"laila.{world.slug}@demo.test")
    lead = await world.lead(first_name="Lies", last_name="Schneider", assigned_to_id=rep.id, score=60)
    await world.lead(first_name="Anna", company="Acme", assigned_to_id=rep.id, score=50)
    rule, campaign, workflow = await world.rule(), await world.campaign(status="ACTIVE"), await world.workflow()
    await world.activity(lead, user_id=rep.id, subject="First call")
    await world.activity(lead, status="SCHEDULED", scheduled_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    await world.note(lead, mentioned_users=[rep.id])
    await world.score_entry(lead, rule_id=rule.id)
    await world.member(campaign, lead, status="RESPONDED")
    await world.execution(lead_id=lead.id, workflow_id=workflow.id)
    await world.integration()
    return world


def test_the_queries_are_found() -> None:
    assert len(QUERIES) == 23
    assert len([query for query in QUERIES if is_mutation(query)]) == 10
    assert len(EXAMPLES) >= 13


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_of_the_readme_runs(query: str, busy_world: World) -> None:
    variables = await known_ids(query, busy_world)
    if is_mutation(query):
        await check_mutation(query, variables, busy_world)
        return
    ENGINE.prepare(GraphQLRequest(query, None, variables))
    answer = await busy_world.ask(query, variables)
    assert answer.errors == []
    assert answer.data


@pytest.mark.parametrize("document", list(fenced(ERRORS, "graphql")))
async def test_a_mutation_of_the_errors_page_shows_a_refusal(document: str, busy_world: World) -> None:
    answer = await busy_world.change(document, await known_ids(document, busy_world))
    assert answer.errors == []
    assert [one["code"] for one in answer.data.values()] == ["VERSION_CONFLICT"]


def is_mutation(query: str) -> bool:
    return query.startswith("mutation ")


async def known_ids(query: str, world: World) -> dict[str, Any]:
    """Real ids for the variables that a document leaves to its reader."""
    (lead,) = await world.fetch("SELECT min(id) AS id FROM leads WHERE organization_id = $1")
    (campaign,) = await world.fetch("SELECT min(id) AS id FROM campaigns WHERE organization_id = $1")
    known = {"id": ("Lead", lead["id"]), "lead": ("Lead", lead["id"]), "user": ("User", world.users[Role.ADMIN])}
    known["campaign"] = ("Campaign", campaign["id"])
    return {name: world.id(*row) for name, row in known.items() if f"${name}:" in query}


async def check_mutation(query: str, variables: dict[str, Any], world: World) -> None:
    """Every result is a payload."""
    ENGINE.prepare(GraphQLRequest(query, None, variables, {}, READ_WRITE))
    answer = await world.change(query, variables)
    assert answer.errors == []
    assert [one for one in answer.data.values() if not one["__typename"].endswith("Payload")] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_an_example_of_graphiql_runs(example: Example, busy_world: World) -> None:
    variables = json.loads(example.variables or "{}")
    ENGINE.prepare(GraphQLRequest(example.query, None, variables))
    answer = await busy_world.ask(example.query, variables)
    assert answer.errors == []
    shown = {name: value for name, value in answer.data.items() if isinstance(value, dict)}
    pages = {name: value for name, value in shown.items() if {"edges", "nodes"} & value.keys()}
    empty = [name for name, page in pages.items() if not (page.get("edges") or page.get("nodes"))]
    assert empty == []


def test_every_setting_is_in_the_table_with_its_default() -> None:
    table = {cells[0]: cells[1] for cells in rows(TEXT, "variable")}
    assert table == {f"`LMA_{name.upper()}`": shown(field.default) for name, field in Settings.model_fields.items()}


async def test_the_import_of_the_readme_says_what_it_shows(busy_world: World) -> None:
    """Two good rows, two bad ones, in the words of the README."""
    files, viewer = ROOT / "examples" / "import", await busy_world.viewer()
    mapping = Mapping.read(files / "leads.map.toml")
    report = await import_leads(busy_world.database, viewer, files / "leads.csv", mapping, dry_run=True)
    assert (report.created, report.read) == (2, 4)
    assert "Created 2 of 4 leads" in TEXT
    said = [f"line {error.line}, {error.column}: {error.message}" for error in report.errors]
    assert [line for line in said if line not in TEXT.splitlines()] == []
    assert len(said) == 2


async def test_the_worked_example_of_scoring_adds_up(world: World) -> None:
    """The README's rules, limits and tables, for the lead that it tells of."""
    now = dt.datetime.now(dt.UTC)
    lead = await world.lead(custom_fields={"employees": 250}, last_engagement_date=now - dt.timedelta(days=10))
    monday = (now - dt.timedelta(days=now.weekday())).replace(hour=0, minute=0) - dt.timedelta(weeks=1)
    for hours in (1, 2, 3, 4, -1):
        await world.activity(lead, completed_at=monday + dt.timedelta(hours=hours))
    rules, limits = (query for query in QUERIES if query.startswith(("mutation Rules", "mutation Limits")))
    await check_mutation(rules, {}, world)
    scores = "SELECT score, lead_temperature FROM leads WHERE organization_id = $1"
    assert [tuple(row) for row in await world.fetch(scores)] == [(84, "HOT")]
    given = {cells[0]: int(cells[2]) for cells in rows(TEXT, "rule of the example")}
    entries = "SELECT kind, reason, score_change, new_score FROM lead_score_history WHERE organization_id = $1"
    assert {row["reason"]: row["score_change"] for row in await world.fetch(entries)} == given
    await check_mutation(limits, {"lead": world.id("Lead", lead.id)}, world)
    told = [
        (kind, reason, int(change.replace("−", "-")), int(since))
        for kind, reason, change, since in rows(TEXT, "entry of the example")
    ]
    assert [tuple(row) for row in await world.fetch(f"{entries} ORDER BY id")] == told
    assert [tuple(row) for row in await world.fetch(scores)] == [(72, "HOT")]
    [why] = (query for query in QUERIES if query.startswith("query Why"))
    answer = await world.ask(why, {"lead": world.id("Lead", lead.id)})
    [told_there] = (block for block in fenced(TEXT, "json") if '"scoreExplanation"' in block)
    assert (answer.errors, answer.data) == ([], json.loads(told_there))
