"""Golden queries: `x.graphql` with the answer `x.json` and every statement as it ran, `x.sql`, side by side.

A changed answer or a changed plan is a diff in review. `LMA_UPDATE_GOLDEN=1` writes the files anew.
"""

import os
import re
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
import sqlalchemy as sa
from company import Company, found
from masks import Masks

from lma_graph.kernel.scope import table_of
from lma_graph.leads.models import LeadRow
from lma_graph.schema import tables as _all_tables  # noqa: F401  # every table is known once this is imported
from world import World

HERE = Path(__file__).parent
QUERIES = sorted(path.stem for path in HERE.glob("*.graphql"))
UPDATE = bool(os.environ.get("LMA_UPDATE_GOLDEN"))
W1_MOST_STATEMENTS = 10
TABLES = set(table_of(LeadRow).metadata.tables)
Ran = list[tuple[str, list[str], list[Any]]]


@pytest.fixture(scope="module")
async def company(database, owner_url) -> Company:
    connection = await asyncpg.connect(owner_url)
    world = await World.create(database, connection)
    await connection.close()
    return await found(world)


async def run(company: Company, query: str, variables: dict[str, Any]) -> tuple[Any, Ran]:
    """The data of an answer, and the statements with the names and values of their parameters."""
    ran: Ran = []

    def record(_conn: Any, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool) -> None:
        ran.append((statement, list(context.compiled.positiontup), list(parameters)))

    engine = company.world.database._engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", record)
    try:
        answer = await company.world.ask(query, variables)
    finally:
        sa.event.remove(engine, "before_cursor_execute", record)
    assert answer.errors == []
    return answer.data, ran


async def variables_of(company: Company, query: str) -> dict[str, Any]:
    """Values for the variables that a golden query may declare."""
    cursors = "{ leads { edges { cursor } } }"
    edges = (await company.world.ask(cursors)).data["leads"]["edges"]
    known = {
        "lead": company.id("Lead 1"),
        "user": company.id("User SALES_REP"),
        "third": edges[2]["cursor"],
        "ids": [company.id(name) for name in ("Lead 2", "Campaign 1", "Lead 1", "User VIEWER", "LeadNote 2")]
        + ["AAAAAAAAAAAA", company.id("Lead 2")],
    }
    return {name: value for name, value in known.items() if f"${name}:" in query}


def settle(path: Path, blocks: list[str]) -> None:
    """Compare with the file, or write it. Independent fields take turns in any order, so blocks may change places."""
    if UPDATE:
        path.write_text("\n\n".join(blocks) + "\n")
    assert path.exists(), f"{path.name} is missing; LMA_UPDATE_GOLDEN=1 writes it"
    assert sorted(blocks) == sorted(path.read_text().removesuffix("\n").split("\n\n"))


@pytest.mark.parametrize("name", QUERIES)
async def test_golden(company: Company, name: str) -> None:
    query = (HERE / f"{name}.graphql").read_text()
    data, ran = await run(company, query, await variables_of(company, query))
    masks = Masks(company.world, company.names)
    answer = orjson.dumps(masks.answer(data), option=orjson.OPT_INDENT_2).decode()
    statements = [masks.statement(*one) for one in ran]
    heading = f"-- {len(statements)} statement{'' if len(statements) == 1 else 's'} beside BEGIN and COMMIT"
    settle(HERE / f"{name}.json", [answer])
    settle(HERE / f"{name}.sql", [heading, *statements])


@pytest.mark.parametrize("name", QUERIES)
async def test_every_table_is_asked_with_its_own_organization(company: Company, name: str) -> None:
    query = (HERE / f"{name}.graphql").read_text()
    _, ran = await run(company, query, await variables_of(company, query))
    assert ran
    for statement, names, _ in ran:
        own = names.index("organization_id") + 1
        references = re.findall(r"(?:FROM|JOIN|,)\s+(\w+) AS (\w+)", statement)
        aliases = [(table, alias) for table, alias in references if table in TABLES]
        assert aliases, statement
        for table, alias in aliases:
            key = "id" if table == "organizations" else "organization_id"
            assert f"{alias}.{key} = ${own}::BIGINT" in statement, f"{alias} in {statement}"


LEADS_OF = "SELECT organization_id, id AS lead_id, assigned_to_id FROM leads WHERE organization_id = $1"
CROWD = (
    """INSERT INTO leads (organization_id, assigned_to_id)
    SELECT organization_id, id FROM users CROSS JOIN generate_series(1, 50)
    WHERE organization_id = $1 AND first_name IS NOT NULL""",
    f"""INSERT INTO activities (organization_id, lead_id, user_id, activity_type)
    SELECT l.*, 'CALL' FROM ({LEADS_OF}) l CROSS JOIN generate_series(1, 2)""",
    f"""INSERT INTO lead_notes (organization_id, lead_id, user_id, content)
    SELECT l.organization_id, l.lead_id, u.id, 'x' FROM ({LEADS_OF}) l
    JOIN users u ON u.organization_id = $1 AND u.first_name IS NULL""",
    f"""INSERT INTO lead_score_history (
        organization_id, lead_id, rule_id, kind, previous_score, score_change, new_score)
    SELECT l.organization_id, l.lead_id, r.id, 'RULE', 0, 1, 1 FROM ({LEADS_OF}) l
    JOIN lead_scoring_rules r ON r.organization_id = $1""",
    f"""INSERT INTO campaign_leads (organization_id, lead_id, campaign_id)
    SELECT l.organization_id, l.lead_id, c.id FROM ({LEADS_OF}) l JOIN campaigns c ON c.organization_id = $1""",
)


@pytest.fixture(scope="module")
async def crowded(database, owner_url) -> World:
    """Two hundred leads of four owners; each has activities, notes, scores and memberships."""
    connection = await asyncpg.connect(owner_url)
    world = await World.create(database, connection)
    for _ in range(2):
        await world.campaign()
        await world.rule()
        await world.user(first_name=None)
    for statement in CROWD:
        await connection.execute(statement, world.organization_id)
    await connection.close()
    return world


W1_STATEMENTS = 8
"""The page, the four lists of a lead, and the users, rules and campaigns that they name, each once."""


@pytest.mark.parametrize("first", [1, 10, 50, 200])
async def test_w1_costs_the_same_few_statements_for_any_page(crowded: World, first: int) -> None:
    query = (HERE / "w1.graphql").read_text().replace("first: 50", f"first: {first}")
    answer = await crowded.ask(query)
    assert answer.errors == []
    edges = answer.data["leads"]["edges"]
    assert len(edges) == first
    for name in ("activities", "notes", "scoreHistory", "campaignLeads"):
        assert [len(edge["node"][name]["edges"]) for edge in edges] == [2] * first
    assert len(answer.statements) == W1_STATEMENTS
    assert len(answer.statements) <= W1_MOST_STATEMENTS
