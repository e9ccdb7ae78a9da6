"""`leadTimeSeries` and `scoreTimeSeries`, compared with plain Python over the same rows, over changes of the clocks."""

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from numbers_asking import ask, number
from numbers_ground import ZONE, Ground, period

from lma_graph.analytics.periods import Interval, beginning, following
from lma_graph.kernel.viewer import Role
from world import World

UTC = dt.UTC
RANGES = {
    "DAY": (dt.datetime(2026, 3, 28, 12, tzinfo=UTC), dt.datetime(2026, 4, 2, 22, tzinfo=UTC)),
    "WEEK": (dt.datetime(2026, 3, 1, tzinfo=UTC), dt.datetime(2026, 11, 3, tzinfo=UTC)),
    "MONTH": (dt.datetime(2025, 12, 31, 23, tzinfo=UTC), dt.datetime(2026, 12, 31, 23, tzinfo=UTC)),
    "QUARTER": (dt.datetime(2026, 2, 1, tzinfo=UTC), dt.datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "YEAR": (dt.datetime(2025, 6, 1, tzinfo=UTC), dt.datetime(2026, 12, 31, 23, tzinfo=UTC)),
}


def _days(interval: str, since: dt.datetime, until: dt.datetime) -> list[dt.date]:
    """Every period that a moment of the range lies in, hour by hour."""
    hours = int((until - since) / dt.timedelta(hours=1))
    found = {period(interval, since + dt.timedelta(hours=at)) for at in range(hours)}
    return sorted(found)


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _begins(first: dt.date) -> str:
    return _text(dt.datetime.combine(first, dt.time(), ZONE))


def _moments(ground: Ground, measure: str, role: Role) -> list[dt.datetime]:
    leads = ground.seen(role).values()
    if measure == "CREATED":
        return [lead.created_at for lead in leads]
    if measure == "CONVERTED":
        return [ground.converted_at(lead) for lead in leads if lead.status == "CONVERTED"]
    return [change.created_at for lead in leads for change in ground.changes(lead)]


def _call(field: str, interval: str, shows: str, **further: str) -> str:
    since, until = RANGES[interval]
    given = {"interval": interval, "from": f'"{_text(since)}"', "to": f'"{_text(until)}"', **further}
    return f"{{ {field}({', '.join(f'{name}: {value}' for name, value in given.items())}) {{ {shows} }} }}"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SALES_REP])
@pytest.mark.parametrize("measure", ["CREATED", "CONVERTED", "STATUS_CHANGED"])
@pytest.mark.parametrize("interval", RANGES)
async def test_leads_are_counted_in_the_organizations_days(
    ground: Ground, interval: str, measure: str, role: Role
) -> None:
    since, until = RANGES[interval]
    points = await number(ground.world, _call("leadTimeSeries", interval, "at date count", measure=measure), role=role)
    counted = Counter(period(interval, at) for at in _moments(ground, measure, role) if since <= at < until)
    expected = [
        {"at": _begins(day), "date": day.isoformat(), "count": counted[day]} for day in _days(interval, since, until)
    ]
    assert points == expected
    assert len(points) == {"DAY": 6, "WEEK": 37, "MONTH": 12, "QUARTER": 4, "YEAR": 2}[interval]


async def test_the_day_on_which_the_clocks_change_has_its_own_length(ground: Ground) -> None:
    points = await number(ground.world, _call("leadTimeSeries", "DAY", "at date"))
    assert points[:3] == [
        {"at": "2026-03-27T23:00:00Z", "date": "2026-03-28"},
        {"at": "2026-03-28T23:00:00Z", "date": "2026-03-29"},
        {"at": "2026-03-29T22:00:00Z", "date": "2026-03-30"},
    ]


async def test_every_customer_is_in_some_period_once(ground: Ground) -> None:
    points = await number(ground.world, _call("leadTimeSeries", "YEAR", "count", measure="CONVERTED"))
    stats = await number(ground.world, "{ leadStats { converted } }")
    assert sum(point["count"] for point in points) == stats[0]["converted"] > 5


async def test_a_filter_decides_which_leads_are_counted(ground: Ground) -> None:
    tree = "{ status: { eq: LOST } }"
    points = await number(ground.world, _call("leadTimeSeries", "YEAR", "count", filter=tree))
    assert sum(point["count"] for point in points) == sum(lead.status == "LOST" for lead in ground.seen().values())


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SALES_REP])
@pytest.mark.parametrize("interval", RANGES)
async def test_scores_are_those_of_the_ledger(ground: Ground, interval: str, role: Role) -> None:
    since, until = RANGES[interval]
    shows = "date leads averageScore change gained lost entries"
    points = await number(ground.world, _call("scoreTimeSeries", interval, shows), role=role)
    leads = ground.seen(role).values()
    entries = [one for one in ground.of(ground.entries, role) if one.created_at < until]
    expected = []
    for day in _days(interval, since, until):
        within = [e for e in entries if e.created_at >= since and period(interval, e.created_at) == day]
        by_then = [e for e in entries if e.created_at < since or period(interval, e.created_at) <= day]
        made = [
            lead
            for lead in leads
            if lead.created_at < until and (lead.created_at < since or period(interval, lead.created_at) <= day)
        ]
        changes = [entry.score_change for entry in within]
        total = sum(entry.score_change for entry in by_then)
        expected.append(
            {
                "date": day.isoformat(),
                "leads": len(made),
                "averageScore": total / len(made) if made else None,
                "change": sum(changes),
                "gained": sum(change for change in changes if change > 0),
                "lost": sum(change for change in changes if change < 0),
                "entries": len(changes),
            }
        )
    assert points == expected
    assert any(point["entries"] for point in points)


async def test_a_series_is_thirty_periods_until_now_unless_told_otherwise(world: World) -> None:
    await world.lead()
    for interval in Interval:
        points = await number(world, f"{{ leadTimeSeries(interval: {interval.value}) {{ date count }} }}")
        today = beginning(interval, dt.datetime.now(UTC).date())
        assert [point["date"] for point in points] == [
            following(interval, today, step).isoformat() for step in range(-29, 1)
        ]
        assert [point["count"] for point in points] == [0] * 29 + [1]


async def test_an_unknown_time_zone_counts_as_utc(world: World, owner: Any) -> None:
    await owner.execute(
        'UPDATE organizations SET settings = settings || \'{"timeZone": "Mars/Olympus"}\' WHERE id = $1',
        world.organization_id,
    )
    await world.lead(created_at=dt.datetime(2026, 5, 5, 23, 59, tzinfo=UTC))
    (group,) = await number(world, "{ leadStats(groupBy: DAY) { keys { value } } }")
    assert group == {"keys": [{"value": "2026-05-05"}]}


async def test_another_organization_has_its_own_numbers(ground: Ground, other_world: World) -> None:
    assert ground.leads
    for field, shows in (("leadTimeSeries", "count"), ("scoreTimeSeries", "leads entries")):
        points = await number(other_world, _call(field, "MONTH", shows))
        assert {value for point in points for value in point.values()} == {0}


@pytest.mark.parametrize("field", ["leadTimeSeries", "scoreTimeSeries"])
@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (
            'from: "2026-01-02T00:00:00Z", to: "2026-01-02T00:00:00Z"',
            "to: must be later than from",
            "CONTRADICTION",
        ),
        (
            'from: "2023-04-06T12:00:00Z", to: "2026-01-01T00:00:00Z"',
            "to: makes more than 1000 periods; ask for a shorter time or a longer interval",
            "TOO_LARGE",
        ),
        ('from: "1899-12-31T00:00:00Z"', "from: must lie between 1900 and 2200", "OUT_OF_RANGE"),
        ('to: "2200-01-01T00:00:00Z"', "to: must lie between 1900 and 2200", "OUT_OF_RANGE"),
    ],
)
async def test_a_time_that_cannot_be_shown_is_refused(
    ground: Ground, field: str, arguments: str, message: str, code: str
) -> None:
    answer = await ask(ground.world, f"{{ {field}({arguments}) {{ at }} }}")
    assert answer.data is None
    (error,) = answer.errors
    assert (error["message"], error["path"]) == (message, [field])
    assert [one["code"] for one in error["extensions"]["fields"]] == [code]
    assert answer.statements == []


async def test_a_thousand_days_are_not_too_many(world: World) -> None:
    span = 'from: "2023-04-07T00:00:00Z", to: "2026-01-01T00:00:00Z"'
    assert len(await number(world, f"{{ leadTimeSeries({span}) {{ at }} }}")) == 1000
