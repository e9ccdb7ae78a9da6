"""What is refused in a filter: where exactly, in which words, and everything at once."""

from typing import Any

import pytest
from refusals import REFUSED

from lma_graph.kernel import ids
from lma_graph.kernel.criteria.language import DEEPEST, MOST_PARTS
from lma_graph.kernel.errors import InvalidInput
from lma_graph.leads.criteria import LEAD


def faults(tree: Any) -> list[tuple[str, str, str]]:
    """(path, message, code) of everything that is refused."""
    with pytest.raises(InvalidInput) as caught:
        LEAD.filter(tree)
    return [(".".join(map(str, fault.path)), fault.message, fault.code) for fault in caught.value.fields]


@pytest.mark.parametrize(("tree", "path", "message", "code"), REFUSED)
def test_a_fault_is_named_exactly(tree: Any, path: str, message: str, code: str) -> None:
    assert faults(tree) == [(path, message, code)]


def test_an_id_of_another_type_is_refused() -> None:
    tree = {
        "id": {"eq": ids.encode("User", 1)},
        "assignedToId": {"in": [ids.encode("User", 1), ids.encode("Lead", 1)]},
    }
    assert faults(tree) == [
        ("filter.id.eq", "is not an id of type Lead", "INVALID_VALUE"),
        ("filter.assignedToId.in.1", "is not an id of type User", "INVALID_VALUE"),
    ]


def test_all_faults_are_named_at_once() -> None:
    tree = {
        "nope": {},
        "score": {"gte": "x", "lte": 2**40},
        "or": [{"status": {"in": ["NEW", "OLD"]}}, {"not": {"email": {"eq": None}}}],
        "activities": {"count": {"where": {"subject": {"eq": 1}}, "gte": None}},
    }
    with pytest.raises(InvalidInput) as caught:
        LEAD.filter(tree)
    assert [fault.path for fault in caught.value.fields] == [
        ("filter", "nope"),
        ("filter", "score", "gte"),
        ("filter", "score", "lte"),
        ("filter", "or", 0, "status", "in", 1),
        ("filter", "or", 1, "not", "email", "eq"),
        ("filter", "activities", "count", "where", "subject", "eq"),
        ("filter", "activities", "count", "gte"),
    ]
    assert caught.value.message == "filter.nope: is not a field of LeadFilter (and 6 more)"
    assert caught.value.path == ("filter", "nope")


def nested(levels: int) -> dict[str, Any]:
    """A filter of that many objects in one another."""
    tree: dict[str, Any] = {}
    for _ in range(levels - 1):
        tree = {"not": tree}
    return tree


def test_depth_is_bounded() -> None:
    assert LEAD.filter(nested(DEEPEST)).tree == nested(DEEPEST)
    message = "is nested too deeply; at most 36 levels of objects and lists are allowed"
    assert faults(nested(DEEPEST + 1)) == [("filter", message, "TOO_DEEP")]


def test_size_is_bounded() -> None:
    fits = {"and": [{}] * (MOST_PARTS - 3)}
    assert LEAD.filter(fits).tree == fits
    message = "is too large; it may hold at most 500 keys, objects and lists"
    assert faults({"and": [{}] * (MOST_PARTS - 2)}) == [("filter", message, "TOO_LARGE")]
    assert faults({"or": [{"score": {"eq": 1}}] * 200}) == [("filter", message, "TOO_LARGE")]


def test_a_filter_far_too_deep_is_refused_without_walking_it() -> None:
    message = "is too large; it may hold at most 500 keys, objects and lists"
    assert faults(nested(20_000)) == [("filter", message, "TOO_LARGE")]


async def test_faults_reach_the_client_with_their_paths(world) -> None:
    query = """query Q($filter: LeadFilter) { leads(filter: $filter) { nodes { id } } }"""
    user = world.id("User", 1)
    answer = await world.ask(query, {"filter": {"not": {"score": {"in": [1], "eq": None}}, "id": {"eq": user}}})
    [error] = answer.errors
    assert answer.data is None
    assert error["message"] == "filter.not.score.eq: is null; ask for isNull instead (and 1 more)"
    assert error["path"] == ["leads"]
    assert answer.statements == []


async def test_faults_of_a_nested_list_name_its_argument(world) -> None:
    await world.lead()
    query = '{ leads { nodes { activities(filter: { userId: { eq: "x" } }) { nodes { id } } } } }'
    [error] = (await world.ask(query)).errors
    assert error["message"] == "filter.userId.eq: is not an id of type User"
    assert error["path"] == ["leads", "nodes", 0, "activities"]


ODD = [
    {"id": {"eq": ids.encode("Lead", 2**63 - 1)}},
    {"search": "💥 \u200b ' : & | ! <-> \\"},
    {"tags": {"containsAll": [f"t{at}" for at in range(1000)]}},
    {"tags": {"containsAny": []}},
    {"email": {"in": [f"{at}" for at in range(1000)]}},
    {"createdAt": {"olderThan": "P1000Y"}},
    {"createdAt": {"withinNext": "PT876000H"}},
    {"expectedCloseDate": {"withinLast": "P1000Y"}},
    {"createdAt": {"gte": "0001-01-01T00:00:00Z", "lte": "9999-12-31T23:59:59.999999Z"}},
    {"customFields": [{"path": ["k"] * 12, "in": [None, True, 1e308, -(2**63), "x"] * 200}]},
    {"customFields": [{"path": ["employees"], "lt": 5e-324, "ne": -(2**63)}]},
    {"customFields": []},
    {"activities": {"count": {"in": [], "lt": 2**31 - 1}}},
    {"activities": {}, "and": [], "not": {}},
]


@pytest.mark.parametrize("tree", ODD)
async def test_odd_filters_are_answered(world, tree: dict[str, Any]) -> None:
    query = "query Q($f: LeadFilter) { leads(filter: $f) { nodes { id activities { totalCount } } totalCount } }"
    answer = await world.ask(query, {"f": tree})
    assert answer.errors == []
    assert answer.data == {"leads": {"nodes": [], "totalCount": 0}}


async def test_more_tags_than_are_joined_must_all_be_there(world) -> None:
    many = [f"t{at}" for at in range(12)]
    await world.lead(tags=many)
    await world.lead(tags=many[:-1])
    query = "query Q($tags: [String!]) { leads(filter: { tags: { containsAll: $tags } }) { nodes { tags } } }"
    answer = await world.ask(query, {"tags": [*many, *many]})
    assert answer.data == {"leads": {"nodes": [{"tags": many}]}}
