"""The pool of connections, each open for SQLAlchemy and for the driver at once.

A connection goes from request to request without a round trip and without SQLAlchemy's own checking out, which costs
as much as running a small statement. Last in, first out, so that few connections stay warm.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lma_graph.kernel.connections import AWAY
from lma_graph.kernel.errors import Unavailable

_PATIENCE_S = 10
"""How long a request waits for a connection when all are in use."""


@dataclass(slots=True)
class Link:
    """One connection to Postgres, seen by SQLAlchemy and by the driver."""

    connection: AsyncConnection
    raw: asyncpg.Connection

    async def discard(self) -> None:
        """Throw it away: its state is not known."""
        with suppress(Exception):
            await self.connection.invalidate()
        with suppress(Exception):
            await self.connection.close()


class Pool:
    """At most `size` connections, made when they are first needed by the engine, which must not pool itself."""

    def __init__(self, engine: AsyncEngine, size: int) -> None:
        self._engine = engine
        self._free = asyncio.Semaphore(size)
        self._idle: list[Link] = []

    async def take(self) -> Link:
        """A connection, idle or new. Raises `Unavailable` where all stay in use; connecting may raise whatever."""
        if self._free.locked():
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._free.acquire()
            except TimeoutError:
                raise Unavailable(AWAY) from None
        else:
            await self._free.acquire()
        try:
            return self._idle.pop() if self._idle else await self._connect()
        except BaseException:
            self._free.release()
            raise

    async def _connect(self) -> Link:
        connection = await self._engine.connect()
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        return Link(connection, raw)

    async def give_back(self, link: Link, *, sound: bool) -> None:
        """Return a connection whose transaction has ended; one that is not sound is thrown away."""
        try:
            if sound and not link.raw.is_closed():
                if link.connection.in_transaction():
                    await link.connection.rollback()  # SQLAlchemy's own idea of one; nothing is sent
                self._idle.append(link)
            else:
                await link.discard()
        finally:
            self._free.release()

    async def clear(self) -> None:
        """Close all idle connections."""
        idle, self._idle = self._idle, []
        for link in idle:
            await link.discard()
