"""Fields of every kind, in a schema of its own: what they give, how often they are asked, and how they fail."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from both import PLANNED, Answer, Both
from probes import calls, schema

from lma_graph.kernel.viewer import Role
from world import World

NAMES = ("Ada", "bad", None, "Bob")


@pytest.fixture(scope="module")
def both(database) -> Iterator[Both]:
    with schema() as made:
        yield Both(database, made)


@dataclass
class Asking:
    both: Both
    world: World
    leads: list[Any]

    async def answer(self, query: str, **variables: Any) -> Answer:
        """Both ways, which must be equal; what the plan gave."""
        calls.clear()
        return await self.both.answer(await self.world.viewer(), query, variables)

    async def plan(self, query: str, **variables: Any) -> Answer:
        """By plan alone, to count what ran."""
        calls.clear()
        return await self.both.plan(await self.world.viewer(), query, variables)

    async def values(self, field: str) -> list[Any]:
        """The values of one field of all leads in the order of `NAMES`, planned."""
        answer = await self.answer(f"{{ probes(orderBy: [{{field: ID}}]) {{ nodes {{ it: {field} }} }} }}")
        assert answer.errors == []
        assert answer.ways == {PLANNED: 1}
        return [one["it"] for one in answer.data["probes"]["nodes"]]


@pytest.fixture
async def asking(both: Both, world: World) -> Asking:
    """Four leads; all but the third have an owner, the first and the last the same."""
    rep, manager = world.users[Role.SALES_REP], world.users[Role.MANAGER]
    owners = (rep, manager, None, rep)
    leads = [
        await world.lead(first_name=name, assigned_to_id=owner, score=at, tags=["x"] * (at % 2))
        for at, (name, owner) in enumerate(zip(NAMES, owners, strict=True))
    ]
    for lead in leads[:2]:
        await world.note(lead, content="two words", mentioned_users=[rep, manager, rep, 1])
    return Asking(both, world, leads)


async def test_a_batch_resolver_is_asked_once_with_all_parents(asking: Asking) -> None:
    assert await asking.values("length") == [3, 3, 0, 3]
    answer = await asking.plan("{ probes(orderBy: [{field: ID}]) { nodes { length ratio } } }")
    admin = asking.world.users[Role.ADMIN]
    assert calls == [("length", 4, {"times": 1}), ("ratio", 4, {"viewer": admin})]
    assert [one["ratio"] for one in answer.data["probes"]["nodes"]] == [1.0, 0.5, 1.0, 0.5]
    assert len(answer.statements) == 1


async def test_the_same_batch_field_with_other_arguments_is_another_batch(asking: Asking) -> None:
    lengths = "nodes { a: length(times: 2) b: length(times: $n) }"
    query = f"query ($n: Int) {{ probes(first: 1, orderBy: [{{field: ID}}]) {{ {lengths} }} }}"
    answer = await asking.answer(query, n=5)
    assert answer.data["probes"]["nodes"] == [{"a": 6, "b": 15}]
    again = await asking.plan(query, n=7)
    assert again.data["probes"]["nodes"] == [{"a": 6, "b": 21}]
    assert calls == [("length", 1, {"times": 2}), ("length", 1, {"times": 7})]


async def test_a_batch_resolver_is_not_asked_without_parents(asking: Asking) -> None:
    answer = await asking.plan('{ probes(filter: {firstName: {eq: "none"}}) { nodes { length checked } } }')
    assert answer.data == {"probes": {"nodes": []}}
    assert calls == []
    assert answer.ways == {PLANNED: 1}


async def test_what_a_batch_resolver_gives_is_completed_by_its_type(asking: Asking) -> None:
    assert await asking.values("labels") == [[None], ["x", None], [None], ["x", None]]


async def test_an_error_for_one_row_is_an_error_of_that_row(asking: Asking) -> None:
    answer = await asking.answer("{ probes(orderBy: [{field: ID}]) { nodes { firstName checked } } }")
    assert answer.ways == {("discarded", "NotFound"): 1}
    assert [one["checked"] for one in answer.data["probes"]["nodes"]] == ["Ada", None, None, "Bob"]
    (error,) = answer.errors
    assert error["message"] == "No such thing."
    assert error["path"] == ["probes", "nodes", 1, "checked"]
    assert error["extensions"] == {"code": "NOT_FOUND"}


async def test_null_for_a_value_that_must_be_there_nulls_the_nearest_parent_that_may_be(asking: Asking) -> None:
    answer = await asking.answer(
        "{ a: keepers(first: 1) { nodes { role } } probes(orderBy: [{field: ID}]) { nodes { needed } } }"
    )
    assert answer.ways == {("discarded", "Surprise"): 1}
    assert answer.data is None
    assert [error["path"] for error in answer.errors] == [["probes", "nodes", 1, "needed"]]


async def test_a_batch_of_the_wrong_length_is_an_error_both_ways(asking: Asking) -> None:
    viewer = await asking.world.viewer()
    query = "{ probes { nodes { short } } }"
    planned, reference = await asking.both.plan(viewer, query), await asking.both.reference(viewer, query)
    assert planned.ways == {("discarded", "ValueError"): 1}
    assert planned.text == reference.text
    assert planned.data is None


async def test_a_field_with_a_resolver_of_its_own_runs_by_itself(asking: Asking) -> None:
    organization = asking.world.organization_id
    assert await asking.values("greeting") == [f"Hello {name} of {organization}" for name in NAMES]
    assert await asking.values('greeting(word: "Bye")') == [f"Bye {name} of {organization}" for name in NAMES]


async def test_objects_that_a_resolver_gives_are_resolved_below_it(asking: Asking) -> None:
    rep, manager = {"shout": "SALES_REP", "role": "SALES_REP"}, {"shout": "MANAGER", "role": "MANAGER"}
    assert await asking.values("owner { shout role }") == [rep, manager, None, rep]
    answer = await asking.plan("{ probes(orderBy: [{field: ID}]) { nodes { owner { shout } keeper { shout } } } }")
    assert answer.count == 3, "the page, the keepers, and the owners that the resolvers ask for together"


async def test_a_resolver_may_give_an_interface(asking: Asking) -> None:
    found = await asking.values("anything { __typename ... on Probe { score } ... on Keeper { role } }")
    keeper = {"__typename": "Keeper", "role": "SALES_REP"}
    assert found == [
        keeper,
        {"__typename": "Keeper", "role": "MANAGER"},
        {"__typename": "Probe", "score": 2},
        keeper,
    ]


async def test_a_resolver_below_a_table_with_a_search_vector(asking: Asking) -> None:
    assert await asking.values("notes { nodes { words } }") == [
        {"nodes": [{"words": ["two", "words"]}]},
        {"nodes": [{"words": ["two", "words"]}]},
        {"nodes": []},
        {"nodes": []},
    ]


@pytest.mark.parametrize(
    ("field", "message", "code", "data"),
    [
        ("picky", "Not this one.", "NOT_FOUND", None),
        ("fussy", "Something went wrong on our side.", "INTERNAL_SERVER_ERROR", ["fine", None, "fine", "fine"]),
    ],
)
async def test_a_resolver_that_fails_for_one_row(
    asking: Asking, field: str, message: str, code: str, data: Any
) -> None:
    query = (
        f"{{ keepers {{ totalCount }} probes(orderBy: [{{field: ID}}]) {{ nodes {{ {field} keeper {{ role }} }} }} }}"
    )
    answer = await asking.answer(query)
    assert answer.ways == {("discarded", "GraphQLError"): 1}
    (error,) = answer.errors
    assert error["message"] == message
    assert error["path"] == ["probes", "nodes", 1, field]
    assert error["extensions"] == {"code": code}
    if data is None:
        assert answer.data is None
    else:
        assert answer.data["keepers"] == {"totalCount": 4}
        assert [one[field] for one in answer.data["probes"]["nodes"]] == data
        assert [one["keeper"] is None for one in answer.data["probes"]["nodes"]] == [False, False, True, False]


async def test_a_computed_field_is_not_asked_about_null(asking: Asking) -> None:
    assert await asking.values("initial") == ["A", "b", None, "B"]


async def test_each_of_a_list_of_keys_in_its_order_without_those_that_are_not_there(asking: Asking) -> None:
    rep, manager = {"role": "SALES_REP"}, {"role": "MANAGER"}
    found = await asking.values("notes(first: 1) { nodes { readers { role } } }")
    assert [one["nodes"] for one in found] == [[{"readers": [rep, manager, rep]}]] * 2 + [[], []]


async def test_an_interface_at_the_root_takes_the_fields_of_each_type(asking: Asking) -> None:
    world, lead = asking.world, asking.leads[0]
    known = [world.id("Probe", lead.id), world.id("Keeper", world.users[Role.MANAGER]), world.id("Probe", 1), "x"]
    answer = await asking.answer(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Probe { length greeting } ... on Keeper { shout } } }",
        ids=[*known, known[0]],
    )
    assert answer.ways == {PLANNED: 1}
    probe = {"id": known[0], "length": 3, "greeting": f"Hello Ada of {world.organization_id}"}
    assert answer.data["nodes"] == [probe, {"id": known[1], "shout": "MANAGER"}, None, None, probe]
