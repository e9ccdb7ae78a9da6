"""Root fields about numbers."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strawberry.types.arguments import StrawberryArgument

from lma_graph.activities.criteria import ACTIVITY
from lma_graph.analytics.grouping import MOST_GROUPS, MOST_KEYS
from lma_graph.analytics.periods import MOST_BUCKETS, Interval
from lma_graph.analytics.series import LeadMeasure, lead_time_series, score_time_series
from lma_graph.analytics.statistics.activities import ActivityStatsKey, ActivityStatsOrderField, activity_stats
from lma_graph.analytics.statistics.campaigns import CampaignStatsKey, CampaignStatsOrderField, campaign_stats
from lma_graph.analytics.statistics.leads import LeadStatsKey, LeadStatsOrderField, lead_stats
from lma_graph.analytics.types import ActivityStats, CampaignStats, LeadStats, LeadTimePoint, ScoreTimePoint
from lma_graph.campaigns.criteria import CAMPAIGN
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.criteria import Vocabulary
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.figures import Names, reckoned
from lma_graph.kernel.graphql.inputs import enum_of, filter_of, order_by_one_of
from lma_graph.kernel.graphql.loaded import argument
from lma_graph.kernel.graphql.nodes import root
from lma_graph.leads.criteria import LEAD

COST = 1_000
"""What reading a table for numbers costs beside the groups: as much as a thousand objects."""
Arguments = Mapping[str, Any]
Takes = Callable[[], Sequence[StrawberryArgument]]


def _filter(vocabulary: Vocabulary) -> StrawberryArgument:
    return argument("filter", filter_of(vocabulary), "Which rows are counted; all that you see by default.")


def _grouped(vocabulary: Vocabulary, keys: type[Choice], order: str, fields: type[Choice]) -> Takes:
    """The arguments of groups."""

    def made() -> Sequence[StrawberryArgument]:
        listed: Any = list[enum_of(keys)]  # type: ignore[misc]
        orders: Any = list[order_by_one_of(order, fields)]  # type: ignore[misc]
        return [
            _filter(vocabulary),
            argument("group_by", listed, f"What to group by, at most {MOST_KEYS} keys; one group of all by default."),
            argument("order_by", orders, "What to sort groups by; periods in time and then the largest by default."),
            argument(
                "first",
                int,
                f"Only so many groups, the first in the order, at most {MOST_GROUPS}. Without it all are given, and "
                f"more than {MOST_GROUPS} are refused.",
            ),
        ]

    return made


def _in_time(*further: Callable[[], StrawberryArgument]) -> Takes:
    """The arguments of a series."""

    def made() -> Sequence[StrawberryArgument]:
        until = f"Until when, that moment left out; now by default. At most {MOST_BUCKETS} periods."
        return [
            _filter(LEAD),
            argument("interval", enum_of(Interval), "How long a period is.", required=True, default=Interval.DAY),
            argument("from", dt.datetime, "Since when; by default as early as makes thirty periods."),
            argument("to", dt.datetime, until),
            *(one() for one in further),
        ]

    return made


def _measure() -> StrawberryArgument:
    return argument("measure", enum_of(LeadMeasure), "What is counted.", required=True, default=LeadMeasure.CREATED)


async def _lead_stats(context: Context, names: Names, arguments: Arguments) -> Any:
    return await lead_stats(context.reader, context.scope, names, arguments)


async def _activity_stats(context: Context, names: Names, arguments: Arguments) -> Any:
    return await activity_stats(context.reader, context.scope, names, arguments)


async def _campaign_stats(context: Context, names: Names, arguments: Arguments) -> Any:
    return await campaign_stats(context.reader, context.scope, names, arguments)


async def _lead_time_series(context: Context, _: Names, arguments: Arguments) -> Any:
    return await lead_time_series(context.reader, context.scope, arguments)


async def _score_time_series(context: Context, _: Names, arguments: Arguments) -> Any:
    return await score_time_series(context.reader, context.scope, arguments)


@root
class AnalyticsQueries:
    """What can be asked in numbers."""

    lead_stats = reckoned(
        _lead_stats,
        list[LeadStats],
        _grouped(LEAD, LeadStatsKey, "LeadStatsOrder", LeadStatsOrderField),
        cost=COST,
        most=MOST_GROUPS,
        description="Leads in groups: how many, what they are worth, how many became customers. Groups without leads "
        "are left out.",
    )
    lead_time_series = reckoned(
        _lead_time_series,
        list[LeadTimePoint],
        _in_time(_measure),
        cost=COST,
        most=MOST_BUCKETS,
        description="How many leads were created, became customers or changed their status in each period, in time "
        "order, periods without any included.",
    )
    score_time_series = reckoned(
        _score_time_series,
        list[ScoreTimePoint],
        _in_time(),
        cost=COST,
        most=MOST_BUCKETS,
        description="What scores were at the end of each period, by the score history of the leads that match today.",
    )
    activity_stats = reckoned(
        _activity_stats,
        list[ActivityStats],
        _grouped(ACTIVITY, ActivityStatsKey, "ActivityStatsOrder", ActivityStatsOrderField),
        cost=COST,
        most=MOST_GROUPS,
        description="Activities in groups; the audit trail is among them unless the filter leaves it out.",
    )
    campaign_stats = reckoned(
        _campaign_stats,
        list[CampaignStats],
        _grouped(CAMPAIGN, CampaignStatsKey, "CampaignStatsOrder", CampaignStatsOrderField),
        cost=COST,
        most=MOST_GROUPS,
        description="Campaigns in groups: how far their members have come, and what it cost.",
    )
