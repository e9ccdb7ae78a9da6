"""Where the benchmarks run: an embedded Postgres of their own whose data are kept between runs. Enter at `Place`."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.population import Organization, populate
from lma_graph.demo.seed import seed
from lma_graph.kernel import migrations
from lma_graph.kernel.db import Database
from lma_graph.kernel.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".lma-bench"
RESULTS = Path(__file__).resolve().parent / "results"

SMALL = Organization("bench-1k", 1_000)
FILTERED = Organization("bench-500k", 500_000)
LARGE = Organization("bench-1m", 1_000_000, others_have_children=True, searchable=False)
MADE = HOME / "made"
"""Written when the data are complete: what an interrupted run has left is not measured but made anew."""
SEEDED_LEADS, SEEDED_ORGANIZATIONS = 200_000, 10
_TABLES = (
    "leads, lead_tags, lead_fields, lead_terms, activities, lead_notes, lead_score_history, campaign_leads,"
    " workflow_executions, users, campaigns, lead_scoring_rules, workflows, integrations, organizations"
)
_INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(c.oid) AS definition
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
"""
"""Those that no key rests on."""


def say(text: str) -> None:
    """Progress, with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


@dataclass
class Place:
    """The running server of the benchmarks."""

    server: EmbeddedPostgres
    url: str

    @asynccontextmanager
    async def owner(self, url: str | None = None) -> AsyncIterator[asyncpg.Connection]:
        """A connection that row security does not apply to."""
        connection = await asyncpg.connect(url or self.url)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The application's connections: a single one, so that what it has prepared is met again."""
        async with Database(self.url, pool_size=1, statement_timeout_ms=60_000) as found:
            yield found

    @asynccontextmanager
    async def empty(self, name: str) -> AsyncIterator[str]:
        """A migrated, empty database for as long as the block runs."""
        async with self.owner() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await connection.execute(f'CREATE DATABASE "{name}"')
            url = self.server.url("postgres", name)
            try:
                await asyncio.to_thread(migrations.upgrade, url)
                yield url
            finally:
                await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def prepare(place: Place) -> None:
    """Migrate, and make the data unless they are there."""
    if not MADE.exists():
        async with place.owner() as owner:
            await owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await asyncio.to_thread(migrations.upgrade, place.url)
    async with place.owner() as owner:
        await owner.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        database = await owner.fetchval("SELECT current_database()")
        await owner.execute(f'ALTER DATABASE "{database}" SET pg_stat_statements.track_planning = on')
        if not MADE.exists():
            await _make(place, owner)


async def _make(place: Place, owner: asyncpg.Connection) -> None:
    say(f"Making data under {HOME.name}/, once; this takes some minutes")
    await _populate(owner, [LARGE, FILTERED, SMALL])
    say(f"Seeding {SEEDED_LEADS:,} leads of {SEEDED_ORGANIZATIONS} organizations")
    await seed(place.url, leads=SEEDED_LEADS, organizations=SEEDED_ORGANIZATIONS, random_seed=1, progress=_quiet)
    say("VACUUM ANALYZE")
    await owner.execute(f"VACUUM ANALYZE {_TABLES}")
    MADE.touch()


def _quiet(_done: int, _total: int) -> None:
    """The seed's progress is not shown: one line says what runs."""


async def _populate(owner: asyncpg.Connection, missing: list[Organization]) -> None:
    """Without their indexes tables fill several times as fast."""
    await owner.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
    indexes = await owner.fetch(_INDEXES)
    for row in indexes:
        await owner.execute(f'DROP INDEX "{row["name"]}"')
    try:
        for organization in missing:
            await populate(owner, organization, say)
    finally:
        say(f"{len(indexes)} indexes")
        for row in indexes:
            await owner.execute(row["definition"])
