"""The table of leads and its three search tables, which carry the lead's `created_at` so that they sort like it."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from lma_graph.kernel.choices import Choice
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
    unique,
    updated_at,
)


class LeadStatus(Choice):
    """Where a lead stands in its life."""

    NEW = "NEW", "Not contacted yet."
    CONTACTED = "CONTACTED", "A first contact was made."
    WORKING = "WORKING", "In conversation."
    NURTURING = "NURTURING", "Interested, not ready; kept warm."
    QUALIFIED = "QUALIFIED", "Fits and is ready to buy."
    CONVERTED = "CONVERTED", "Became a customer."
    UNQUALIFIED = "UNQUALIFIED", "Does not fit."
    LOST = "LOST", "Decided against us, or fell silent."


class LeadSource(Choice):
    """Where a lead came from."""

    WEBSITE = "WEBSITE", "The web site, without a form."
    WEB_FORM = "WEB_FORM", "A form on the web site."
    REFERRAL = "REFERRAL", "Recommended by someone."
    PARTNER = "PARTNER", "A partner company."
    EMAIL = "EMAIL", "An e-mail."
    COLD_CALL = "COLD_CALL", "We called without being asked."
    INBOUND_CALL = "INBOUND_CALL", "The lead called."
    SOCIAL_MEDIA = "SOCIAL_MEDIA", "A social network."
    PAID_ADS = "PAID_ADS", "Paid advertising."
    ORGANIC_SEARCH = "ORGANIC_SEARCH", "A search engine, unpaid."
    EVENT = "EVENT", "A fair, conference or other event."
    CAMPAIGN = "CAMPAIGN", "A campaign of ours."
    IMPORT = "IMPORT", "An imported file."
    API = "API", "Another system, through this API."
    EXISTING_CUSTOMER = "EXISTING_CUSTOMER", "Already a customer of something else."
    OTHER = "OTHER", "None of these."


class LeadTemperature(Choice):
    """How warm a lead is; follows the score by the organization's thresholds."""

    COLD = "COLD", "Below the threshold of WARM."
    WARM = "WARM", "Between the thresholds."
    HOT = "HOT", "Above the threshold of HOT."


class LeadRow(TenantRow):
    """A person, usually at a company, who may become a customer."""

    __tablename__ = "leads"

    email: Mapped[str | None] = column("E-mail address as entered.")
    first_name: Mapped[str | None] = column("First name.")
    last_name: Mapped[str | None] = column("Last name.")
    company: Mapped[str | None] = column("The company the lead works for.")
    job_title: Mapped[str | None] = column("The lead's position there.")
    phone: Mapped[str | None] = column("Telephone number, in international form where it could be recognised.")
    website: Mapped[str | None] = column("Address of a web site.")
    linkedin_url: Mapped[str | None] = column("Address of the LinkedIn profile.")
    status: Mapped[str] = choice(LeadStatus, "Where the lead stands in its life.", default=LeadStatus.NEW)
    source: Mapped[str] = choice(LeadSource, "Where the lead came from.", default=LeadSource.OTHER)
    lead_temperature: Mapped[str] = choice(
        LeadTemperature, "How warm the lead is, by its score.", default=LeadTemperature.COLD
    )
    score: Mapped[int] = column(
        "Points the lead has: the sum of all `scoreChange`s in its score history.", server_default=sa.text("0")
    )
    value: Mapped[int | None] = column("Expected worth, in whole units of the organization's currency.")
    notes: Mapped[str | None] = column("Free text on the lead itself; notes with an author are `LeadNote`s.")
    tags: Mapped[list[str]] = column("Labels, each at most once.", server_default=sa.text("'[]'::jsonb"))
    custom_fields: Mapped[dict[str, Any]] = column(
        "The organization's own fields.", server_default=sa.text("'{}'::jsonb")
    )
    enrichment_data: Mapped[dict[str, Any]] = column(
        "What enrichment found, with source, time and confidence.", server_default=sa.text("'{}'::jsonb")
    )
    expected_close_date: Mapped[dt.date | None] = column("When a decision is expected.")
    last_engagement_date: Mapped[dt.datetime | None] = column("When there was last contact, in either direction.")
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()
    assigned_to_id: Mapped[int | None] = column("The user who owns the lead.", sa.BigInteger())
    status_reason: Mapped[str | None] = column(
        "Why it was lost or does not fit.", added="`LOST` and `UNQUALIFIED` take a reason"
    )
    version: Mapped[int] = column(
        "Grows by one with every change.",
        server_default=sa.text("1"),
        added="optimistic concurrency",
    )
    external_source: Mapped[str | None] = column(
        "The system the lead was pushed from.", added="upsert by `(source system, external id)`"
    )
    external_id: Mapped[str | None] = column(
        "The lead's id in that system.", added="upsert by `(source system, external id)`"
    )
    deleted_at: Mapped[dt.datetime | None] = column(
        "When it was deleted; null for a lead that is not.", added="soft delete and restore"
    )
    merged_into_id: Mapped[int | None] = column(
        "The lead this one was merged into.", sa.BigInteger(), added="old ids keep resolving; unmerge"
    )
    email_norm: Mapped[str | None] = column(
        "E-mail address for matching.",
        sa.Computed("lower(btrim(email))", persisted=True),
        added="one lead per e-mail address; expression indexes go unused under row security",
    )

    __table_args__ = (
        choices_check("status", LeadStatus),
        choices_check("source", LeadSource),
        choices_check("lead_temperature", LeadTemperature),
        organization_key(),
        tenant_key("assigned_to_id", "users"),
        tenant_key("merged_into_id", "leads"),
        unique(
            "leads",
            "created_at",
            *newest("created_at"),
            serves="`leads` in its default order; the keys of the search tables",
        ),
        index(
            "leads",
            "owner_status",
            "assigned_to_id",
            "status",
            *newest("created_at"),
            "score",  # last, so that entries below a threshold are passed over without reading the lead
            serves="an owner's leads by status, newest first, from a score upwards; the key",
        ),
        index(
            "leads",
            "owner",
            "assigned_to_id",
            *newest("created_at"),
            serves="`User.assignedLeads`; unassigned leads",
        ),
        index("leads", "status", "status", *newest("created_at"), serves="leads of a status, newest first"),
        index("leads", "source", "source", *newest("created_at"), serves="leads of a source, newest first"),
        index("leads", "score", *newest("score"), serves="the best leads first; thresholds"),
        index(
            "leads",
            "owner_status_score",
            "assigned_to_id",
            "status",
            "score",
            serves="an owner's best leads of a status, where few match",
        ),
        index(
            "leads",
            "temperature",
            "lead_temperature",
            *newest("created_at"),
            serves="the hot and warm ones, which are few",
            postgresql_where=sa.text("lead_temperature <> 'COLD'"),
        ),
        index("leads", "updated_at", *newest("updated_at"), serves="what changed since, for synchronisation"),
        index(
            "leads",
            "engagement",
            "last_engagement_date",
            "id",
            serves="leads that fell silent",
            postgresql_where=sa.text("last_engagement_date IS NOT NULL"),
        ),
        index(
            "leads",
            "close_date",
            "expected_close_date",
            "id",
            serves="decisions expected soon",
            postgresql_where=sa.text("expected_close_date IS NOT NULL"),
        ),
        index(
            "leads",
            "alive",
            "id",
            serves="counting leads, and whether the lead of a row is there, without reading it",
            postgresql_where=sa.text("deleted_at IS NULL"),
        ),
        index(
            "leads",
            "deleted",
            sa.text("deleted_at DESC"),
            serves="`leads(deleted: ONLY)`",
            postgresql_where=sa.text("deleted_at IS NOT NULL"),
        ),
        index(
            "leads",
            "merged",
            "merged_into_id",
            serves="what was merged into a lead; the key",
            postgresql_where=sa.text("merged_into_id IS NOT NULL"),
        ),
        index(
            "leads",
            "deleted_email",
            "email_norm",
            serves="deleted leads with the e-mail address of another",
            postgresql_where=sa.text("email_norm IS NOT NULL AND deleted_at IS NOT NULL"),
        ),
        index(
            "leads",
            "phone",
            "phone",
            "id",
            serves="duplicates by telephone number",
            postgresql_where=sa.text("phone IS NOT NULL"),
        ),
        unique(
            "leads",
            "email",
            "email_norm",
            serves="one lead per e-mail address; upsert; lookup by e-mail",
            postgresql_where=sa.text("email_norm IS NOT NULL AND deleted_at IS NULL"),
        ),
        unique(
            "leads",
            "external",
            "external_source",
            "external_id",
            serves="one lead per id of another system; upsert",
            postgresql_where=sa.text("external_id IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": 85}},
    )


class LeadMergeRow(TenantRow):
    """Leads that were merged into one, and all that it takes to separate them again."""

    __tablename__ = "lead_merges"

    lead_id: Mapped[int] = column("The lead that survived.", sa.BigInteger())
    user_id: Mapped[int] = column("Who merged them.", sa.BigInteger())
    merged_ids: Mapped[list[int]] = column("The leads that were merged into it.")
    changes: Mapped[dict[str, Any]] = column("By column of the surviving lead: `from` and `to`.")
    moved: Mapped[dict[str, Any]] = column("By table: what of it was moved to the surviving lead, and from where.")
    created_at: Mapped[dt.datetime] = created_at()
    undone_at: Mapped[dt.datetime | None] = column("When they were separated again.")

    __table_args__ = (
        tenant_key("lead_id", "leads", cascade=True),
        tenant_key("user_id", "users"),
        index("lead_merges", "lead", "lead_id", sa.text("id DESC"), serves="the last merge of a lead; the key"),
        index("lead_merges", "user", "user_id", serves="the key"),
    )


class _SearchRow(Base):
    """What the search tables have in common: they belong to a lead and sort like it."""

    __abstract__ = True

    # First of all columns, and so of the primary key, which the filters by tag and word read in its order.
    organization_id: Mapped[int] = column(
        "The organization this belongs to.", sa.BigInteger(), primary_key=True, sort_order=-1
    )


def _lead_key() -> sa.ForeignKeyConstraint:
    """The key to the lead, `created_at` included.

    Filters join by all three columns. Only from a key over all three does the planner know that each row has its
    lead; from the columns alone it would expect hardly any to have one, and sort all that match for one page.
    """
    return sa.ForeignKeyConstraint(
        ["organization_id", "lead_id", "created_at"],
        ["leads.organization_id", "leads.id", "leads.created_at"],
        ondelete="CASCADE",
    )


class LeadTagRow(_SearchRow):
    """One tag of one lead: makes a filter by tag an ordered index scan under row security."""

    __tablename__ = "lead_tags"

    tag: Mapped[str] = column("The label.", sa.Text(collation="C"), primary_key=True)
    created_at: Mapped[dt.datetime] = column("The lead's `created_at`.", primary_key=True)
    lead_id: Mapped[int] = column("The lead.", sa.BigInteger(), primary_key=True)

    __table_args__ = (
        _lead_key(),
        unique("lead_tags", "lead", "lead_id", "tag", serves="the tags of a lead; the key"),
    )


class LeadFieldRow(_SearchRow):
    """One declared custom field of one lead, as text or as number."""

    __tablename__ = "lead_fields"

    lead_id: Mapped[int] = column("The lead.", sa.BigInteger(), primary_key=True)
    name: Mapped[str] = column("Path of the field, its steps joined by dots.", sa.Text(collation="C"), primary_key=True)
    created_at: Mapped[dt.datetime] = column("The lead's `created_at`.")
    text_value: Mapped[str | None] = column(
        "The value, where it is text of up to 200 characters.", sa.Text(collation="C")
    )
    number_value: Mapped[float | None] = column("The value, where it is a number.")

    __table_args__ = (
        _lead_key(),
        index(
            "lead_fields",
            "text",
            "name",
            "text_value",
            sa.text("created_at DESC"),
            sa.text("lead_id DESC"),
            serves="a filter by a declared custom field's text",
            postgresql_where=sa.text("text_value IS NOT NULL"),
        ),
        index(
            "lead_fields",
            "number",
            "name",
            "number_value",
            sa.text("created_at DESC"),
            sa.text("lead_id DESC"),
            serves="a filter by a declared custom field's number",
            postgresql_where=sa.text("number_value IS NOT NULL"),
        ),
    )


class LeadTermRow(_SearchRow):
    """One word by which a lead can be found: of its names, company, job title or e-mail address."""

    __tablename__ = "lead_terms"

    term: Mapped[str] = column(
        "The word, folded to lower case without accents.", sa.Text(collation="C"), primary_key=True
    )
    created_at: Mapped[dt.datetime] = column("The lead's `created_at`.", primary_key=True)
    lead_id: Mapped[int] = column("The lead.", sa.BigInteger(), primary_key=True)
    weight: Mapped[int] = column("How much a hit counts: 4 e-mail, 3 name, 2 company, 1 job title.", sa.SmallInteger())

    __table_args__ = (
        _lead_key(),
        unique("lead_terms", "lead", "lead_id", "term", serves="the words of a lead; the key"),
    )
