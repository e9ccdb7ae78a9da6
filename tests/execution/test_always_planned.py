"""Every operation that a user is shown runs by plan, and gets the answer of the reference path."""

import re
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from both import PLANNED, Both, payload_ways
from dataset import Dataset, fill
from graphql import OperationType, get_operation_ast, parse

from lma_graph.app.examples import load_examples
from lma_graph.kernel.viewer import PERMISSIONS, Permission, Role
from world import World

ROOT = Path(__file__).parents[2]
_REFUSED = {
    "previewScoringRule": Permission.SCORING_WRITE,
    "previewCampaignAudience": Permission.CAMPAIGNS_WRITE,
}
"""Queries that refuse whoever lacks a permission."""
_BLOCK = re.compile(r"^```graphql\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ASKED = re.compile(r"^ask '([^']*)'$", re.MULTILINE)


def _shown() -> dict[str, tuple[str, dict[str, Any]]]:
    """Text and variables by where the operation stands."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for example in load_examples():
        if get_operation_ast(parse(example.query)).operation is not OperationType.QUERY:
            continue  # mutations run field by field
        found[f"examples/{example.name}"] = example.query, orjson.loads(example.variables or "{}")
    for path in (ROOT / "tests" / "golden").glob("*.graphql"):
        found[f"golden/{path.stem}"] = path.read_text(), {}
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")):
        text = path.read_text()
        for at, query in enumerate([*_BLOCK.findall(text), *_ASKED.findall(text)], start=1):
            found[f"{path.name}, number {at}"] = query, {}
    return found


SHOWN = _shown()


@pytest.fixture(scope="module")
async def filled(database, owner_url) -> Dataset:
    owner = await asyncpg.connect(owner_url)
    try:
        return await fill(await World.create(database, owner))
    finally:
        await owner.close()


@pytest.fixture(scope="module")
def both(database) -> Both:
    return Both(database)


async def _variables(both: Both, filled: Dataset, text: str, given: dict[str, Any]) -> dict[str, Any]:
    """The values that stand beside the operation; real ids and cursors where there are none or empty ones."""
    edges = (await both.reference(await filled.world.viewer(), "{ leads { edges { cursor } } }")).data["leads"]["edges"]
    ids = [filled.world.id(name, rows[0].id) for name, rows in filled.rows.items()]
    known = {
        "id": ids[1],
        "lead": filled.world.id("Lead", filled.rows["Lead"][0].id),
        "duplicate": filled.world.id("Lead", filled.rows["Lead"][1].id),
        "user": filled.world.id("User", filled.world.users[Role.ADMIN]),
        "third": edges[2]["cursor"],
        "ids": [*ids, "AAAAAAAAAAAA", ids[0]],
    }
    declared = {name: known[name] for name in known if f"${name}:" in text}
    return {**given, **{name: value for name, value in declared.items() if not given.get(name)}}


def test_there_is_something_to_run() -> None:
    assert sum(name.startswith("examples/") for name in SHOWN) >= 10
    assert sum(name.startswith("golden/") for name in SHOWN) >= 7
    assert sum(name.startswith("README.md") for name in SHOWN) >= 6


def _changes(name: str) -> bool:
    return re.search(r"^mutation\b", SHOWN[name][0], re.MULTILINE) is not None


@pytest.mark.parametrize("name", [name for name in SHOWN if not _changes(name)])
async def test_runs_by_plan_and_gives_the_same_answer(both: Both, filled: Dataset, name: str) -> None:
    text, given = SHOWN[name]
    variables = await _variables(both, filled, text, given)
    for role in Role:
        if any(field in text and needed not in PERMISSIONS[role] for field, needed in _REFUSED.items()):
            continue
        answer = await both.answer(await filled.world.viewer(role), text, variables)
        assert answer.errors == []
        assert answer.ways == {PLANNED: 1}


@pytest.mark.parametrize("name", [name for name in SHOWN if _changes(name)])
async def test_what_a_mutation_shows_is_shown_by_plan(both: Both, world: World, name: str) -> None:
    text, given = SHOWN[name]
    lead, other = await world.lead(status="NURTURING"), await world.lead()
    id_ = world.id("Lead", lead.id)
    user = world.id("User", world.users[Role.SALES_REP])
    known = {"lead": id_, "id": id_, "duplicate": world.id("Lead", other.id), "user": user, "users": [user]}
    known["query"] = {"combinator": "and", "rules": [{"field": "company", "operator": "=", "value": "Acme"}]}
    if "$campaign:" in text:
        known["campaign"] = world.id("Campaign", (await world.campaign(status="ACTIVE")).id)
    variables = {**given, **{name: value for name, value in known.items() if f"${name}:" in text}}
    before = payload_ways()
    # A rehearsal can be asked both ways; what is kept can be done once.
    rehearses = text.count("dryRun: true") == text.count("__typename")
    ask = both.change if rehearses else both.plan
    answer = await ask(await world.viewer(), text, variables)
    assert answer.errors == []
    payloads = [one for one in answer.data.values() if one["__typename"].endswith("Payload")]
    after = {way: count - before[way] for way, count in payload_ways().items()}
    assert payloads or name.startswith("errors.md")  # which shows a refusal
    assert (after["standard"], after["discarded"]) == (0, 0)
    assert after["planned"] >= len(payloads)
