"""One connection: how it is opened as the application's role, and which of its failures mean that it is gone."""

from collections.abc import Mapping

import asyncpg

from lma_graph.kernel.errors import Unavailable

APPLICATION_ROLE = "lma_app"
AWAY = "The database cannot be reached just now; please try again."
CONNECTION_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server said goodbye while nothing was asked of it
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
# Policies are not forced, so they do not hold for the owner of a table, nor for a member of the role that owns it.
_ROLE = """
SELECT r.rolname = current_user AS is_current,
       r.rolsuper OR r.rolbypassrls OR EXISTS (
           SELECT FROM pg_class c
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
             AND pg_has_role(r.oid, c.relowner, 'USAGE')
       ) AS is_exempt
FROM pg_roles r WHERE r.rolname = $1
"""


class NotMigrated(Unavailable):
    """The database answers, but the server's migrations have not run in it."""


async def connect(dsn: str, settings: Mapping[str, str]) -> asyncpg.Connection:
    """A connection on which statements run as the application's role, whatever the login is.

    Raises `NotMigrated` where there is no such role, and RuntimeError where row security would not hold for it.
    """
    connection = await asyncpg.connect(dsn, server_settings=dict(settings), timeout=5)
    try:
        await _take_role(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _take_role(connection: asyncpg.Connection) -> None:
    role = await connection.fetchrow(_ROLE, APPLICATION_ROLE)
    if role is None:
        raise NotMigrated(f"The database has no role {APPLICATION_ROLE} yet: run the migrations.")
    if role["is_exempt"]:
        raise RuntimeError(f"The role {APPLICATION_ROLE} is exempt from row security; it must not be.")
    if not role["is_current"]:
        await connection.execute(f"SET ROLE {APPLICATION_ROLE}")
