"""What the tests of jobs stand on: asking for them, and a look at the queue."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from lma_graph.kernel.jobs.enqueue import enqueue
from lma_graph.kernel.jobs.queue import Queue
from lma_graph.kernel.jobs.registry import Retry
from lma_graph.kernel.viewer import Role
from world import World

ONCE = Retry(attempts=1)


async def until(condition: Callable[[], Awaitable[object] | object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)  # the database has nobody to tell us


@asynccontextmanager
async def a_queue(url: str) -> AsyncIterator[Queue]:
    """The queue's tables without a worker."""
    queue = Queue(url)
    await queue.open_async()
    try:
        yield queue
    finally:
        await queue.close_async()


async def ask_for(world: World, name: str, *, role: Role = Role.ADMIN, **options: Any) -> None:
    """A job, asked for by a committed unit of work."""
    async with world.database.unit_of_work(await world.viewer(role)) as unit:
        await enqueue(unit, name, **options)


async def queued(owner: asyncpg.Connection, world: World) -> list[tuple[str, str]]:
    """Names and states of the organization's jobs in the queue, in their order."""
    rows = await owner.fetch(
        "SELECT task_name, status::text FROM procrastinate.procrastinate_jobs"
        " WHERE (args ->> 'organization')::bigint = $1 ORDER BY id",
        world.organization_id,
    )
    return [tuple(row) for row in rows]


async def waiting(owner: asyncpg.Connection, world: World) -> list[str]:
    """Names of the organization's jobs in the outbox."""
    rows = await owner.fetch(
        "SELECT name FROM outbox_jobs WHERE organization_id = $1 ORDER BY id", world.organization_id
    )
    return [row["name"] for row in rows]
