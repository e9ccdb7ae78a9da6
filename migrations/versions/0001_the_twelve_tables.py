"""The twelve tables of the model, the three search tables, their keys and their indexes.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # For the index over words of notes, which must be led by the organization.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.create_table(
        "organizations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("size", sa.Text(), nullable=True),
        sa.Column(
            "settings",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("subscription_tier", sa.Text(), server_default="free", nullable=False),
        sa.Column("billing_email", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("slug !~ '^[0-9]*$'", name=op.f("ck_organizations_slug")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
    )
    op.create_table(
        "lead_scoring_rules",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("rule_type", sa.Text(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("score_points", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("100"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "rule_type IN ('DEMOGRAPHIC', 'FIRMOGRAPHIC', 'BEHAVIORAL', 'ENGAGEMENT', 'NEGATIVE', 'DECAY')",
            name=op.f("ck_lead_scoring_rules_rule_type"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_lead_scoring_rules_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_lead_scoring_rules")),
    )
    op.create_index(
        "ix_lead_scoring_rules_active",
        "lead_scoring_rules",
        ["organization_id", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("is_active AND deleted_at IS NULL"),
    )
    op.create_index(
        "ix_lead_scoring_rules_created_at",
        "lead_scoring_rules",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "users",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), server_default="SALES_REP", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("timezone_preference", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("email_notifications", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(btrim(email)) AND email LIKE '%_@_%'", name=op.f("ck_users_email")),
        sa.CheckConstraint("role IN ('ADMIN', 'MANAGER', 'SALES_REP', 'VIEWER')", name=op.f("ck_users_role")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_users_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_index(
        "ix_users_active",
        "users",
        ["organization_id", "role", "id"],
        unique=False,
        postgresql_where=sa.text("is_active"),
    )
    op.create_index(
        "ix_users_created_at",
        "users",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "campaigns",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("campaign_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="DRAFT", nullable=False),
        sa.Column("target_criteria", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("budget_allocated", sa.Integer(), nullable=True),
        sa.Column("budget_spent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "goals",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'ACTIVE', 'PAUSED', 'COMPLETED', 'ARCHIVED')", name=op.f("ck_campaigns_status")
        ),
        sa.CheckConstraint("budget_allocated >= 0 AND budget_spent >= 0", name=op.f("ck_campaigns_budget")),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_campaigns_dates")),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_campaigns_organization_id_created_by"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_campaigns_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_campaigns")),
    )
    op.create_index(
        "ix_campaigns_created_at",
        "campaigns",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_campaigns_created_by", "campaigns", ["organization_id", "created_by"], unique=False)
    op.create_index(
        "ix_campaigns_status",
        "campaigns",
        ["organization_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "integrations",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("integration_type", sa.Text(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column(
            "configuration",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), server_default="DISCONNECTED", nullable=False),
        sa.Column("last_sync_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("sync_frequency_minutes", sa.Integer(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('CONNECTED', 'SYNCING', 'DEGRADED', 'ERROR', 'PAUSED', 'DISCONNECTED')",
            name=op.f("ck_integrations_status"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_integrations_organization_id_created_by"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_integrations_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_integrations")),
    )
    op.create_index(
        "ix_integrations_created_at",
        "integrations",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_integrations_created_by", "integrations", ["organization_id", "created_by"], unique=False)
    op.create_index(
        "ix_integrations_due",
        "integrations",
        ["organization_id", "last_sync_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('CONNECTED', 'DEGRADED') AND sync_frequency_minutes IS NOT NULL"),
    )
    op.create_table(
        "leads",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("linkedin_url", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="NEW", nullable=False),
        sa.Column("source", sa.Text(), server_default="OTHER", nullable=False),
        sa.Column("lead_temperature", sa.Text(), server_default="COLD", nullable=False),
        sa.Column("score", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column(
            "tags",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "custom_fields",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "enrichment_data",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("expected_close_date", sa.Date(), nullable=True),
        sa.Column("last_engagement_date", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("assigned_to_id", sa.BigInteger(), nullable=True),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("external_source", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.Column("email_norm", sa.Text(), sa.Computed("lower(btrim(email))", persisted=True), nullable=True),
        sa.CheckConstraint("lead_temperature IN ('COLD', 'WARM', 'HOT')", name=op.f("ck_leads_lead_temperature")),
        sa.CheckConstraint(
            "source IN ('WEBSITE', 'WEB_FORM', 'REFERRAL', 'PARTNER', 'EMAIL', 'COLD_CALL', 'INBOUND_CALL', 'SOCIAL_MEDIA', 'PAID_ADS', 'ORGANIC_SEARCH', 'EVENT', 'CAMPAIGN', 'IMPORT', 'API', 'EXISTING_CUSTOMER', 'OTHER')",
            name=op.f("ck_leads_source"),
        ),
        sa.CheckConstraint(
            "status IN ('NEW', 'CONTACTED', 'WORKING', 'NURTURING', 'QUALIFIED', 'CONVERTED', 'UNQUALIFIED', 'LOST')",
            name=op.f("ck_leads_status"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "assigned_to_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_leads_organization_id_assigned_to_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "merged_into_id"],
            ["leads.organization_id", "leads.id"],
            name=op.f("fk_leads_organization_id_merged_into_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_leads_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_leads")),
        postgresql_with={"fillfactor": 85},
    )
    op.create_index(
        "ix_leads_alive",
        "leads",
        ["organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_leads_close_date",
        "leads",
        ["organization_id", "expected_close_date", "id"],
        unique=False,
        postgresql_where=sa.text("expected_close_date IS NOT NULL"),
    )
    op.create_index(
        "uq_leads_created_at",
        "leads",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=True,
    )
    op.create_index(
        "ix_leads_deleted",
        "leads",
        ["organization_id", sa.literal_column("deleted_at DESC")],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_leads_engagement",
        "leads",
        ["organization_id", "last_engagement_date", "id"],
        unique=False,
        postgresql_where=sa.text("last_engagement_date IS NOT NULL"),
    )
    op.create_index(
        "ix_leads_merged",
        "leads",
        ["organization_id", "merged_into_id"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index(
        "ix_leads_owner",
        "leads",
        ["organization_id", "assigned_to_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_leads_owner_status",
        "leads",
        [
            "organization_id",
            "assigned_to_id",
            "status",
            sa.literal_column("created_at DESC"),
            sa.literal_column("id DESC"),
            "score",
        ],
        unique=False,
    )
    op.create_index(
        "ix_leads_owner_status_score", "leads", ["organization_id", "assigned_to_id", "status", "score"], unique=False
    )
    op.create_index(
        "ix_leads_score",
        "leads",
        ["organization_id", sa.literal_column("score DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_leads_source",
        "leads",
        ["organization_id", "source", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_leads_status",
        "leads",
        ["organization_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_leads_temperature",
        "leads",
        ["organization_id", "lead_temperature", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("lead_temperature <> 'COLD'"),
    )
    op.create_index(
        "ix_leads_updated_at",
        "leads",
        ["organization_id", sa.literal_column("updated_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_leads_email",
        "leads",
        ["organization_id", "email_norm"],
        unique=True,
        postgresql_where=sa.text("email_norm IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "uq_leads_external",
        "leads",
        ["organization_id", "external_source", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    # An owner belongs to one organization and works on leads of some statuses; taken as independent, the three would
    # make a list of an owner's leads look a hundred times as short as it is.
    op.execute(
        "CREATE STATISTICS st_leads_owner_status (dependencies, mcv) ON organization_id, assigned_to_id, status"
        " FROM leads"
    )
    op.create_table(
        "workflows",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("n8n_workflow_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("trigger_type", sa.Text(), server_default="MANUAL", nullable=False),
        sa.Column("trigger_conditions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column(
            "configuration",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "trigger_type IN ('LEAD_CREATED', 'LEAD_UPDATED', 'STATUS_CHANGED', 'SCORE_CHANGED', 'SCORE_THRESHOLD', 'ASSIGNED', 'CAMPAIGN_ENROLLED', 'ACTIVITY_RECORDED', 'SCHEDULE', 'MANUAL')",
            name=op.f("ck_workflows_trigger_type"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_workflows_organization_id_created_by"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_workflows_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_workflows")),
    )
    op.create_index(
        "ix_workflows_created_at",
        "workflows",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_workflows_created_by", "workflows", ["organization_id", "created_by"], unique=False)
    op.create_index(
        "ix_workflows_trigger",
        "workflows",
        ["organization_id", "trigger_type"],
        unique=False,
        postgresql_where=sa.text("is_active"),
    )
    op.create_index("uq_workflows_n8n", "workflows", ["organization_id", "n8n_workflow_id"], unique=True)
    op.create_table(
        "activities",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("activity_type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column(
            "metadata",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("scheduled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="COMPLETED", nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK', 'LEAD_CREATED', 'FIELD_CHANGE', 'STATUS_CHANGE', 'ASSIGNMENT', 'SCORE_CHANGE', 'MERGE', 'CONVERSION', 'CAMPAIGN_ENROLLED', 'CAMPAIGN_RESPONSE', 'NOTE_CHANGE', 'WORKFLOW_RUN', 'SYNC', 'IMPORT', 'LEAD_DELETED', 'LEAD_RESTORED')",
            name=op.f("ck_activities_activity_type"),
        ),
        sa.CheckConstraint("direction IN ('INBOUND', 'OUTBOUND')", name=op.f("ck_activities_direction")),
        sa.CheckConstraint("status IN ('SCHEDULED', 'COMPLETED', 'CANCELLED')", name=op.f("ck_activities_status")),
        sa.ForeignKeyConstraint(
            ["organization_id", "campaign_id"],
            ["campaigns.organization_id", "campaigns.id"],
            name=op.f("fk_activities_organization_id_campaign_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id"],
            ["leads.organization_id", "leads.id"],
            name=op.f("fk_activities_organization_id_lead_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_activities_organization_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_activities")),
    )
    op.create_index(
        "ix_activities_campaign",
        "activities",
        ["organization_id", "campaign_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.create_index(
        "ix_activities_communication",
        "activities",
        ["organization_id", "lead_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text(
            "activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')"
        ),
    )
    op.create_index(
        "ix_activities_contact",
        "activities",
        ["organization_id", "lead_id", "completed_at"],
        unique=False,
        postgresql_where=sa.text("direction = 'OUTBOUND' AND status = 'COMPLETED'"),
    )
    op.create_index(
        "ix_activities_created_at",
        "activities",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_activities_lead",
        "activities",
        ["organization_id", "lead_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_activities_scheduled",
        "activities",
        ["organization_id", "lead_id", "scheduled_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'SCHEDULED'"),
    )
    op.create_index(
        "ix_activities_user",
        "activities",
        ["organization_id", "user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "campaign_leads",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="ENROLLED", nullable=False),
        sa.Column("added_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_contact_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("response_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("conversion_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('ENROLLED', 'CONTACTED', 'ENGAGED', 'RESPONDED', 'CONVERTED', 'UNSUBSCRIBED', 'BOUNCED', 'REMOVED')",
            name=op.f("ck_campaign_leads_status"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "campaign_id"],
            ["campaigns.organization_id", "campaigns.id"],
            name=op.f("fk_campaign_leads_organization_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id"],
            ["leads.organization_id", "leads.id"],
            name=op.f("fk_campaign_leads_organization_id_lead_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_campaign_leads")),
    )
    op.create_index(
        "ix_campaign_leads_added_at",
        "campaign_leads",
        ["organization_id", sa.literal_column("added_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_campaign_leads_campaign",
        "campaign_leads",
        ["organization_id", "campaign_id", sa.literal_column("added_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_campaign_leads_lead",
        "campaign_leads",
        ["organization_id", "lead_id", sa.literal_column("added_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_campaign_leads_status",
        "campaign_leads",
        [
            "organization_id",
            "campaign_id",
            "status",
            sa.literal_column("added_at DESC"),
            sa.literal_column("id DESC"),
        ],
        unique=False,
    )
    op.create_index(
        "uq_campaign_leads_member", "campaign_leads", ["organization_id", "campaign_id", "lead_id"], unique=True
    )
    op.create_table(
        "lead_fields",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("text_value", sa.Text(collation="C"), nullable=True),
        sa.Column("number_value", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id", "created_at"],
            ["leads.organization_id", "leads.id", "leads.created_at"],
            name=op.f("fk_lead_fields_organization_id_lead_id_created_at"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "lead_id", "name", name=op.f("pk_lead_fields")),
    )
    op.create_index(
        "ix_lead_fields_number",
        "lead_fields",
        [
            "organization_id",
            "name",
            "number_value",
            sa.literal_column("created_at DESC"),
            sa.literal_column("lead_id DESC"),
        ],
        unique=False,
        postgresql_where=sa.text("number_value IS NOT NULL"),
    )
    op.create_index(
        "ix_lead_fields_text",
        "lead_fields",
        [
            "organization_id",
            "name",
            "text_value",
            sa.literal_column("created_at DESC"),
            sa.literal_column("lead_id DESC"),
        ],
        unique=False,
        postgresql_where=sa.text("text_value IS NOT NULL"),
    )
    op.create_table(
        "lead_notes",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("note_type", sa.Text(), server_default="GENERAL", nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("is_private", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "mentioned_users",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "attachments",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "search_vector",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple'::regconfig, content)", persisted=True),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id"],
            ["leads.organization_id", "leads.id"],
            name=op.f("fk_lead_notes_organization_id_lead_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_lead_notes_organization_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_lead_notes")),
    )
    op.create_index(
        "ix_lead_notes_created_at",
        "lead_notes",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_lead_notes_lead",
        "lead_notes",
        ["organization_id", "lead_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_lead_notes_search",
        "lead_notes",
        ["organization_id", "search_vector"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_lead_notes_user",
        "lead_notes",
        ["organization_id", "user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "lead_score_history",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("previous_score", sa.Integer(), nullable=False),
        sa.Column("new_score", sa.Integer(), nullable=False),
        sa.Column("score_change", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('OPENING', 'RULE', 'MANUAL', 'CAP')", name=op.f("ck_lead_score_history_kind")),
        sa.CheckConstraint("new_score = previous_score + score_change", name=op.f("ck_lead_score_history_adds_up")),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id"],
            ["leads.organization_id", "leads.id"],
            name=op.f("fk_lead_score_history_organization_id_lead_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "rule_id"],
            ["lead_scoring_rules.organization_id", "lead_scoring_rules.id"],
            name=op.f("fk_lead_score_history_organization_id_rule_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_lead_score_history")),
    )
    op.create_index(
        "ix_lead_score_history_created_at",
        "lead_score_history",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_lead_score_history_lead",
        "lead_score_history",
        ["organization_id", "lead_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_lead_score_history_rule",
        "lead_score_history",
        ["organization_id", "rule_id", "lead_id"],
        unique=False,
        postgresql_where=sa.text("rule_id IS NOT NULL"),
    )
    op.create_table(
        "lead_tags",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id", "created_at"],
            ["leads.organization_id", "leads.id", "leads.created_at"],
            name=op.f("fk_lead_tags_organization_id_lead_id_created_at"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "tag", "created_at", "lead_id", name=op.f("pk_lead_tags")),
    )
    op.create_index("uq_lead_tags_lead", "lead_tags", ["organization_id", "lead_id", "tag"], unique=True)
    op.create_table(
        "lead_terms",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("term", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id", "created_at"],
            ["leads.organization_id", "leads.id", "leads.created_at"],
            name=op.f("fk_lead_terms_organization_id_lead_id_created_at"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "term", "created_at", "lead_id", name=op.f("pk_lead_terms")),
    )
    op.create_index("uq_lead_terms_lead", "lead_terms", ["organization_id", "lead_id", "term"], unique=True)
    op.create_table(
        "workflow_executions",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("workflow_id", sa.BigInteger(), nullable=True),
        sa.Column("workflow_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("input_data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("output_data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("leads_processed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("leads_enriched", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("confidence_score", sa.Double(), nullable=True),
        sa.Column("external_execution_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("next_retry_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('PENDING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXHAUSTED')",
            name=op.f("ck_workflow_executions_status"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id"],
            ["leads.organization_id", "leads.id"],
            name=op.f("fk_workflow_executions_organization_id_lead_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_workflow_executions_organization_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_workflow_executions_organization_id_workflow_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_workflow_executions_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_workflow_executions")),
    )
    op.create_index(
        "ix_workflow_executions_created_at",
        "workflow_executions",
        ["organization_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_workflow_executions_external",
        "workflow_executions",
        ["organization_id", "external_execution_id"],
        unique=False,
        postgresql_where=sa.text("external_execution_id IS NOT NULL"),
    )
    op.create_index(
        "ix_workflow_executions_lead",
        "workflow_executions",
        ["organization_id", "lead_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_workflow_executions_open",
        "workflow_executions",
        ["organization_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status IN ('PENDING', 'RUNNING', 'WAITING')"),
    )
    op.create_index(
        "ix_workflow_executions_user",
        "workflow_executions",
        ["organization_id", "user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_workflow_executions_workflow",
        "workflow_executions",
        ["organization_id", "workflow_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_workflow_executions_workflow", table_name="workflow_executions")
    op.drop_index("ix_workflow_executions_user", table_name="workflow_executions")
    op.drop_index(
        "ix_workflow_executions_open",
        table_name="workflow_executions",
        postgresql_where=sa.text("status IN ('PENDING', 'RUNNING', 'WAITING')"),
    )
    op.drop_index("ix_workflow_executions_lead", table_name="workflow_executions")
    op.drop_index(
        "ix_workflow_executions_external",
        table_name="workflow_executions",
        postgresql_where=sa.text("external_execution_id IS NOT NULL"),
    )
    op.drop_index("ix_workflow_executions_created_at", table_name="workflow_executions")
    op.drop_table("workflow_executions")
    op.drop_index("uq_lead_terms_lead", table_name="lead_terms")
    op.drop_table("lead_terms")
    op.drop_index("uq_lead_tags_lead", table_name="lead_tags")
    op.drop_table("lead_tags")
    op.drop_index(
        "ix_lead_score_history_rule", table_name="lead_score_history", postgresql_where=sa.text("rule_id IS NOT NULL")
    )
    op.drop_index("ix_lead_score_history_lead", table_name="lead_score_history")
    op.drop_index("ix_lead_score_history_created_at", table_name="lead_score_history")
    op.drop_table("lead_score_history")
    op.drop_index("ix_lead_notes_user", table_name="lead_notes")
    op.drop_index("ix_lead_notes_search", table_name="lead_notes", postgresql_using="gin")
    op.drop_index("ix_lead_notes_lead", table_name="lead_notes")
    op.drop_index("ix_lead_notes_created_at", table_name="lead_notes")
    op.drop_table("lead_notes")
    op.drop_index("ix_lead_fields_text", table_name="lead_fields", postgresql_where=sa.text("text_value IS NOT NULL"))
    op.drop_index(
        "ix_lead_fields_number", table_name="lead_fields", postgresql_where=sa.text("number_value IS NOT NULL")
    )
    op.drop_table("lead_fields")
    op.drop_index("uq_campaign_leads_member", table_name="campaign_leads")
    op.drop_index("ix_campaign_leads_status", table_name="campaign_leads")
    op.drop_index("ix_campaign_leads_lead", table_name="campaign_leads")
    op.drop_index("ix_campaign_leads_campaign", table_name="campaign_leads")
    op.drop_index("ix_campaign_leads_added_at", table_name="campaign_leads")
    op.drop_table("campaign_leads")
    op.drop_index("ix_activities_user", table_name="activities")
    op.drop_index("ix_activities_scheduled", table_name="activities", postgresql_where=sa.text("status = 'SCHEDULED'"))
    op.drop_index("ix_activities_lead", table_name="activities")
    op.drop_index("ix_activities_created_at", table_name="activities")
    op.drop_index(
        "ix_activities_contact",
        table_name="activities",
        postgresql_where=sa.text("direction = 'OUTBOUND' AND status = 'COMPLETED'"),
    )
    op.drop_index(
        "ix_activities_communication",
        table_name="activities",
        postgresql_where=sa.text(
            "activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')"
        ),
    )
    op.drop_index(
        "ix_activities_campaign", table_name="activities", postgresql_where=sa.text("campaign_id IS NOT NULL")
    )
    op.drop_table("activities")
    op.drop_index("uq_workflows_n8n", table_name="workflows")
    op.drop_index("ix_workflows_trigger", table_name="workflows", postgresql_where=sa.text("is_active"))
    op.drop_index("ix_workflows_created_by", table_name="workflows")
    op.drop_index("ix_workflows_created_at", table_name="workflows")
    op.drop_table("workflows")
    op.drop_index("uq_leads_external", table_name="leads", postgresql_where=sa.text("external_id IS NOT NULL"))
    op.drop_index(
        "uq_leads_email",
        table_name="leads",
        postgresql_where=sa.text("email_norm IS NOT NULL AND deleted_at IS NULL"),
    )
    op.drop_index("uq_leads_created_at", table_name="leads")
    op.drop_index("ix_leads_updated_at", table_name="leads")
    op.drop_index("ix_leads_temperature", table_name="leads", postgresql_where=sa.text("lead_temperature <> 'COLD'"))
    op.drop_index("ix_leads_status", table_name="leads")
    op.drop_index("ix_leads_source", table_name="leads")
    op.drop_index("ix_leads_score", table_name="leads")
    op.drop_index("ix_leads_owner_status_score", table_name="leads")
    op.drop_index("ix_leads_owner_status", table_name="leads")
    op.drop_index("ix_leads_owner", table_name="leads")
    op.drop_index("ix_leads_merged", table_name="leads", postgresql_where=sa.text("merged_into_id IS NOT NULL"))
    op.drop_index(
        "ix_leads_engagement", table_name="leads", postgresql_where=sa.text("last_engagement_date IS NOT NULL")
    )
    op.drop_index("ix_leads_deleted", table_name="leads", postgresql_where=sa.text("deleted_at IS NOT NULL"))
    op.drop_index(
        "ix_leads_close_date", table_name="leads", postgresql_where=sa.text("expected_close_date IS NOT NULL")
    )
    op.drop_index("ix_leads_alive", table_name="leads", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_table("leads")
    op.drop_index(
        "ix_integrations_due",
        table_name="integrations",
        postgresql_where=sa.text("status IN ('CONNECTED', 'DEGRADED') AND sync_frequency_minutes IS NOT NULL"),
    )
    op.drop_index("ix_integrations_created_by", table_name="integrations")
    op.drop_index("ix_integrations_created_at", table_name="integrations")
    op.drop_table("integrations")
    op.drop_index("ix_campaigns_status", table_name="campaigns")
    op.drop_index("ix_campaigns_created_by", table_name="campaigns")
    op.drop_index("ix_campaigns_created_at", table_name="campaigns")
    op.drop_table("campaigns")
    op.drop_index("ix_users_created_at", table_name="users")
    op.drop_index("ix_users_active", table_name="users", postgresql_where=sa.text("is_active"))
    op.drop_table("users")
    op.drop_index("ix_lead_scoring_rules_created_at", table_name="lead_scoring_rules")
    op.drop_index(
        "ix_lead_scoring_rules_active",
        table_name="lead_scoring_rules",
        postgresql_where=sa.text("is_active AND deleted_at IS NULL"),
    )
    op.drop_table("lead_scoring_rules")
    op.drop_table("organizations")
