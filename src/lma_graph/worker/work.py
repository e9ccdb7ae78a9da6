"""The composition root of the worker: settings in, a runner of all jobs out. Enter at `working` or `work`."""

import asyncio
import datetime as dt
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
from prometheus_client import start_http_server

from lma_graph.campaigns import jobs as _campaign_jobs  # noqa: F401  # registers them
from lma_graph.kernel.db import Database
from lma_graph.kernel.files import FileStore
from lma_graph.kernel.jobs.registry import JOBS, PERIODIC, Periodic
from lma_graph.kernel.jobs.runner import JobOptions, Runner
from lma_graph.kernel.object_files import files_at
from lma_graph.kernel.settings import Settings
from lma_graph.kernel.tokens import server_secret
from lma_graph.leads import jobs as _lead_jobs  # noqa: F401  # registers them
from lma_graph.schema.tables import METADATA
from lma_graph.scoring import jobs as _scoring_jobs  # noqa: F401

# The `jobs` modules of features are imported here, which registers their jobs.
assert METADATA.tables
SWEEP = "files.sweep"


def options_of(settings: Settings) -> JobOptions:
    """How this worker works."""
    return JobOptions(
        concurrency=settings.job_concurrency,
        poll_s=settings.job_poll_s,
        heartbeat_s=settings.job_heartbeat_s,
        stalled_s=settings.job_stalled_s,
        shutdown_s=settings.job_shutdown_s,
        crashes=settings.job_crashes,
    )


def sweeping(settings: Settings, store: FileStore) -> Callable[[asyncpg.Connection], Awaitable[None]]:
    """What removes files that are too old."""

    async def sweep(_: asyncpg.Connection) -> None:
        await store.sweep(dt.datetime.now(dt.UTC) - dt.timedelta(days=settings.file_days))

    return sweep


@asynccontextmanager
async def working(settings: Settings, database_url: str) -> AsyncIterator[Runner]:
    """A worker at work for as long as the block runs; then it stops as it does on SIGTERM."""
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    signed_with = server_secret(secret, settings.home)
    files = files_at(settings.files_url, settings.home, signed_with, **settings.file_options)
    database = Database(
        database_url,
        pool_size=settings.job_concurrency + 1,
        statement_timeout_ms=settings.job_statement_timeout_ms,
        files=files,
    )
    periodic = {**PERIODIC, SWEEP: Periodic(SWEEP, "23 * * * *", sweeping(settings, files.store))}
    runner = Runner(database_url, database, JOBS, periodic, options_of(settings))
    async with database:
        task = asyncio.create_task(runner.run(), name="worker")
        try:
            yield runner
        finally:
            runner.stop()
            await task


async def work(settings: Settings, database_url: str) -> None:
    """Work until SIGTERM or SIGINT."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    if settings.job_metrics_port is not None:
        start_http_server(settings.job_metrics_port, settings.host)
    async with working(settings, database_url):
        await told.wait()
