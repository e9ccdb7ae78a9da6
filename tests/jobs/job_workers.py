"""Workers with short intervals. Imports little, so that a process of its own begins soon."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from kept_files import files_of
from lma_graph.kernel.db import Database
from lma_graph.kernel.jobs.registry import Job, Periodic
from lma_graph.kernel.jobs.runner import JobOptions, Runner

QUICK = JobOptions(concurrency=4, poll_s=0.05, heartbeat_s=0.2, stalled_s=1.5, shutdown_s=0.3, crashes=9)
POISON = replace(QUICK, crashes=2)


@asynccontextmanager
async def at_work(
    url: str, *jobs: Job, periodic: Sequence[Periodic] = (), options: JobOptions = QUICK
) -> AsyncIterator[Runner]:
    """A worker of these jobs, with connections of its own."""
    async with Database(url, pool_size=options.concurrency + 1, files=files_of(url)) as database:
        runner = Runner(url, database, {job.name: job for job in jobs}, {one.name: one for one in periodic}, options)
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            runner.stop()
            await asyncio.wait_for(task, timeout=20)
