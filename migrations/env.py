"""How migrations run: on the owner's connection, waiting briefly for locks so that no live server is blocked."""

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.exc import DBAPIError

from lma_graph.kernel.db import owner_engine
from lma_graph.schema.tables import METADATA

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"
LOCK_NOT_AVAILABLE = "55P03"
GAVE_WAY = (
    f"A migration waited {LOCK_TIMEOUT} for a lock that something else holds, and gave up so as not to block the server."
    " Nothing of it was kept; run it again at a quieter time."
)


def run(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    connection.exec_driver_sql(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise RuntimeError(GAVE_WAY) from error
        raise


async def run_online() -> None:
    engine = owner_engine(context.config.get_main_option("sqlalchemy.url") or "")
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await engine.dispose()


def run_offline() -> None:
    context.configure(dialect_name="postgresql", target_metadata=METADATA, literal_binds=True, as_sql=True)
    with context.begin_transaction():
        context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        context.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    asyncio.run(run_online())
