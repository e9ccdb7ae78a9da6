"""What the words of the language mean where it is easily mistaken: nulls, missing keys, patterns, numbers."""

import datetime as dt
from typing import Any

import pytest
from population import insert

from lma_graph.kernel.viewer import Role
from lma_graph.leads.models import LeadFieldRow
from world import World

NOTHING: set[str] = set()
BOTH = {"full", "bare"}


@pytest.fixture
async def pair(world: World) -> World:
    """A lead with values and one without; the second has an activity without a subject."""
    fields = {
        "n": 1,
        "f": 1.0,
        "t": "1",
        "b": True,
        "z": None,
        "o": {"k": "v"},
        "l": ["k"],
        "a.b": 1,
        "big": 2**53 + 1,
    }
    await world.lead(
        first_name="full",
        company="50% of_a\\b",
        value=5,
        assigned_to_id=world.users[Role.MANAGER],
        custom_fields={**fields, "employees": 2**53},
        tags=["vip", "x"],
        expected_close_date=dt.datetime.now(dt.UTC).date(),
        last_engagement_date=dt.datetime.now(dt.UTC) - dt.timedelta(days=1, hours=1),
    )
    bare = await world.lead(first_name="bare")
    await world.activity(bare, subject=None)
    return world


def field(path: str, **condition: Any) -> dict[str, Any]:
    """A condition on a custom field; `_in` stands for `in`."""
    return {"customFields": [{"path": path.split("/"), **{name.strip("_"): it for name, it in condition.items()}}]}


CASES: list[tuple[dict[str, Any], set[str]]] = [
    # Nulls: false for every comparison, so true under `not`; included by ne and notIn.
    ({"company": {"contains": "x"}}, NOTHING),
    ({"not": {"company": {"contains": "x"}}}, BOTH),
    ({"not": {"company": {"contains": "50"}}}, {"bare"}),
    ({"company": {"ne": "50% of_a\\b"}}, {"bare"}),
    ({"company": {"notIn": ["y"]}}, BOTH),
    ({"company": {"ne": "y", "isNull": False}}, {"full"}),
    ({"value": {"lt": 10}}, {"full"}),
    ({"not": {"value": {"gte": 10}}}, BOTH),
    ({"not": {"not": {"value": {"lt": 10}}}}, {"full"}),
    # Nothing asked, nothing listed.
    ({}, BOTH),
    ({"company": {}}, BOTH),
    ({"not": {}}, NOTHING),
    ({"and": []}, BOTH),
    ({"or": []}, NOTHING),
    ({"or": [{}]}, BOTH),
    ({"company": {"in": []}}, NOTHING),
    ({"company": {"notIn": []}}, BOTH),
    ({"not": {"company": {"in": []}}}, BOTH),
    ({"tags": {"containsAny": []}}, NOTHING),
    ({"tags": {"containsAll": []}}, BOTH),
    ({"tags": {"containsAll": ["vip", "vip"]}}, {"full"}),
    ({"tags": {"containsAll": ["vip", "y"]}}, NOTHING),
    ({"not": {"tags": {"isEmpty": True}}}, {"full"}),
    ({"search": ""}, NOTHING),
    ({"not": {"search": "%"}}, BOTH),
    # Texts are texts and not patterns.
    ({"company": {"contains": "50%"}}, {"full"}),
    ({"company": {"contains": "0_"}}, NOTHING),
    ({"company": {"startsWith": "5%"}}, NOTHING),
    ({"company": {"endsWith": "a\\b"}}, {"full"}),
    ({"company": {"iendsWith": "A\\B"}}, {"full"}),
    ({"company": {"endsWith": ""}}, {"full"}),
    ({"company": {"endsWith": "longer than the text 50% of_a\\b"}}, NOTHING),
    # To one: pointing nowhere is not like anything.
    ({"assignedTo": {}}, {"full"}),
    ({"assignedTo": {"lastName": {"isNull": True}}}, {"full"}),
    ({"not": {"assignedTo": {"email": {"eq": "x"}}}}, BOTH),
    # To many: `every` and `none` are true of nothing; a null within is not like anything.
    ({"activities": {"every": {"subject": {"contains": "x"}}}}, {"full"}),
    ({"activities": {"none": {"subject": {"contains": "x"}}}}, BOTH),
    ({"activities": {"some": {"subject": {"ne": "x"}}}}, {"bare"}),
    ({"activities": {"some": {}}}, {"bare"}),
    ({"activities": {"none": {}}}, {"full"}),
    ({"activities": {"every": {"not": {}}}}, {"full"}),
    ({"activities": {}}, BOTH),
    ({"activities": {"count": {}}}, BOTH),
    ({"activities": {"count": {"eq": 0}}}, {"full"}),
    ({"activities": {"count": {"in": [0, 1]}}}, BOTH),
    ({"activities": {"count": {"in": []}}}, NOTHING),
    ({"activities": {"count": {"notIn": [0]}}}, {"bare"}),
    ({"activities": {"count": {"lt": 1, "where": {"subject": {"eq": "x"}}}}}, BOTH),
    # JSON: a missing key is nothing, a null is a value; kinds are never mixed, 1 and 1.0 are one number.
    (field("z", eq=None), {"full"}),
    (field("z", ne=None), {"bare"}),
    (field("z", exists=True), {"full"}),
    (field("none", exists=False), BOTH),
    (field("none", ne="x"), BOTH),
    (field("none", notIn=["x"]), BOTH),
    (field("none", notIn=[]), BOTH),
    (field("none", _in=[None]), NOTHING),
    ({"not": field("none", eq="x")}, BOTH),
    ({"not": field("n", lt=0)}, BOTH),
    (field("n", eq=1.0), {"full"}),
    (field("f", eq=1), {"full"}),
    (field("f", _in=[1]), {"full"}),
    (field("n", eq="1"), NOTHING),
    (field("n", eq=True), NOTHING),
    (field("t", eq=1), NOTHING),
    (field("b", eq=1), NOTHING),
    (field("b", eq=True), {"full"}),
    (field("b", lt=True), NOTHING),
    (field("t", lt=2), NOTHING),
    (field("t", lt="2"), {"full"}),
    (field("n", gte="0"), NOTHING),
    (field("z", lte=None), NOTHING),
    (field("big", eq=2**53 + 1), {"full"}),
    (field("big", eq=2**53), NOTHING),
    (field("big", gt=2**53), {"full"}),
    (field("o/k", eq="v"), {"full"}),
    (field("o", ne="v"), BOTH),
    (field("l/0", eq="k"), NOTHING),
    (field("a.b", eq=1), {"full"}),
    (field("a/b", exists=True), NOTHING),
    # A declared field means what an undeclared one means, also where a double cannot tell two numbers apart.
    (field("employees", lt=2**53 + 1), {"full"}),
    (field("employees", eq=2**53 + 1), NOTHING),
    # Days are days of UTC, today included on both sides.
    ({"expectedCloseDate": {"withinLast": "P0D"}}, {"full"}),
    ({"expectedCloseDate": {"withinNext": "P0D"}}, {"full"}),
    ({"expectedCloseDate": {"withinLast": "PT1H"}}, {"full"}),
    ({"expectedCloseDate": {"olderThan": "P0D"}}, NOTHING),
    ({"lastEngagementDate": {"withinLast": "P1D"}}, NOTHING),
    ({"lastEngagementDate": {"withinLast": "PT26H"}}, {"full"}),
    ({"lastEngagementDate": {"olderThan": "P1D"}}, {"full"}),
    ({"lastEngagementDate": {"withinNext": "P9D"}}, NOTHING),
    ({"not": {"lastEngagementDate": {"olderThan": "PT26H"}}}, BOTH),
]


async def test_the_words_mean_what_they_say(pair: World) -> None:
    query = "query Q($filter: LeadFilter) { leads(filter: $filter) { nodes { firstName } totalCount } }"
    wrong = []
    for tree, expected in CASES:
        answer = await pair.ask(query, {"filter": tree})
        assert answer.errors == [], tree
        found = {node["firstName"] for node in answer.data["leads"]["nodes"]}
        if found != expected or answer.data["leads"]["totalCount"] != len(expected):
            wrong.append((tree, found, expected))
    assert wrong == []


async def test_a_declared_field_with_a_dot_is_a_path_and_not_a_key(database, owner) -> None:
    world = await World.create(database, owner, customFields=[{"name": "a.b", "type": "NUMBER"}])
    await world.lead(first_name="key", custom_fields={"a.b": 1})
    lead = await world.lead(first_name="path", custom_fields={"a": {"b": 1}})
    indexed = {"lead_id": lead.id, "created_at": lead.created_at, "name": "a.b", "number_value": 1.0}
    await insert(world, LeadFieldRow, [indexed])
    query = """query Q($path: [String!]!) {
        leads(filter: { customFields: [{ path: $path, eq: 1 }] }) { nodes { firstName } }
    }"""
    for path, name in ((["a.b"], "key"), (["a", "b"], "path")):
        answer = await world.ask(query, {"path": path})
        assert answer.data == {"leads": {"nodes": [{"firstName": name}]}}
