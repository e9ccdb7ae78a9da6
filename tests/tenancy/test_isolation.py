"""A walk over the assembled schema: another organization's ids and rows exist for nobody else, wherever one asks.

Made from the schema, so that a new field is covered the day it is added.
"""

import dataclasses
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
import walk
from inhabitants import populate
from walk import GRAPH, ID_OPERATORS, NODES, Place

from lma_graph.kernel import connections, ids
from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.engine import GraphQLEngine
from lma_graph.kernel.graphql.exchange import GraphQLRequest
from lma_graph.kernel.graphql.execution.runner import EXECUTIONS, planned
from lma_graph.kernel.graphql.limits import Limits
from lma_graph.kernel.graphql.nodes import LOADERS
from lma_graph.kernel.scope import table_of
from lma_graph.kernel.viewer import Role
from world import SCHEMA, World

NEVER = 2**48 + 7
MALFORMED = ["", "x", "AAAAAAAAAAAA", "A" * 12 + "=", "é" * 12, "________////", "AwAAAAAAAAAA", "1", "x" * 5000]
ARGUMENTS = walk.id_arguments()
FILTERED = walk.filtered_places()
OWN_IDS = [(name, keys[0]) for name in FILTERED for keys in walk.id_filters(GRAPH.type_map[name], 0)]
AT_ONCE = 20
ENGINE = GraphQLEngine(SCHEMA, Limits(**dict.fromkeys(Limits.__slots__, 10**9)), runner=planned)
PLANNED = EXECUTIONS.labels("planned", "")


async def answer(world: World, query: str, **options: Any) -> Any:
    """Data of a query that must not fail."""
    found = await world.ask(query, **options)
    assert found.errors == [], query
    return found.data


def in_parts(found: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(found), AT_ONCE):
        yield found[start : start + AT_ONCE]


def test_the_walk_covers_the_schema() -> None:
    assert sorted(LOADERS) == NODES
    assert len(NODES) == 12
    assert ID_OPERATORS == ["eq", "ne", "in", "notIn"]
    assert len(ARGUMENTS) >= 11
    assert len(OWN_IDS) >= 25
    assert sum(map(len, FILTERED.values())) >= 25
    reached = {str(place) for places in FILTERED.values() for place in places} | {
        str(place) for place, _, _ in ARGUMENTS
    }
    assert {place for place in reached if place.split(".")[0] not in walk.PATHS} == set()
    # Every input that asks for an id lies inside some filter that a field takes.
    owners = {
        kind.name
        for kind in GRAPH.type_map.values()
        for field in getattr(kind, "fields", {}).values()
        if str(getattr(field, "type", "")).startswith("IDFilter")
    }
    assert owners == {name for name, _ in OWN_IDS}


@pytest.mark.parametrize(("place", "argument", "several"), ARGUMENTS, ids=[f"{p}({a})" for p, a, _ in ARGUMENTS])
async def test_an_argument_takes_a_foreign_id_for_one_never_issued(place, argument, several, tenants) -> None:
    asking, stranger = tenants

    async def ask(given: list[str]) -> list[Any]:
        values = [{argument: [one] if several else one} for one in given]
        return list((await answer(asking.world, place.query(*values))).values())

    never = await ask([ids.encode(name, NEVER) for name in NODES])
    assert await ask([stranger.id(name) for name in NODES]) == never
    assert set(map(str, await ask(MALFORMED))) == {str(never[0])}
    # The question can tell: one's own ids are found.
    assert await ask([asking.id(name) for name in NODES]) != never


async def expected_type(world: World, place: Place, key: str) -> str:
    """The type whose ids a filter's key takes, from the complaint about something else."""
    found = await world.ask(place.query({"filter": {key: {"eq": "x"}}}))
    message = re.fullmatch(rf"filter\.{key}\.eq: is not an id of type (\w+)", found.errors[0]["message"])
    assert message is not None, found.errors
    return message[1]


@pytest.mark.parametrize(("filter_name", "key"), OWN_IDS, ids=[f"{name}.{key}" for name, key in OWN_IDS])
async def test_a_filter_takes_a_foreign_id_for_one_never_issued(filter_name, key, tenants) -> None:
    asking, stranger = tenants
    node = await expected_type(asking.world, FILTERED[filter_name][0], key)
    told = False
    for place in FILTERED[filter_name]:

        async def ask(one: str, place: Place = place) -> Any:
            trees = [{key: {name: [one] if name in {"in", "notIn"} else one}} for name in ID_OPERATORS]
            return await answer(asking.world, place.query(*({"filter": tree} for tree in trees)))

        never = await ask(ids.encode(node, NEVER))
        assert await ask(stranger.id(node)) == never, str(place)
        told = told or await ask(asking.id(node)) != never
    assert told, "one's own id was found nowhere, so the question tells nothing"


@pytest.mark.parametrize(("filter_name", "key"), OWN_IDS, ids=[f"{name}.{key}" for name, key in OWN_IDS])
async def test_a_filter_refuses_what_is_no_id_in_the_same_words(filter_name, key, tenants) -> None:
    """Ids of other types are refused like any other text: whether there is such a row makes no difference."""
    asking, stranger = tenants
    place = FILTERED[filter_name][0]
    node = await expected_type(asking.world, place, key)
    other = next(name for name in NODES if name != node)
    for operator in ID_OPERATORS:
        several = operator in {"in", "notIn"}
        shown = f"filter.{key}.{operator}{'.0' if several else ''}: is not an id of type {node}"
        values = [*(MALFORMED if operator == "eq" else ["x"]), stranger.id(other), asking.id(other)]
        for value in values:
            tree = {key: {operator: [value] if several else value}}
            found = await asking.world.ask(place.query({"filter": tree}))
            assert (found.data, [error["message"] for error in found.errors]) == (None, [shown])


@pytest.mark.parametrize("filter_name", FILTERED)
async def test_a_filter_through_relations_takes_a_foreign_id_for_one_never_issued(filter_name, tenants) -> None:
    asking, stranger = tenants
    place = FILTERED[filter_name][0]
    owners = {keys: _filter_at(filter_name, keys) for keys in walk.id_filters(GRAPH.type_map[filter_name])}
    types = {
        owner: await expected_type(asking.world, FILTERED[owner[0]][0], owner[1]) for owner in set(owners.values())
    }
    chains = [(keys, types[owner]) for keys, owner in owners.items() if len(keys) > 1]
    for part in in_parts(chains):

        async def ask(encode: Any, part: Any = part) -> Any:
            trees = [walk.at(keys, "eq", encode(node)) for keys, node in part]
            return await answer(asking.world, place.query(*({"filter": tree} for tree in trees)))

        assert await ask(stranger.id) == await ask(lambda node: ids.encode(node, NEVER))


def _filter_at(filter_name: str, keys: tuple[str, ...]) -> tuple[str, str]:
    """The filter type that holds the last of the keys."""
    kind = GRAPH.type_map[filter_name]
    for key in keys[:-1]:
        kind = walk.get_named_type(kind.fields[key].type)
    return kind.name, keys[-1]


def every(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every key and value of an answer, at any depth."""
    yield key, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from every(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from every(part, key)


def ids_in(data: Any) -> set[tuple[str, int]]:
    texts = {value for key, value in every(data) if isinstance(value, str) and re.search(r"(^id|Id|Ids)$", key)}
    return {found for text in texts if (found := ids.decode(text)) is not None}


async def crawled(populated: Any, role: Role = Role.ADMIN, *, by_plan: bool = False, steps: int = 2) -> list[Any]:
    """Everything within so many steps, field by field or by the compiled plans that serve clients."""
    queries = walk.crawl({name: populated.id(name) for name in NODES}, steps)
    ask = planned_answer if by_plan else answer
    return [await ask(populated.world, query, role=role) for query in queries]


async def planned_answer(world: World, query: str, *, role: Role) -> Any:
    """Data of a query that must be answered by its plan."""

    @asynccontextmanager
    async def context(_: object) -> AsyncIterator[Context]:
        async with world.database.reader(await world.viewer(role)) as reader:
            yield Context.over(reader)

    before = PLANNED._value.get()
    response = await ENGINE.execute(GraphQLRequest(query), context)
    assert (response.errors, PLANNED._value.get()) == ((), before + 1), query[:50]
    return orjson.loads(orjson.dumps(response.data, option=orjson.OPT_UTC_Z))


async def ids_of(world: World, owner: Any) -> set[tuple[str, int]]:
    """Every id that a row of the organization has."""
    found = set()
    for name, loader in LOADERS.items():
        key = "id" if name == "Organization" else "organization_id"
        rows = await owner.fetch(f"SELECT id FROM {table_of(loader.row).name} WHERE {key} = $1", world.organization_id)
        found |= {(name, row["id"]) for row in rows}
    return found


@pytest.mark.parametrize(("role", "by_plan"), [(Role.ADMIN, False), (Role.VIEWER, False), (Role.SALES_REP, True)])
async def test_a_crawl_sees_the_own_rows_and_no_others(role, by_plan, tenants, owner) -> None:
    asking, stranger = tenants
    data = await crawled(asking, role, by_plan=by_plan)
    seen, own = ids_in(data), await ids_of(asking.world, owner)
    assert seen - own == set()
    assert seen & await ids_of(stranger.world, owner) == set()
    assert {(name, number) for name, number in asking.rows.items()} <= seen
    assert stranger.world.slug not in str(data)
    lists = [value for _, value in every(data) if isinstance(value, dict) and "totalCount" in value]
    assert len(lists) > 50
    assert [found["totalCount"] for found in lists] == [len(found["nodes"]) for found in lists]


async def test_rows_of_another_organization_change_no_answer(world, other_world) -> None:
    populated = await populate(world)
    before = await crawled(populated, steps=3)
    await populate(other_world)
    assert await crawled(populated, steps=3) == before
    assert await crawled(populated, by_plan=True, steps=3) == before


async def test_statements_are_scoped_without_row_security_too(tenants, owner_url, monkeypatch) -> None:
    """The other leg alone: a login that row security does not hold for gets the same answer."""
    asking, _ = tenants

    async def keep_the_login(_: Any) -> None:
        """Stay the owner."""

    guarded = await crawled(asking)
    monkeypatch.setattr(connections, "_take_role", keep_the_login)
    async with Database(owner_url, pool_size=1) as unguarded:
        world = dataclasses.replace(asking.world, database=unguarded)
        async with unguarded.reader(await world.viewer()) as reader:
            assert await reader.raw.fetchval("SELECT count(DISTINCT organization_id) FROM leads") > 1
        for by_plan in (False, True):
            assert await crawled(dataclasses.replace(asking, world=world), by_plan=by_plan) == guarded
