"""The tables of activities and of notes."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
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
    tenant_key,
    updated_at,
)


class ActivityType(Choice):
    """What kind of activity it is. The first eleven are communication, the rest are the server's audit trail."""

    EMAIL = "EMAIL", "An e-mail."
    CALL = "CALL", "A telephone call."
    MEETING = "MEETING", "A meeting, in person or online."
    SMS = "SMS", "A text message."
    WHATSAPP = "WHATSAPP", "A WhatsApp message."
    LINKEDIN = "LINKEDIN", "A LinkedIn message."
    TASK = "TASK", "Something to do about the lead."
    FORM_SUBMISSION = "FORM_SUBMISSION", "The lead filled in a form."
    PAGE_VISIT = "PAGE_VISIT", "The lead visited a page."
    EMAIL_OPEN = "EMAIL_OPEN", "The lead opened an e-mail."
    EMAIL_CLICK = "EMAIL_CLICK", "The lead followed a link of an e-mail."
    LEAD_CREATED = "LEAD_CREATED", "Audit: the lead was created."
    FIELD_CHANGE = "FIELD_CHANGE", "Audit: fields of the lead were changed."
    STATUS_CHANGE = "STATUS_CHANGE", "Audit: the lead's status changed."
    ASSIGNMENT = "ASSIGNMENT", "Audit: the lead was given to a user, or taken from one."
    SCORE_CHANGE = "SCORE_CHANGE", "Audit: the lead's score changed."
    MERGE = "MERGE", "Audit: another lead was merged into this one, or separated again."
    CONVERSION = "CONVERSION", "Audit: the lead was converted."
    CAMPAIGN_ENROLLED = "CAMPAIGN_ENROLLED", "Audit: the lead joined a campaign."
    CAMPAIGN_RESPONSE = "CAMPAIGN_RESPONSE", "Audit: the lead's place in a campaign changed."
    NOTE_CHANGE = "NOTE_CHANGE", "Audit: a note was edited or removed."
    WORKFLOW_RUN = "WORKFLOW_RUN", "Audit: a workflow ran."
    SYNC = "SYNC", "Audit: an integration changed the lead."
    IMPORT = "IMPORT", "Audit: an import wrote the lead."
    LEAD_DELETED = "LEAD_DELETED", "Audit: the lead was deleted."
    LEAD_RESTORED = "LEAD_RESTORED", "Audit: the lead was restored."
    ACTIVITY_CHANGE = "ACTIVITY_CHANGE", "Audit: communication was changed, completed or cancelled."


COMMUNICATION_TYPES = tuple(ActivityType)[:11]
"""The types that stand for contact with the lead; only these show in `Lead.activities`."""

_LIST = ", ".join(f"'{kind.value}'" for kind in COMMUNICATION_TYPES)
IS_COMMUNICATION = f"activity_type IN ({_LIST})"
"""SQL that is true of communication; literal, so that the planner matches it with the partial index."""


class Direction(Choice):
    """Who turned to whom."""

    INBOUND = "INBOUND", "The lead turned to us."
    OUTBOUND = "OUTBOUND", "We turned to the lead."


class ActivityStatus(Choice):
    """Whether it has happened. An activity is overdue when it is scheduled for a time that has passed."""

    SCHEDULED = "SCHEDULED", "Planned for `scheduledAt`."
    COMPLETED = "COMPLETED", "It happened, at `completedAt`."
    CANCELLED = "CANCELLED", "It will not happen."


class ActivityRow(TenantRow):
    """Something done with or by a lead: communication, or an entry of the audit trail."""

    __tablename__ = "activities"

    lead_id: Mapped[int] = column("The lead it is about.", sa.BigInteger())
    user_id: Mapped[int | None] = column("The user who did it; null when the lead or the server did.", sa.BigInteger())
    activity_type: Mapped[str] = choice(ActivityType, "What kind of activity it is.")
    subject: Mapped[str | None] = column("One line that says what it is about.")
    content: Mapped[str | None] = column("The text of it.")
    # `metadata` is taken on declarative classes, so the attribute bears another name than the column.
    metadata_: Mapped[dict[str, Any]] = column(
        "Further details.", name="metadata", server_default=sa.text("'{}'::jsonb")
    )
    scheduled_at: Mapped[dt.datetime | None] = column("When it is planned for.")
    completed_at: Mapped[dt.datetime | None] = column("When it happened.")
    direction: Mapped[str | None] = choice(
        Direction, "Who turned to whom.", added="from the original model's communications"
    )
    status: Mapped[str] = choice(
        ActivityStatus,
        "Whether it has happened.",
        added="from the original model's communications",
        default=ActivityStatus.COMPLETED,
    )
    campaign_id: Mapped[int | None] = column(
        "The campaign it was part of.", sa.BigInteger(), added="which campaign a communication executes"
    )
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at(added="from the original model's communications")

    __table_args__ = (
        choices_check("activity_type", ActivityType),
        choices_check("direction", Direction),
        choices_check("status", ActivityStatus),
        tenant_key("lead_id", "leads", cascade=True),
        tenant_key("user_id", "users"),
        tenant_key("campaign_id", "campaigns"),
        index("activities", "created_at", *newest("created_at"), serves="`activities`, newest first"),
        index(
            "activities",
            "lead",
            "lead_id",
            *newest("created_at"),
            serves="the timeline and audit trail; the key",
        ),
        index(
            "activities",
            "communication",
            "lead_id",
            *newest("created_at"),
            serves="`Lead.activities`",
            postgresql_where=sa.text(IS_COMMUNICATION),
        ),
        index("activities", "user", "user_id", *newest("created_at"), serves="`User.activities`; the key"),
        index(
            "activities",
            "campaign",
            "campaign_id",
            *newest("created_at"),
            serves="communication of a campaign; the key",
            postgresql_where=sa.text("campaign_id IS NOT NULL"),
        ),
        index(
            "activities",
            "scheduled",
            "lead_id",
            "scheduled_at",
            "id",
            serves="`Lead.nextActivity`; what is due",
            postgresql_where=sa.text("status = 'SCHEDULED'"),
        ),
        index(
            "activities",
            "contact",
            "lead_id",
            "completed_at",
            serves="`Lead.firstContactedAt`, `Lead.lastContactedAt`",
            postgresql_where=sa.text("direction = 'OUTBOUND' AND status = 'COMPLETED'"),
        ),
    )


class LeadNoteRow(TenantRow):
    """A note about a lead. A private one exists only for its author, those it mentions, and administrators."""

    __tablename__ = "lead_notes"

    lead_id: Mapped[int] = column("The lead it is about.", sa.BigInteger())
    user_id: Mapped[int] = column("Its author.", sa.BigInteger())
    note_type: Mapped[str] = column("Free label such as `GENERAL`, `RESEARCH` or `MEETING`.", server_default="GENERAL")
    content: Mapped[str] = column("The text of the note.")
    is_private: Mapped[bool] = column(
        "Whether only its author, mentioned users and administrators see it.", server_default=sa.false()
    )
    mentioned_users: Mapped[list[int]] = column("Users it mentions.", server_default=sa.text("'[]'::jsonb"))
    attachments: Mapped[list[dict[str, Any]]] = column(
        "Files that belong to it: `name`, `url`, `contentType`, `size`.",
        server_default=sa.text("'[]'::jsonb"),
    )
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()
    search_vector: Mapped[Any] = column(
        "Words of the note, for search.",
        TSVECTOR(),
        sa.Computed("to_tsvector('simple'::regconfig, content)", persisted=True),
        added="word search in notes; read only by the function `search_notes`",
        deferred=True,
    )

    __table_args__ = (
        tenant_key("lead_id", "leads", cascade=True),
        tenant_key("user_id", "users"),
        index("lead_notes", "created_at", *newest("created_at"), serves="notes, newest first"),
        index("lead_notes", "lead", "lead_id", *newest("created_at"), serves="`Lead.notes`; the key"),
        index("lead_notes", "user", "user_id", *newest("created_at"), serves="notes of an author; the key"),
        index(
            "lead_notes",
            "search",
            "search_vector",
            serves="`searchLeads` in notes, through `search_notes`",
            postgresql_using="gin",
        ),
    )
