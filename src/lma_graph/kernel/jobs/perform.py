"""Performing one job: as whom, what becomes of its failure, and what is told of it."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from procrastinate.job_context import JobContext

from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import DomainError, Unauthenticated
from lma_graph.kernel.jobs import metrics
from lma_graph.kernel.jobs.queue import Queue, log
from lma_graph.kernel.jobs.registry import HandBack, Job, JobRun, Outcome, Periodic, passes
from lma_graph.kernel.jobs.upkeep import tell

NOBODY = "The user for whom this was to run is no longer active, or their organization is not."
OURS = "Something went wrong on our side. The log has it under {reference}."
_UNTOLD_S = 5.0
"""Pause before a job runs again whose failure could not be told."""
_RELEASE = "UPDATE procrastinate_jobs SET queueing_lock = NULL WHERE id = $1 AND queueing_lock IS NOT NULL"
_COUNT = "UPDATE procrastinate_jobs SET args = args || jsonb_build_object('failures', $2::integer) WHERE id = $1"


class Again(Exception):
    """The job failed and is to run again after so many seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"again in {after_s:g} s")
        self.after_s = after_s


class Ended(Exception):
    """The job failed and is not to run again."""


class Performer:
    """Runs jobs against the application's database."""

    def __init__(self, queue: Queue, database: Database, stop: asyncio.Event) -> None:
        self._queue = queue
        self._database = database
        self._stop = stop

    def function(self, job: Job) -> Callable[..., Awaitable[None]]:
        """What the queue calls for a job."""

        async def run(context: JobContext, **args: Any) -> None:
            assert context.job.id is not None
            metrics.RUNNING.inc()
            began, outcome = time.perf_counter(), Outcome.HANDED_BACK
            try:
                await self._run(job, context.job.id, args)
                outcome = Outcome.SUCCEEDED
            except HandBack:
                raise
            except Exception as error:
                outcome, next_one = await self._failed(job, context.job.id, args, error)
                raise next_one from error
            finally:
                metrics.RUNNING.dec()
                _ended(job.name, outcome, time.perf_counter() - began, context.job.id)

        return run

    async def tick(self, one: Periodic, connection: asyncpg.Connection) -> None:
        """Do what is due by the clock."""
        began, outcome = time.perf_counter(), Outcome.FAILED
        try:
            await one.function(connection)
            outcome = Outcome.SUCCEEDED
        except Exception:
            log.exception("a periodic job failed", job=one.name)
            raise
        finally:
            _ended(one.name, outcome, time.perf_counter() - began, None)

    async def _run(self, job: Job, number: int, args: dict[str, Any]) -> None:
        async with self._queue.connection() as connection:
            # From here on another of the same key may wait; kept, it would forbid this one to be tried again.
            await connection.execute(_RELEASE, number)
        try:
            viewer = await self._database.viewer(str(args["organization"]), str(args["user"]))
            run = JobRun(job.name, viewer, self._database, args.get("failures", 0), self._stop)
            await job.function(run, **args["ids"])
        except Unauthenticated as error:
            raise Unauthenticated(NOBODY) from error

    async def _failed(
        self, job: Job, number: int, args: dict[str, Any], error: Exception
    ) -> tuple[Outcome, Again | Ended]:
        """Decide what becomes of a job that raised, and let its feature and the queue know."""
        failures = int(args.get("failures", 0)) + 1
        after_s = job.retry.delay(failures) if passes(error) else None
        outcome = Outcome.RETRIED if after_s is not None else Outcome.EXHAUSTED if passes(error) else Outcome.FAILED
        message = _in_words(error, job.name, number)
        try:
            await tell(self._queue, job, args, outcome, message, after_s=after_s)
            async with self._queue.connection() as connection:
                await connection.execute(_COUNT, number, failures)
        except Exception:  # noqa: BLE001  # whatever it was, the job must neither vanish nor run hot
            log.exception("a failure could not be told", job=job.name, id=number)
            return Outcome.RETRIED, Again(_UNTOLD_S)
        return outcome, Ended() if after_s is None else Again(after_s)


def _in_words(error: Exception, name: str, number: int) -> str:
    """What a user may read of an error; everything else goes to the log."""
    if isinstance(error, DomainError):
        log.warning("a job failed", job=name, id=number, error=error.message)
        return error.message
    reference = secrets.token_hex(8)
    log.error("a job failed", job=name, id=number, correlation_id=reference, exc_info=error)
    return OURS.format(reference=reference)


def _ended(name: str, outcome: Outcome, seconds: float, number: int | None) -> None:
    metrics.RUNS.labels(name, outcome).inc()
    metrics.DURATION.labels(name).observe(seconds)
    log.info("job", job=name, id=number, outcome=outcome.value, ms=round(seconds * 1000, 1))
