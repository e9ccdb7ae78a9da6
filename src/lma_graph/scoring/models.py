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


class ScoreCap(Choice):
    """A limit of what rules give to one lead."""

    DEMOGRAPHIC = "DEMOGRAPHIC", "Of all rules of this type."
    FIRMOGRAPHIC = "FIRMOGRAPHIC", "Of all rules of this type."
    BEHAVIORAL = "BEHAVIORAL", "Of all rules of this type."
    ENGAGEMENT = "ENGAGEMENT", "Of all rules of this type."
    NEGATIVE = "NEGATIVE", "Of all rules of this type."
    DECAY = "DECAY", "Of all rules of this type."
    TOTAL = "TOTAL", "Of all rules and the opening score together."


class RuleFrequency(Choice):
    """How often a rule gives its points to one lead."""

    ONCE = "ONCE", "Once, as long as the criteria hold."
    EACH = "EACH", "Once for every activity that the criteria's `activities` term matches."
    AT_MOST = "AT_MOST", "As EACH, but at most `frequencyLimit` times in each `frequencyPeriod`."


class FrequencyPeriod(Choice):
    """A stretch of the calendar, in the organization's time zone."""

    DAY = "DAY", "From midnight to midnight."
    WEEK = "WEEK", "From Monday to Sunday."
    MONTH = "MONTH", "A month of the calendar."


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
    frequency: Mapped[str] = choice(
        RuleFrequency,
        "How often it gives its points to one lead.",
        default=RuleFrequency.ONCE,
        added="a call each counts, and not only whether there was one",
    )
    frequency_limit: Mapped[int | None] = column(
        "How many times in a period, with `AT_MOST`.", added="keeps a busy day from counting too much"
    )
    frequency_period: Mapped[str | None] = choice(
        FrequencyPeriod, "The period of `frequencyLimit`.", nullable=True, added="the period that the limit is for"
    )
    half_life_days: Mapped[int | None] = column(
        "With `DECAY`: days without engagement after which half of the points are left.",
        added="the half-life of a decaying rule",
    )
    created_at: Mapped[dt.datetime] = created_at()
    updated_at: Mapped[dt.datetime] = updated_at()
    deleted_at: Mapped[dt.datetime | None] = column(
        "When it was retired.", added="a rule is retired, not deleted: its entries keep `rule_id`"
    )

    __table_args__ = (
        choices_check("rule_type", RuleType),
        choices_check("frequency", RuleFrequency),
        choices_check("frequency_period", FrequencyPeriod),
        sa.CheckConstraint(
            "(frequency = 'AT_MOST') = (frequency_limit IS NOT NULL)"
            " AND (frequency_limit IS NULL) = (frequency_period IS NULL) AND frequency_limit > 0",
            name="limit",
        ),
        sa.CheckConstraint("(rule_type = 'DECAY') = (half_life_days IS NOT NULL) AND half_life_days > 0", name="decay"),
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
    cap: Mapped[str | None] = choice(
        ScoreCap, "Which cap cut, with `CAP`.", nullable=True, added="tells the cuts of several caps apart"
    )
    created_at: Mapped[dt.datetime] = created_at()

    __table_args__ = (
        choices_check("kind", ScoreEntryKind),
        choices_check("cap", ScoreCap),
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
