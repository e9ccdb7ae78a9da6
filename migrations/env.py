"""How migrations run: on the owner's connection, waiting briefly for locks so that no live server is blocked."""

import asyncio

import sqlalchemy as sa
from alembic import context

from lma_graph.kernel.db import owner_engine
from lma_graph.schema.tables import METADATA

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"


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
    with context.begin_transaction():
        context.run_migrations()


async def run_online() -> None:
    engine = owner_engine(context.config.get_main_option("sqlalchemy.url") or "")
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


def run_offline() -> None:
    context.configure(dialect_name="postgresql", target_metadata=METADATA, literal_binds=True, as_sql=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    asyncio.run(run_online())
