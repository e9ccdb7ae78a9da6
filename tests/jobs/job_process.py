"""A worker as a process of its own: `job_process.py URL`. It stops on SIGTERM."""

import asyncio
import logging
import os
import signal
import sys

import structlog
from counted_work import WORK
from job_workers import POISON, at_work

from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.leads import jobs as lead_jobs
from lma_graph.leads.intake import run

LEADS = [JOBS["execution.import"], JOBS["execution.export"]]
assert lead_jobs
run.CHUNK_ROWS = int(os.environ.get("LMA_TEST_CHUNK_ROWS", run.CHUNK_ROWS))


async def main(url: str) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with at_work(url, *WORK, *LEADS, options=POISON):
        await told.wait()


structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
asyncio.run(main(sys.argv[1]))
