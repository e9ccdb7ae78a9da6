"""The arguments of a list: sizes, contradictions, and cursors that were never written for it."""

import base64
import datetime as dt
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lma_graph.kernel.cursors import read_cursor, write_cursors
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.graphql.inputs import column_types, read_order
from lma_graph.kernel.order import Sort
from lma_graph.kernel.paging import Page
from lma_graph.leads.criteria import LEAD
from world import World

LEADS = """query Q($first: Int, $after: String, $last: Int, $before: String, $order: [LeadOrder!]) {
  leads(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
    nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
NOT_A_CURSOR = "is not a cursor of this list in this order"
BY_ID = (Sort("id"),)
TYPES = column_types(LEAD)


def read(**arguments: Any) -> Page:
    return Page.read(default=20, order=BY_ID, types=TYPES, of="Lead", **arguments)


CURSOR = write_cursors("Lead", BY_ID, [[7]])[0]


@pytest.mark.parametrize(
    ("arguments", "name", "message", "code"),
    [
        ({"first": -1}, "first", "must not be negative", "OUT_OF_RANGE"),
        ({"last": -1}, "last", "must not be negative", "OUT_OF_RANGE"),
        ({"first": 201}, "first", "must be at most 200, the largest page", "OUT_OF_RANGE"),
        ({"last": 201}, "last", "must be at most 200, the largest page", "OUT_OF_RANGE"),
        ({"first": 1, "last": 1}, "last", "give either first or last, not both", "CONTRADICTION"),
        ({"after": CURSOR, "before": CURSOR}, "before", "give either after or before, not both", "CONTRADICTION"),
        ({"last": 1, "after": CURSOR}, "after", "after does not go with last", "CONTRADICTION"),
        ({"first": 1, "before": CURSOR}, "before", "before does not go with first", "CONTRADICTION"),
        ({"after": ""}, "after", NOT_A_CURSOR, "INVALID_CURSOR"),
        ({"before": "é"}, "before", NOT_A_CURSOR, "INVALID_CURSOR"),
        ({"after": CURSOR[:-1]}, "after", NOT_A_CURSOR, "INVALID_CURSOR"),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], name: str, message: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(**arguments)
    assert [(fault.path, fault.message, fault.code) for fault in caught.value.fields] == [((name,), message, code)]


@pytest.mark.parametrize(
    ("arguments", "limit", "backward", "position"),
    [
        ({}, 20, False, None),
        ({"first": 0}, 0, False, None),
        ({"first": 200}, 200, False, None),
        ({"last": 0}, 0, True, None),
        ({"last": 200, "before": CURSOR}, 200, True, (7,)),
        ({"after": CURSOR}, 20, False, (7,)),
        ({"before": CURSOR}, 20, True, (7,)),
    ],
)
def test_arguments_that_can_be(arguments: dict[str, Any], limit: int, backward: bool, position: Any) -> None:
    page = read(**arguments)
    assert (page.limit, page.backward, page.position) == (limit, backward, position)
    assert page.bounded is (position is not None)


async def test_sizes_and_what_is_on_either_side(world: World) -> None:
    first, second = sorted([(await world.lead()).id, (await world.lead()).id], reverse=True)
    ids = [world.id("Lead", first), world.id("Lead", second)]
    expected = [
        ({"first": 0}, [], True, False),
        ({"last": 0}, [], False, True),
        ({"first": 1}, ids[:1], True, False),
        ({"last": 1}, ids[1:], False, True),
        ({"first": 2}, ids, False, False),
        ({"last": 200}, ids, False, False),
        ({}, ids, False, False),
    ]
    for arguments, nodes, more, less in expected:
        found = (await world.ask(LEADS, arguments)).data["leads"]
        assert [node["id"] for node in found["nodes"]] == nodes
        assert (found["pageInfo"]["hasNextPage"], found["pageInfo"]["hasPreviousPage"]) == (more, less)
        assert (found["pageInfo"]["startCursor"] is None) is (nodes == [])


async def test_an_empty_list_has_no_cursors(world: World) -> None:
    empty = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert (await world.ask(LEADS)).data == {"leads": {"nodes": [], "pageInfo": empty}}


@pytest.mark.parametrize("name", ["after", "before"])
async def test_a_cursor_of_another_list_or_order_is_refused(world: World, name: str) -> None:
    await world.activity(await world.lead())
    query = """{ leads { edges { cursor } } activities { edges { cursor } }
        searchLeads(query: "test") { edges { cursor } }
        byScore: leads(orderBy: [{ field: SCORE, direction: DESC }]) { edges { cursor } }
        oldest: leads(orderBy: [{ field: CREATED_AT }]) { edges { cursor } } }"""
    cursors = {key: part["edges"][0]["cursor"] for key, part in (await world.ask(query)).data.items()}
    assert (await world.ask(LEADS, {name: cursors.pop("leads")})).errors == []
    for cursor in cursors.values():
        answer = await world.ask(LEADS, {name: cursor})
        assert [error["message"] for error in answer.errors] == [f"{name}: {NOT_A_CURSOR}"]
        assert answer.statements == []


async def test_a_cursor_of_another_organization_shows_nothing_of_it(world: World, other_world: World) -> None:
    await other_world.lead()
    cursor = (await other_world.ask(LEADS)).data["leads"]["pageInfo"]["endCursor"]
    mine = world.id("Lead", (await world.lead()).id)
    found = (await world.ask(LEADS, {"before": cursor})).data["leads"]
    assert [node["id"] for node in found["nodes"]] == [mine]


ORDER = [{"field": "SCORE"}, {"field": "COMPANY"}, {"field": "EXPECTED_CLOSE_DATE"}, {"field": "CREATED_AT"}]
HONEST = [0, None, "2026-01-31", 0, 1]


def forged(*changes: tuple[int, Any]) -> str:
    """A cursor of the right list and order with values of one's own."""
    order = [*read_order(LEAD, ORDER), Sort("id")]
    [true] = write_cursors("Lead", tuple(order), [[value] for value in HONEST])
    mark, *values = orjson.loads(base64.urlsafe_b64decode(true + "=" * (-len(true) % 4)))
    for at, value in changes:
        values[at] = value
    return base64.urlsafe_b64encode(orjson.dumps([mark, *values])).rstrip(b"=").decode()


REFUSED = [(0, None), (0, "1"), (0, 1.5), (0, True), (0, 2**63), (1, 1), (1, "a\0"), (1, ["a"]), (2, "2026-02-30")]
REFUSED += [(2, 1), (3, None), (3, 10**18), (3, "2026-01-31T12:00:00Z"), (4, None), (4, 2**64 - 1), (4, {})]


@pytest.mark.parametrize(("at", "value"), REFUSED)
async def test_a_forged_cursor_is_refused(world: World, at: int, value: Any) -> None:
    answer = await world.ask(LEADS, {"after": forged((at, value)), "order": ORDER})
    assert [error["message"] for error in answer.errors] == [f"after: {NOT_A_CURSOR}"]


TAKEN = [(0, 2**40), (0, -(2**63)), (0, 2**63 - 1), (1, "%\\_"), (1, ""), (2, "9999-12-31"), (2, None)]
TAKEN += [(3, -(10**15)), (4, -1), (4, 2**63 - 1)]


@pytest.mark.parametrize(("at", "value"), TAKEN)
@pytest.mark.parametrize("name", ["after", "before"])
async def test_a_forged_cursor_is_only_a_position(world: World, name: str, at: int, value: Any) -> None:
    await world.lead()
    answer = await world.ask(LEADS, {name: forged((at, value)), "order": ORDER})
    assert answer.errors == []


@given(st.lists(st.datetimes(timezones=st.just(dt.UTC)), min_size=1, max_size=5), st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_moment_in_a_cursor_is_exact(moments: list[dt.datetime], data: st.DataObject) -> None:
    order = (
        Sort("created_at", descending=True),
        data.draw(st.sampled_from((Sort("id"), Sort("score", nullable=True)))),
    )
    numbers = [data.draw(st.integers(-(2**63), 2**63 - 1)) for _ in moments]
    for at, cursor in enumerate(write_cursors("Lead", order, [moments, numbers])):
        assert read_cursor(cursor, "Lead", order, TYPES, ("after",)) == (moments[at], numbers[at])


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@settings(derandomize=True, database=None, deadline=None)
def test_anything_else_is_not_a_cursor(text: str) -> None:
    with pytest.raises(InvalidInput, match=NOT_A_CURSOR):
        read_cursor(text, "Lead", BY_ID, TYPES, ("after",))
