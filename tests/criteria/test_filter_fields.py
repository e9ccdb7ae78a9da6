"""`leadFilterFields`: everything the language knows, usable as it is told; and `convertLeadFilter`."""

from typing import Any

import pytest

from lma_graph.kernel.criteria import OneTerm
from lma_graph.kernel.criteria.described import fields_of
from lma_graph.kernel.criteria.querybuilder import to_filter
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.models import LeadSource
from world import World

FIELD = "name label path valueType idOf inputType valueEditorType matchModes values { name label }"
OPERATORS = "operators { name label takes valueType filterOperators negated }"


async def told(world: World, selection: str) -> dict[str, Any]:
    """The fields by name, and that they cost one statement."""
    answer = await world.ask(f"{{ leadFilterFields {{ {selection} }} }}")
    assert answer.errors == []
    assert len(answer.statements) == 1
    return {one["name"]: one for one in answer.data["leadFilterFields"]}


async def test_every_term_is_there(world: World) -> None:
    found = await told(world, FIELD)
    assert list(found) == list(LEAD.terms)
    assert found["status"] | {"values": ...} == {
        "name": "status",
        "label": "Status",
        "path": ["status"],
        "valueType": "CHOICE",
        "idOf": None,
        "inputType": "text",
        "valueEditorType": "select",
        "matchModes": [],
        "values": ...,
    }
    assert [one["name"] for one in found["source"]["values"]] == [one.value for one in LeadSource]
    assert found["source"]["values"][0]["label"] == LeadSource(found["source"]["values"][0]["name"]).value.capitalize()
    kinds = {name: (one["valueType"], one["inputType"], one["valueEditorType"]) for name, one in found.items()}
    assert kinds["score"] == ("INTEGER", "number", "text")
    assert kinds["createdAt"] == ("DATETIME", "datetime-local", "text")
    assert kinds["activities"] == ("ROWS", None, None)
    assert kinds["assignedTo"] == ("ROW", None, None)
    assert found["assignedToId"]["idOf"] == "User"
    assert found["activities"]["matchModes"] == ["all", "some", "none", "atLeast", "atMost", "exactly"]
    assert found["assignedTo"]["matchModes"] == ["all", "some", "none"]


async def test_operators_are_named_in_both_languages(world: World) -> None:
    found = await told(world, f"name {OPERATORS}")
    operators = {one["name"]: one for one in found["company"]["operators"]}
    assert operators["doesNotContain"] == {
        "name": "doesNotContain",
        "label": "does not contain",
        "takes": "ONE",
        "valueType": "TEXT",
        "filterOperators": ["contains"],
        "negated": True,
    }
    assert operators["between"]["filterOperators"] == ["gte", "lte"]
    assert (operators["null"]["takes"], operators["null"]["valueType"]) == ("NONE", None)
    times = {one["name"]: one["valueType"] for one in found["createdAt"]["operators"]}
    assert (times["withinLast"], times[">"]) == ("DURATION", "DATETIME")


async def test_declared_fields_and_used_tags_are_known(world: World, other_world: World) -> None:
    await world.lead(tags=["b", "a"])
    await world.lead(tags=["b"])
    await other_world.lead(tags=["secret"])
    found = await told(world, f"{FIELD} fields {{ {FIELD} {OPERATORS} }}")
    assert [one["name"] for one in found["tags"]["values"]] == ["b", "a"]
    declared = found["customFields"]["fields"]
    assert [(one["name"], one["label"], one["valueType"]) for one in declared] == [
        ("customFields.country", "Country", "TEXT"),
        ("customFields.plan", "Plan", "TEXT"),
        ("customFields.employees", "Employees", "TEXT"),
    ]
    assert declared[0]["path"] == ["customFields", "country"]
    assert {"=", "null", "exists"} <= {one["name"] for one in declared[0]["operators"]}


async def test_relations_are_followed_three_deep(world: World) -> None:
    deep = "fields { name path fields { name fields { name fields { name } } } }"
    found = await told(world, f"name {deep}")
    owner = found["assignedTo"]["fields"]
    assert {"name": "assignedTo.email", "path": ["assignedTo", "email"], "fields": []} in owner
    activity = {one["name"]: one for one in found["activities"]["fields"]}
    campaign = {one["name"]: one for one in activity["campaign"]["fields"]}
    assert "campaign.name" in campaign
    members = {one["name"]: one for one in campaign["campaign.campaignLeads"]["fields"]}
    assert members["lead"]["fields"] == []  # the fourth


VALUES = {
    "TEXT": "x",
    "INTEGER": 5,
    "FLOAT": 0.5,
    "BOOLEAN": True,
    "DATE": "2026-01-31",
    "DATETIME": "2026-01-31T12:00:00Z",
    "DURATION": "P14D",
    "JSON": 5,
}


@pytest.mark.parametrize("name", list(LEAD.terms))
def test_every_operator_that_is_told_can_be_used(world_ids: Any, name: str) -> None:
    (field,) = [one for one in fields_of(LEAD) if one.name == name]
    for one in [field, *(part for part in field.fields if isinstance(LEAD.terms[name], OneTerm))]:
        key = f"{one.name}.k" if one.value_type == "JSON" else one.name
        for operator in one.operators:
            value = VALUES.get(str(operator.value_type))
            if operator.value_type == "CHOICE":
                value = one.values[-1].name
            elif operator.value_type == "ID":
                value = world_ids(one.id_of)
            many = {"MANY": [value], "PAIR": [value, value], "NONE": None}
            sent = many.get(str(operator.takes), value)
            rule = {"field": key, "operator": operator.name, "value": sent}
            assert to_filter(LEAD, {"combinator": "and", "rules": [rule]}).tree, rule


@pytest.fixture
def world_ids(world: World) -> Any:
    """A global id of a type."""
    return lambda kind: world.id(kind, 1)


QUERY = {"combinator": "and", "rules": [{"field": "score", "operator": ">", "value": 5}]}


CONVERT = "query($input: ConvertLeadFilterInput!) { convertLeadFilter(input: $input) { filter query } }"


async def test_a_filter_is_converted_either_way(world: World) -> None:
    both = {"convertLeadFilter": {"filter": {"score": {"gt": 5}}, "query": QUERY}}
    for given in ({"filterQuery": QUERY}, {"filter": {"score": {"gt": 5}}}):
        answer = await world.ask(CONVERT, {"input": given})
        assert (answer.data, answer.errors, answer.statements) == (both, [], [])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "filter: Give either filter or filterQuery; {} as filter is everything."),
        (
            {"filterQuery": QUERY, "filter": {}},
            "filterQuery: filter and filterQuery exclude each other: both say the same, in different forms.",
        ),
        (
            {"filterQuery": {"combinator": "and", "rules": [{"field": "shoe", "operator": "="}]}},
            "filterQuery.rules.0.field: is not a field of LeadFilter",
        ),
        ({"filter": {"score": {"in": [1], "eq": None}}}, "filter.score.eq: is null; ask for isNull instead"),
    ],
)
async def test_what_cannot_be_converted_is_named(world: World, given: Any, message: str) -> None:
    (error,) = (await world.ask(CONVERT, {"input": given})).errors
    assert error["message"] == message
