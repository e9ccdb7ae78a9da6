"""The tables of campaigns and of their members."""

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


class CampaignStatus(Choice):
    """Where a campaign stands in its life."""

    DRAFT = "DRAFT", "Being prepared."
    ACTIVE = "ACTIVE", "Running."
    PAUSED = "PAUSED", "Halted; can run again."
    COMPLETED = "COMPLETED", "Over."
    ARCHIVED = "ARCHIVED", "Put away."


class MemberStatus(Choice):
    """How far a lead has come in a campaign."""

    ENROLLED = "ENROLLED", "In the campaign, not contacted yet."
    CONTACTED = "CONTACTED", "Has been contacted."
    ENGAGED = "ENGAGED", "Opened, clicked or visited."
    RESPONDED = "RESPONDED", "Answered."
    CONVERTED = "CONVERTED", "Did what the campaign is for."
    UNSUBSCRIBED = "UNSUBSCRIBED", "Asked not to be contacted."
    BOUNCED = "BOUNCED", "Could not be reached."
    REMOVED = "REMOVED", "Taken out of the campaign."


class FollowCriteria(Choice):
    """Whether leads come and go with a campaign's criteria by themselves, while it is active."""

    NONE = "NONE", "They do not."
    IN = "IN", "A lead that matches is enrolled."
    IN_AND_OUT = (
        "IN_AND_OUT",
        "As IN; a lead that the criteria enrolled is taken out when it matches no longer and has not responded.",
    )


class ChosenBy(Choice):
    """Who said last whether a lead is in a campaign."""

    MANUAL = "MANUAL", "A person, by naming the lead or by a filter; the criteria do not overrule that."
    CRITERIA = "CRITERIA", "The campaign's own criteria."


class CampaignRow(TenantRow):
    """A marketing or outreach campaign."""

    __tablename__ = "campaigns"

    name: Mapped[str] = column("What the campaign is called.")
    description: Mapped[str | None] = column("What it is about.")
    campaign_type: Mapped[str] = column("Free label of its kind, such as `EMAIL`, `WEBINAR` or `EVENT`.")
    status: Mapped[str] = choice(CampaignStatus, "Where it stands in its life.", default=CampaignStatus.DRAFT)
    target_criteria: Mapped[dict[str, Any] | None] = column("Whom it is for: a stored `LeadFilter`.")
    follow_criteria: Mapped[str] = choice(
        FollowCriteria,
        "Whether leads come and go with the criteria by themselves, while the campaign is active.",
        default=FollowCriteria.NONE,
        added="an audience that is kept up to date without anybody enrolling",
    )
    start_date: Mapped[dt.date | None] = column("First day.")
    end_date: Mapped[dt.date | None] = column("Last day.")
    budget_allocated: Mapped[int | None] = column("Budget, in whole units of the organization's currency.")
    budget_spent: Mapped[int] = column("Spent so far, in the same units.", server_default=sa.text("0"))
    goals: Mapped[list[dict[str, Any]]] = column(
        "What it is to reach: a list of `{ name, target }`.", server_default=sa.text("'[]'::jsonb")
    )
    created_by: Mapped[int | None] = column("The user who created it.", sa.BigInteger())
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()

    __table_args__ = (
        choices_check("status", CampaignStatus),
        choices_check("follow_criteria", FollowCriteria),
        sa.CheckConstraint("end_date >= start_date", name="dates"),
        sa.CheckConstraint("budget_allocated >= 0 AND budget_spent >= 0", name="budget"),
        organization_key(),
        tenant_key("created_by", "users"),
        index("campaigns", "created_at", *newest("created_at"), serves="`campaigns`, newest first"),
        index("campaigns", "status", "status", *newest("created_at"), serves="campaigns of a status"),
        index("campaigns", "created_by", "created_by", serves="the key"),
        index(
            "campaigns",
            "following",
            "status",
            "id",
            serves="campaigns whose members follow their criteria",
            postgresql_where=sa.text("follow_criteria <> 'NONE'"),
        ),
    )


class CampaignLeadRow(TenantRow):
    """A lead's membership in a campaign: at most one of each pair."""

    __tablename__ = "campaign_leads"

    campaign_id: Mapped[int] = column("The campaign.", sa.BigInteger())
    lead_id: Mapped[int] = column("The lead.", sa.BigInteger())
    status: Mapped[str] = choice(MemberStatus, "How far the lead has come.", default=MemberStatus.ENROLLED)
    chosen_by: Mapped[str] = choice(
        ChosenBy,
        "Who said last whether the lead is in the campaign.",
        default=ChosenBy.MANUAL,
        added="what a person has chosen is not overruled by the criteria",
    )
    added_at: Mapped[dt.datetime] = column("When the lead was first enrolled.", server_default=sa.func.now())
    last_contact_at: Mapped[dt.datetime | None] = column("When the campaign contacted the lead last.")
    response_at: Mapped[dt.datetime | None] = column("When the lead first responded.")
    conversion_at: Mapped[dt.datetime | None] = column("When the lead converted.")

    __table_args__ = (
        choices_check("status", MemberStatus),
        choices_check("chosen_by", ChosenBy),
        tenant_key("campaign_id", "campaigns", cascade=True),
        tenant_key("lead_id", "leads", cascade=True),
        unique(
            "campaign_leads",
            "member",
            "campaign_id",
            "lead_id",
            serves="a lead is at most once in a campaign",
        ),
        index("campaign_leads", "added_at", *newest("added_at"), serves="`campaignLeads`, newest first"),
        index("campaign_leads", "lead", "lead_id", *newest("added_at"), serves="`Lead.campaignLeads`; the key"),
        index(
            "campaign_leads",
            "campaign",
            "campaign_id",
            *newest("added_at"),
            serves="`Campaign.campaignLeads`; the key",
        ),
        index(
            "campaign_leads",
            "status",
            "campaign_id",
            "status",
            *newest("added_at"),
            serves="members of a status; the funnel",
        ),
    )
