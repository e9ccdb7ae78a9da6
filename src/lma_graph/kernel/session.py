"""The transactions of one mutation request, one after the other on one connection. Enter at `Session`.

Each root field writes in a unit of work; what it then shows is read in a fresh snapshot. The commit and the beginning
of that snapshot are one round trip.
"""

import asyncio
from collections.abc import Callable
from typing import Self

import asyncpg

from lma_graph.kernel.connections import CONNECTION_LOST
from lma_graph.kernel.db import READ_ONLY, READ_WRITE, Database, begin_script, identify
from lma_graph.kernel.errors import Unavailable
from lma_graph.kernel.pool import Link
from lma_graph.kernel.transactions import Reader, Transaction, UnitOfWork
from lma_graph.kernel.viewer import Viewer

_LOST = "The connection was lost while committing; please check and try again."


class Session:
    """One viewer's transactions; `close` ends whatever is open."""

    def __init__(self, database: Database, viewer: Viewer, request_id: str | None = None) -> None:
        self._database = database
        self.viewer = viewer
        self._request_id = request_id
        self._link: Link | None = None
        self._open: Transaction | None = None
        self._sent: asyncio.Future[str] | None = None
        self.observe: Callable[[str, float], None] | None = None

    async def __aenter__(self) -> Self:
        """Nothing is begun before it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """See `close`."""
        await self.close()

    async def begin(self) -> UnitOfWork:
        """A new unit of work; the transaction before it ends."""
        await self.close()
        self._link, self.viewer = await self._database.begun(self.viewer, READ_WRITE)
        unit = UnitOfWork(self._link, self.viewer, begin_script(self.viewer, READ_WRITE))
        unit.request_id = self._request_id
        unit.kept_files = self._database.files
        unit.observe = self.observe
        self._open = unit
        return unit

    async def commit(self) -> Reader:
        """Keep what the unit of work has written, and begin a snapshot that shows it.

        Raises `Unavailable` where nobody knows whether it was kept.
        """
        # SELECT fails where a statement has failed, whose COMMIT would quietly be a ROLLBACK.
        return await self._turn("SELECT 1; COMMIT")

    async def roll_back(self) -> Reader:
        """Forget what the unit of work has written, and begin a snapshot of how things are."""
        return await self._turn("ROLLBACK")

    async def _turn(self, end: str) -> Reader:
        link = self._link
        assert link is not None
        assert self._open is not None
        self._open.end()
        begin = f"BEGIN {READ_ONLY};{identify(self.viewer)}"
        # A request that is cancelled meanwhile must not leave the connection in the middle of it.
        self._sent = asyncio.ensure_future(link.raw.execute(f"{end};{begin}"))
        try:
            await asyncio.shield(self._sent)
        except CONNECTION_LOST as error:
            raise Unavailable(_LOST) from error
        reader = Reader(link, self.viewer, begin)
        reader.observe = self.observe
        reader.kept_files = self._database.files
        self._open = reader
        return reader

    async def close(self) -> None:
        """Roll back an open unit of work, end an open snapshot, and return the connection."""
        link, self._link = self._link, None
        if link is None:
            return
        transaction, self._open = self._open, None
        assert transaction is not None
        writes = isinstance(transaction, UnitOfWork)
        if self._sent is None or self._sent.done():
            await self._database.ended(link, transaction, well=not writes)
            return
        sent = self._sent
        transaction.end()

        async def settled() -> None:
            await asyncio.wait([sent])

        await self._database.give_back(link, "ROLLBACK", writes=True, after=settled)


RETRIED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)
"""What a unit of work is begun anew for: nothing of it was kept, and the other transaction has ended.

A unique value that was taken between the question and the write is found taken when it is asked for again.
"""
