"""The GraphQL types of numbers, and what they add to campaigns."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from lma_graph.analytics.performance import MOST_DAYS, performances
from lma_graph.analytics.statistics.activities import ActivityStatsKey
from lma_graph.analytics.statistics.campaigns import CampaignStatsKey
from lma_graph.analytics.statistics.leads import LeadStatsKey
from lma_graph.campaigns.models import CampaignRow
from lma_graph.campaigns.types import Campaign
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.figures import Names, figure, figures, reckoned_each
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.nodes import extend
from lma_graph.kernel.graphql.scalars import BigInt

_FIELD = "Which of the keys of `groupBy` it is."
_VALUE = "The value as text: an enum's value, a label, a global id, the first day of a period; null for none."
_LABEL = "What to show for it: a person's or a campaign's name, otherwise the value; null for none."
_KEYS = "What the group has in common, in the order of `groupBy`; empty where there is one group of all."
_AT = "When the period begins."
_DATE = "Its first day, in the organization's time zone."


@figures
class LeadStatsKeyValue:
    """The value of one key that all leads of a group have."""

    field = figure(enum_of(LeadStatsKey), _FIELD)
    value = figure(str | None, _VALUE)
    label = figure(str | None, _LABEL)


@figures
class LeadStats:
    """A group of leads in numbers."""

    keys = figure(list[LeadStatsKeyValue], _KEYS)
    count = figure(int, "How many leads there are.")
    converted = figure(int, "How many of them are customers.")
    conversion_rate = figure(float, "Which share of them are customers, from 0 to 1.")
    sum_value = figure(BigInt, "What they are worth together, in whole units of the organization's currency.")
    converted_value = figure(BigInt, "What those who are customers are worth together.")
    average_value = figure(float | None, "What one is worth on average, of those that have a value.")
    average_score = figure(float, "How many points one has on average.")
    median_time_in_status = figure(
        float | None,
        "How many seconds they stayed in a status before they left it, the median of all such stays by the audit "
        "trail; with the key STATUS, stays in that status, wherever the leads are now. Null where there are none.",
    )


@figures
class LeadTimePoint:
    """How many leads there are in one period."""

    at = figure(dt.datetime, _AT)
    date = figure(dt.date, _DATE)
    count = figure(int, "How many there are; 0 where there are none.")


@figures
class ScoreTimePoint:
    """What scores were at the end of one period, by the score history of leads that are there today."""

    at = figure(dt.datetime, _AT)
    date = figure(dt.date, _DATE)
    leads = figure(int, "How many leads had been created by the end of it.")
    average_score = figure(float | None, "How many points one had on average at the end of it; null without leads.")
    change = figure(BigInt, "By how much all scores together changed in it.")
    gained = figure(BigInt, "The points that were given in it.")
    lost = figure(BigInt, "The points that were taken in it, as a number below zero.")
    entries = figure(int, "How many entries of the score history it has.")


@figures
class ActivityStatsKeyValue:
    """The value of one key that all activities of a group have."""

    field = figure(enum_of(ActivityStatsKey), _FIELD)
    value = figure(str | None, _VALUE)
    label = figure(str | None, _LABEL)


@figures
class ActivityStats:
    """A group of activities in numbers."""

    keys = figure(list[ActivityStatsKeyValue], _KEYS)
    count = figure(int, "How many activities there are.")
    leads = figure(int, "How many leads they are about.")
    completed = figure(int, "How many of them have happened.")
    scheduled = figure(int, "How many of them are planned, overdue ones included.")
    cancelled = figure(int, "How many of them will not happen.")
    overdue = figure(int, "How many of them are still planned although their time has passed.")
    inbound = figure(int, "In how many of them the lead turned to us.")
    outbound = figure(int, "In how many of them we turned to the lead.")


@figures
class CampaignStatsKeyValue:
    """The value of one key that all campaigns of a group have."""

    field = figure(enum_of(CampaignStatsKey), _FIELD)
    value = figure(str | None, _VALUE)
    label = figure(str | None, _LABEL)


_ENROLLED = "How many leads were ever enrolled; those removed since are among them."
_MEMBERS = "How many leads are members; those that were removed are not."
_CONTACTED = "How many have been contacted or came further."
_ENGAGED = "How many opened, clicked or visited, or came further."
_RESPONDED = "How many answered or came further."
_CONVERTED = "How many did what it is for."
_RATE = "{} as a share of `enrolled`, from 0 to 1; null where nobody was enrolled."
_COST = "`budgetSpent` divided by `{}`; null where that is 0."


class _Funnel:
    """What one campaign and a group of campaigns have in common."""

    members = figure(int, _MEMBERS)
    enrolled = figure(int, _ENROLLED)
    contacted = figure(int, _CONTACTED)
    engaged = figure(int, _ENGAGED)
    responded = figure(int, _RESPONDED)
    converted = figure(int, _CONVERTED)
    unsubscribed = figure(int, "How many asked not to be contacted.")
    bounced = figure(int, "How many could not be reached.")
    removed = figure(int, "How many were taken out.")
    contact_rate = figure(float | None, _RATE.format("`contacted`"))
    engagement_rate = figure(float | None, _RATE.format("`engaged`"))
    response_rate = figure(float | None, _RATE.format("`responded`"))
    conversion_rate = figure(float | None, _RATE.format("`converted`"))
    unsubscribe_rate = figure(float | None, _RATE.format("`unsubscribed`"))
    bounce_rate = figure(float | None, _RATE.format("`bounced`"))
    cost_per_member = figure(float | None, _COST.format("members"))
    cost_per_contact = figure(float | None, _COST.format("contacted"))
    cost_per_response = figure(float | None, _COST.format("responded"))
    cost_per_conversion = figure(float | None, _COST.format("converted"))


@figures
class CampaignStats(_Funnel):
    """A group of campaigns in numbers. Steps are cumulative: who answered counts as contacted and engaged as well."""

    keys = figure(list[CampaignStatsKeyValue], _KEYS)
    count = figure(int, "How many campaigns there are.")
    budget_allocated = figure(BigInt, "Their budgets together, in whole units of the organization's currency.")
    budget_spent = figure(BigInt, "What was spent on them together, in the same units.")


@figures
class CampaignDay:
    """What happened in a campaign on one day."""

    date = figure(dt.date, "The day, in the organization's time zone.")
    enrolled = figure(int, "How many leads were enrolled.")
    responded = figure(int, "How many responded for the first time.")
    converted = figure(int, "How many converted.")


@figures
class CampaignGoal:
    """Something that a campaign is to reach, and how far it has come."""

    name = figure(str, "What it is called.")
    target = figure(float | None, "How many there are to be.")
    actual = figure(
        int | None,
        "How many there are, for goals called after a step: `members`, `enrolments`, `contacts`, `engagements`, "
        "`responses` or `replies`, `conversions` or `customers`. Null for others, which nothing here counts.",
    )


@figures
class Credit:
    """Leads that became customers and are ascribed to one campaign."""

    conversions = figure(int, "How many leads there are.")
    value = figure(BigInt, "What they are worth together, in whole units of the organization's currency.")


@figures
class CampaignAttribution:
    """Leads that became customers, ascribed to the campaign that touched them, wholly and once in each way.

    A touch is communication of a campaign, or a contact or response stamped on a membership, before the conversion.
    """

    first_touch = figure(Credit, "Those whom this campaign touched before any other did.")
    last_touch = figure(Credit, "Those whom this campaign touched last before they became customers.")


@figures
class CampaignPerformance(_Funnel):
    """What a campaign has achieved with the members that you see.

    Steps are cumulative: a member who answered counts as contacted and engaged as well, and still does after it has
    unsubscribed or was removed.
    """

    median_time_to_response = figure(
        float | None, "How many seconds passed from enrolment to the first response, the median; null without any."
    )
    per_day = figure(
        list[CampaignDay],
        f"The days on which leads were enrolled, responded or converted, oldest first; the last {MOST_DAYS} of them.",
        most=MOST_DAYS,
    )
    goals = figure(list[CampaignGoal], "The goals of the campaign, in their order.")
    attribution = figure(CampaignAttribution, "Which customers are to its credit.")


async def _performances(campaigns: Sequence[Any], context: Context, *, names: Names) -> Sequence[Any]:
    return await performances(context.reader, context.scope, campaigns, names)


@extend(Campaign)
class CampaignNumbers:
    """What analytics adds to campaigns."""

    performance = reckoned_each(
        _performances,
        CampaignPerformance,
        reads=[CampaignRow.budget_spent, CampaignRow.goals],
        cost=20,
        description="What it has achieved, counted over its members.",
    )
