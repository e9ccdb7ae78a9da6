"""Walking lists page by page, in any order: nothing twice, nothing left out, the order of the whole list."""

import datetime as dt
import operator
import random
import re
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lma_graph.kernel.names import camel
from lma_graph.leads.models import LeadRow
from world import World

WALKS = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
WALK = """query Walk($first: Int, $after: String, $last: Int, $before: String, $orderBy: [LeadOrder!]) {
  leads(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {
    nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } }
  }
}"""
NESTED = """query Walk(
  $lead: ID!, $first: Int, $after: String, $last: Int, $before: String, $orderBy: [ActivityOrder!]
) {
  lead(id: $lead) {
    activities(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {
      nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } }
    }
  }
}"""
LEAD_FIELDS = (
    "SCORE",
    "VALUE",
    "COMPANY",
    "CREATED_AT",
    "EXPECTED_CLOSE_DATE",
    "LAST_ENGAGEMENT_DATE",
    "STATUS",
    "ID",
)
ACTIVITY_FIELDS = ("CREATED_AT", "SUBJECT", "SCHEDULED_AT", "DIRECTION", "STATUS", "ID")
MOST_ROWS = 100
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def orders(fields: tuple[str, ...]) -> st.SearchStrategy[list[dict[str, str]]]:
    """One to three columns, each in any direction with its nulls at either end."""
    one = st.fixed_dictionaries(
        {"field": st.sampled_from(fields), "direction": st.sampled_from(("ASC", "DESC"))},
        optional={"nulls": st.sampled_from(("FIRST", "LAST"))},
    )
    return st.lists(one, min_size=1, max_size=3)


def in_order(rows: list[Any], order: list[dict[str, str]]) -> list[int]:
    """The ids as plain Python sorts the rows; ties by id in the direction of the last column."""
    keys: list[dict[str, str]] = []
    for sort in order:
        if sort["field"] not in {key["field"] for key in keys}:
            keys.append(sort)
    for sort in reversed([*keys, {"field": "ID", "direction": keys[-1]["direction"]}]):
        name = sort["field"].lower()
        there = [row for row in rows if getattr(row, name) is not None]
        missing = [row for row in rows if getattr(row, name) is None]
        there = sorted(there, key=operator.attrgetter(name), reverse=sort["direction"] == "DESC")
        rows = missing + there if sort.get("nulls") == "FIRST" else there + missing
    return [row.id for row in rows]


@dataclass
class Lists:
    """An organization whose rows tie and lack values."""

    world: World
    leads: list[Any]
    activities: list[Any]

    async def page(self, query: str, **arguments: Any) -> dict[str, Any]:
        """One page of a list."""
        answer = await self.world.ask(query, arguments)
        assert answer.errors == []
        found = answer.data.get("leads") or answer.data["lead"]["activities"]
        assert [edge["node"] for edge in found["edges"]] == found["nodes"]
        ends = [edge["cursor"] for edge in found["edges"]] or [None]
        assert [found["pageInfo"][name] for name in ("startCursor", "endCursor")] == [ends[0], ends[-1]]
        return dict(found)

    async def walk(self, query: str, sizes: list[int], *, backward: bool, **arguments: Any) -> list[str]:
        """The whole list in pages of these sizes, over and over; backward from its end."""
        size, cursor, more, less = ("last", "before", "hasPreviousPage", "hasNextPage")
        if not backward:
            size, cursor, more, less = ("first", "after", "hasNextPage", "hasPreviousPage")
        found: list[str] = []
        position, at = None, 0
        while True:
            assert at <= MOST_ROWS, "the walk goes on for ever"
            page = await self.page(query, **{size: sizes[at % len(sizes)], cursor: position}, **arguments)
            part = [node["id"] for node in page["nodes"]]
            found = part + found if backward else found + part
            assert page["pageInfo"][less] is (at > 0)
            if not page["pageInfo"][more]:
                return found
            assert len(part) == sizes[at % len(sizes)]
            position, at = page["pageInfo"]["startCursor" if backward else "endCursor"], at + 1


def some_lead(draw: random.Random) -> dict[str, Any]:
    """A lead whose values tie with others' and are often missing."""
    return {
        "score": draw.choice((0, 10, 10, 50)),
        "value": draw.choice((None, None, 1, 2)),
        "company": draw.choice((None, "Acme", "acme", "", "Émile")),
        "status": draw.choice(("NEW", "WORKING")),
        "created_at": NOON + dt.timedelta(seconds=draw.randint(0, 5), microseconds=draw.choice((0, 1))),
        "expected_close_date": draw.choice((None, NOON.date(), NOON.date() + dt.timedelta(days=1))),
        "last_engagement_date": draw.choice((None, NOON, NOON + dt.timedelta(microseconds=1))),
    }


@pytest.fixture(scope="module")
async def lists(database, owner_url) -> Lists:
    connection = await asyncpg.connect(owner_url)
    world = await World.create(database, connection)
    await connection.close()
    draw = random.Random(3)
    leads = [await world.lead(**some_lead(draw)) for _ in range(40)]
    activities = [
        await world.activity(
            leads[at % 2],
            subject=draw.choice((None, "a", "b")),
            scheduled_at=draw.choice((None, NOON)),
            direction=draw.choice((None, "INBOUND", "OUTBOUND")),
            created_at=NOON + dt.timedelta(seconds=draw.randint(0, 3)),
        )
        for at in range(50)
    ]
    return Lists(world, leads, activities)


SIZES = st.lists(st.integers(1, 17), min_size=1, max_size=4)


@given(order=orders(LEAD_FIELDS), sizes=SIZES, backward=st.booleans())
@WALKS
async def test_pages_make_up_the_list_in_any_order(
    lists: Lists, order: list[dict[str, str]], sizes: list[int], backward: bool
) -> None:
    expected = [lists.world.id("Lead", number) for number in in_order(lists.leads, order)]
    whole = await lists.page(WALK, first=200, orderBy=order)
    assert [node["id"] for node in whole["nodes"]] == expected
    assert await lists.walk(WALK, sizes, backward=backward, orderBy=order) == expected


@given(order=orders(ACTIVITY_FIELDS), sizes=SIZES, backward=st.booleans())
@WALKS
async def test_pages_make_up_a_nested_list_in_any_order(
    lists: Lists, order: list[dict[str, str]], sizes: list[int], backward: bool
) -> None:
    lead = lists.leads[0]
    own = [activity for activity in lists.activities if activity.lead_id == lead.id]
    expected = [lists.world.id("Activity", number) for number in in_order(own, order)]
    identity = lists.world.id("Lead", lead.id)
    assert await lists.walk(NESTED, sizes, backward=backward, lead=identity, orderBy=order) == expected


async def test_a_cursor_in_a_nested_list_holds_for_every_parent(lists: Lists) -> None:
    order = [{"field": "CREATED_AT", "direction": "DESC"}]
    first, second = lists.leads[:2]
    page = await lists.page(NESTED, lead=lists.world.id("Lead", first.id), first=9, orderBy=order)
    query = """query Q($ids: [ID!]!, $after: String) { nodes(ids: $ids) { ... on Lead {
        activities(first: 200, after: $after) { nodes { id } pageInfo { hasPreviousPage } } } } }"""
    ids = [lists.world.id("Lead", lead.id) for lead in (first, second)]
    answer = await lists.world.ask(query, {"ids": ids, "after": page["pageInfo"]["endCursor"]})
    newest = [(row.created_at, row.id) for row in lists.activities]
    position = next(key for key in newest if lists.world.id("Activity", key[1]) == page["nodes"][-1]["id"])
    for lead, node in zip((first, second), answer.data["nodes"], strict=True):
        behind = sorted(((row.created_at, row.id) for row in lists.activities if row.lead_id == lead.id), reverse=True)
        expected = [lists.world.id("Activity", number) for at, number in behind if (at, number) < position]
        assert [activity["id"] for activity in node["activities"]["nodes"]] == expected
        assert node["activities"]["pageInfo"] == {"hasPreviousPage": True}
    assert len(answer.statements) == 2


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("seed", range(4))
async def test_rows_come_and_go_meanwhile(world: World, seed: int, backward: bool) -> None:
    draw = random.Random(seed)
    order = draw.choice(
        (
            [{"field": "CREATED_AT", "direction": "DESC"}],
            [{"field": "VALUE", "direction": "ASC", "nulls": "FIRST"}],
            [{"field": "COMPANY", "direction": "DESC"}, {"field": "SCORE", "direction": "ASC"}],
        )
    )
    kept = [await world.lead(**some_lead(draw)) for _ in range(14)]
    doomed = [await world.lead(**some_lead(draw)) for _ in range(10)]
    lists, found, cursor = Lists(world, kept, []), [], None
    more = True
    while more:
        assert len(found) <= MOST_ROWS, "the walk goes on for ever"
        size, name = ("last", "before") if backward else ("first", "after")
        page = await lists.page(WALK, **{size: 3, name: cursor}, orderBy=order)
        part = [node["id"] for node in page["nodes"]]
        found = part + found if backward else found + part
        cursor = page["pageInfo"]["startCursor" if backward else "endCursor"]
        more = page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]
        await world.lead(**some_lead(draw))
        # Often the very row that the cursor was made of.
        at_hand = [row for row in doomed if world.id("Lead", row.id) in part] or doomed
        if doomed:
            await _delete(world, at_hand[0].id)
            doomed.remove(at_hand[0])
    untouched = [world.id("Lead", number) for number in in_order(kept, order)]
    assert [one for one in found if one in untouched] == untouched
    assert len(found) == len(set(found))


async def _delete(world: World, number: int) -> None:
    wanted = (LeadRow.organization_id == world.organization_id, LeadRow.id == number)
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await unit.rows(sa.update(LeadRow).where(*wanted).values(deleted_at=sa.func.now()))


async def _explained(world: World, query: str, variables: dict[str, Any]) -> str:
    """The plan of the one statement that a query runs, as the query's viewer."""
    ran: list[tuple[str, Any]] = []

    def record(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        ran.append((statement, parameters))

    engine = world.database._engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", record)
    try:
        assert (await world.ask(query, variables)).errors == []
    finally:
        sa.event.remove(engine, "before_cursor_execute", record)
    [(statement, parameters)] = ran
    async with world.database.reader(await world.viewer()) as reader:
        rows = await reader.raw.fetch(f"EXPLAIN (COSTS OFF) {statement}", *parameters)
    return "\n".join(row[0] for row in rows)


@pytest.fixture
async def many(world: World, owner: asyncpg.Connection) -> World:
    """An organization with 3,000 leads among as many of another."""
    other = await owner.fetchval(
        "INSERT INTO organizations (name, slug) VALUES ('x', $1) RETURNING id", f"x{world.slug}"
    )
    for number in (world.organization_id, other):
        await owner.execute(
            "INSERT INTO leads (organization_id, email, created_at)"
            " SELECT $1, 'p' || at || '@x.test', now() - at * interval '1 minute' FROM generate_series(1, 3000) at",
            number,
        )
    await owner.execute("ANALYZE leads")
    return world


@pytest.mark.parametrize(("size", "cursor", "scan"), [("first", "after", ""), ("last", "before", " Backward")])
async def test_a_deep_page_in_the_default_order_starts_in_the_index(
    many: World, size: str, cursor: str, scan: str
) -> None:
    page = await many.ask(WALK, {"last" if size == "first" else "first": 200})
    end = page.data["leads"]["pageInfo"]["startCursor" if size == "first" else "endCursor"]
    plan = await _explained(many, WALK, {size: 20, cursor: end})
    assert f"Index Scan{scan} using uq_leads_created_at on leads t" in plan
    condition = re.search(r"Index Cond: (.*)", plan)
    assert condition is not None
    assert f"(ROW(created_at, id) {'<' if size == 'first' else '>'} ROW(" in condition.group(1)
    assert "Sort" not in plan


def test_the_fields_walked_are_columns() -> None:
    columns = {camel(column.name) for column in LeadRow.__table__.columns}
    assert {camel(name.lower()) for name in LEAD_FIELDS} <= columns
