"""A worker that rescores, as a process of its own: `scoring_process.py URL`. It stops on SIGTERM."""

import asyncio
import logging
import signal
import sys

import structlog
from job_workers import at_work

from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.scoring import jobs

jobs.CHUNK = 20


async def main(url: str) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with at_work(url, JOBS["execution.rescore"]):
        await told.wait()


structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
asyncio.run(main(sys.argv[1]))
