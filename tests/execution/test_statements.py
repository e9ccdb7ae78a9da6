"""What plans cost: statements per operation, what is kept of plans and statements, and that all of it is bounded."""

import gc
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from both import PLANNED, Both
from dataset import Dataset, fill
from graphql import GraphQLField
from graphql.execution import Executor

from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.execution import kept, statements
from lma_graph.kernel.graphql.execution.kept import PLANS
from lma_graph.kernel.graphql.execution.plan import Plan
from lma_graph.kernel.graphql.limits import Limits
from lma_graph.kernel.graphql.loaded import ColumnField
from lma_graph.kernel.lru import BoundedLru
from lma_graph.kernel.viewer import Role
from world import SCHEMA, World

W1 = (Path(__file__).parents[1] / "golden" / "w1.graphql").read_text()


@pytest.fixture(scope="module")
async def filled(database, owner_url) -> Dataset:
    owner = await asyncpg.connect(owner_url)
    try:
        return await fill(await World.create(database, owner))
    finally:
        await owner.close()


@pytest.fixture
def both(database) -> Both:
    return Both(database)


async def _statements(both: Both, filled: Dataset, text: str, **variables: Any) -> int:
    """How many statements an operation takes, whose answer is the reference path's."""
    answer = await both.answer(await filled.world.viewer(), text, variables)
    assert answer.errors == []
    assert answer.ways == {PLANNED: 1}
    assert answer.count == len(answer.statements)
    return answer.count


def _plans(both: Both, text: str) -> list[Plan]:
    """The plans that are kept with an operation."""
    (operation,) = both.by_plan.documents.get(text)[0].operations
    return [plan for (of, _), (plan, _) in kept._plans._values.items() if of is operation and isinstance(plan, Plan)]


# --- statements ---


@pytest.mark.parametrize("first", [1, 10, 50, 200])
async def test_w1_takes_three_statements_for_any_page(both: Both, filled: Dataset, first: int) -> None:
    assert await _statements(both, filled, W1.replace("first: 50", f"first: {first}")) == 3


CASES = {
    "one statement for all root fields": (
        """{ viewer { email } organization { name } leads { totalCount nodes { id } } campaigns { nodes { name } }
        users(last: 2) { edges { cursor } pageInfo { hasPreviousPage } } searchLeads(query: "ada") { nodes { id } }
        lead(id: "AxAAAAAAAAAA") { email } }""",
        1,
    ),
    "one statement for each level": (
        """{ leads { nodes { activities { nodes { user { assignedLeads(first: 2) { nodes { notes { totalCount
        nodes { isPrivate mentionedUsers { email } } } } } } } } } } }""",
        6,
    ),
    "lists, counts and derived values of a level in one": (
        """{ leads { nodes { firstContactedAt lastContactedAt nextActivity { subject } notes { totalCount }
        a: activities(first: 1) { nodes { id } } b: activities(last: 1) { nodes { id } totalCount } } } }""",
        2,
    ),
    "a key that waits for others of its target": (
        "{ leads { nodes { assignedTo { email } activities { nodes { user { role } } } } } }",
        3,
    ),
    "a key that waits for others two levels below": (
        """{ leads { nodes { assignedTo { email } campaignLeads { nodes { campaign { createdBy { role } } } } } } }""",
        4,
    ),
    "a key does not wait where that would add levels": (
        """{ leads { nodes { assignedTo { activities { nodes { campaign { createdBy { role } } } } }
        activities { nodes { user { email } } } } } }""",
        5,
    ),
    "two keys of one row with one target": (
        "{ leads { nodes { organization { name } assignedTo { organization { slug } } } } }",
        3,
    ),
    "nothing below an empty list": (
        """{ leads(filter: {firstName: {eq: "nobody at all"}}) { nodes { assignedTo { email }
        activities { totalCount nodes { user { email } } } nextActivity { id } firstContactedAt } } }""",
        1,
    ),
    "nothing below a row that is not there": (
        '{ lead(id: "AxAAAAAAAAAA") { assignedTo { email } activities(first: 999) { nodes { id } } } }',
        1,
    ),
    "nothing for an id of another type": ('{ lead(id: "x") { assignedTo { email } notes { totalCount } } }', 0),
    "nothing for introspection": ("{ __typename __schema { queryType { name } } }", 0),
}


@pytest.mark.parametrize("name", CASES)
async def test_statements(both: Both, filled: Dataset, name: str) -> None:
    text, expected = CASES[name]
    assert await _statements(both, filled, text) == expected


async def test_nodes_of_all_types_are_in_the_first_statement(both: Both, filled: Dataset) -> None:
    ids = [filled.world.id(name, row.id) for name in ("Lead", "User", "Campaign") for row in filled.rows[name][:3]]
    text = """query ($ids: [ID!]!, $id: ID!) { viewer { email } a: node(id: $id) { id } b: node(id: $id) { __typename }
        nodes(ids: $ids) { id ... on Lead { email assignedTo { email } } } }"""
    assert await _statements(both, filled, text, ids=ids, id=ids[4]) == 2


async def test_more_columns_than_a_statement_may_have_take_two(database, filled: Dataset) -> None:
    both = Both(database, SCHEMA, Limits(max_aliases=100, max_cost=10**9, max_fields=10_000))
    lead = SCHEMA._schema.type_map["Lead"]
    columns = " ".join(name for name, field in lead.fields.items() if isinstance(_definition(field), ColumnField))
    body = " ".join(f"a{at}: leads(first: 2) {{ nodes {{ {columns} }} }}" for at in range(70))
    assert await _statements(both, filled, f"{{ organization {{ {body} }} }}") == 3


def _definition(field: GraphQLField) -> Any:
    return field.extensions.get("strawberry-definition")


# --- plans ---


async def test_a_plan_is_made_once_for_all_viewers_and_values(both: Both, filled: Dataset) -> None:
    text = """query ($first: Int, $after: String, $filter: LeadFilter) {
        leads(first: $first, after: $after, filter: $filter) { nodes { id notes { totalCount } } } }"""
    before = _looked_up()
    for role in Role:
        for variables in ({}, {"first": 2}, {"filter": {"score": {"gt": 5}}}, {"first": None, "filter": None}):
            await both.answer(await filled.world.viewer(role), text, variables)
    assert _looked_up() == {"miss": before["miss"] + 1, "hit": before["hit"] + 15}
    assert len(_plans(both, text)) == 1


def _looked_up() -> dict[str, int]:
    return {result: int(PLANS.labels(result)._value.get()) for result in ("miss", "hit")}


async def test_a_plan_for_each_choice_of_what_is_skipped(both: Both, filled: Dataset) -> None:
    text = """query ($a: Boolean!, $b: Boolean = true) { ...Some }
        fragment Some on Query {
        leads(first: 1) { nodes { id @skip(if: $a) score ... @include(if: $b) { email } } } }"""
    viewer = await filled.world.viewer()
    keys = {}
    for a, b in ((True, True), (True, False), (False, True), (False, False)):
        answer = await both.answer(viewer, text, {"a": a, "b": b})
        keys[a, b] = list(answer.data["leads"]["nodes"][0])
    assert keys == {
        (True, True): ["score", "email"],
        (True, False): ["score"],
        (False, True): ["id", "score", "email"],
        (False, False): ["id", "score"],
    }
    assert len(_plans(both, text)) == 4
    await both.answer(viewer, text, {"a": True})
    assert len(_plans(both, text)) == 4, "the default is the value"


async def test_a_plan_for_each_order_that_a_variable_gives(both: Both, filled: Dataset) -> None:
    text = """query ($o: [LeadOrder!], $d: SortDirection! = ASC) {
        leads(first: 3, orderBy: $o) { edges { cursor } }
        users(orderBy: [{field: EMAIL, direction: $d}], first: 3) { edges { cursor } } }"""
    viewer = await filled.world.viewer()
    orders = [None, [{"field": "SCORE"}], [{"field": "COMPANY", "nulls": "FIRST"}, {"field": "ID"}]]
    for order in orders:
        for direction in ("ASC", "DESC"):
            assert (await both.answer(viewer, text, {"o": order, "d": direction})).errors == []
    assert len(_plans(both, text)) == 6


async def test_plans_are_bounded(both: Both, filled: Dataset, monkeypatch) -> None:
    plans = BoundedLru(max_items=1_000, max_weight=200_000)
    monkeypatch.setattr(kept, "_plans", plans)
    names = [f"$v{at}" for at in range(6)]
    fields = " ".join(f"a{at}: email @skip(if: {name})" for at, name in enumerate(names))
    text = f"query ({' '.join(f'{name}: Boolean!' for name in names)}) {{ viewer {{ id {fields} }} }}"
    viewer = await filled.world.viewer()
    for number in range(64):
        values = {name[1:]: bool(number >> at & 1) for at, name in enumerate(names)}
        answer = await both.plan(viewer, text, values)
        assert list(answer.data["viewer"]) == ["id", *(f"a{at}" for at in range(6) if not number >> at & 1)]
        assert answer.ways == {PLANNED: 1}
    assert 150_000 < plans.weight <= 200_000
    assert 5 <= len(_plans(both, text)) == len(plans) <= 12


async def test_the_plans_of_nodes_are_bounded_with_the_others(both: Both, filled: Dataset, monkeypatch) -> None:
    monkeypatch.setattr(kept, "_plans", plans := BoundedLru(max_items=2, max_weight=1_000_000))
    ids = [filled.world.id(name, filled.rows[name][0].id) for name in ("Lead", "User", "Campaign")]
    for _ in range(2):
        assert await _statements(both, filled, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids) == 1
        assert len(plans) == 2


async def test_the_statements_of_plans_are_bounded(both: Both, filled: Dataset, monkeypatch) -> None:
    parts = BoundedLru(max_items=20, max_weight=1_000_000)
    monkeypatch.setattr(statements, "_parts", parts)
    text = "query ($s: Int!) { leads(filter: {score: {gte: $s}}) { nodes { notes(first: $s) { totalCount } } } }"
    viewer = await filled.world.viewer()
    for score in range(30):
        assert (await both.plan(viewer, text, {"s": score})).ways == {PLANNED: 1}
    assert len(parts) == 20
    few = parts.weight
    await both.plan(viewer, "{ leads(filter: {score: {in: [" + "1 " * 300 + "]}}) { totalCount } }")
    assert parts.weight > few + 30_000, "a part weighs as much as what it was built from"


async def test_a_plan_keeps_nothing_of_the_request_that_made_it(both: Both, filled: Dataset) -> None:
    ids = filled.ids()[::9]
    queries = [W1, "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Lead { notes(first: 2) { totalCount } } } }"]
    for text in queries:
        for role in Role:
            answer = await both.plan(await filled.world.viewer(role), text, {"ids": ids})
            assert answer.ways == {PLANNED: 1}
        assert len(_plans(both, text)) == 1
    gc.collect()
    assert [one for one in gc.get_objects() if isinstance(one, Executor | Context)] == []


async def test_many_distinct_documents_do_not_grow_the_process(both: Both, filled: Dataset, monkeypatch) -> None:
    """Each text, plan and statement is another one; what is kept of them is bounded.

    With smaller bounds than the server's, which take 2,000 documents to be reached; `python -m bench memory` asks it
    10,000.
    """
    viewer = await filled.world.viewer()
    bounded = {name: BoundedLru(max_items=50, max_weight=10_000_000) for name in ("_compiled", "_together", "_parts")}
    for name, small in bounded.items():
        monkeypatch.setattr(statements, name, small)
    monkeypatch.setattr(kept, "_plans", plans := BoundedLru(max_items=50, max_weight=10_000_000))
    monkeypatch.setattr(both.by_plan.documents, "_kept", BoundedLru(max_items=50, max_weight=10_000_000))

    async def ask(numbers: range) -> None:
        for at in numbers:
            inner = f'b{at}: id notes(first: {at % 7}, filter: {{content: {{contains: "{at}"}}}}) {{ totalCount }}'
            answer = await both.plan(viewer, f"{{ a{at}: leads(first: {1 + at % 9}) {{ nodes {{ {inner} }} }} }}")
            assert answer.ways == {PLANNED: 1}

    await ask(range(100))
    before = _objects()
    await ask(range(100, 600))
    assert _objects() - before < 400, "not even one for each document"
    assert len(both.by_plan.documents) == len(plans) == len(bounded["_parts"]) == 50


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())
