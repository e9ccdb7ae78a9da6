"""Random filters: what the SQL finds is what an evaluator in plain Python finds.

`LMA_FILTER_EXAMPLES` is the number of random filters per viewer; above the default they are drawn anew in each run.
"""

import os
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from filters import asked, filters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Oracle
from population import LEADS, populate

from lma_graph.kernel.criteria import ManyTerm, OneTerm, Vocabulary
from lma_graph.kernel.loaders import All
from lma_graph.kernel.order import BY_ID
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Scope
from lma_graph.kernel.transactions import Reader
from lma_graph.kernel.viewer import Role
from lma_graph.leads.criteria import LEAD
from world import DECLARED, World

EXAMPLES = int(os.environ.get("LMA_FILTER_EXAMPLES", "120"))
FILTERS = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= 120,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
VIEWERS = ("admin", "viewer", "own", "stored")


@dataclass
class Judged:
    """The organization, and what each kind of viewer must find in it."""

    world: World
    oracles: dict[str, Oracle]
    pools: dict[tuple[str, str], list[Any]]

    def values(self, vocabulary: Vocabulary, name: str) -> list[Any]:
        """The values that occur under a plain key; texts, numbers and moments as they are."""
        key = (vocabulary.name, name)
        if key not in self.pools:
            oracle = self.oracles["admin"]
            found = {oracle.value(row, name) for row in oracle.rows[vocabulary.name]} if name != "tags" else set()
            self.pools[key] = sorted(found - {None})
        return self.pools[key]

    async def found(self, who: str, tree: Any, vocabulary: Vocabulary = LEAD) -> list[int]:
        """The ids that the SQL finds for a viewer."""
        role = {"viewer": Role.VIEWER, "own": Role.SALES_REP}.get(who, Role.ADMIN)
        async with self.world.database.reader(await self.world.viewer(role)) as reader:
            return await _ids(reader, _scope(who, reader), vocabulary, tree)


def _scope(who: str, reader: Reader) -> Scope:
    return Scope(indexed_fields=frozenset(DECLARED)) if who == "stored" else Scope.of(reader.viewer)


async def _ids(reader: Reader, scope: Scope, vocabulary: Vocabulary, tree: Any) -> list[int]:
    page = Page(limit=10 * LEADS, order=(BY_ID,), filter=vocabulary.filter(tree))
    found = All(vocabulary.row, (BY_ID,)).statement(scope, page, ["id"])
    rows = await reader.rows(found, {"limit": page.limit})
    return [row.id for row in rows]


@pytest.fixture(scope="module")
async def judged(database, owner_url) -> Judged:
    connection = await asyncpg.connect(owner_url)
    world = await World.create(database, connection, visibility={"salesRep": "OWN"})
    await connection.close()
    rows = await populate(world)
    rep, viewer = world.users[Role.SALES_REP], world.users[Role.VIEWER]
    oracles = {
        "admin": Oracle(rows, viewer=world.users[Role.ADMIN], private=True, own=False),
        "viewer": Oracle(rows, viewer=viewer, private=False, own=False),
        "own": Oracle(rows, viewer=rep, private=False, own=True),
        "stored": Oracle(rows, viewer=None, private=False, own=False),
    }
    return Judged(world, oracles, {})


@pytest.mark.parametrize("who", VIEWERS)
@given(data=st.data())
@FILTERS
async def test_any_filter_finds_what_it_says(judged: Judged, who: str, data: st.DataObject) -> None:
    tree = data.draw(filters(LEAD, judged.values))
    assert await judged.found(who, tree) == sorted(judged.oracles[who].ids("Lead", tree))


RELATED = [name for name, term in LEAD.terms.items() if isinstance(term, OneTerm | ManyTerm)]


@pytest.mark.parametrize("name", [name for name in LEAD.terms if name not in RELATED])
@given(data=st.data())
@settings(FILTERS, max_examples=max(EXAMPLES // 10, 1))
async def test_every_term_of_a_lead(judged: Judged, name: str, data: st.DataObject) -> None:
    await _judge(judged, name, data)


@pytest.mark.parametrize("name", RELATED)
@given(data=st.data())
@settings(FILTERS, max_examples=max(EXAMPLES // 3, 1))
async def test_every_relation_of_a_lead(judged: Judged, name: str, data: st.DataObject) -> None:
    await _judge(judged, name, data)


async def _judge(judged: Judged, name: str, data: st.DataObject) -> None:
    """One term alone, and under every kind of negation."""
    tree: dict[str, Any] = {name: data.draw(asked(LEAD, LEAD.terms[name], judged.values, 0))}
    tree = data.draw(st.sampled_from((tree, {"not": tree}, {"not": {"not": tree}}, {"or": [tree, tree]})))
    assert await judged.found("admin", tree) == sorted(judged.oracles["admin"].ids("Lead", tree))
