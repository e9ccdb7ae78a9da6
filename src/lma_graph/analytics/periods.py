"""Calendar periods in an organization's time zone: as SQL, and as the buckets of a series.

Periods are told by their first day, a date; so no change of the clocks moves anything from one period to another.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.viewer import Viewer

MOST_BUCKETS = 1_000
_USUAL = 30
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


class Interval(Choice):
    """A calendar period, in the organization's time zone."""

    DAY = "DAY", "From midnight to midnight."
    WEEK = "WEEK", "From Monday on."
    MONTH = "MONTH", "A calendar month."
    QUARTER = "QUARTER", "Three months, from January, April, July or October on."
    YEAR = "YEAR", "A calendar year."


def zone_of(viewer: Viewer) -> ZoneInfo:
    """The organization's time zone; UTC where the settings name none that exists."""
    try:
        return ZoneInfo(viewer.time_zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return ZoneInfo("UTC")


def first_day_of(interval: Interval, moment: sa.ColumnElement[Any], zone: str) -> sa.ColumnElement[dt.date]:
    """The first day of the period in which a moment lies."""
    local = sa.func.timezone(sa.literal(zone, sa.Text()), moment)
    if interval is not Interval.DAY:
        local = sa.func.date_trunc(sa.literal_column(f"'{interval.value.lower()}'"), local)
    return sa.cast(local, sa.Date())


def beginning(interval: Interval, day: dt.date) -> dt.date:
    """The first day of the period in which a day lies."""
    if interval is Interval.DAY:
        return day
    if interval is Interval.WEEK:
        return day - dt.timedelta(days=day.weekday())
    months = _MONTHS[interval.value]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def following(interval: Interval, first: dt.date, steps: int = 1) -> dt.date:
    """The first day of the period so many steps later, or earlier."""
    if interval in {Interval.DAY, Interval.WEEK}:
        return first + dt.timedelta(days=steps * (7 if interval is Interval.WEEK else 1))
    month = first.year * 12 + first.month - 1 + steps * _MONTHS[interval.value]
    return dt.date(month // 12, month % 12 + 1, 1)


@dataclass(frozen=True)
class Range:
    """From one moment until before another, cut into periods; the first and the last may be cut short."""

    interval: Interval
    zone: ZoneInfo
    since: dt.datetime
    until: dt.datetime

    @classmethod
    def read(cls, viewer: Viewer, arguments: Mapping[str, Any]) -> "Range":
        """The range that a client asked for: until now, and thirty periods long, unless told otherwise."""
        interval, zone = Interval[arguments["interval"]], zone_of(viewer)
        until = _moment(arguments, "to") or dt.datetime.now(dt.UTC)
        since = _moment(arguments, "from")
        if since is None:
            last = beginning(interval, _day(until, zone))
            since = _midnight(following(interval, last, 1 - _USUAL), zone)
        if since >= until:
            raise InvalidInput.at(("to",), "must be later than from", "CONTRADICTION")
        found = cls(interval, zone, since, until)
        if found.first < following(interval, found.last, -MOST_BUCKETS + 1):
            message = f"makes more than {MOST_BUCKETS} periods; ask for a shorter time or a longer interval"
            raise InvalidInput.at(("to",), message, "TOO_LARGE")
        return found

    @property
    def first(self) -> dt.date:
        """The first day of the first period."""
        return beginning(self.interval, _day(self.since, self.zone))

    @property
    def last(self) -> dt.date:
        """The first day of the last period."""
        return beginning(self.interval, _day(self.until - dt.timedelta(microseconds=1), self.zone))

    def days(self) -> list[dt.date]:
        """The first day of every period."""
        days = [self.first]
        while days[-1] < self.last:
            days.append(following(self.interval, days[-1]))
        return days

    def moment(self, day: dt.date) -> dt.datetime:
        """When a day begins."""
        return _midnight(day, self.zone)

    def holds(self, moment: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Whether a moment lies in it."""
        return sa.and_(moment >= at(self.since), moment < at(self.until))

    def day(self, moment: sa.ColumnElement[Any]) -> sa.ColumnElement[dt.date]:
        """The first day of the period in which a moment lies."""
        return first_day_of(self.interval, moment, self.zone.key)


def elapsed(since: sa.ColumnElement[Any], until: sa.ColumnElement[Any]) -> sa.ColumnElement[float]:
    """The seconds from one moment to another."""
    return sa.cast(sa.func.extract("epoch", until - since), sa.Double())


def at(moment: dt.datetime) -> sa.ColumnElement[dt.datetime]:
    """A moment as a parameter."""
    return sa.literal(moment, sa.TIMESTAMP(timezone=True))


def _moment(arguments: Mapping[str, Any], name: str) -> dt.datetime | None:
    given = arguments.get(name)
    if given is None:
        return None
    read = dt.datetime.fromisoformat(given)
    if not _FIRST_YEAR <= read.year < _LAST_YEAR:
        raise InvalidInput.at((name,), f"must lie between {_FIRST_YEAR} and {_LAST_YEAR}", "OUT_OF_RANGE")
    return read


def _day(moment: dt.datetime, zone: ZoneInfo) -> dt.date:
    return moment.astimezone(zone).date()


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
