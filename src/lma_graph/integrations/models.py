"""The table of integrations."""

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
    updated_at,
)


class IntegrationStatus(Choice):
    """How a connection is doing."""

    CONNECTED = "CONNECTED", "Working."
    SYNCING = "SYNCING", "A synchronisation is running."
    DEGRADED = "DEGRADED", "Works with errors; see `errorMessage`."
    ERROR = "ERROR", "Does not work; see `errorMessage`."
    PAUSED = "PAUSED", "Halted, by a person or after repeated failure."
    DISCONNECTED = "DISCONNECTED", "Not connected."


class IntegrationRow(TenantRow):
    """A connection to another system."""

    __tablename__ = "integrations"

    integration_type: Mapped[str] = column("Kind of system, such as `CRM`, `EMAIL` or `WEBHOOK`.")
    provider_name: Mapped[str] = column("Which provider, such as `hubspot`.")
    display_name: Mapped[str] = column("What people call it.")
    configuration: Mapped[dict[str, Any]] = column(
        "How to connect; secrets show as `***`.", server_default=sa.text("'{}'::jsonb")
    )
    status: Mapped[str] = choice(
        IntegrationStatus, "How the connection is doing.", default=IntegrationStatus.DISCONNECTED
    )
    last_sync_at: Mapped[dt.datetime | None] = column("When it last synchronised.")
    sync_frequency_minutes: Mapped[int | None] = column("Minutes between synchronisations; null for never.")
    error_message: Mapped[str | None] = column("What is wrong, in words.")
    created_by: Mapped[int | None] = column("The user who created it.", sa.BigInteger())
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()

    __table_args__ = (
        choices_check("status", IntegrationStatus),
        organization_key(),
        tenant_key("created_by", "users"),
        index("integrations", "created_at", *newest("created_at"), serves="`integrations`, newest first"),
        index(
            "integrations",
            "due",
            "last_sync_at",
            serves="connections whose synchronisation is due",
            postgresql_where=sa.text("status IN ('CONNECTED', 'DEGRADED') AND sync_frequency_minutes IS NOT NULL"),
        ),
        index("integrations", "created_by", "created_by", serves="the key"),
    )
