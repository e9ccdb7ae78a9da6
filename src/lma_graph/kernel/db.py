"""The database door: engines, the read transaction (`Reader`), the write transaction (`UnitOfWork`).

Enter at `Database`. Nothing else opens a connection of the application. Every transaction belongs to
one viewer: its `BEGIN` round trip names the organization and the user, and asks Postgres whether the viewer is
still what the server believes (active, same role, same settings).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from lma_graph.kernel.connections import AWAY, CONNECTION_LOST, NotMigrated, connect
from lma_graph.kernel.errors import Unauthenticated, Unavailable
from lma_graph.kernel.viewer import Role, Viewer, Visibility

STALE_VIEWER = "LMA01"
"""SQLSTATE raised by `assert_viewer` when the viewer is no longer what the caller believed."""
ANEW = "lma_plan_anew"
"""Execution option of a statement that is planned anew each time, because the best way depends on its values."""
_VIEWERS_KEPT = 10_000

Row = sa.Row[Any]


class Transaction:
    """One transaction of one viewer on one connection; statements of concurrent tasks take turns."""

    def __init__(self, connection: AsyncConnection, raw: asyncpg.Connection, viewer: Viewer, begin: str) -> None:
        self._connection = connection
        self._begin = begin
        self.raw = raw
        """The driver's connection, in this transaction; for statements compiled beforehand and for COPY."""
        self.viewer = viewer
        self.statements = 0
        """How many statements have run beside BEGIN and COMMIT."""
        self.observe: Callable[[str], None] | None = None
        """Told the text of every statement that runs on the driver's connection."""
        self._turn = asyncio.Lock()

    async def arrays(self, text: str, arguments: Sequence[Any], *, anew: bool = False) -> asyncpg.Record:
        """The one row of a statement that was compiled beforehand, on the driver's connection; `anew` is `ANEW`."""
        async with self._turn, self._planning(anew=anew):
            self.statements += 1
            if self.observe is not None:
                self.observe(text)
            return await self.raw.fetchrow(text, *arguments)

    async def restart(self) -> None:
        """A new transaction of the same kind, after a statement has failed in this one."""
        await self.raw.execute(f"ROLLBACK; {self._begin}")

    async def rows(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """All rows. `:organization_id` and `:viewer_id` are bound to the viewer's."""
        anew = statement.get_execution_options().get(ANEW, False)
        async with self._turn, self._planning(anew=anew):
            self.statements += 1
            result = await self._connection.execute(statement, self.binds(values))
            return result.all() if result.returns_rows else ()

    async def idle(self) -> None:
        """Wait for the statements that were asked for earlier."""
        async with self._turn:
            pass

    @asynccontextmanager
    async def _planning(self, *, anew: bool) -> AsyncIterator[None]:
        """Keep Postgres from the plan that it would otherwise keep for any values after a few runs."""
        if anew:
            await self.raw.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        yield
        if anew:
            await self.raw.execute("SET LOCAL plan_cache_mode = auto")

    def binds(self, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The binds every statement may use, and the given ones."""
        return {
            "organization_id": self.viewer.organization_id,
            "viewer_id": self.viewer.user_id,
            **(values or {}),
        }


class Reader(Transaction):
    """A `REPEATABLE READ READ ONLY` transaction: one snapshot for a whole query."""


class UnitOfWork(Transaction):
    """A read-write transaction: commits when its block ends well, rolls back otherwise."""

    async def copy(self, table: sa.Table, columns: Sequence[str], records: Sequence[Sequence[Any]]) -> None:
        """Bulk insert by COPY. Values are what the driver takes; JSON columns take text."""
        async with self._turn:
            self.statements += 1
            await self.raw.copy_records_to_table(table.name, columns=list(columns), records=records)


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

    def __init__(self, url: str, *, pool_size: int = 10, statement_timeout_ms: int = 10_000) -> None:
        self._dsn = connect_arguments(url)
        self._server_settings = {
            "application_name": "lma-graph",
            "timezone": "UTC",
            "statement_timeout": str(statement_timeout_ms),
            "idle_in_transaction_session_timeout": "60000",
            "jit": "off",
        }
        # AUTOCOMMIT leaves BEGIN and COMMIT to this file, which sends them together with the viewer's settings.
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: connect(self._dsn, self._server_settings),
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_use_lifo=True,
            pool_reset_on_return=None,
            hide_parameters=True,
            json_deserializer=orjson.loads,
            json_serializer=lambda value: orjson.dumps(value).decode(),
        )
        self._viewers: dict[tuple[str, str], Viewer] = {}
        self._endings: set[asyncio.Future[None]] = set()

    async def __aenter__(self) -> Self:
        """Nothing is connected before it is needed, so that the server starts while the database is away."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections; transactions of cancelled requests end first."""
        await asyncio.gather(*self._endings, return_exceptions=True)
        await self._engine.dispose()

    async def ping(self) -> None:
        """Raise `Unavailable` unless the database answers."""
        connection, raw = await self._fresh("SELECT 1")
        await self._give_back(connection, raw)

    async def revision(self) -> str | None:
        """The migration the database is at; null where none has run, or not all that the server cannot do without."""
        try:
            connection, raw = await self._fresh("SELECT 1")
        except NotMigrated:
            return None
        try:
            found: str | None = await raw.fetchval("SELECT version_num FROM alembic_version")
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
            return None
        finally:
            await self._give_back(connection, raw)
        return found

    async def viewer(self, organization: str, subject: str) -> Viewer:
        """The viewer that a token names: an organization by slug or id, a user by e-mail address or id.

        Raises `Unauthenticated` where there is no such active user of an active organization.
        """
        return self._viewers.get((organization, subject)) or await self._look_up(organization, subject)

    async def _look_up(self, organization: str, subject: str) -> Viewer:
        connection, raw = await self._fresh("SELECT 1")
        try:
            row = await raw.fetchrow("SELECT * FROM viewer_by_user($1, $2)", organization, subject)
        finally:
            await self._give_back(connection, raw)
        self._viewers.pop((organization, subject), None)
        if row is None:
            raise Unauthenticated("The token names no active user of an active organization.")
        settings: dict[str, Any] = row["settings"]
        viewer = Viewer(
            organization_id=row["organization_id"],
            user_id=row["user_id"],
            role=Role[row["role"]],
            visibility=Visibility(settings.get("visibility", {}).get("salesRep", "ALL")),
            time_zone=settings.get("timeZone", "UTC"),
            indexed_fields=frozenset(field["name"] for field in settings.get("customFields", ())),
            state=row["state"],
            claims=(organization, subject),
        )
        while len(self._viewers) >= _VIEWERS_KEPT:
            del self._viewers[next(iter(self._viewers))]
        self._viewers[organization, subject] = viewer
        return viewer

    @asynccontextmanager
    async def reader(self, viewer: Viewer) -> AsyncIterator[Reader]:
        """A read transaction of the viewer: one snapshot, nothing can be written."""
        async with self._transaction(viewer, "ISOLATION LEVEL REPEATABLE READ READ ONLY", Reader) as reader:
            yield reader

    @asynccontextmanager
    async def unit_of_work(self, viewer: Viewer) -> AsyncIterator[UnitOfWork]:
        """A write transaction of the viewer; nothing is kept unless the block ends well.

        Judge permissions by the unit's own `viewer`: the given one may have been out of date.
        """
        async with self._transaction(viewer, "READ WRITE", UnitOfWork) as unit:
            yield unit

    @asynccontextmanager
    async def _transaction(self, viewer: Viewer, mode: str, kind: type[T]) -> AsyncIterator[T]:
        connection, raw, viewer = await self._begun(viewer, mode)
        end = "ROLLBACK"
        try:
            yield kind(connection, raw, viewer, _begin(viewer, mode))
            end = "COMMIT"
        finally:
            await self._give_back(connection, raw, end, writes=kind is UnitOfWork)

    async def _begun(self, viewer: Viewer, mode: str) -> tuple[AsyncConnection, asyncpg.Connection, Viewer]:
        """A connection in a transaction of the viewer, and the viewer as the database knows them now."""
        for _ in range(3):
            try:
                connection, raw = await self._fresh(_begin(viewer, mode))
            except asyncpg.PostgresError as error:
                if error.sqlstate != STALE_VIEWER:
                    raise
                viewer = await self._look_up(*viewer.claims)
            else:
                return connection, raw, viewer
        raise Unavailable("Your account is being changed just now; please try again.")

    async def _fresh(self, script: str) -> tuple[AsyncConnection, asyncpg.Connection]:
        """A connection on which the script has run. A pooled one that turns out dead is replaced once."""
        for last in (False, True):
            try:
                connection = await self._engine.connect()
            except (asyncpg.PostgresError, *CONNECTION_LOST, DBAPIError, PoolTimeoutError, TimeoutError) as error:
                raise Unavailable(AWAY) from error
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            try:
                await raw.execute(script)
            except CONNECTION_LOST as error:
                await connection.invalidate()
                await connection.close()
                # The other idle connections died of the same cause.
                await self._engine.dispose()
                if last:
                    raise Unavailable(AWAY) from error
            except BaseException:
                await self._give_back(connection, raw, "ROLLBACK")
                raise
            else:
                return connection, raw
        raise AssertionError

    async def _give_back(
        self, connection: AsyncConnection, raw: asyncpg.Connection, end: str | None = None, *, writes: bool = False
    ) -> None:
        """End the transaction and return the connection in a task of its own, which no cancelled request stops."""
        ending = asyncio.ensure_future(_end(connection, raw, end, writes=writes))
        self._endings.add(ending)
        ending.add_done_callback(self._ended)
        await asyncio.shield(ending)

    def _ended(self, ending: "asyncio.Future[None]") -> None:
        self._endings.discard(ending)
        if not ending.cancelled():
            ending.exception()  # looked at, even where the request that waited for it is gone


async def _end(connection: AsyncConnection, raw: asyncpg.Connection, end: str | None, *, writes: bool) -> None:
    """Send COMMIT or ROLLBACK; a connection that cannot be ended cleanly is thrown away."""
    try:
        if end is not None:
            done = await asyncio.wait_for(raw.execute(end), 5)
            if writes and done != end:
                raise RuntimeError("A statement had failed, so the transaction was rolled back instead of committed.")
    except (*CONNECTION_LOST, TimeoutError) as error:
        await connection.invalidate()
        if writes and end == "COMMIT":
            raise Unavailable("The connection was lost while committing; please check and try again.") from error
    except asyncpg.PostgresError:
        await connection.invalidate()
        raise
    finally:
        await connection.close()


def _begin(viewer: Viewer, mode: str) -> str:
    """One round trip: begin, name organization and user, and compare the viewer with the database's own view."""
    state = viewer.state.replace("'", "''")
    return (
        f"BEGIN {mode};"
        f"SET LOCAL app.organization_id = '{viewer.organization_id:d}';"
        f"SET LOCAL app.user_id = '{viewer.user_id:d}';"
        f"SELECT assert_viewer({viewer.organization_id:d}, {viewer.user_id:d}, '{state}')"
    )
