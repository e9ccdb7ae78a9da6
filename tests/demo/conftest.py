"""A migrated database for demo data, empty again after each use."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest

from lma_graph.demo.seed import SeedReport, seed
from lma_graph.demo.sheet import COLUMNS
from lma_graph.kernel import migrations

UNTIL = dt.date(2026, 3, 2)
Connected = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
Seeded = Callable[..., AbstractAsyncContextManager[tuple[asyncpg.Connection, SeedReport]]]


@pytest.fixture(scope="session")
def seed_url(fresh_database) -> str:
    """The owner's login of a migrated database of our own, since demo data has names of its own."""
    url: str = fresh_database("seed")
    migrations.upgrade(url)
    return url


@pytest.fixture(scope="session")
def connected(seed_url) -> Connected:
    """`async with connected() as connection`: the owner's own connection."""

    @asynccontextmanager
    async def connect():
        connection = await asyncpg.connect(seed_url)
        try:
            yield connection
        finally:
            await connection.close()

    return connect


@pytest.fixture(scope="session")
def seeded(seed_url, connected) -> Seeded:
    """`async with seeded(leads=…, organizations=…) as (connection, report)`: seeds, and removes it all at the end."""

    @asynccontextmanager
    async def run(**arguments):
        async with connected() as connection:
            before = await _sequences(connection)
            usual = {"until": UNTIL, "processes": 1, "progress": lambda *_: None}
            try:
                yield connection, await seed(seed_url, **(usual | arguments))
            finally:
                await _remove(connection, before)

    return run


@pytest.fixture(scope="module")
async def demo(seeded):
    """301 leads over three organizations, for a module that only reads: a connection and the report."""
    async with seeded(leads=301, organizations=3) as found:
        yield found


@pytest.fixture
def nothing(demo):
    """`await nothing(sql, *values)`: the statement finds no rows; those it finds are shown."""
    connection, _ = demo

    async def check(sql, *values):
        assert [dict(row) for row in await connection.fetch(sql, *values)] == []

    return check


async def _sequences(connection: asyncpg.Connection) -> dict[str, tuple[int, bool]]:
    found = {}
    for table, columns in COLUMNS.items():
        if "id" in columns:
            name = await connection.fetchval("SELECT pg_get_serial_sequence($1, 'id')", table)
            found[name] = tuple(await connection.fetchrow(f"SELECT last_value, is_called FROM {name}"))
    return found


async def _remove(connection: asyncpg.Connection, sequences: dict[str, tuple[int, bool]]) -> None:
    last, called = sequences["public.organizations_id_seq"]
    oldest = last + called
    for table in reversed(COLUMNS):
        key = "id" if table == "organizations" else "organization_id"
        await connection.execute(f"DELETE FROM {table} WHERE {key} >= $1", oldest)
    for name, (value, was_called) in sequences.items():
        await connection.execute("SELECT setval($1::text::regclass, $2, $3)", name, value, was_called)
