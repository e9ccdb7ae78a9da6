"""The runner: everything one worker does. Enter at `Runner.run`.

The library's own worker fetches jobs and keeps their locks; it ends when the database is away, and is started again.
Beside it run the relay and the upkeep.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from procrastinate import App
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job as Queued
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.utils import utcnow
from procrastinate.worker import Worker

from lma_graph.kernel.db import Database
from lma_graph.kernel.jobs.perform import Again, Performer
from lma_graph.kernel.jobs.queue import AWAY, Queue, log
from lma_graph.kernel.jobs.registry import HandBack, Job, Periodic
from lma_graph.kernel.jobs.relay import Relay
from lma_graph.kernel.jobs.upkeep import Upkeep

_AGAIN_S = 1.0
"""Pause before the library's worker is started again."""


@dataclass(frozen=True)
class JobOptions:
    """How a worker works; times in seconds."""

    concurrency: int = 4
    poll_s: float = 5
    """How often it looks without having been notified."""
    heartbeat_s: float = 10
    stalled_s: float = 30
    """A worker not heard of for this long is taken for dead."""
    shutdown_s: float = 15
    """How long jobs may take to finish when the worker is to stop; then they go back to the queue."""
    crashes: int = 3
    """A job of which so many workers have died is not run again."""


class _Again(BaseRetryStrategy):
    """The decision has been made where the job was run; this tells it to the library."""

    def get_retry_decision(self, *, exception: BaseException, job: Queued) -> RetryDecision | None:  # noqa: ARG002
        if isinstance(exception, HandBack | asyncio.CancelledError):
            return RetryDecision(retry_at=utcnow())
        if isinstance(exception, Again):
            return RetryDecision(retry_at=utcnow() + timedelta(seconds=exception.after_s))
        return None


class Runner:
    """One worker of the given jobs. Jobs of other names stay in the queue for workers that know them."""

    def __init__(
        self,
        url: str,
        database: Database,
        jobs: Mapping[str, Job],
        periodic: Mapping[str, Periodic] | None = None,
        options: JobOptions | None = None,
    ) -> None:
        self._options = options or JobOptions()
        self._queue = Queue(url, patience_s=self._options.stalled_s / 2)
        self._stop = asyncio.Event()
        self._worker: Worker | None = None
        self._jobs = jobs
        self._periodic = periodic or {}
        self._performer = Performer(self._queue, database, self._stop)
        self.relay = Relay(self._queue, self._options.poll_s)
        self.upkeep = Upkeep(
            self._queue,
            jobs,
            every_s=min(self._options.stalled_s / 2, self._options.poll_s),
            stalled_s=self._options.stalled_s,
            crashes=self._options.crashes,
        )

    def stop(self) -> None:
        """Fetch no more jobs, let those at work finish or go back, and end `run`."""
        self._stop.set()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]

    async def run(self) -> None:
        """Work until `stop`. Where the database is away, wait for it."""
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # what it would say is said here
        await self._queue.open_async()
        app = self._app()
        beside = [asyncio.create_task(part.run()) for part in (self.relay, self.upkeep)]
        try:
            while not self._stop.is_set():
                await self._work(app)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self._queue.close_async()

    async def _work(self, app: App) -> None:
        """The library's worker, until it ends for whatever reason."""
        options = self._options
        self._worker = Worker(
            app,
            queues=[*self._jobs, *self._periodic],
            concurrency=options.concurrency,
            fetch_job_polling_interval=options.poll_s,
            abort_job_polling_interval=options.heartbeat_s,
            # Nobody sees a heartbeat meanwhile, so the jobs must have ended before they seem to be stalled.
            shutdown_graceful_timeout=min(options.shutdown_s, options.stalled_s * 0.6),
            install_signal_handlers=False,
            update_heartbeat_interval=options.heartbeat_s,
            stalled_worker_timeout=options.stalled_s,
        )
        try:
            await self._worker.run()  # type: ignore[no-untyped-call]
        except AWAY as error:
            log.warning("the queue cannot be reached", error=str(error) or repr(error))
        if not self._stop.is_set():
            log.warning("fetching of jobs starts again")
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S):
                    await self._stop.wait()

    def _app(self) -> App:
        app = App(connector=self._queue)
        for job in self._jobs.values():
            function = self._performer.function(job)
            app.task(name=job.name, queue=job.name, pass_context=True, retry=_Again())(function)
        for one in self._periodic.values():
            task = app.task(name=one.name, queue=one.name, pass_context=True)(self._tick(one))
            app.periodic(cron=one.cron)(task)
        return app

    def _tick(self, one: Periodic) -> Callable[..., Awaitable[None]]:
        async def tick(context: JobContext, timestamp: int) -> None:
            del context, timestamp
            async with self._queue.connection() as connection:
                await self._performer.tick(one, connection)

        return tick
