"""Seeding as an act: the same seed, other numbers, refusals, progress, rows that were there before."""

import hashlib
from collections import Counter
from itertools import pairwise

import pytest

from lma_graph.demo import seed as seeding
from lma_graph.demo.draws import source
from lma_graph.demo.ground import Blocks, Ground, organization
from lma_graph.demo.people import person
from lma_graph.demo.sheet import COLUMNS
from lma_graph.kernel.errors import Conflict, InvalidInput


async def _digests(connection) -> dict[str, str]:
    """A hash of every table's rows, ids and all."""
    found = {}
    for table in COLUMNS:
        rows = sorted(row[0] for row in await connection.fetch(f"SELECT t::text FROM {table} t"))
        found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


async def test_the_same_seed_gives_the_same_rows_however_the_work_is_divided(seeded, monkeypatch):
    async with seeded(leads=130, organizations=2) as (connection, _):
        alone = await _digests(connection)
    monkeypatch.setattr(seeding, "SLICE", 20)
    async with seeded(leads=130, organizations=2, processes=2) as (connection, report):
        together = await _digests(connection)
        assert report.rows["leads"] == 130
    assert together == alone
    async with seeded(leads=130, organizations=2, random_seed=2) as (connection, _):
        other = await _digests(connection)
    unchanging = {"lead_scoring_rules", "workflows", "integrations"}
    assert {table for table in COLUMNS if other[table] == alone[table]} == unchanging


async def test_one_organization_without_leads(seeded):
    async with seeded(leads=0, organizations=1) as (connection, report):
        assert report.rows["organizations"] == 1
        assert report.rows["leads"] == report.rows["activities"] == 0
        assert await connection.fetchval("SELECT array_agg(slug) FROM organizations") == ["demo"]
        assert await connection.fetchval("SELECT count(*) FROM users WHERE email = 'admin@demo.test'") == 1


async def test_fewer_leads_than_organizations(seeded):
    async with seeded(leads=2, organizations=5) as (connection, _):
        rows = await connection.fetch(
            "SELECT o.id, count(l.id) FROM organizations o LEFT JOIN leads l ON l.organization_id = o.id"
            " GROUP BY o.id ORDER BY o.id"
        )
        assert [count for _, count in rows] == [1, 1, 0, 0, 0]


async def test_beside_rows_that_are_there_already(seeded, connected):
    """Ids taken by others, and sequences that stand anywhere, are respected."""
    async with connected() as connection:
        there = await connection.fetchval("INSERT INTO organizations (name, slug) VALUES ('A', 'a') RETURNING id")
        lead = await connection.fetchval(
            "INSERT INTO leads (organization_id, email) VALUES ($1, 'a@a.test') RETURNING id", there
        )
    try:
        async with seeded(leads=30, organizations=2) as (connection, _):
            assert await connection.fetchval("SELECT min(id) FROM leads WHERE organization_id > $1", there) == lead + 1
            assert await connection.fetchval("SELECT min(id) FROM organizations WHERE slug = 'demo'") == there + 1
    finally:
        async with connected() as connection:
            await connection.execute("DELETE FROM leads WHERE organization_id = $1", there)
            await connection.execute("DELETE FROM organizations WHERE id = $1", there)


async def test_demo_data_is_not_seeded_twice(seed_url, seeded):
    async with seeded(leads=3, organizations=1) as (connection, _):
        before = await _digests(connection)
        with pytest.raises(Conflict) as refused:
            await seeding.seed(seed_url, leads=10, organizations=2, progress=lambda *_: None)
        assert refused.value.message == (
            "There is demo data already: the organization “demo” exists. Use it as it is, or seed an empty database:"
            " create one, run `lma-graph migrate` on it, then `lma-graph seed`."
        )
        assert await _digests(connection) == before


@pytest.mark.parametrize(
    ("leads", "organizations", "message"),
    [
        (-1, 1, "leads: There cannot be fewer than 0 leads."),
        (1, 0, "organizations: There must be at least 1 organization."),
    ],
)
async def test_impossible_numbers(seed_url, leads, organizations, message):
    with pytest.raises(InvalidInput) as refused:
        await seeding.seed(seed_url, leads=leads, organizations=organizations, progress=lambda *_: None)
    assert refused.value.message == message


async def test_progress_ends_with_everything(seeded, monkeypatch):
    monkeypatch.setattr(seeding, "SLICE", 10)
    seen = []
    async with seeded(leads=45, organizations=2, progress=lambda done, total: seen.append((done, total))):
        pass
    assert seen[0] == (0, 45)
    assert seen[-1] == (45, 45)
    assert all(before[0] < after[0] for before, after in pairwise(seen))


def test_no_two_leads_of_an_organization_share_an_address():
    ground = Ground(1, 1_772_409_600, 60_000, 2, Blocks(*[1] * 12))
    home = organization(ground, 1)
    emails = Counter(person(home, place, source("p", place)).email for place in range(home.count))
    without = emails.pop(None)
    assert [email for email, times in emails.items() if times > 1] == []
    assert 0 < without < 0.04 * home.count
    assert all(email == email.lower() and email.isascii() for email in emails)
    assert {email.rsplit(".", maxsplit=1)[1] for email in emails} == {"test", "example"}
