"""What becomes of connections and transactions when things go wrong."""

import asyncio
import time

import asyncpg
import pytest
import sqlalchemy as sa

from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import TimedOut, Unavailable
from lma_graph.kernel.graphql.errors import translate
from lma_graph.kernel.viewer import Role, Viewer

OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'lma-graph' AND state <> 'idle'
"""
ALL_PIDS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lma-graph'"


async def nothing_open(owner: asyncpg.Connection, within_s: float = 3) -> bool:
    """Whether soon no connection of the application is in a transaction or at work."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if await owner.fetchval(OPEN) == 0:
            return True
        await asyncio.sleep(0.02)
    return False


async def at_work(owner: asyncpg.Connection, connections: int) -> None:
    """Wait until so many connections of the application run a statement that takes long."""
    while await owner.fetchval(OPEN + " AND query LIKE '%pg_sleep%'") < connections:  # noqa: ASYNC110  # Postgres
        await asyncio.sleep(0.01)


async def sleeping(database: Database, viewer: Viewer, seconds: float = 30) -> None:
    async with database.reader(viewer) as reader:
        await reader.rows(sa.text(f"SELECT pg_sleep({seconds})"))


async def one(database: Database, viewer: Viewer) -> int:
    async with database.reader(viewer) as reader:
        return (await reader.rows(sa.text("SELECT 1")))[0][0]


async def test_idle_connections_that_were_killed_are_replaced(world, owner, small) -> None:
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))
    await asyncio.gather(*(sleeping(small, viewer, 0.05) for _ in range(2)))
    for _ in range(3):
        assert await owner.fetchval(f"SELECT count(pg_terminate_backend(pid)) {ALL_PIDS}") >= 1
        async with asyncio.timeout(5):
            assert await asyncio.gather(*(one(small, viewer) for _ in range(10))) == [1] * 10


@pytest.mark.parametrize("kind", ["reader", "unit_of_work"])
async def test_a_connection_killed_at_work_is_unavailable_and_the_next_request_works(kind, world, owner, small) -> None:
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))

    async def work() -> None:
        async with getattr(small, kind)(viewer) as transaction:
            await transaction.rows(sa.text("SELECT pg_sleep(30)"))

    working = asyncio.create_task(work())
    await at_work(owner, 1)
    await owner.execute(f"SELECT pg_terminate_backend(pid) {ALL_PIDS}")
    async with asyncio.timeout(5):
        with pytest.raises(Exception, match=r"terminat|clos") as lost:
            await working
        assert isinstance(translate(lost.value), Unavailable)
        assert await one(small, viewer) == 1


async def test_a_commit_that_was_cut_off_says_so(world, owner, small) -> None:
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))

    async def write() -> None:
        async with small.unit_of_work(viewer) as unit:
            await unit.rows(sa.text("UPDATE users SET first_name = 'kept?'"))
            await owner.execute(f"SELECT pg_terminate_backend(pid) {ALL_PIDS}")

    with pytest.raises(Unavailable, match="lost while committing"):
        await write()
    assert await owner.fetchval("SELECT count(*) FROM users WHERE first_name = 'kept?'") == 0
    assert await one(small, viewer) == 1


async def test_without_a_database_everything_is_unavailable(owner_url) -> None:
    viewer = Viewer(1, 1, Role.ADMIN)
    for url in ("postgresql://nobody@127.0.0.1:9/nowhere", owner_url.replace("/lma_tests", "/lma_no_such")):
        async with Database(url) as database, asyncio.timeout(10):
            for attempt in (database.ping(), database.revision(), database.viewer("a", "b"), one(database, viewer)):
                with pytest.raises(Unavailable) as refused:
                    await attempt
                assert refused.value.message == "The database cannot be reached just now; please try again."
                assert refused.value.extensions() == {"code": "SERVICE_UNAVAILABLE", "retriable": True}


async def test_a_database_that_is_not_migrated_has_no_revision(bare_url, owner_url, database, monkeypatch) -> None:
    assert await database.revision() == "0002"
    async with Database(bare_url) as bare:
        assert await bare.revision() is None
    monkeypatch.setattr("lma_graph.kernel.connections.APPLICATION_ROLE", "lma_no_such_role")
    async with Database(bare_url) as bare:
        assert await bare.revision() is None
        with pytest.raises(Unavailable, match=r"^The database has no role lma_no_such_role yet: run the migrations\.$"):
            await bare.ping()


async def test_an_exhausted_pool_is_unavailable_and_recovers(world, owner, small, monkeypatch) -> None:
    monkeypatch.setattr("lma_graph.kernel.pool._PATIENCE_S", 0.2)
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))
    working = [asyncio.create_task(sleeping(small, viewer, 1)) for _ in range(2)]
    await at_work(owner, 2)
    async with asyncio.timeout(0.8):
        with pytest.raises(Unavailable, match="cannot be reached just now"):
            await one(small, viewer)
    await asyncio.gather(*working)
    assert await one(small, viewer) == 1


async def test_a_statement_that_takes_too_long_is_stopped(world, owner, small) -> None:
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))
    with pytest.raises(Exception, match="statement timeout") as stopped:
        await sleeping(small, viewer)
    assert isinstance(translate(stopped.value), TimedOut)
    assert await nothing_open(owner)


@pytest.mark.parametrize("kind", ["reader", "unit_of_work"])
@pytest.mark.parametrize(
    ("way", "times", "within_s"), [("rows", 1, 1), ("arrays", 1, 1), ("rows", 9, 3), ("arrays", 9, 1)]
)
async def test_a_cancelled_request_leaves_nothing_open(  # noqa: PLR0917  # the cases and the fixtures
    kind, way, times, within_s, world, owner, small
) -> None:
    """Also when cancelled again while it ends, as some scopes do; then the statement's own limit may end it."""
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))

    async def work() -> None:
        async with getattr(small, kind)(viewer) as transaction:
            await transaction.rows(sa.text("SELECT 1"))
            if way == "rows":
                await transaction.rows(sa.text("SELECT pg_sleep(30)"))
            else:
                await transaction.arrays("SELECT pg_sleep(30)", ())

    for _ in range(2):
        working = [asyncio.create_task(work()) for _ in range(2)]
        await at_work(owner, 2)
        for _ in range(times):
            for task in working:
                task.cancel()
            await asyncio.sleep(0)
        found = await asyncio.gather(*working, return_exceptions=True)
        assert [type(one) for one in found] == [asyncio.CancelledError] * 2
        assert await nothing_open(owner, within_s)
        assert await asyncio.gather(*(one(small, viewer) for _ in range(4))) == [1] * 4


async def test_a_cancelled_write_is_not_kept(world, owner, small) -> None:
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))
    written = asyncio.Event()

    async def work() -> None:
        async with small.unit_of_work(viewer) as unit:
            await unit.rows(sa.text("UPDATE users SET first_name = 'cancelled'"))
            written.set()
            await asyncio.sleep(30)

    working = asyncio.create_task(work())
    await written.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await nothing_open(owner)
    assert await owner.fetchval("SELECT count(*) FROM users WHERE first_name = 'cancelled'") == 0


async def test_what_outlives_a_transaction_cannot_use_its_connection(world, small) -> None:
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))
    async with small.reader(viewer) as reader:
        pass
    with pytest.raises(RuntimeError, match="This transaction has ended"):
        await reader.arrays("SELECT 1", ())
    with pytest.raises(RuntimeError, match="This transaction has ended"):
        await reader.rows(sa.text("SELECT 1"))


async def test_a_read_transaction_is_left_to_the_next_one_and_ends_soon_where_none_comes(world, owner, small) -> None:
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))
    for _ in range(2):
        async with small.reader(viewer) as reader:
            pid = await reader.raw.fetchval("SELECT pg_backend_pid()")
        async with small.reader(viewer) as reader:
            assert await reader.raw.fetchval("SELECT pg_backend_pid()") == pid
        assert await nothing_open(owner)
        assert await owner.fetchval("SELECT query FROM pg_stat_activity WHERE pid = $1", pid) == "COMMIT"


async def test_statements_prepared_before_a_migration_fail_once(world, owner, small) -> None:
    viewer = await small.viewer(world.slug, str(world.users[Role.ADMIN]))

    async def columns() -> int:
        async with small.reader(viewer) as reader:
            return len(await reader.arrays("SELECT * FROM lma_test_changing", ()))

    await owner.execute("CREATE TABLE lma_test_changing AS SELECT 1 AS a; GRANT SELECT ON lma_test_changing TO lma_app")
    try:
        assert [await columns() for _ in range(2)] == [1] * 2
        assert await nothing_open(owner)
        await owner.execute("ALTER TABLE lma_test_changing ADD COLUMN b int")
        with pytest.raises(asyncpg.InvalidCachedStatementError):
            await columns()
        assert await columns() == 2
    finally:
        await owner.execute("DROP TABLE lma_test_changing")
