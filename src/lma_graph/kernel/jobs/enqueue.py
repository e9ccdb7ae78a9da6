"""Asking for a job: a row in the caller's own transaction, which the worker's relay takes to the queue."""

import datetime as dt

import asyncpg
import sqlalchemy as sa

from lma_graph.kernel.outbox import OutboxJobRow
from lma_graph.kernel.scope import ORGANIZATION, VIEWER, table_of
from lma_graph.kernel.transactions import UnitOfWork

CHANNEL = "lma_jobs"
"""What a commit with a job notifies, so that relays need not wait for their next look. A hint and no more."""

_JOBS = table_of(OutboxJobRow)
_WRITTEN = (
    sa.insert(_JOBS)
    .values(
        organization_id=ORGANIZATION,
        user_id=VIEWER,
        name=sa.bindparam("name"),
        arguments=sa.bindparam("arguments"),
        lock_key=sa.bindparam("lock_key"),
        dedupe_key=sa.bindparam("dedupe_key"),
        run_at=sa.func.coalesce(sa.bindparam("run_at", type_=sa.TIMESTAMP(timezone=True)), sa.func.now()),
    )
    .returning(_JOBS.c.id)
    .cte("written")
)
_ENQUEUE = sa.select(_WRITTEN.c.id, sa.func.pg_notify(CHANNEL, "", type_=sa.Text()))


async def enqueue(
    unit: UnitOfWork,
    name: str,
    *,
    lock: str | None = None,
    dedupe: str | None = None,
    at: dt.datetime | None = None,
    **ids: int | str | None,
) -> None:
    """Have a job run as the unit's viewer, soon or not before `at`, if the unit is committed.

    Jobs of one `lock` run one after the other, in the order of their commits. While a job of one `dedupe` key waits in
    the queue, asking for another does nothing. Both keys are the organization's own. The arguments are ids: what the
    job works with it reads for itself, as it is by then.
    """
    values = {"name": name, "arguments": ids, "lock_key": lock, "dedupe_key": dedupe, "run_at": at}
    await unit.rows(_ENQUEUE, values)


_BY_NOBODY = """
WITH written AS (
    INSERT INTO outbox_jobs (organization_id, user_id, name, arguments, dedupe_key) VALUES ($1, $2, $3, '{}', $3)
    RETURNING id
)
SELECT id, pg_notify($4, '') FROM written
"""


async def enqueue_by_the_clock(connection: asyncpg.Connection, organization_id: int, user_id: int, name: str) -> None:
    """Have a job run for an organization, as one of its users, though nobody has asked for it.

    It is what periodic functions do about organizations, whose rows they do not see. While the job waits in the queue,
    another does nothing.
    """
    async with connection.transaction():
        await connection.execute(f"SET LOCAL app.organization_id = '{organization_id:d}'")
        await connection.execute(_BY_NOBODY, organization_id, user_id, name, CHANNEL)
