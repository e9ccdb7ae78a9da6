"""Groups of activities. Enter at `activity_stats`."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from lma_graph.activities.criteria import ACTIVITY, is_overdue
from lma_graph.activities.models import ActivityRow
from lma_graph.analytics.grouping import Column, Dimension, Grouping, Measure, periods_of
from lma_graph.analytics.statistics.people import CAMPAIGNS, USERS
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import Transaction


class ActivityStatsKey(Choice):
    """What activities can be grouped by."""

    ACTIVITY_TYPE = "ACTIVITY_TYPE", "What kind they are of."
    USER = "USER", "The user who did them; the value is the user's global id."
    DIRECTION = "DIRECTION", "Who turned to whom."
    STATUS = "STATUS", "Whether they have happened."
    CAMPAIGN = "CAMPAIGN", "The campaign they were part of; the value is the campaign's global id."
    DAY = "DAY", "The day on which they were recorded, in the organization's time zone."
    WEEK = "WEEK", "The week in which they were recorded; the value is its Monday."
    MONTH = "MONTH", "The month in which they were recorded; the value is its first day."
    QUARTER = "QUARTER", "The quarter in which they were recorded; the value is its first day."
    YEAR = "YEAR", "The year in which they were recorded; the value is its first day."


class ActivityStatsOrderField(Choice):
    """What groups of activities can be sorted by."""

    COUNT = "COUNT", "How many activities there are."
    LEADS = "LEADS", "How many leads they are about."
    KEYS = "KEYS", "The values of the keys, in the order of `groupBy`."


DIMENSIONS: Mapping[str, Dimension] = {
    "ACTIVITY_TYPE": Dimension("activity_type"),
    "USER": Dimension("user_id", USERS),
    "DIRECTION": Dimension("direction"),
    "STATUS": Dimension("status"),
    "CAMPAIGN": Dimension("campaign_id", CAMPAIGNS),
    **periods_of("created_at"),
}


def _having(column: str, value: str) -> Measure:
    return lambda activity: sa.func.count().filter(activity.c[column] == sa.literal_column(f"'{value}'"))


def _leads(activity: sa.FromClause) -> Column:
    return sa.func.count(sa.distinct(activity.c.lead_id))


MEASURES: Mapping[str, Measure] = {
    "count": lambda _: sa.func.count(),
    "leads": _leads,
    "completed": _having("status", "COMPLETED"),
    "scheduled": _having("status", "SCHEDULED"),
    "cancelled": _having("status", "CANCELLED"),
    "overdue": lambda activity: sa.func.count().filter(is_overdue(activity)),
    "inbound": _having("direction", "INBOUND"),
    "outbound": _having("direction", "OUTBOUND"),
}
_COLUMNS = ("lead_id", "status", "direction", "scheduled_at")


async def activity_stats(
    reader: Transaction, scope: Scope, asked: Sequence[str], arguments: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The groups of the activities that match a filter. One statement."""
    grouping = Grouping.read(reader.viewer, arguments, asked, DIMENSIONS, MEASURES)
    activity, tree = table_of(ActivityRow).alias("t"), arguments.get("filter")
    wanted = [*conditions(activity, scope), *([] if tree is None else [ACTIVITY.filter(tree).sql(activity, scope)])]
    rows = grouping.rows(activity, scope, wanted, [activity.c[name] for name in _COLUMNS])
    return grouping.read_rows(await reader.rows(grouping.statement(rows, scope, MEASURES)))
