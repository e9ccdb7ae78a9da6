"""The table of organizations."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from lma_graph.kernel.tables import Base, column, created_at, updated_at


class OrganizationRow(Base):
    """A customer of this server: everything else belongs to exactly one organization."""

    __tablename__ = "organizations"

    id: Mapped[int] = column("Global id.", sa.BigInteger(), sa.Identity(always=False), primary_key=True)
    name: Mapped[str] = column("Name, as people write it.")
    slug: Mapped[str] = column("Short name in tokens and links, unique among all organizations; not digits only.")
    description: Mapped[str | None] = column("What the organization does.")
    website: Mapped[str | None] = column("Address of its web site.")
    industry: Mapped[str | None] = column("The industry it works in.")
    size: Mapped[str | None] = column("Its size as a range of employees, such as `11-50`.")
    settings: Mapped[dict[str, Any]] = column(
        "Settings: `timeZone`, `currency`, `visibility.salesRep`, `scoring`, `assignment`, `customFields`.",
        server_default=sa.text("'{}'::jsonb"),
    )
    subscription_tier: Mapped[str] = column("The plan it is on; stored, not acted upon.", server_default="free")
    billing_email: Mapped[str | None] = column("Where invoices go; stored, not acted upon.")
    is_active: Mapped[bool] = column("Whether its users can sign in.", server_default=sa.true())
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()

    __table_args__ = (
        sa.UniqueConstraint("slug"),
        # A token names an organization by slug or by id, so a slug must not look like an id.
        sa.CheckConstraint("slug !~ '^[0-9]*$'", name="slug"),
    )
