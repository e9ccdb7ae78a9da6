"""The table of workflow executions."""

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
)


class ExecutionStatus(Choice):
    """How far an execution has come."""

    PENDING = "PENDING", "Accepted, not started."
    RUNNING = "RUNNING", "At work."
    WAITING = "WAITING", "Waiting for something outside."
    SUCCEEDED = "SUCCEEDED", "Finished as intended."
    FAILED = "FAILED", "Ended with an error; see `errorMessage`."
    CANCELLED = "CANCELLED", "Stopped on request."
    EXHAUSTED = "EXHAUSTED", "Given up after the last retry."


class WorkflowExecutionRow(TenantRow):
    """One run of an n8n workflow, or of the server's own long work."""

    __tablename__ = "workflow_executions"

    user_id: Mapped[int | None] = column("The user who started it.", sa.BigInteger())
    lead_id: Mapped[int | None] = column("The lead it is about.", sa.BigInteger())
    workflow_id: Mapped[int | None] = column(
        "The workflow that ran.",
        sa.BigInteger(),
        added="the original model's link from a run to its workflow",
    )
    workflow_type: Mapped[str] = column(
        "`N8N`, or the server's own work: `IMPORT, EXPORT, RESCORE, ENROLL, BULK_UPDATE, INTEGRATION_SYNC`."
    )
    status: Mapped[str] = choice(ExecutionStatus, "How far it has come.", default=ExecutionStatus.PENDING)
    input_data: Mapped[dict[str, Any] | None] = column("What it was given.")
    output_data: Mapped[dict[str, Any] | None] = column("What it gave back.")
    error_message: Mapped[str | None] = column("Why it failed, in words.")
    leads_processed: Mapped[int] = column("Leads it has looked at.", server_default=sa.text("0"))
    leads_enriched: Mapped[int] = column("Leads it has added data to.", server_default=sa.text("0"))
    confidence_score: Mapped[float | None] = column("How sure it is of its result, 0 to 1.")
    external_execution_id: Mapped[str | None] = column(
        "The run's id in n8n.",
        added="the original model's `execution_id`: finds the run when n8n reports back",
    )
    attempt: Mapped[int] = column(
        "Which attempt this is, from 1.", server_default=sa.text("1"), added="retries are visible"
    )
    next_retry_at: Mapped[dt.datetime | None] = column(
        "When the next attempt is due.", added="retries with back-off survive a restart"
    )
    progress_done: Mapped[int] = column(
        "How much of its work is done.", server_default=sa.text("0"), added="long work shows how far it is"
    )
    progress_total: Mapped[int | None] = column("How much work there is, if it is known.", added="the same")
    progress_steps: Mapped[int] = column(
        "How many steps have been committed.",
        server_default=sa.text("0"),
        added="two workers cannot both commit one step",
    )
    progress_position: Mapped[dict[str, Any] | None] = column(
        "Where the next step begins.", added="work that was interrupted goes on exactly where it was"
    )
    started_at: Mapped[dt.datetime | None] = column("When it began to work.")
    completed_at: Mapped[dt.datetime | None] = column("When it reached its final state.")
    created_at: Mapped[dt.datetime] = created_at()

    __table_args__ = (
        choices_check("status", ExecutionStatus),
        organization_key(),
        tenant_key("user_id", "users"),
        tenant_key("lead_id", "leads", cascade=True),
        tenant_key("workflow_id", "workflows"),
        index(
            "workflow_executions",
            "created_at",
            *newest("created_at"),
            serves="`workflowExecutions`, newest first",
        ),
        index(
            "workflow_executions",
            "lead",
            "lead_id",
            *newest("created_at"),
            serves="`Lead.workflowExecutions`; the key",
        ),
        index(
            "workflow_executions",
            "workflow",
            "workflow_id",
            *newest("created_at"),
            serves="`Workflow.executions`; the key",
        ),
        index(
            "workflow_executions",
            "user",
            "user_id",
            *newest("created_at"),
            serves="runs a user started; the key",
        ),
        index(
            "workflow_executions",
            "open",
            "status",
            *newest("created_at"),
            serves="runs that have not ended",
            postgresql_where=sa.text("status IN ('PENDING', 'RUNNING', 'WAITING')"),
        ),
        index(
            "workflow_executions",
            "external",
            "external_execution_id",
            serves="the run that n8n reports back on",
            postgresql_where=sa.text("external_execution_id IS NOT NULL"),
        ),
    )
