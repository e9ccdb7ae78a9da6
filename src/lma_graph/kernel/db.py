"""The database door: engines, the read transaction (`Reader`), the write transaction (`UnitOfWork`).

Enter at `Database`. Nothing else opens a connection of the application. Every transaction belongs to
one viewer: its `BEGIN` round trip names the organization and the user, and asks Postgres whether the viewer is
still what the server believes (active, same role, same settings).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from lma_graph.kernel.connections import AWAY, CONNECTION_LOST, NotMigrated, connect
from lma_graph.kernel.errors import Unauthenticated, Unavailable
from lma_graph.kernel.files import Files
from lma_graph.kernel.pool import Link, Pool
from lma_graph.kernel.transactions import Reader, Transaction, UnitOfWork
from lma_graph.kernel.viewer import Role, Viewer, Visibility

STALE_VIEWER = "LMA01"
"""SQLSTATE raised by `assert_viewer` when the viewer is no longer what the caller believed."""
READ_ONLY = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
READ_WRITE = "READ WRITE"
_VIEWERS_KEPT = 10_000
_LINGER_S = 0.005
"""How long a read transaction may stay open that nobody needs any more."""

T = TypeVar("T", bound=Transaction)


def connect_arguments(url: str) -> str:
    """The URL as the driver takes it, whichever of the usual scheme spellings it has."""
    scheme, _, rest = url.partition("://")
    if scheme.split("+", maxsplit=1)[0] not in {"postgresql", "postgres"}:
        raise ValueError("A database URL begins with postgresql:// .")
    return f"postgresql://{rest}"


def owner_engine(url: str) -> AsyncEngine:
    """An engine of the owner's login, for migrations and maintenance only; row security does not apply to it."""
    dsn = connect_arguments(url)
    return create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), pool_size=1)


class Database:
    """The application's connections to one Postgres."""

    def __init__(
        self, url: str, *, pool_size: int = 10, statement_timeout_ms: int = 10_000, files: Files | None = None
    ) -> None:
        self.files = files
        self._dsn = connect_arguments(url)
        self._server_settings = {
            "application_name": "lma-graph",
            "timezone": "UTC",
            "statement_timeout": str(statement_timeout_ms),
            "idle_in_transaction_session_timeout": "60000",
            "jit": "off",
            # Planning a dashboard statement costs as much as running it. Those whose best plan depends on their
            # values say so (`transactions.ANEW`).
            "plan_cache_mode": "force_generic_plan",
        }
        # AUTOCOMMIT leaves BEGIN and COMMIT to this file, which sends them together with the viewer's settings.
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: connect(self._dsn, self._server_settings),
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
            hide_parameters=True,
            json_deserializer=orjson.loads,
            json_serializer=lambda value: orjson.dumps(value).decode(),
        )
        self._pool = Pool(self._engine, pool_size)
        self._viewers: dict[tuple[str, str], Viewer] = {}
        self._endings: set[asyncio.Future[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Nothing is connected before it is needed, so that the server starts while the database is away."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections; transactions of cancelled requests end first."""
        if self._sweep is not None:
            self._sweep.cancel()
        await asyncio.gather(*self._endings, return_exceptions=True)
        await self._pool.clear()
        await self._engine.dispose()

    async def ping(self) -> None:
        """Raise `Unavailable` unless the database answers."""
        await self.give_back(await self._fresh("SELECT 1"))

    async def revision(self) -> str | None:
        """The migration the database is at; null where none has run, or not all that the server cannot do without."""
        try:
            link = await self._fresh("SELECT 1")
        except NotMigrated:
            return None
        try:
            found: str | None = await link.raw.fetchval("SELECT version_num FROM alembic_version")
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
            return None
        finally:
            await self.give_back(link)
        return found

    async def viewer(self, organization: str, subject: str) -> Viewer:
        """The viewer that a token names: an organization by slug or id, a user by e-mail address or id.

        Raises `Unauthenticated` where there is no such active user of an active organization.
        """
        return self._viewers.get((organization, subject)) or await self._look_up(organization, subject)

    async def _look_up(self, organization: str, subject: str) -> Viewer:
        link = await self._fresh("SELECT 1")
        try:
            row = await link.raw.fetchrow("SELECT * FROM viewer_by_user($1, $2)", organization, subject)
        finally:
            await self.give_back(link)
        self._viewers.pop((organization, subject), None)
        if row is None:
            raise Unauthenticated("The token names no active user of an active organization.")
        settings: dict[str, Any] = row["settings"]
        viewer = Viewer(
            organization_id=row["organization_id"],
            user_id=row["user_id"],
            role=Role[row["role"]],
            visibility=Visibility[settings.get("visibility", {}).get("salesRep", "ALL")],
            time_zone=settings.get("timeZone", "UTC"),
            indexed_fields=frozenset(field["name"] for field in settings.get("customFields", ())),
            state=row["state"],
            claims=(organization, subject),
        )
        while len(self._viewers) >= _VIEWERS_KEPT:
            del self._viewers[next(iter(self._viewers))]
        self._viewers[organization, subject] = viewer
        return viewer

    def reader(self, viewer: Viewer) -> AbstractAsyncContextManager[Reader]:
        """A read transaction of the viewer: one snapshot, nothing can be written."""
        return _Opening(self, viewer, READ_ONLY, Reader)

    def unit_of_work(self, viewer: Viewer) -> AbstractAsyncContextManager[UnitOfWork]:
        """A write transaction of the viewer; nothing is kept unless the block ends well.

        Judge permissions by the unit's own `viewer`: the given one may have been out of date.
        """
        return _Opening(self, viewer, READ_WRITE, UnitOfWork)

    async def ended(self, link: Link, transaction: Transaction, *, well: bool) -> None:
        """What happens when a transaction's block has ended, well or not."""
        transaction.end()
        if well and isinstance(transaction, Reader) and transaction.is_idle:
            await self._leave(link)
        else:
            writes = isinstance(transaction, UnitOfWork)
            await self.give_back(link, "COMMIT" if well else "ROLLBACK", writes=writes, after=transaction.idle)

    async def _leave(self, link: Link) -> None:
        """Return a connection whose read transaction is over but for the COMMIT.

        That is sent together with the next transaction's BEGIN, which under load saves one of three round trips, or
        `_LINGER_S` later where nobody comes.
        """
        loop = asyncio.get_running_loop()
        link.left_at = loop.time()
        await self._pool.give_back(link, sound=True)
        if self._sweep is None:
            self._sweep = loop.call_later(_LINGER_S, self._begin_sweep)

    def _begin_sweep(self) -> None:
        self._sweep = None
        self._end_later(self._end_left())

    async def _end_left(self) -> None:
        """End the transactions that were left long enough ago."""
        loop = asyncio.get_running_loop()
        before = loop.time() - _LINGER_S
        while (link := await self._pool.take_left(before)) is not None:
            await self._end(link, "COMMIT", writes=False, after=None)
        if self._sweep is None and self._pool.has_left():
            self._sweep = loop.call_later(_LINGER_S, self._begin_sweep)

    async def begun(self, viewer: Viewer, mode: str) -> tuple[Link, Viewer]:
        """A connection in a transaction of the viewer, and the viewer as the database knows them now."""
        for _ in range(3):
            try:
                return await self._fresh(begin_script(viewer, mode)), viewer
            except asyncpg.PostgresError as error:
                if error.sqlstate != STALE_VIEWER:
                    raise
                viewer = await self._look_up(*viewer.claims)
        raise Unavailable("Your account is being changed just now; please try again.")

    async def _fresh(self, script: str) -> Link:
        """A connection on which the script has run. A pooled one that turns out dead is replaced once."""
        for last in (False, True):
            try:
                link = await self._pool.take()
            except (asyncpg.PostgresError, *CONNECTION_LOST, DBAPIError, TimeoutError) as error:
                raise Unavailable(AWAY) from error
            try:
                first, link.left_at = "" if link.left_at is None else "COMMIT;", None
                await link.raw.execute(first + script)
            except CONNECTION_LOST as error:
                await self._pool.give_back(link, sound=False)
                # The other idle connections died of the same cause.
                await self._pool.clear()
                if last:
                    raise Unavailable(AWAY) from error
            except BaseException:
                await self.give_back(link, "ROLLBACK", writes=True)
                raise
            else:
                return link
        raise AssertionError

    async def give_back(
        self,
        link: Link,
        end: str | None = None,
        *,
        writes: bool = False,
        after: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """End the transaction and return the connection in a task of its own, which no cancelled request stops.

        Nobody waits for the end of a reader, since it changes nothing.
        """
        if end is None:
            await self._pool.give_back(link, sound=True)
            return
        ending = self._end_later(self._end(link, end, writes=writes, after=after))
        if writes:
            await asyncio.shield(ending)

    def _end_later(self, ending: Coroutine[Any, Any, None]) -> "asyncio.Future[None]":
        future = asyncio.ensure_future(ending)
        self._endings.add(future)
        future.add_done_callback(self._forget_ending)
        return future

    def _forget_ending(self, ending: "asyncio.Future[None]") -> None:
        self._endings.discard(ending)
        if not ending.cancelled():
            ending.exception()  # looked at, even where the request that waited for it is gone

    async def _end(self, link: Link, end: str, *, writes: bool, after: Callable[[], Awaitable[None]] | None) -> None:
        """Send COMMIT or ROLLBACK; a connection that cannot be ended cleanly is thrown away."""
        sound, link.left_at = False, None
        try:
            if after is not None:
                await after()
            done = await link.raw.execute(end, timeout=5)
            sound = True
            if writes and done != end:
                raise RuntimeError("A statement had failed, so the transaction was rolled back instead of committed.")
        except (*CONNECTION_LOST, TimeoutError) as error:
            if writes and end == "COMMIT":
                raise Unavailable("The connection was lost while committing; please check and try again.") from error
        finally:
            await self._pool.give_back(link, sound=sound)


def identify(viewer: Viewer) -> str:
    """Name organization and user for the rest of a transaction."""
    return f"SET LOCAL app.organization_id = '{viewer.organization_id:d}';SET LOCAL app.user_id = '{viewer.user_id:d}'"


class _Opening(AbstractAsyncContextManager[T]):
    """One transaction as a block. A class, because a generator costs a point read a fiftieth of its time."""

    __slots__ = ("_database", "_kind", "_link", "_mode", "_transaction", "_viewer")

    def __init__(self, database: Database, viewer: Viewer, mode: str, kind: type[T]) -> None:
        self._database = database
        self._viewer = viewer
        self._mode = mode
        self._kind = kind

    async def __aenter__(self) -> T:
        self._link, viewer = await self._database.begun(self._viewer, self._mode)
        self._transaction = self._kind(self._link, viewer, begin_script(viewer, self._mode))
        self._transaction.kept_files = self._database.files
        return self._transaction

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        well = False
        try:
            if error is None and isinstance(self._transaction, UnitOfWork):
                await self._transaction.settle()
            well = error is None
        finally:
            await self._database.ended(self._link, self._transaction, well=well)


def begin_script(viewer: Viewer, mode: str) -> str:
    """One round trip: begin, name organization and user, and compare the viewer with the database's own view."""
    found: str | None = viewer.memo.get(mode)
    if found is None:
        state = viewer.state.replace("'", "''")
        found = viewer.memo[mode] = (
            f"BEGIN {mode};{identify(viewer)};"
            f"SELECT assert_viewer({viewer.organization_id:d}, {viewer.user_id:d}, '{state}')"
        )
    return found
