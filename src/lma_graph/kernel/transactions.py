"""What features get of the database: a transaction of one viewer, to read (`Reader`) or to write (`UnitOfWork`).

They are made by `db.Database` only.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar, cast

import asyncpg
import sqlalchemy as sa

from lma_graph.kernel.files import Files
from lma_graph.kernel.pool import Link
from lma_graph.kernel.viewer import Viewer

Row = sa.Row[Any]
L = TypeVar("L", bound=Callable[..., Awaitable[None]])
ANEW = "lma_plan_anew"
"""Execution option of a statement that is planned anew each time, because the best way depends on its values."""


class Transaction:
    """One transaction of one viewer on one connection; statements of concurrent tasks take turns."""

    kept_files: Files | None = None
    """Set by whoever opens the transaction, where there is a place for files."""
    _plans_last = True
    """Whether nothing but this class's own methods runs statements. Most readers with one statement that is planned
    anew have no other after it, so that is not undone before there is one."""

    def __init__(self, link: Link, viewer: Viewer, begin: str) -> None:
        self._begin = begin
        self._link: Link | None = link
        self.viewer = viewer
        self.statements = 0
        """How many statements have run beside BEGIN and COMMIT."""
        self.observe: Callable[[str, float], None] | None = None
        """Told the text of every statement and how many seconds it took."""
        self._turn = asyncio.Lock()
        self._anew = False
        """Whether statements are planned for their values at the moment."""

    @property
    def raw(self) -> asyncpg.Connection:
        """The driver's connection, in this transaction; for statements compiled beforehand and for COPY."""
        return self._open.raw

    @property
    def _open(self) -> Link:
        if self._link is None:
            raise RuntimeError("This transaction has ended; its connection serves somebody else by now.")
        return self._link

    @property
    def files(self) -> Files:
        """Files beside the database. They take no part in the transaction."""
        if self.kept_files is None:
            raise RuntimeError("This process was started without a place for files.")
        return self.kept_files

    def end(self) -> None:
        """Let go of the connection: tasks that a cancelled request has left behind must not use it any more."""
        self._link = None

    async def arrays(self, text: str, arguments: Sequence[Any], *, anew: bool = False) -> asyncpg.Record:
        """The one row of a statement that was compiled beforehand, on the driver's connection; `anew` is `ANEW`."""
        async with self._turn:
            if anew is not self._anew:
                await self._plan(anew=anew)
            row = await self._row(text, arguments)
            if anew and not self._plans_last:
                await self._plan(anew=False)
            return row

    async def _row(self, text: str, arguments: Sequence[Any]) -> asyncpg.Record | None:
        self.statements += 1
        began = time.perf_counter()
        row = await self._open.row(text, arguments)
        if self.observe is not None:
            self.observe(text, time.perf_counter() - began)
        return row

    async def restart(self) -> None:
        """A new transaction of the same kind, after a statement has failed in this one."""
        await self.raw.execute(f"ROLLBACK; {self._begin}")
        self._anew = False

    async def rows(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """All rows. `:organization_id` and `:viewer_id` are bound to the viewer's."""
        anew = statement.get_execution_options().get(ANEW, False)
        async with self._turn:
            if anew is not self._anew:
                await self._plan(anew=anew)
            rows = await self._rows(statement, values)
            if anew and not self._plans_last:
                await self._plan(anew=False)
            return rows

    async def _rows(self, statement: sa.Executable, values: Mapping[str, Any] | None) -> Sequence[Row]:
        connection = self._open.connection
        self.statements += 1
        began = time.perf_counter()
        result = await connection.execute(statement, self.binds(values))
        if self.observe is not None:
            self.observe(str(result.context.compiled), time.perf_counter() - began)
        return result.all() if result.returns_rows else ()

    @property
    def is_idle(self) -> bool:
        """Whether no statement is under way."""
        return not self._turn.locked()

    async def idle(self) -> None:
        """Wait for the statements that were asked for earlier."""
        async with self._turn:
            pass

    async def _plan(self, *, anew: bool) -> None:
        """Have statements planned for their values, or by the plan that is kept for any values, from here on."""
        if self._link is not None:  # what a cancelled request has left behind must not go on
            mode = "custom" if anew else "generic"
            await self._link.raw.execute(f"SET LOCAL plan_cache_mode = force_{mode}_plan")
            self._anew = anew

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

    _plans_last = False
    request_id: str | None = None
    """The request that it serves, for the audit trail."""

    def __init__(self, link: Link, viewer: Viewer, begin: str) -> None:
        super().__init__(link, viewer, begin)
        self._left: dict[Hashable, Callable[[UnitOfWork], Awaitable[None]]] = {}

    def leave(self, key: Hashable, make: Callable[[], L]) -> L:
        """Something to be done once, when all else of the unit of work is done: a function of the unit.

        The first who leaves something under a key makes it, later ones get it, to add to it what they have.
        """
        found = self._left.get(key)
        if found is None:
            found = self._left[key] = make()
        return cast("L", found)

    async def settle(self) -> None:
        """Do what was left to be done; before the commit, and before anybody reads what it would show."""
        while self._left:
            await self._left.pop(next(iter(self._left)))(self)

    async def execute(self, text: str, *arguments: Any) -> str:
        """Run a statement written for the driver, with `$1` and so on; gives what Postgres says of it."""
        async with self._turn:
            self.statements += 1
            began = time.perf_counter()
            done: str = await self.raw.execute(text, *arguments)
            if self.observe is not None:
                self.observe(text, time.perf_counter() - began)
            return done

    async def fetch(self, text: str, *arguments: Any) -> list[asyncpg.Record]:
        """The rows of a statement written for the driver."""
        async with self._turn:
            self.statements += 1
            began = time.perf_counter()
            found: list[asyncpg.Record] = await self.raw.fetch(text, *arguments)
            if self.observe is not None:
                self.observe(text, time.perf_counter() - began)
            return found

    async def copy(self, table: sa.Table, columns: Sequence[str], records: Sequence[Sequence[Any]]) -> None:
        """Bulk insert by COPY. Values are what the driver takes; JSON columns take text."""
        async with self._turn:
            self.statements += 1
            await self.raw.copy_records_to_table(table.name, columns=list(columns), records=records)
