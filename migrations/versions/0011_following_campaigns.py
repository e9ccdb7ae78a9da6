"""Whether members follow a campaign's criteria, who chose them, and which organizations have such campaigns.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CHECKS = {
    ("campaigns", "follow_criteria"): "follow_criteria IN ('NONE', 'IN', 'IN_AND_OUT')",
    ("campaign_leads", "chosen_by"): "chosen_by IN ('MANUAL', 'CRITERIA')",
}
SIGNATURE = "organizations_following()"
# Nobody acts when the clock strikes, so one is found who may: whoever is an administrator or a manager at that moment.
ORGANIZATIONS_FOLLOWING = """
CREATE FUNCTION organizations_following()
RETURNS TABLE (organization_id bigint, user_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT o.id, u.id FROM organizations o CROSS JOIN LATERAL (
        SELECT id FROM users WHERE organization_id = o.id AND is_active AND role IN ('ADMIN', 'MANAGER')
        ORDER BY role, id LIMIT 1
    ) u
    WHERE o.is_active AND EXISTS (
        SELECT FROM campaigns c
        WHERE c.organization_id = o.id AND c.status = 'ACTIVE' AND c.follow_criteria <> 'NONE'
    )
    ORDER BY o.id
$$
"""
INDEX = "ix_campaigns_following"


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("follow_criteria", sa.Text(), server_default="NONE", nullable=False))
    op.add_column("campaign_leads", sa.Column("chosen_by", sa.Text(), server_default="MANUAL", nullable=False))
    for (table, column), condition in CHECKS.items():
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({condition}) NOT VALID")
    op.execute(ORGANIZATIONS_FOLLOWING)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO lma_app")
    # In transactions of their own, so that nobody waits while rows are looked at or the index is built.
    with op.get_context().autocommit_block():
        for table, column in CHECKS:
            op.execute(
                f"-- squawk-ignore prefer-robust-stmts\nALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{column}"
            )
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {INDEX} ON campaigns (organization_id, status, id)"
            " WHERE follow_criteria <> 'NONE'"
        )


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {SIGNATURE}")
    op.drop_column("campaign_leads", "chosen_by")
    op.drop_column("campaigns", "follow_criteria")
