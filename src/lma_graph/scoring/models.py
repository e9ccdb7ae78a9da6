"""The tables of scoring rules and of the score history."""

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


class RuleType(Choice):
    """What a scoring rule looks at."""

    DEMOGRAPHIC = "DEMOGRAPHIC", "The person: position, place, language."
    FIRMOGRAPHIC = "FIRMOGRAPHIC", "The company: industry, size, place."
    BEHAVIORAL = "BEHAVIORAL", "What the lead does."
    ENGAGEMENT = "ENGAGEMENT", "How the lead answers us."
    NEGATIVE = "NEGATIVE", "What speaks against the lead; takes points."
    DECAY = "DECAY", "Time since the last engagement."


class ScoreEntryKind(Choice):
    """Where the points of an entry come from."""

    OPENING = "OPENING", "The score the lead came with."
    RULE = "RULE", "A scoring rule began, ceased or changed to match."
    MANUAL = "MANUAL", "A person adjusted the score."
    CAP = "CAP", "A cap cut what the rules gave."


class LeadScoringRuleRow(TenantRow):
    """A condition on leads and the points it gives."""

    __tablename__ = "lead_scoring_rules"

    name: Mapped[str] = column("What the rule is called.")
    description: Mapped[str | None] = column("What it is for.")
    rule_type: Mapped[str] = choice(RuleType, "What the rule looks at.")
    criteria: Mapped[dict[str, Any]] = column("The condition: a stored `LeadFilter`.")
    score_points: Mapped[int] = column("Points it gives; negative ones take.")
    is_active: Mapped[bool] = column("Whether it gives points.", server_default=sa.true())
    priority: Mapped[int] = column("Order in explanations and under caps, lowest first.", server_default=sa.text("100"))
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()
    deleted_at: Mapped[dt.datetime | None] = column(
        "When it was retired.", added="a rule is retired, not deleted: its entries keep `rule_id`"
    )

    __table_args__ = (
        choices_check("rule_type", RuleType),
        organization_key(),
        index(
            "lead_scoring_rules",
            "active",
            "priority",
            "id",
            serves="the rules that give points",
            postgresql_where=sa.text("is_active AND deleted_at IS NULL"),
        ),
        index(
            "lead_scoring_rules",
            "created_at",
            *newest("created_at"),
            serves="`leadScoringRules`, newest first",
        ),
    )


class LeadScoreHistoryRow(TenantRow):
    """One entry of the ledger: a lead's score is the sum of its `score_change`s."""

    __tablename__ = "lead_score_history"

    lead_id: Mapped[int] = column("The lead.", sa.BigInteger())
    previous_score: Mapped[int] = column("The score before.")
    new_score: Mapped[int] = column("The score after.")
    score_change: Mapped[int] = column("The difference.")
    reason: Mapped[str | None] = column("Why, in words.")
    rule_id: Mapped[int | None] = column("The rule that gave the points; null for manual changes.", sa.BigInteger())
    kind: Mapped[str] = choice(
        ScoreEntryKind,
        "Where the points come from.",
        added="tells openings, caps and manual changes from rules",
    )
    created_at: Mapped[dt.datetime] = created_at()

    __table_args__ = (
        choices_check("kind", ScoreEntryKind),
        sa.CheckConstraint("new_score = previous_score + score_change", name="adds_up"),
        tenant_key("lead_id", "leads", cascade=True),
        tenant_key("rule_id", "lead_scoring_rules"),
        index(
            "lead_score_history",
            "created_at",
            *newest("created_at"),
            serves="`leadScoreHistory`, newest first",
        ),
        index(
            "lead_score_history",
            "lead",
            "lead_id",
            *newest("created_at"),
            serves="`Lead.scoreHistory`; the key",
        ),
        index(
            "lead_score_history",
            "rule",
            "rule_id",
            "lead_id",
            serves="what a rule has given to a lead; the key",
            postgresql_where=sa.text("rule_id IS NOT NULL"),
        ),
    )
