"""One migrated Postgres for all tests; each test isolates itself by a fresh organization in it.

`LMA_TEST_DATABASE_URL` (an owner's login) runs the tests against a Postgres of your own.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from kept_files import files_of, home_of
from lma_graph.kernel import migrations
from lma_graph.kernel.db import Database
from lma_graph.kernel.postgres import EmbeddedPostgres
from world import World


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A login that may create databases."""
    if given := os.environ.get("LMA_TEST_DATABASE_URL"):
        yield given
        return
    # One server for all processes of a parallel run: they share the home, the last one stops it.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    home = Path(tempfile.gettempdir()) / f"lma-tests-{run}"
    with EmbeddedPostgres(home) as server:
        yield server.url("postgres", "postgres")


def _with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def fresh_database(server_url: str) -> Iterator[object]:
    """Makes empty databases: `fresh_database("name")` gives an owner's URL."""
    made: list[str] = []

    def make(name: str) -> str:
        name = f"lma_{name}_{os.getpid()}"
        asyncio.run(_execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"'))
        made.append(name)
        return _with_database(server_url, name)

    yield make
    for name in made:
        asyncio.run(_execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def owner_url(fresh_database) -> str:
    """An owner's login to the migrated database that all tests share."""
    url: str = fresh_database("tests")
    migrations.upgrade(url)
    return url


@pytest.fixture(scope="session")
def bare_url(fresh_database) -> str:
    """An owner's login to a database in which no migration has run."""
    url: str = fresh_database("bare")
    return url


@pytest.fixture(scope="session")
async def database(owner_url: str) -> AsyncIterator[Database]:
    """The application's connections: row security applies."""
    async with Database(owner_url, pool_size=5, files=files_of(owner_url)) as found:
        yield found
    shutil.rmtree(home_of(owner_url), ignore_errors=True)


@pytest.fixture
async def small(owner_url: str) -> AsyncIterator[Database]:
    """The same with two connections and little time for statements."""
    async with Database(owner_url, pool_size=2, statement_timeout_ms=2_000) as found:
        yield found


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that row security does not apply to."""
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def world(database: Database, owner: asyncpg.Connection) -> World:
    """A fresh organization with a user of each role."""
    return await World.create(database, owner)


@pytest.fixture
async def other_world(database: Database, owner: asyncpg.Connection) -> World:
    """Another organization, whose rows must stay unseen."""
    return await World.create(database, owner)
