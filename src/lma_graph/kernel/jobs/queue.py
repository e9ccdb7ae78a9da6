"""The queue's tables: connections for the library, over the one driver that everything here uses.

Connections act as the application's role and look for names in the library's own schema. Enter at `Queue`.
"""

import asyncio
import functools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import structlog
from procrastinate import exceptions
from procrastinate.connector import BaseAsyncConnector

from lma_graph.kernel.connections import CONNECTION_LOST, connect
from lma_graph.kernel.db import connect_arguments
from lma_graph.kernel.errors import Unavailable

AWAY = (*CONNECTION_LOST, Unavailable, TimeoutError, exceptions.ConnectorException)
"""What it looks like when the database cannot be reached."""
_PARAMETER = re.compile(r"%\((\w+)\)s")
_MUST_ARRIVE = re.compile("procrastinate_(finish_job|retry_job|update_heartbeat)")
"""Statements that are tried again while the database is away: what they say stays true, and would else be lost."""
_PAUSE_S = 0.2

log = structlog.get_logger("lma_graph.jobs")


@functools.cache
def positional(query: str) -> tuple[str, tuple[str, ...]]:
    """A query with named parameters as the driver takes it, and the names in their order."""
    names = list(dict.fromkeys(_PARAMETER.findall(query)))
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", query), tuple(names)


class Queue(BaseAsyncConnector):
    """A few connections, made when they are needed and made anew when they are lost."""

    def __init__(self, url: str, *, size: int = 3, patience_s: float = 15) -> None:
        self._dsn = connect_arguments(url)
        self._size = size
        self._patience_s = patience_s
        self._pool: asyncpg.Pool | None = None

    async def _connect(self, *_: Any, **__: Any) -> asyncpg.Connection:
        settings = {"application_name": "lma-graph worker", "search_path": "procrastinate, public", "timezone": "UTC"}
        return await connect(self._dsn, settings | {"statement_timeout": "30000"})

    async def open_async(self, pool: Any = None) -> None:  # noqa: ARG002
        """Nothing is connected yet."""
        self._pool = await asyncpg.create_pool(min_size=0, max_size=self._size, init=_json, connect=self._connect)

    async def close_async(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), timeout=5)
            except TimeoutError:
                self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection on which no organization is named, so that it sees the queue and no tenant's rows."""
        assert self._pool is not None
        async with self._pool.acquire(timeout=10) as connection:
            yield connection

    @asynccontextmanager
    async def organization(self, organization_id: int) -> AsyncIterator[asyncpg.Connection]:
        """A transaction of one organization, under row security, in which no user acts."""
        async with self.connection() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL app.organization_id = '{organization_id:d}'")
            yield connection

    async def _rows(self, query: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        text, names = positional(query)
        values = [arguments[name] for name in names]
        deadline = asyncio.get_running_loop().time() + (self._patience_s if _MUST_ARRIVE.search(text) else 0)
        while True:
            try:
                async with self.connection() as connection:
                    return [dict(row) for row in await connection.fetch(text, *values)]
            except asyncpg.UniqueViolationError as error:
                raise exceptions.UniqueViolation(constraint_name=error.constraint_name, queueing_lock=None) from error
            except AWAY as error:
                if asyncio.get_running_loop().time() >= deadline:
                    raise exceptions.ConnectorException from error
                await asyncio.sleep(_PAUSE_S)
            except asyncpg.PostgresError as error:
                raise exceptions.ConnectorException from error

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        """Run a statement of the library."""
        await self._rows(query, arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        """The first row."""
        found = await self._rows(query, arguments)
        if not found:
            raise exceptions.NoResult
        return found[0]

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        """All rows."""
        return await self._rows(query, arguments)

    async def listen_notify(self, on_notification: Callable[..., Awaitable[None]], channels: Iterable[str]) -> None:
        """Pass notifications on for ever, over a connection of its own that is made anew when it is lost."""
        names, heard = list(channels), asyncio.Queue[tuple[str, str] | None]()
        while True:
            connection = None
            try:
                connection = await self._connect()
                connection.add_termination_listener(lambda _: heard.put_nowait(None))
                for name in names:
                    await connection.add_listener(name, lambda _c, _p, name, text: heard.put_nowait((name, text)))
                while (found := await heard.get()) is not None:
                    await on_notification(channel=found[0], payload=found[1])
            except (*AWAY, asyncpg.PostgresError):
                log.debug("listening again", channels=names)
            finally:
                if connection is not None:
                    with suppress(Exception):
                        connection.terminate()
            await asyncio.sleep(_PAUSE_S)


async def _json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
