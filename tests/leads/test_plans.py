"""Filters read about as much as they show, however many leads match: under row security, as the application's role.

The questions are those of the benchmark, of an organization of 20,000 leads beside another one.
"""

import asyncpg
import pytest
import sqlalchemy as sa
from bench.plans import Plan, plan_of
from bench.population import Organization, populate
from bench.questions import LIMIT, MANY, PAGE, RARE, SOME, Question, questions

from lma_graph.kernel.db import Database
from lma_graph.kernel.scope import Scope
from lma_graph.kernel.viewer import Viewer

LEADS = 20_000
MOST_READ = 60 * PAGE
ORGANIZATION = Organization("plans", LEADS, detailed=100)
NAMES = ("status + score + owner", "tag", "custom field", "text search")


@pytest.fixture(scope="module")
async def viewer(owner_url: str, database: Database) -> Viewer:
    """The administrator of the organization, made once for all the plans."""
    connection = await asyncpg.connect(owner_url)
    try:
        await populate(connection, Organization("plans-beside", LEADS // 4, detailed=100), lambda _: None)
        await populate(connection, ORGANIZATION, lambda _: None)
        await connection.execute("VACUUM ANALYZE leads, lead_tags, lead_fields, lead_terms")
    finally:
        await connection.close()
    return await database.viewer(ORGANIZATION.slug, ORGANIZATION.admin)


@pytest.fixture(scope="module")
async def asked(viewer: Viewer, owner_url: str) -> dict[tuple[str, float | None], Question]:
    """The questions by name and share."""
    connection = await asyncpg.connect(owner_url)
    try:
        users = await connection.fetch(
            "SELECT id FROM users WHERE organization_id = $1 ORDER BY id", viewer.organization_id
        )
    finally:
        await connection.close()
    return {(one.name, one.share): one for one in questions([row["id"] for row in users])}


async def _plan(database: Database, viewer: Viewer, question: Question) -> Plan:
    async with database.reader(viewer) as reader:
        assert await reader.raw.fetchval("SELECT current_user") == "lma_app"
        return await plan_of(reader, question.statement(Scope.of(viewer)), LIMIT)


@pytest.mark.parametrize("share", [RARE, SOME, MANY])
@pytest.mark.parametrize("name", NAMES)
async def test_a_page_is_read_through_an_index(database, viewer, asked, name, share) -> None:
    question = asked[name, share]
    async with database.reader(viewer) as reader:
        counted = (await reader.rows(question.count(Scope.of(viewer))))[0][0]
    plan = await _plan(database, viewer, question)
    assert counted == LEADS * share
    assert plan.root["Actual Rows"] == min(counted, PAGE + 1)
    assert all(node["Node Type"].startswith("Index") for node in plan.scans), plan.text
    assert all("organization_id" in node["Index Cond"] for node in plan.scans), plan.text
    assert plan.rows_read <= MOST_READ, plan.text


async def test_rows_read_counts_what_filters_throw_away(database, viewer) -> None:
    """The measure itself: a condition without an index reads the whole organization, and the plan says so."""
    plan = await _plan(database, viewer, Question("nothing", {"jobTitle": {"eq": "none"}}))
    assert plan.root["Actual Rows"] == 0
    assert plan.rows_read >= LEADS, plan.text


async def test_a_list_is_planned_for_its_values(database, viewer, asked) -> None:
    """Statements that do not say so are run by the one plan that Postgres keeps for any values."""
    statement = asked["tag", MANY].statement(Scope.of(viewer))
    other = asked["tag", RARE].statement(Scope.of(viewer))
    async with database.reader(viewer) as reader:
        for _ in range(8):
            await reader.rows(statement, LIMIT)
        await reader.rows(other, LIMIT)
        plans = await reader.raw.fetchrow(
            "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE statement LIKE $1",
            "SELECT t.%lead_tags%",
        )
        modes = [await reader.raw.fetchval("SHOW plan_cache_mode")]
        await reader.rows(sa.select(1))
        modes.append(await reader.raw.fetchval("SHOW plan_cache_mode"))
    assert (plans[0], plans[1] >= 9) == (0, True)
    assert modes == ["force_custom_plan", "force_generic_plan"]  # put back when somebody else has a statement
