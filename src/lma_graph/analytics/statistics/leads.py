"""Groups of leads. Enter at `lead_stats`."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from lma_graph.activities.models import ActivityRow
from lma_graph.analytics.grouping import Column, Dimension, Grouping, Measure, periods_of, share
from lma_graph.analytics.periods import elapsed
from lma_graph.analytics.statistics.people import CAMPAIGNS, USERS
from lma_graph.campaigns.models import CampaignLeadRow
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import Transaction
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.models import LeadRow, LeadTagRow


class LeadStatsKey(Choice):
    """What leads can be grouped by."""

    STATUS = "STATUS", "Where they stand in their life."
    SOURCE = "SOURCE", "Where they came from."
    TEMPERATURE = "TEMPERATURE", "How warm they are."
    ASSIGNED_TO = "ASSIGNED_TO", "The user who owns them; the value is the user's global id."
    CAMPAIGN = "CAMPAIGN", "The campaigns they are in, those they were removed from left out: a lead counts in each."
    TAG = "TAG", "Their labels: a lead counts in each group whose label it has."
    COMPANY = "COMPANY", "The company they work for, as written."
    DAY = "DAY", "The day on which they were created, in the organization's time zone."
    WEEK = "WEEK", "The week in which they were created; the value is its Monday."
    MONTH = "MONTH", "The month in which they were created; the value is its first day."
    QUARTER = "QUARTER", "The quarter in which they were created; the value is its first day."
    YEAR = "YEAR", "The year in which they were created; the value is its first day."


class LeadStatsOrderField(Choice):
    """What groups of leads can be sorted by."""

    COUNT = "COUNT", "How many leads there are."
    CONVERTED = "CONVERTED", "How many of them are customers."
    CONVERSION_RATE = "CONVERSION_RATE", "Which share of them are customers."
    SUM_VALUE = "SUM_VALUE", "What they are worth together."
    AVERAGE_VALUE = "AVERAGE_VALUE", "What one is worth on average."
    AVERAGE_SCORE = "AVERAGE_SCORE", "How many points one has on average."
    KEYS = "KEYS", "The values of the keys, in the order of `groupBy`."


def _campaigns_of(lead: sa.FromClause, scope: Scope) -> tuple[sa.FromClause, Column]:
    member = table_of(CampaignLeadRow).alias()
    there = (member.c.lead_id == lead.c.id, member.c.status != sa.literal_column("'REMOVED'"))
    return member, sa.and_(*conditions(member, scope, child_of="lead_id"), *there)


def _tags_of(lead: sa.FromClause, scope: Scope) -> tuple[sa.FromClause, Column]:
    entry = table_of(LeadTagRow).alias()
    return entry, sa.and_(*conditions(entry, scope), entry.c.lead_id == lead.c.id)


DIMENSIONS: Mapping[str, Dimension] = {
    "STATUS": Dimension("status"),
    "SOURCE": Dimension("source"),
    "TEMPERATURE": Dimension("lead_temperature"),
    "ASSIGNED_TO": Dimension("assigned_to_id", USERS),
    "CAMPAIGN": Dimension("campaign_id", CAMPAIGNS, _campaigns_of),
    "TAG": Dimension("tag", join=_tags_of),
    "COMPANY": Dimension("company"),
    **periods_of("created_at"),
}


def _converted(lead: sa.FromClause) -> Column:
    return sa.func.count().filter(lead.c.status == sa.literal_column("'CONVERTED'"))


def _sum(column: Column) -> Column:
    return sa.func.coalesce(sa.func.sum(column), 0)


MEASURES: Mapping[str, Measure] = {
    "count": lambda _: sa.func.count(),
    "converted": _converted,
    "conversion_rate": lambda lead: share(_converted(lead), sa.func.count()),
    "sum_value": lambda lead: _sum(lead.c.value),
    "converted_value": lambda lead: _sum(sa.case((lead.c.status == sa.literal_column("'CONVERTED'"), lead.c.value))),
    "average_value": lambda lead: share(sa.func.sum(lead.c.value), sa.func.count(lead.c.value)),
    "average_score": lambda lead: share(sa.func.sum(lead.c.score), sa.func.count()),
}


async def lead_stats(
    reader: Transaction, scope: Scope, asked: Sequence[str], arguments: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The groups of the leads that match a filter. One statement."""
    grouping = Grouping.read(reader.viewer, arguments, asked, DIMENSIONS, MEASURES)
    tree = arguments.get("filter")
    wanted = None if tree is None else LEAD.filter(tree)

    def rows() -> sa.Subquery:
        lead = table_of(LeadRow).alias("t")
        found = [*conditions(lead, scope), *([] if wanted is None else [wanted.sql(lead, scope)])]
        columns = [lead.c[name] for name in ("id", "created_at", "status", "value", "score")]
        return grouping.rows(lead, scope, found, columns)

    stays = _stays(grouping, rows(), scope) if "medianTimeInStatus" in asked else None
    return grouping.read_rows(await reader.rows(grouping.statement(rows(), scope, MEASURES, stays)))


def _stays(grouping: Grouping, leads: sa.Subquery, scope: Scope) -> sa.Subquery:
    """The median of the seconds that leads stayed in a status, by the keys of the groups.

    A stay ends with an entry of the audit trail, and began with the one before or with the lead. Grouped by status,
    stays in that status are meant, wherever the lead is now.
    """
    activity = table_of(ActivityRow).alias()
    before = sa.func.lag(activity.c.created_at).over(
        partition_by=activity.c.lead_id, order_by=(activity.c.created_at, activity.c.id)
    )
    changes = (
        sa.select(
            activity.c.lead_id,
            activity.c.created_at.label("ended"),
            before.label("began"),
            activity.c.metadata["from"].astext.label("status"),
        )
        .where(*conditions(activity, scope, child_of="lead_id"))
        .where(activity.c.activity_type == sa.literal_column("'STATUS_CHANGE'"))
        .subquery("changes")
    )
    began = sa.func.coalesce(changes.c.began, leads.c.created_at)
    seconds = elapsed(began, changes.c.ended)
    keys = [
        (changes.c.status if name == "STATUS" else key).label(key.name)
        for name, key in zip(grouping.names, grouping.keys(leads), strict=True)
    ]
    stays = (
        sa.select(*keys, seconds.label("seconds"))
        .join_from(leads, changes, changes.c.lead_id == leads.c.id)
        .subquery("stays")
    )
    median = sa.func.percentile_cont(0.5).within_group(stays.c.seconds).label("median_time_in_status")
    return sa.select(*grouping.keys(stays), median).group_by(*grouping.keys(stays)).subquery("medians")
