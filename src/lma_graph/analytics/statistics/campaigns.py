"""Groups of campaigns. Enter at `campaign_stats`."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from lma_graph.analytics.funnel import COSTS, RATES, STEPS, counts
from lma_graph.analytics.grouping import Column, Dimension, Grouping, Measure, periods_of, share
from lma_graph.analytics.statistics.people import CAMPAIGNS, USERS
from lma_graph.campaigns.criteria import CAMPAIGN
from lma_graph.campaigns.models import CampaignLeadRow, CampaignRow
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.scope import Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import Transaction


class CampaignStatsKey(Choice):
    """What campaigns can be grouped by."""

    STATUS = "STATUS", "Where they stand in their life."
    CAMPAIGN_TYPE = "CAMPAIGN_TYPE", "The label of their kind."
    CREATED_BY = "CREATED_BY", "The user who created them; the value is the user's global id."
    CAMPAIGN = "CAMPAIGN", "Each campaign by itself; the value is its global id."
    DAY = "DAY", "The day on which they were created, in the organization's time zone."
    WEEK = "WEEK", "The week in which they were created; the value is its Monday."
    MONTH = "MONTH", "The month in which they were created; the value is its first day."
    QUARTER = "QUARTER", "The quarter in which they were created; the value is its first day."
    YEAR = "YEAR", "The year in which they were created; the value is its first day."


class CampaignStatsOrderField(Choice):
    """What groups of campaigns can be sorted by."""

    COUNT = "COUNT", "How many campaigns there are."
    MEMBERS = "MEMBERS", "How many members they have."
    RESPONSE_RATE = "RESPONSE_RATE", "Which share of those enrolled responded."
    CONVERSION_RATE = "CONVERSION_RATE", "Which share of those enrolled converted."
    BUDGET_SPENT = "BUDGET_SPENT", "What was spent on them."
    KEYS = "KEYS", "The values of the keys, in the order of `groupBy`."


DIMENSIONS: Mapping[str, Dimension] = {
    "STATUS": Dimension("status"),
    "CAMPAIGN_TYPE": Dimension("campaign_type"),
    "CREATED_BY": Dimension("created_by", USERS),
    "CAMPAIGN": Dimension("id", CAMPAIGNS),
    **periods_of("created_at"),
}


def _sum(name: str) -> Measure:
    return lambda campaign: sa.cast(sa.func.coalesce(sa.func.sum(campaign.c[name]), 0), sa.BigInteger())


def _ratio(part: str, whole: str) -> Measure:
    return lambda campaign: share(_sum(part)(campaign), _sum(whole)(campaign))


MEASURES: Mapping[str, Measure] = {
    "count": lambda _: sa.func.count(),
    **{name: _sum(name) for name in STEPS},
    **{name: _ratio(of, "enrolled") for name, of in RATES.items()},
    "budget_allocated": _sum("budget_allocated"),
    "budget_spent": _sum("budget_spent"),
    **{name: _ratio("budget_spent", of) for name, of in COSTS.items()},
}
_OF_CAMPAIGNS = {"count", "budget_allocated", "budget_spent"}


async def campaign_stats(
    reader: Transaction, scope: Scope, asked: Sequence[str], arguments: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The groups of the campaigns that match a filter. One statement."""
    grouping = Grouping.read(reader.viewer, arguments, asked, DIMENSIONS, MEASURES)
    tree = arguments.get("filter")
    wanted = None if tree is None else CAMPAIGN.filter(tree)

    def conditions_of(campaign: sa.FromClause) -> list[Condition]:
        return [*conditions(campaign, scope), *([] if wanted is None else [wanted.sql(campaign, scope)])]

    campaign = table_of(CampaignRow).alias("t")
    columns: list[Column] = [campaign.c[name] for name in ("id", "budget_allocated", "budget_spent")]
    rows: sa.FromClause = grouping.rows(campaign, scope, conditions_of(campaign), columns)
    if not _OF_CAMPAIGNS.issuperset(grouping.measures):
        other = table_of(CampaignRow).alias("o")
        funnel = _funnel(scope, sa.select(other.c.id).where(*conditions_of(other)))
        joined = sa.select(*rows.c, *(funnel.c[name] for name in STEPS))
        rows = joined.select_from(rows.outerjoin(funnel, funnel.c.campaign_id == rows.c.id)).subquery()
    return grouping.read_rows(await reader.rows(grouping.statement(rows, scope, MEASURES)))


def _funnel(scope: Scope, campaigns: sa.Select[Any]) -> sa.Subquery:
    """How far the members of each campaign have come, as far as one sees them."""
    member = table_of(CampaignLeadRow).alias("m")
    found = [number.label(name) for name, number in counts(member).items()]
    of = member.c.campaign_id == sa.any_(sa.func.array(campaigns.scalar_subquery()))
    return (
        sa.select(member.c.campaign_id, *found)
        .where(*conditions(member, scope), of)
        .group_by(member.c.campaign_id)
        .subquery("funnel")
    )
