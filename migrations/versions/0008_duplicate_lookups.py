"""Indexes by which duplicates are found. Revision by itself, so that it can be run again where it was broken off.

Revision 0008, after 0007.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_leads_phone": "(organization_id, phone, id) WHERE phone IS NOT NULL",
    "ix_leads_deleted_email": "(organization_id, email_norm) WHERE email_norm IS NOT NULL AND deleted_at IS NOT NULL",
}


def upgrade() -> None:
    # Concurrently, so that no writer waits. A build that was broken off leaves an index that serves nobody.
    with op.get_context().autocommit_block():
        for name, columns in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON leads {columns}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
