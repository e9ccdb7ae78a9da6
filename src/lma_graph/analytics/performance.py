"""What campaigns have achieved, for any number of them in one statement. Enter at `performances`."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, array

from lma_graph.analytics.attribution import credited
from lma_graph.analytics.funnel import COSTS, RATES, counts
from lma_graph.analytics.periods import Interval, elapsed, first_day_of, zone_of
from lma_graph.campaigns.models import CampaignLeadRow
from lma_graph.kernel.loaders import KEYS
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, Row, Transaction

MOST_DAYS = 366
_GOALS = {
    "member": "members",
    "enrolment": "enrolled",
    "enrollment": "enrolled",
    "contact": "contacted",
    "engagement": "engaged",
    "response": "responded",
    "reply": "responded",
    "replie": "responded",
    "conversion": "converted",
    "customer": "converted",
}
"""What a goal is called, without a plural's s → what of the funnel it counts."""
_STAMPS = {"enrolled": "added_at", "responded": "response_at", "converted": "conversion_at"}


async def performances(
    reader: Transaction, scope: Scope, campaigns: Sequence[Any], asked: Sequence[str]
) -> list[dict[str, Any]]:
    """What each campaign has achieved; `asked` names what is wanted of it. One statement for all of them."""
    numbers = sorted({campaign.id for campaign in campaigns})
    statement = _statement(scope, asked, zone_of(reader.viewer).key)
    found = {row.campaign_id: row for row in await reader.rows(statement, {"keys": numbers})}
    return [_performance(campaign, found[campaign.id]) for campaign in campaigns]


def _statement(scope: Scope, asked: Sequence[str], zone: str) -> sa.Select[Any]:
    """A row for each campaign of `:keys`."""
    key: sa.FromClause = sa.func.unnest(KEYS).table_valued(sa.column("id", sa.BigInteger())).render_derived("k")
    parts = [_funnel(_members(scope), median="medianTimeToResponse" in asked)]
    parts += [_days(_members(scope), zone)] if "perDay" in asked else []
    parts += [credited(scope)] if "attribution" in asked else []
    columns, source = [], key
    for part in parts:
        columns += [column for column in part.c if column.name != "campaign_id"]
        source = source.outerjoin(part, part.c.campaign_id == key.c.id)
    statement = sa.select(key.c.id.label("campaign_id"), *columns).select_from(source)
    return statement.execution_options(**{ANEW: True})


def _members(scope: Scope) -> sa.Subquery:
    """The members of the campaigns, as far as one sees them."""
    member = table_of(CampaignLeadRow).alias("m")
    wanted = [*conditions(member, scope), member.c.campaign_id == sa.any_(KEYS)]
    columns = ("campaign_id", "status", "added_at", "last_contact_at", "response_at", "conversion_at")
    return sa.select(*(member.c[name] for name in columns)).where(*wanted).subquery("members")


def _funnel(member: sa.FromClause, *, median: bool) -> sa.Subquery:
    found = [number.label(name) for name, number in counts(member).items()]
    if median:
        seconds = elapsed(member.c.added_at, member.c.response_at)
        found.append(sa.func.percentile_cont(0.5).within_group(seconds).label("median_time_to_response"))
    return sa.select(member.c.campaign_id, *found).group_by(member.c.campaign_id).subquery("funnel")


def _days(member: sa.FromClause, zone: str) -> sa.Subquery:
    """(campaign_id, days): the last days on which something happened, each as [day, enrolled, responded, converted]."""
    what: sa.ColumnElement[Any] = array([sa.literal_column(f"'{name}'") for name in _STAMPS])
    when = array([member.c[stamp] for stamp in _STAMPS.values()])
    stamps = sa.select(
        member.c.campaign_id, sa.func.unnest(what).label("what"), sa.func.unnest(when).label("at")
    ).subquery("stamps")
    day = first_day_of(Interval.DAY, stamps.c.at, zone).label("day")
    each = sa.select(stamps.c.campaign_id, stamps.c.what, day).where(stamps.c.at.is_not(None)).subquery("each")
    numbers = [sa.func.count().filter(each.c.what == sa.literal_column(f"'{name}'")).label(name) for name in _STAMPS]
    place = sa.func.row_number().over(partition_by=each.c.campaign_id, order_by=each.c.day.desc()).label("place")
    daily = sa.select(each.c.campaign_id, each.c.day, *numbers, place).group_by(each.c.campaign_id, each.c.day)
    last = daily.subquery("daily")
    listed = sa.func.jsonb_build_array(last.c.day, *(last.c[name] for name in _STAMPS))
    days = sa.type_coerce(sa.func.jsonb_agg(aggregate_order_by(listed, last.c.day)), JSONB)
    return (
        sa.select(last.c.campaign_id, days.label("days"))
        .where(last.c.place <= MOST_DAYS)
        .group_by(last.c.campaign_id)
        .subquery("days")
    )


def _performance(campaign: Any, row: Row) -> dict[str, Any]:
    """The figures of one campaign."""
    found: dict[str, Any] = {name: value or 0 for name, value in row._mapping.items()}
    spent, enrolled = campaign.budget_spent, found.get("enrolled", 0)
    return {
        **found,
        **{name: found[of] / enrolled if enrolled else None for name, of in RATES.items()},
        **{name: spent / found[of] if found[of] else None for name, of in COSTS.items()},
        "median_time_to_response": row._mapping.get("median_time_to_response"),
        "per_day": [
            {"date": day, "enrolled": enrolled_, "responded": responded, "converted": converted}
            for day, enrolled_, responded, converted in found.get("days") or ()
        ],
        "goals": [_goal(goal, found) for goal in campaign.goals if isinstance(goal, dict)],
        "attribution": {
            "first_touch": {"conversions": found.get("first_conversions", 0), "value": found.get("first_value", 0)},
            "last_touch": {"conversions": found.get("last_conversions", 0), "value": found.get("last_value", 0)},
        },
    }


def _goal(goal: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    name, target = goal.get("name"), goal.get("target")
    counted = _GOALS.get(str(name).strip().lower().removesuffix("s"))
    counted = counted or (str(name).lower() if str(name).lower() in found else None)
    return {
        "name": str(name),
        "target": float(target) if isinstance(target, int | float) else None,
        "actual": None if counted is None else found[counted],
    }
