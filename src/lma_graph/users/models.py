"""The table of users, and whose turn it is among them. There is no password here: identity comes from signed tokens."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from lma_graph.kernel.tables import (
    Base,
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
from lma_graph.kernel.viewer import Role


class UserRow(TenantRow):
    """A person who works with leads, member of one organization."""

    __tablename__ = "users"

    email: Mapped[str] = column(
        "E-mail address in lower case, unique among all users; a token may name the user by it."
    )
    first_name: Mapped[str | None] = column("First name.")
    last_name: Mapped[str | None] = column("Last name.")
    role: Mapped[str] = choice(Role, "What the user may do.", default=Role.SALES_REP)
    is_active: Mapped[bool] = column("Whether the user can sign in and be assigned leads.", server_default=sa.true())
    timezone_preference: Mapped[str] = column("IANA time zone the user works in.", server_default="UTC")
    email_notifications: Mapped[bool] = column("Whether the user wants e-mails.", server_default=sa.true())
    avatar_url: Mapped[str | None] = column("Address of a picture.")
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()

    __table_args__ = (
        sa.UniqueConstraint("email"),
        # The form in which `viewer_by_user` looks an address up; the @ keeps it from being taken for an id.
        sa.CheckConstraint("email = lower(btrim(email)) AND email LIKE '%_@_%'", name="email"),
        choices_check("role", Role),
        organization_key(),
        index("users", "created_at", *newest("created_at"), serves="`users`, newest first"),
        index(
            "users",
            "active",
            "role",
            "id",
            serves="active members by role",
            postgresql_where=sa.text("is_active"),
        ),
    )


class AssignmentTurnRow(Base):
    """When a user was last given a lead in turn; whoever has waited longest is next."""

    __tablename__ = "assignment_turns"

    organization_id: Mapped[int] = column("The organization this belongs to.", sa.BigInteger(), primary_key=True)
    user_id: Mapped[int] = column("The user.", sa.BigInteger(), primary_key=True)
    served_at: Mapped[int] = column(
        "Microseconds since 1970, counted on by one for each lead, so that no two turns are the same.", sa.BigInteger()
    )

    __table_args__ = (tenant_key("user_id", "users"),)
