"""What keeps the queue in order: jobs of dead workers are taken back, its state is told, and old rows are dropped."""

import asyncio
import datetime as dt
from collections.abc import Mapping

import asyncpg

from lma_graph.kernel.jobs import metrics
from lma_graph.kernel.jobs.queue import AWAY, Queue, log
from lma_graph.kernel.jobs.registry import Job, Outcome, Troubled, periodic

POISONED = "The worker that did this ended {crashes} times in the middle of it, so it is not tried again."
_STALLED = """
SELECT j.id, j.task_name, j.args, coalesce((j.args ->> 'crashes')::integer, 0) + 1 AS crashes
FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
WHERE j.status = 'doing' AND j.task_name = ANY ($1::text[])
  AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => $2))
ORDER BY j.id LIMIT 100 FOR UPDATE OF j SKIP LOCKED
"""
_TAKE_BACK = """
UPDATE procrastinate_jobs
SET status = $3::text::procrastinate_job_status, worker_id = NULL, queueing_lock = NULL, scheduled_at = NULL,
    abort_requested = false, attempts = attempts + 1, args = args || jsonb_build_object('crashes', $2::integer)
WHERE id = $1
"""
_WAITING = """
SELECT j.task_name AS name, count(*) AS waiting, extract(epoch FROM now() - min(e.at))::float8 AS oldest
FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
WHERE j.status = 'todo' GROUP BY j.task_name
"""
_OUTBOX = """
SELECT coalesce(sum(waiting), 0)::bigint AS waiting,
       coalesce(extract(epoch FROM now() - min(oldest)), 0)::float8 AS oldest
FROM organizations_with_jobs(1000)
"""
# Succeeded jobs are known for long enough that the relay cannot hand one over again; failed ones for people.
_CLEAN = """
DELETE FROM procrastinate_jobs j
WHERE j.status NOT IN ('todo', 'doing') AND NOT EXISTS (
    SELECT FROM procrastinate_events e WHERE e.job_id = j.id
    AND e.at > now() - CASE WHEN j.status = 'failed' THEN interval '30 days' ELSE interval '2 days' END
)
"""
EVENTS_KEPT = dt.timedelta(days=30)


class Upkeep:
    """One worker's share of looking after the queue."""

    def __init__(
        self, queue: Queue, jobs: Mapping[str, Job], *, every_s: float, stalled_s: float, crashes: int
    ) -> None:
        self._queue = queue
        self._jobs = jobs
        self._every_s = every_s
        self._stalled_s = stalled_s
        self._crashes = crashes

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.recover()
                await self.measure()
            except (*AWAY, asyncpg.PostgresError) as error:
                log.warning("the queue could not be looked after", error=str(error) or repr(error))
            await asyncio.sleep(self._every_s)

    async def recover(self) -> None:
        """Take back the jobs of workers that have not been heard of; end those of which workers die."""
        async with self._queue.connection() as connection, connection.transaction():
            for row in await connection.fetch(_STALLED, list(self._jobs), self._stalled_s):
                poisoned = row["crashes"] >= self._crashes
                log.warning("a job lost its worker", job=row["task_name"], id=row["id"], crashes=row["crashes"])
                if poisoned:
                    await self._end(row)
                status = "failed" if poisoned else "todo"
                await connection.execute(_TAKE_BACK, row["id"], row["crashes"], status)

    async def _end(self, row: asyncpg.Record) -> None:
        job, args = self._jobs[row["task_name"]], row["args"]
        metrics.RUNS.labels(job.name, Outcome.POISONED).inc()
        message = POISONED.format(crashes=row["crashes"])
        await tell(self._queue, job, args, Outcome.POISONED, message)

    async def measure(self) -> None:
        """Tell what waits, and for how long."""
        async with self._queue.connection() as connection:
            waiting = {row["name"]: row for row in await connection.fetch(_WAITING)}
            outbox = await connection.fetchrow(_OUTBOX)
        for name in {*self._jobs, *waiting}:
            metrics.WAITING.labels(name).set(waiting[name]["waiting"] if name in waiting else 0)
            metrics.OLDEST.labels(name).set(waiting[name]["oldest"] if name in waiting else 0)
        metrics.OUTBOX.set(outbox["waiting"])
        metrics.OUTBOX_OLDEST.set(outbox["oldest"])


async def tell(
    queue: Queue, job: Job, args: Mapping[str, object], outcome: Outcome, message: str, *, after_s: float | None = None
) -> None:
    """Let the job's feature know of a failure, in a transaction of its organization."""
    if job.on_trouble is None:
        return
    organization_id, ids = args["organization"], args["ids"]
    assert isinstance(organization_id, int)
    assert isinstance(ids, dict)
    retry_at = None if after_s is None else dt.datetime.now(dt.UTC) + dt.timedelta(seconds=after_s)
    async with queue.organization(organization_id) as connection:
        await job.on_trouble(Troubled(connection, organization_id, ids, outcome, message, retry_at))


@periodic("jobs.clean", cron="17 * * * *")
async def clean(connection: asyncpg.Connection) -> None:
    """Drop what the queue and the outbox no longer need."""
    await connection.execute(_CLEAN)
    await connection.execute("SELECT purge_events($1)", dt.datetime.now(dt.UTC) - EVENTS_KEPT)
