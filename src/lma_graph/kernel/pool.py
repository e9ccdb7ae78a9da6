"""The pool of connections, each open for SQLAlchemy and for the driver at once.

A connection goes from request to request without a round trip and without SQLAlchemy's own checking out, which costs
as much as running a small statement. Last in, first out, so that few connections stay warm.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lma_graph.kernel.connections import AWAY
from lma_graph.kernel.errors import Unavailable
from lma_graph.kernel.lru import BoundedLru

_PATIENCE_S = 10
"""How long a request waits for a connection when all are in use."""
_STATEMENTS: Final = 100
_STATEMENTS_BYTES: Final = 4_000_000
"""How many prepared statements a connection keeps, and their texts together; as many as the driver itself would."""


def _statements() -> "BoundedLru[str, PreparedStatement]":
    return BoundedLru(max_items=_STATEMENTS, max_weight=_STATEMENTS_BYTES)


@dataclass(slots=True)
class Link:
    """One connection to Postgres, seen by SQLAlchemy and by the driver."""

    connection: AsyncConnection
    raw: asyncpg.Connection
    left_at: float | None = None
    """When its last transaction was left without a COMMIT; that is sent with the next script or a moment later."""
    _prepared: "BoundedLru[str, PreparedStatement]" = field(default_factory=_statements)

    async def row(self, text: str, arguments: Sequence[Any]) -> asyncpg.Record | None:
        """The first row of a statement, which stays prepared.

        The driver would keep it too, but takes 0.015 ms to find it again, and keeps none longer than 15 KB.
        """
        statement = self._prepared.get(text)
        try:
            if statement is None:
                statement = await self.raw.prepare(text)
                self._prepared.put(text, statement, len(text))
            return await statement.fetchrow(*arguments)
        except (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError):
            # A migration has run meanwhile.
            self._prepared = _statements()
            await self.raw.reload_schema_state()
            raise

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
        """Return a connection whose transaction has ended or was left; one that is not sound is thrown away."""
        try:
            if sound and not link.raw.is_closed():
                if link.connection.in_transaction():
                    await link.connection.rollback()  # SQLAlchemy's own idea of one; nothing is sent
                self._idle.append(link)
            else:
                await link.discard()
        finally:
            self._free.release()

    async def take_left(self, before: float) -> Link | None:
        """An idle connection whose last transaction was left before that time and has not ended, or None."""
        if self._free.locked():
            return None  # somebody is about to take what is idle
        found = next((link for link in self._idle if link.left_at is not None and link.left_at < before), None)
        if found is not None:
            await self._free.acquire()  # at once, as it is not locked
            self._idle.remove(found)
        return found

    def has_left(self) -> bool:
        """Whether there is an idle connection whose last transaction has not ended."""
        return any(link.left_at is not None for link in self._idle)

    async def clear(self) -> None:
        """Close all idle connections."""
        idle, self._idle = self._idle, []
        for link in idle:
            await link.discard()
