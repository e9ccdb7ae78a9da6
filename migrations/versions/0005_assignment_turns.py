"""Whose turn it is when leads are given to users one after the other.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignment_turns",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("served_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name="fk_assignment_turns_organization_id_user_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name="pk_assignment_turns"),
    )
    op.execute("ALTER TABLE assignment_turns ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON assignment_turns TO lma_app"
        " USING (organization_id = current_setting('app.organization_id')::bigint)"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON assignment_turns TO lma_app")


def downgrade() -> None:
    op.drop_table("assignment_turns")
