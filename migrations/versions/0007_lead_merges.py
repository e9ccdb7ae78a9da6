"""Merges of leads, so that they can be taken back.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead_merges",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_ids", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("changes", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("moved", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id"],
            ["leads.organization_id", "leads.id"],
            name="fk_lead_merges_organization_id_lead_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name="fk_lead_merges_organization_id_user_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_lead_merges"),
    )
    op.create_index("ix_lead_merges_lead", "lead_merges", ["organization_id", "lead_id", sa.text("id DESC")])
    op.create_index("ix_lead_merges_user", "lead_merges", ["organization_id", "user_id"])
    op.execute("ALTER TABLE lead_merges ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON lead_merges TO lma_app"
        " USING (organization_id = current_setting('app.organization_id')::bigint)"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON lead_merges TO lma_app")


def downgrade() -> None:
    op.drop_table("lead_merges")
