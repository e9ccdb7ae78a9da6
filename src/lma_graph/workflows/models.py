"""The table of workflows."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.tables import (
    TenantRow,
    choice,
    choices_check,
    column,
    created_at,
    index,
    newest,
    organization_key,
    tenant_key,
    unique,
    updated_at,
)


class TriggerType(Choice):
    """What starts a workflow."""

    LEAD_CREATED = "LEAD_CREATED", "A lead was created."
    LEAD_UPDATED = "LEAD_UPDATED", "A lead was changed."
    STATUS_CHANGED = "STATUS_CHANGED", "A lead's status changed."
    SCORE_CHANGED = "SCORE_CHANGED", "A lead's score changed."
    SCORE_THRESHOLD = "SCORE_THRESHOLD", "A lead's temperature changed."
    ASSIGNED = "ASSIGNED", "A lead was given to a user."
    CAMPAIGN_ENROLLED = "CAMPAIGN_ENROLLED", "A lead joined a campaign."
    ACTIVITY_RECORDED = "ACTIVITY_RECORDED", "An activity was recorded."
    SCHEDULE = "SCHEDULE", "A point in time came."
    MANUAL = "MANUAL", "Someone asked for it."


class WorkflowRow(TenantRow):
    """An n8n workflow and the events that start it."""

    __tablename__ = "workflows"

    n8n_workflow_id: Mapped[str | None] = column("The workflow's id in n8n.")
    name: Mapped[str] = column("What the workflow is called.")
    description: Mapped[str | None] = column("What it does.")
    category: Mapped[str | None] = column("Free label to group workflows by.")
    trigger_type: Mapped[str] = choice(TriggerType, "What starts it.", default=TriggerType.MANUAL)
    trigger_conditions: Mapped[dict[str, Any] | None] = column("Which leads it is for: a stored `LeadFilter`.")
    configuration: Mapped[dict[str, Any]] = column(
        "Webhook address, method, authentication and retries; secrets show as `***`.",
        server_default=sa.text("'{}'::jsonb"),
    )
    is_active: Mapped[bool] = column("Whether events start it.", server_default=sa.true())
    created_by: Mapped[int | None] = column("The user who created it.", sa.BigInteger())
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()

    __table_args__ = (
        choices_check("trigger_type", TriggerType),
        organization_key(),
        tenant_key("created_by", "users"),
        unique("workflows", "n8n", "n8n_workflow_id", serves="one row per n8n workflow"),
        index("workflows", "created_at", *newest("created_at"), serves="`workflows`, newest first"),
        index(
            "workflows",
            "trigger",
            "trigger_type",
            serves="workflows that an event starts",
            postgresql_where=sa.text("is_active"),
        ),
        index("workflows", "created_by", "created_by", serves="the key"),
    )
