"""Migrations agree with the models, go down as they came up, and give way to a server that is at work."""

import asyncio
import time
from typing import Any

import asyncpg
import pytest

from lma_graph.kernel import migrations
from lma_graph.kernel.db import Database

SHAPE = """
SELECT 'column' AS kind, c.relname || '.' || a.attname AS name,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                 pg_get_expr(d.adbin, d.adrelid)) AS definition
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', roles, cmd, qual, with_check)
    FROM pg_policies
UNION ALL SELECT 'security', relname, concat_ws(' ', relrowsecurity, relforcerowsecurity, relacl)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL SELECT 'queue', oid::regclass::text, relacl::text FROM pg_class
    WHERE relnamespace = to_regnamespace('procrastinate')
UNION ALL SELECT 'function', oid::regprocedure::text, concat_ws(' ', prosecdef, proconfig, proacl, prosrc)
    FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND prolang <> 13
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""


@pytest.fixture(scope="module")
def fresh_url(fresh_database) -> str:
    """An owner's login to a database of this file's own."""
    return fresh_database("migrations")


async def shape(url: str) -> dict[tuple[str, str], str]:
    """Everything the migrations make, as Postgres itself writes it."""
    owner = await asyncpg.connect(url)
    try:
        return {(row["kind"], row["name"]): row["definition"] for row in await owner.fetch(SHAPE)}
    finally:
        await owner.close()


async def run(function: Any, *arguments: str) -> None:
    await asyncio.to_thread(function, *arguments)


async def test_the_models_and_the_migrated_database_agree(owner_url) -> None:
    await run(migrations.check, owner_url)


async def test_up_down_and_up_again(fresh_url) -> None:
    await run(migrations.upgrade, fresh_url)
    up = await shape(fresh_url)
    assert len(up) > 300
    revisions = ["0005", "0004", "0003", "0002", "0001", "base"]
    for revision in revisions:
        await run(migrations.downgrade, fresh_url, revision)
    assert set(await shape(fresh_url)) == {
        ("column", "alembic_version.version_num"),
        ("constraint", "alembic_version.alembic_version_pkc"),
        ("index", "alembic_version_pkc"),
        ("security", "alembic_version"),
    }
    await run(migrations.upgrade, fresh_url)
    again = await shape(fresh_url)
    assert {key: (up.get(key), again.get(key)) for key in {*up, *again} if up.get(key) != again.get(key)} == {}
    async with Database(fresh_url) as database:
        assert await database.revision() == migrations.head()


async def test_an_upgrade_gives_way_to_a_lock_and_leaves_nothing_half_done(fresh_url) -> None:
    await run(migrations.upgrade, fresh_url)
    await run(migrations.downgrade, fresh_url, "0001")
    before = await shape(fresh_url)
    busy = await asyncpg.connect(fresh_url)
    try:
        await busy.execute("BEGIN; LOCK TABLE integrations IN ACCESS SHARE MODE")
        started = time.monotonic()
        with pytest.raises(RuntimeError) as refused:
            await run(migrations.upgrade, fresh_url)
        assert 4 < time.monotonic() - started < 15
        assert str(refused.value) == (
            "A migration waited 5s for a lock that something else holds, and gave up so as not to block the server."
            " Nothing of it was kept; run it again at a quieter time."
        )
        assert await shape(fresh_url) == before
        assert await busy.fetchval("SELECT version_num FROM alembic_version") == "0001"
        await busy.execute("ROLLBACK")
    finally:
        await busy.close()
    await run(migrations.upgrade, fresh_url)
    async with Database(fresh_url) as database:
        assert await database.revision() == migrations.head()


async def test_an_upgrade_of_what_is_current_changes_nothing(owner_url) -> None:
    before = await shape(owner_url)
    await run(migrations.upgrade, owner_url)
    assert await shape(owner_url) == before
