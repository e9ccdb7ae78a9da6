"""Row security, the application's role, and the functions through which a viewer is found and checked.

Revision 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "users",
    "leads",
    "lead_tags",
    "lead_fields",
    "lead_terms",
    "campaigns",
    "campaign_leads",
    "activities",
    "lead_notes",
    "workflows",
    "workflow_executions",
    "lead_scoring_rules",
    "lead_score_history",
    "integrations",
)

# A role belongs to the whole cluster, so it may exist already; the migrating login must be able to become it.
ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lma_app') THEN
        BEGIN
            CREATE ROLE lma_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of the cluster is being migrated at the same moment
        END;
    END IF;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND current_user <> 'lma_app' THEN
        EXECUTE format('GRANT lma_app TO %I', current_user);
    END IF;
END $$
"""

# What the server believes about a viewer, and compares anew at the start of every transaction.
VIEWER_STATE = """
CREATE FUNCTION viewer_state(p_organization_id bigint, p_user_id bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.role || ':' || md5(o.settings::text)
    FROM users u JOIN organizations o ON o.id = u.organization_id
    WHERE u.organization_id = p_organization_id AND u.id = p_user_id AND u.is_active AND o.is_active
$$
"""

ASSERT_VIEWER = """
CREATE FUNCTION assert_viewer(p_organization_id bigint, p_user_id bigint, p_state text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    IF viewer_state(p_organization_id, p_user_id) IS DISTINCT FROM p_state THEN
        RAISE EXCEPTION 'the viewer is no longer what the server believes' USING ERRCODE = 'LMA01';
    END IF;
END $$
"""

# The one door that is open before an organization is known: a token names both by id or by name.
VIEWER_BY_USER = """
CREATE FUNCTION viewer_by_user(p_organization text, p_subject text)
RETURNS TABLE (organization_id bigint, user_id bigint, role text, settings jsonb, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT o.id, u.id, u.role, o.settings, viewer_state(o.id, u.id)
    FROM organizations o JOIN users u ON u.organization_id = o.id
    WHERE (o.slug = p_organization OR (p_organization ~ '^[0-9]{1,18}$' AND o.id::text = p_organization))
      AND (u.email = lower(btrim(p_subject)) OR (p_subject ~ '^[0-9]{1,18}$' AND u.id::text = p_subject))
      AND u.is_active AND o.is_active
$$
"""

# Text search operators are not leakproof, so under row security they cannot use an index. This function can; it
# repeats the organization and the privacy rule of notes, and gives at most `p_limit` hits, newest first.
SEARCH_NOTES = """
CREATE FUNCTION search_notes(p_query text, p_sees_private boolean, p_limit integer)
RETURNS TABLE (id bigint, lead_id bigint, rank real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT n.id, n.lead_id, ts_rank(n.search_vector, q)
    FROM lead_notes n, to_tsquery('simple', p_query) q
    WHERE n.organization_id = current_setting('app.organization_id')::bigint
      AND n.search_vector @@ q
      AND (NOT n.is_private OR p_sees_private
           OR n.user_id = current_setting('app.user_id')::bigint
           OR n.mentioned_users @> to_jsonb(current_setting('app.user_id')::bigint))
    ORDER BY n.created_at DESC, n.id DESC
    LIMIT least(p_limit, 1000)
$$
"""

FUNCTIONS = {
    "viewer_state(bigint, bigint)": VIEWER_STATE,
    "assert_viewer(bigint, bigint, text)": ASSERT_VIEWER,
    "viewer_by_user(text, text)": VIEWER_BY_USER,
    "search_notes(text, boolean, integer)": SEARCH_NOTES,
}


def upgrade() -> None:
    op.execute(ROLE)
    op.execute("GRANT USAGE ON SCHEMA public TO lma_app")
    for table, key in (("organizations", "id"), *((table, "organization_id") for table in TENANT_TABLES)):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        # Unset, the setting is an error and not an empty answer.
        op.execute(
            f"CREATE POLICY tenant ON {table} TO lma_app USING ({key} = current_setting('app.organization_id')::bigint)"
        )
    op.execute("GRANT SELECT, UPDATE ON organizations TO lma_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(TENANT_TABLES)} TO lma_app")
    op.execute("GRANT SELECT ON alembic_version TO lma_app")
    for signature, body in FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO lma_app")


def downgrade() -> None:
    for signature in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    for table in ("organizations", *TENANT_TABLES):
        op.execute(f"DROP POLICY tenant ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE ALL ON {table} FROM lma_app")
    op.execute("REVOKE ALL ON alembic_version FROM lma_app")
    op.execute("REVOKE USAGE ON SCHEMA public FROM lma_app")
