"""The outbox of events and jobs, progress of executions, and the queue's own schema.

Revision 0004, after 0003. The queue's tables are made by the library that uses them; which of its versions made them
stands in the comment of the schema, so that a later migration knows which of the library's own steps are missing.
"""

from collections.abc import Iterator
from importlib.metadata import version

import sqlalchemy as sa
from alembic import context, op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("outbox_events", "outbox_jobs")
QUEUE = "procrastinate"

# The relay looks for the organizations that have something for it, and goes to each by itself.
ORGANIZATIONS_WITH_JOBS = """
CREATE FUNCTION organizations_with_jobs(p_limit integer)
RETURNS TABLE (organization_id bigint, waiting bigint, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT organization_id, count(*), min(run_at) FROM outbox_jobs
    WHERE run_at <= now() GROUP BY organization_id ORDER BY min(run_at) LIMIT p_limit
$$
"""

PURGE_EVENTS = """
CREATE FUNCTION purge_events(p_before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM outbox_events e USING organizations o
        WHERE e.organization_id = o.id AND e.created_at < least(p_before, now() - interval '1 day')
        RETURNING e.id
    )
    SELECT count(*) FROM gone
$$
"""

FUNCTIONS = {
    "organizations_with_jobs(integer)": ORGANIZATIONS_WITH_JOBS,
    "purge_events(timestamptz)": PURGE_EVENTS,
}


def upgrade() -> None:
    for name, kind, default in (
        ("progress_done", sa.Integer(), sa.text("0")),
        ("progress_total", sa.Integer(), None),
        ("progress_steps", sa.Integer(), sa.text("0")),
        ("progress_position", postgresql.JSONB(none_as_null=True), None),
    ):
        op.add_column("workflow_executions", sa.Column(name, kind, server_default=default, nullable=default is None))
    make_tables()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} TO lma_app"
            " USING (organization_id = current_setting('app.organization_id')::bigint)"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO lma_app")
    for signature, body in FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO lma_app")
    if not context.is_offline_mode():  # what is printed for the linter is our own SQL
        make_queue()


def make_tables() -> None:
    json = postgresql.JSONB(none_as_null=True)
    op.create_table(
        "outbox_events",
        *keys("outbox_events"),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", json, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.create_table(
        "outbox_jobs",
        *keys("outbox_jobs"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("arguments", json, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("lock_key", sa.Text(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("run_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    for table, suffix, columns in (
        ("outbox_events", "position", ("xid", "id")),
        ("outbox_events", "created_at", ("created_at",)),
        ("outbox_events", "user", ("user_id",)),
        ("outbox_jobs", "due", ("run_at", "id")),
        ("outbox_jobs", "user", ("user_id",)),
    ):
        op.create_index(f"ix_{table}_{suffix}", table, ["organization_id", *columns], unique=False)


class Xid8(sa.types.UserDefinedType[int]):
    """Postgres' 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Its name in SQL."""
        return "xid8"


def keys(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """The columns and constraints with which every table of an organization begins."""
    return (
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id")),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f(f"fk_{table}_organization_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f(f"pk_{table}")),
    )


def make_queue() -> None:
    op.execute(f"CREATE SCHEMA {QUEUE}")
    op.execute(f"SET LOCAL search_path = {QUEUE}")
    for statement in statements(SchemaManager.get_schema()):
        op.execute(sa.text(statement.replace(":", "\\:")))
    # The relay hands a job over at most once, whatever happens between that and its note of having done so.
    op.execute("CREATE UNIQUE INDEX lma_outbox ON procrastinate_jobs ((args ->> 'outbox')) WHERE args ? 'outbox'")
    op.execute("SET LOCAL search_path TO DEFAULT")
    op.execute(f"COMMENT ON SCHEMA {QUEUE} IS 'procrastinate {version('procrastinate')}'")
    op.execute(f"GRANT USAGE ON SCHEMA {QUEUE} TO lma_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {QUEUE} TO lma_app")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {QUEUE} TO lma_app")
    op.execute(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {QUEUE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {QUEUE} TO lma_app")


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one, as the driver wants them; bodies between `$$` stay whole."""
    found = ""
    for number, part in enumerate(script.split("$$")):
        if number % 2:
            found += f"$${part}$$"
            continue
        *whole, rest = part.split(";")
        for statement in whole:
            yield found + statement
            found = ""
        found += rest
    if found.strip():
        yield found


def downgrade() -> None:
    op.execute(f"DROP SCHEMA {QUEUE} CASCADE")
    for signature in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    for table in reversed(TABLES):
        op.drop_table(table)
    for name in ("progress_position", "progress_steps", "progress_total", "progress_done"):
        op.drop_column("workflow_executions", name)
