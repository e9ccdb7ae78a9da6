"""Workers that are killed, servers that go away: long work ends with each step done exactly once."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from counted_work import COUNT, DEADLY, WORK
from job_workers import POISON, at_work
from job_world import queued, until

from lma_graph.executions import service
from lma_graph.kernel import migrations
from lma_graph.kernel.db import Database
from lma_graph.kernel.jobs import enqueue
from lma_graph.kernel.postgres import EmbeddedPostgres
from world import World

SCRIPT = Path(__file__).with_name("job_process.py")
TESTS = SCRIPT.parents[1]


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker process; killed at the end unless it has ended."""
    paths = [str(TESTS), *(path for path in sys.path if path.endswith("src"))]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def start(world: World, kind: str, **values: Any) -> int:
    async with world.database.unit_of_work(await world.viewer()) as unit:
        return await service.start(unit, kind, values)


async def execution(owner: asyncpg.Connection, number: int) -> asyncpg.Record:
    return await owner.fetchrow("SELECT * FROM workflow_executions WHERE id = $1", number)


async def steps(owner: asyncpg.Connection, world: World) -> list[str]:
    rows = await owner.fetch(
        "SELECT first_name FROM leads WHERE organization_id = $1 ORDER BY first_name", world.organization_id
    )
    return [row["first_name"] for row in rows]


async def has(owner: asyncpg.Connection, number: int, status: str) -> bool:
    return (await execution(owner, number))["status"] == status


async def beyond(owner: asyncpg.Connection, number: int, done: int) -> bool:
    return (await execution(owner, number))["progress_done"] > done


def all_of(leads: int) -> list[str]:
    return [f"{number:03}" for number in range(leads)]


async def test_work_of_a_killed_worker_goes_on_behind_its_last_step(world, owner, owner_url) -> None:
    number = await start(world, COUNT, leads=60, pause=0.01)
    for done in (3, 20):
        async with worker(owner_url) as process:
            await until(lambda done=done: beyond(owner, number, done))
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert await has(owner, number, "RUNNING")
    before = len(await steps(owner, world))
    async with at_work(owner_url, *WORK):
        await until(lambda: has(owner, number, "SUCCEEDED"))
    assert 20 < before < 60
    assert await steps(owner, world) == all_of(60)
    row = await execution(owner, number)
    assert (row["progress_done"], row["progress_total"], row["progress_steps"]) == (60, 60, 60)
    assert (row["output_data"], row["attempt"], row["error_message"]) == ('{"created": 60}', 1, None)
    assert row["started_at"] < row["completed_at"]


async def test_work_of_which_workers_die_is_given_up(world, owner, owner_url) -> None:
    number = await start(world, DEADLY)
    for _ in range(2):
        async with worker(owner_url) as process:
            assert await asyncio.wait_for(process.wait(), timeout=20) == -signal.SIGKILL
    async with at_work(owner_url, *WORK, options=POISON):
        await until(lambda: has(owner, number, "FAILED"))
    row = await execution(owner, number)
    assert row["error_message"] == (
        "The worker that did this ended 2 times in the middle of it, so it is not tried again."
    )
    assert row["completed_at"] is not None
    assert await queued(owner, world) == [("execution.deadly", "failed")]


async def test_a_worker_told_to_stop_ends_well_and_its_work_goes_on_elsewhere(world, owner, owner_url) -> None:
    number = await start(world, COUNT, leads=60, pause=0.01)
    async with worker(owner_url) as process:
        await until(lambda: beyond(owner, number, 5))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), timeout=10) == 0
    assert await queued(owner, world) == [("execution.count", "todo")]
    async with at_work(owner_url, *WORK):
        await until(lambda: has(owner, number, "SUCCEEDED"))
    assert await steps(owner, world) == all_of(60)


async def test_work_done_by_two_workers_at_once_is_done_once(world, owner, owner_url) -> None:
    """As when one of them was taken for dead, and was only slow."""
    number = await start(world, COUNT, leads=40, pause=0.005)
    async with at_work(owner_url, *WORK):
        await until(lambda: beyond(owner, number, 3))
        async with world.database.unit_of_work(await world.viewer()) as unit:
            await enqueue(unit, "execution.count", execution_id=number)
        await until(lambda: has(owner, number, "SUCCEEDED"))
    assert await steps(owner, world) == all_of(40)


async def test_workers_outlive_restarts_of_postgres() -> None:
    home = Path(tempfile.mkdtemp(prefix="lma-jobs-"))
    await asyncio.to_thread(home.chmod, 0o755)
    server = EmbeddedPostgres(home)
    await asyncio.to_thread(server.start)
    try:
        url = server.url("postgres", "lma")
        await asyncio.to_thread(migrations.upgrade, url)
        await _through_restarts(server, url)
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(home)


async def _through_restarts(server: EmbeddedPostgres, url: str) -> None:
    owner = await asyncpg.connect(url)
    async with Database(url, pool_size=3) as database, at_work(url, *WORK):
        world = await World.create(database, owner)
        number = await start(world, COUNT, leads=90, pause=0.01)
        await until(lambda: beyond(owner, number, 10))
        await asyncio.to_thread(_restart, server, signal.SIGINT)
        again = await asyncpg.connect(url)
        await until(lambda: beyond(again, number, 40))
        await asyncio.to_thread(_restart, server, signal.SIGQUIT)
        owner = await asyncpg.connect(url)
        await until(lambda: has(owner, number, "SUCCEEDED"), seconds=30)
        assert await steps(owner, world) == all_of(90)
        later = await start(world, COUNT, leads=1)
        await until(lambda: has(owner, later, "SUCCEEDED"))
        await owner.close()


def _restart(server: EmbeddedPostgres, how: signal.Signals) -> None:
    process = psutil.Process(int((server.data / "postmaster.pid").read_text(encoding="utf-8").split()[0]))
    process.send_signal(how)
    psutil.wait_procs([process], timeout=20)
    server.start()
