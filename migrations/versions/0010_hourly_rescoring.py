"""Which organizations have scoring rules, for what is done by the clock.

Revision 0010, after 0009.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SIGNATURE = "organizations_with_rules()"
# Nobody acts when the clock strikes, so one is found who may: whoever is an administrator or a manager at that moment.
ORGANIZATIONS_WITH_RULES = """
CREATE FUNCTION organizations_with_rules()
RETURNS TABLE (organization_id bigint, user_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT o.id, u.id FROM organizations o CROSS JOIN LATERAL (
        SELECT id FROM users WHERE organization_id = o.id AND is_active AND role IN ('ADMIN', 'MANAGER')
        ORDER BY role, id LIMIT 1
    ) u
    WHERE o.is_active AND EXISTS (
        SELECT FROM lead_scoring_rules r WHERE r.organization_id = o.id AND r.is_active AND r.deleted_at IS NULL
    )
    ORDER BY o.id
$$
"""


def upgrade() -> None:
    op.execute(ORGANIZATIONS_WITH_RULES)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO lma_app")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {SIGNATURE}")
