"""The relay: takes jobs from the outbox of each organization to the queue. Any number of relays may run.

A row is claimed, handed over in a transaction of its own, and deleted. If the relay dies between the last two, the row
is found again; the queue knows its id (the index `lma_outbox`) and takes it no second time.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg

from lma_graph.kernel.jobs.enqueue import CHANNEL
from lma_graph.kernel.jobs.queue import AWAY, Queue, log

_ORGANIZATIONS = 100
_JOBS = 200
# One relay at a time for one organization, or jobs of one lock could overtake each other.
_TURN = "SELECT FROM organizations WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED"
_CLAIM = """
SELECT id, name, arguments, lock_key, dedupe_key, user_id FROM outbox_jobs
WHERE organization_id = $1 AND run_at <= now() ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_HAND_OVER = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
SELECT name, name, $1::text || ':' || lock_key, $1::text || ':' || dedupe_key,
       jsonb_build_object('outbox', $1::text || ':' || id, 'organization', $1::text::bigint, 'user', user_id,
                          'ids', arguments)
FROM jsonb_to_recordset($2) AS row (id bigint, name text, lock_key text, dedupe_key text, user_id bigint,
                                    arguments jsonb)
ORDER BY id
ON CONFLICT DO NOTHING
"""
_FORGET = "DELETE FROM outbox_jobs WHERE organization_id = $1 AND id = ANY ($2::bigint[])"


class Relay:
    """Looks whenever it is woken, and every now and then without."""

    def __init__(self, queue: Queue, poll_s: float) -> None:
        self._queue = queue
        self._poll_s = poll_s
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        listening = asyncio.create_task(self._queue.listen_notify(self._wake, [CHANNEL]))
        try:
            while True:
                self._woken.clear()
                try:
                    await self.sweep()
                except (*AWAY, asyncpg.PostgresError) as error:
                    log.warning("the relay could not work", error=str(error) or repr(error))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_s):
                        await self._woken.wait()
        finally:
            listening.cancel()

    async def _wake(self, *, channel: str, payload: str) -> None:
        del channel, payload
        self._woken.set()

    async def sweep(self) -> int:
        """Hand over what is due, organization by organization; how many jobs that were."""
        total = 0
        while True:
            async with self._queue.connection() as connection:
                found = await connection.fetch("SELECT * FROM organizations_with_jobs($1)", _ORGANIZATIONS)
            moved = 0
            for row in found:
                moved += await self._organization(row["organization_id"])
            total += moved
            if not moved:
                return total

    async def _organization(self, organization_id: int) -> int:
        async with self._queue.organization(organization_id) as connection:
            if not await connection.fetch(_TURN, organization_id):
                return 0
            rows = await connection.fetch(_CLAIM, organization_id, _JOBS)
            if rows:
                await self._hand_over(organization_id, [dict(row) for row in rows])
                await self._forget(connection, organization_id, [row["id"] for row in rows])
            return len(rows)

    async def _hand_over(self, organization_id: int, rows: Sequence[dict[str, Any]]) -> None:
        async with self._queue.connection() as connection:
            await connection.execute(_HAND_OVER, str(organization_id), rows)

    async def _forget(self, connection: asyncpg.Connection, organization_id: int, ids: Sequence[int]) -> None:
        await connection.execute(_FORGET, organization_id, ids)
