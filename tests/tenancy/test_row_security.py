"""Row security and keys on their own: statements that carry no organization, on the application's connection."""

import asyncpg
import pytest
import sqlalchemy as sa
from inhabitants import keys_between_tenants, tenant_tables
from sqlalchemy.exc import DBAPIError

from lma_graph.kernel import connections
from lma_graph.kernel.db import Database
from lma_graph.kernel.viewer import Role

TABLES = [table.name for table in tenant_tables()]
STORED = {table.name: [c.name for c in table.columns if c.computed is None] for table in tenant_tables()}
NAMES = {key: f"{key.table.name}.{'_'.join(key.column_keys[1:])}" for key in keys_between_tenants()}


@pytest.fixture
def filled(tenants):
    """The organization whose administrator runs the statements."""
    return tenants[0].world


@pytest.fixture
def stranger(tenants) -> int:
    """The number of the other organization."""
    return tenants[1].world.organization_id


async def test_every_tenant_table_is_looked_at(owner) -> None:
    found = await owner.fetch("SELECT table_name FROM information_schema.columns WHERE column_name = 'organization_id'")
    assert sorted(TABLES) == sorted(row["table_name"] for row in found if not row["table_name"].startswith("pg_"))
    assert len(TABLES) >= 14


@pytest.mark.parametrize("table", TABLES)
async def test_rows_of_another_organization_are_unseen(table, filled, stranger, owner) -> None:
    counting = f"SELECT count(*) FROM {table} WHERE organization_id = $1"
    assert await owner.fetchval(counting, stranger) > 0
    own = await owner.fetchval(counting, filled.organization_id)
    async with filled.database.reader(await filled.viewer()) as reader:
        assert await reader.raw.fetchval(counting, stranger) == 0
        assert await reader.raw.fetchval(f"SELECT count(*) FROM {table}") == own


@pytest.mark.parametrize("table", TABLES)
async def test_rows_of_another_organization_cannot_be_changed(table, filled, stranger, owner) -> None:
    column = STORED[table][-1]
    counting = f"SELECT count(*) FROM {table} WHERE organization_id = $1"
    before = await owner.fetchval(counting, stranger)
    update = f"UPDATE {table} SET {column} = {column} WHERE organization_id = $1"
    delete = f"DELETE FROM {table} WHERE organization_id = $1"
    async with filled.database.unit_of_work(await filled.viewer()) as unit:
        assert await unit.raw.execute(update, stranger) == "UPDATE 0"
        assert await unit.raw.execute(delete, stranger) == "DELETE 0"
    assert await owner.fetchval(counting, stranger) == before


@pytest.mark.parametrize("table", TABLES)
async def test_rows_cannot_be_written_into_another_organization(table, filled, stranger, owner) -> None:
    columns = STORED[table]
    values = ", ".join("$1" if name == "organization_id" else name for name in columns)
    statements = (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} LIMIT 1",
        f"UPDATE {table} SET organization_id = $1",
    )
    counting = f"SELECT count(*) FROM {table} WHERE organization_id = $1"
    before = await owner.fetchval(counting, stranger)
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
            async with filled.database.unit_of_work(await filled.viewer()) as unit:
                await unit.raw.execute(statement, stranger)
        assert str(refused.value) == f'new row violates row-level security policy for table "{table}"'
    assert await owner.fetchval(counting, stranger) == before


async def test_only_the_own_organization_exists(filled, stranger) -> None:
    async with filled.database.unit_of_work(await filled.viewer()) as unit:
        assert [row["slug"] for row in await unit.raw.fetch("SELECT slug FROM organizations")] == [filled.slug]
        update = "UPDATE organizations SET name = 'taken' WHERE id = $1"
        assert await unit.raw.execute(update, stranger) == "UPDATE 0"


@pytest.mark.parametrize(
    "statement", ["INSERT INTO organizations (name, slug) VALUES ('a', 'b')", "DELETE FROM organizations"]
)
async def test_the_application_neither_makes_nor_deletes_organizations(world, statement) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for table organizations"):
        async with world.database.unit_of_work(await world.viewer()) as unit:
            await unit.raw.execute(statement)


@pytest.mark.parametrize("key", NAMES, ids=NAMES.values())
async def test_the_keys_refuse_a_reference_into_another_organization(key, filled, stranger, owner) -> None:
    """Checks of foreign keys pass row security by, and so does the owner: only the composite key is left."""
    column, parent = key.column_keys[1], key.referred_table.name
    foreign = await owner.fetchval(f"SELECT max(id) FROM {parent} WHERE organization_id = $1", stranger)
    one = f"SELECT ctid FROM {key.table.name} WHERE organization_id = $2 LIMIT 1"
    update = f"UPDATE {key.table.name} SET {column} = $1 WHERE ctid = ({one})"

    async def as_the_application(*arguments: object) -> None:
        async with filled.database.unit_of_work(await filled.viewer()) as unit:
            await unit.raw.execute(*arguments)

    for execute in (owner.execute, as_the_application):
        with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
            await execute(update, foreign, filled.organization_id)
        assert refused.value.constraint_name == key.name


@pytest.mark.parametrize("table", [*TABLES, "organizations"])
async def test_without_an_organization_there_is_an_error_and_not_an_empty_answer(table, world) -> None:
    connection = await connections.connect(world.database._dsn, {})
    try:
        with pytest.raises(asyncpg.UndefinedObjectError, match=r'parameter "app[.]organization_id"'):
            await connection.fetch(f"SELECT * FROM {table}")
        # Once it has been set in a session, Postgres remembers it as empty.
        await connection.execute("BEGIN; SET LOCAL app.organization_id = '1'; COMMIT")
        with pytest.raises(asyncpg.InvalidTextRepresentationError, match='invalid input syntax for type bigint: ""'):
            await connection.fetch(f"SELECT * FROM {table}")
    finally:
        await connection.close()


async def test_a_reader_cannot_write(world) -> None:
    lead = await world.lead()
    for statement in ("INSERT INTO users (organization_id, email) VALUES (1, 'a@b.test')", "DELETE FROM leads"):
        async with world.database.reader(await world.viewer()) as reader:
            with pytest.raises(DBAPIError) as refused:
                await reader.rows(sa.text(statement))
        assert isinstance(refused.value.orig.__cause__, asyncpg.ReadOnlySQLTransactionError)
    assert (await world.ask("{ leads { totalCount } }")).data == {"leads": {"totalCount": 1}}
    assert lead.organization_id == world.organization_id


LOST = "UPDATE users SET first_name = 'lost'"


async def count_lost(world) -> int:
    answer = await world.ask('{ users(filter: { firstName: { eq: "lost" } }) { totalCount } }')
    return answer.data["users"]["totalCount"]


async def test_a_unit_of_work_keeps_nothing_when_its_block_fails(world) -> None:
    async def failing() -> None:
        async with world.database.unit_of_work(await world.viewer()) as unit:
            await unit.rows(sa.text(LOST))
            raise KeyError

    with pytest.raises(KeyError):
        await failing()
    assert await count_lost(world) == 0


async def test_a_swallowed_failure_of_a_statement_is_not_a_commit(world) -> None:
    async def swallowing() -> None:
        async with world.database.unit_of_work(await world.viewer()) as unit:
            await unit.rows(sa.text(LOST))
            with pytest.raises(DBAPIError):
                await unit.rows(sa.text("SELECT 1 / 0"))

    with pytest.raises(RuntimeError, match="rolled back instead of committed"):
        await swallowing()
    assert await count_lost(world) == 0


async def test_the_organization_ends_with_the_transaction(world, other_world, owner_url) -> None:
    """One pooled connection serves one organization after the other; between them it serves none."""
    await world.lead()
    async with Database(owner_url, pool_size=1) as database:
        async with database.reader(await world.viewer()) as reader:
            first = reader.raw
            assert await first.fetchval("SELECT count(*) FROM leads") == 1
        async with database.unit_of_work(await other_world.viewer(Role.SALES_REP)) as unit:
            assert unit.raw is first
            assert await first.fetchval("SELECT count(*) FROM leads") == 0
            assert await first.fetchval("SELECT current_setting('app.user_id')") == str(
                other_world.users[Role.SALES_REP]
            )
        link = await database._pool.take()
        assert link.raw is first
        settings = "SELECT current_setting('app.organization_id') || current_setting('app.user_id')"
        assert await first.fetchval(settings) == ""
        assert await first.fetchval("SELECT current_user") == "lma_app"
        await database._pool.give_back(link, sound=True)


@pytest.mark.parametrize("exemption", ["SUPERUSER", "BYPASSRLS", "owner of a table", "member of the owner of a table"])
async def test_a_role_that_row_security_does_not_hold_for_is_refused(exemption, bare_url, monkeypatch) -> None:
    owner = await asyncpg.connect(bare_url)
    role, parent = "lma_test_exempt", "lma_test_exempt_parent"
    try:
        await owner.execute(f"CREATE ROLE {role}; CREATE ROLE {parent}; CREATE TABLE t (id int)")
        await owner.execute(
            {
                "owner of a table": f"ALTER TABLE t OWNER TO {role}",
                "member of the owner of a table": f"ALTER TABLE t OWNER TO {parent}; GRANT {parent} TO {role}",
            }.get(exemption, f"ALTER ROLE {role} {exemption}")
        )
        monkeypatch.setattr(connections, "APPLICATION_ROLE", role)
        async with Database(bare_url) as database:
            with pytest.raises(RuntimeError, match=f"^The role {role} is exempt from row security; it must not be.$"):
                await database.ping()
    finally:
        await owner.execute(f"DROP TABLE t; DROP ROLE {role}; DROP ROLE {parent}")
        await owner.close()
