"""Results of mutations by the key their caller chose.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_results",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("mutation", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name="fk_idempotency_results_organization_id_user_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "user_id", "mutation", "key", name="pk_idempotency_results"),
    )
    op.execute("ALTER TABLE idempotency_results ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON idempotency_results TO lma_app"
        " USING (organization_id = current_setting('app.organization_id')::bigint)"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_results TO lma_app")


def downgrade() -> None:
    op.drop_table("idempotency_results")
