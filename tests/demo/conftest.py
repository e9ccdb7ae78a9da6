"""A migrated database on the owner's login, left as it was found."""

import datetime as dt
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest

from lma_graph.demo.seed import SeedReport, seed
from lma_graph.demo.sheet import COLUMNS
from lma_graph.kernel.db import connect_arguments

UNTIL = dt.date(2026, 3, 2)
Owner = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
Seeded = Callable[..., AbstractAsyncContextManager[tuple[asyncpg.Connection, SeedReport]]]


@pytest.fixture(scope="session")
def database(request) -> str:
    """`LMA_TEST_DATABASE_URL`, or the database that the suite has made for itself."""
    return os.environ.get("LMA_TEST_DATABASE_URL") or request.getfixturevalue("owner_url")


@pytest.fixture(scope="session")
def owner(database) -> Owner:
    """`async with owner() as connection`: the owner's own connection."""

    @asynccontextmanager
    async def connect():
        connection = await asyncpg.connect(connect_arguments(database))
        try:
            yield connection
        finally:
            await connection.close()

    return connect


@pytest.fixture(scope="session")
def seeded(database, owner) -> Seeded:
    """`async with seeded(leads=…, organizations=…) as (connection, report)`: seeds, and removes it all at the end."""

    @asynccontextmanager
    async def run(**arguments):
        async with owner() as connection:
            before = await _sequences(connection)
            usual = {"until": UNTIL, "processes": 1, "progress": lambda *_: None}
            try:
                yield connection, await seed(database, **(usual | arguments))
            finally:
                await _remove(connection, before)

    return run


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
