"""What campaigns have achieved, for any number of them in one statement. Enter at `performances`."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

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
    key = sa.func.unnest(KEYS).table_valued(sa.column("id", sa.BigInteger())).render_derived("k")
    funnel = _funnel(scope, median="medianTimeToResponse" in asked)
    columns: list[sa.ColumnElement[Any]] = [column for column in funnel.c if column.name != "campaign_id"]
    source = key.outerjoin(funnel, funnel.c.campaign_id == key.c.id)
    further = [_days(scope, zone)] if "perDay" in asked else []
    further += [credited(scope)] if "attribution" in asked else []
    for found in further:
        columns += [column for column in found.c if column.name != "campaign_id"]
        source = source.outerjoin(found, found.c.campaign_id == key.c.id)
    statement = sa.select(key.c.id.label("campaign_id"), *columns).select_from(source)
    return statement.execution_options(**{ANEW: True})


def _members(scope: Scope) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
    """The members of the campaigns, as far as one sees them."""
    member = table_of(CampaignLeadRow).alias("m")
    return member, [*conditions(member, scope), member.c.campaign_id == sa.any_(KEYS)]


def _funnel(scope: Scope, *, median: bool) -> sa.Subquery:
    member, wanted = _members(scope)
    found = [number.label(name) for name, number in counts(member).items()]
    if median:
        seconds = elapsed(member.c.added_at, member.c.response_at)
        found.append(sa.func.percentile_cont(0.5).within_group(seconds).label("median_time_to_response"))
    return sa.select(member.c.campaign_id, *found).where(*wanted).group_by(member.c.campaign_id).subquery("funnel")


def _days(scope: Scope, zone: str) -> sa.Subquery:
    """(campaign_id, days): the last days on which something happened, each as [day, enrolled, responded, converted]."""
    parts = []
    for name, stamp in _STAMPS.items():
        member, wanted = _members(scope)
        day = first_day_of(Interval.DAY, member.c[stamp], zone).label("day")
        happened: sa.ColumnElement[str] = sa.literal_column(f"'{name}'").label("what")
        parts.append(sa.select(member.c.campaign_id, day, happened).where(*wanted, member.c[stamp].is_not(None)))
    each = sa.union_all(*parts).subquery("each")
    numbers = [sa.func.count().filter(each.c.what == sa.literal_column(f"'{name}'")).label(name) for name in _STAMPS]
    place = sa.func.row_number().over(partition_by=each.c.campaign_id, order_by=each.c.day.desc()).label("place")
    daily = sa.select(each.c.campaign_id, each.c.day, *numbers, place).group_by(each.c.campaign_id, each.c.day)
    last = daily.subquery("daily")
    listed = sa.func.jsonb_build_array(last.c.day, *(last.c[name] for name in _STAMPS))
    return (
        sa.select(
            last.c.campaign_id,
            sa.type_coerce(sa.func.jsonb_agg(aggregate_order_by(listed, last.c.day)), JSONB).label("days"),
        )
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
