"""Moments and ISO 8601 durations in plain Python, as Postgres reckons them: months first, then days, then time."""

import calendar
import datetime as dt
import re

_PARTS = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def moment(text: str) -> dt.datetime:
    """A moment from RFC 3339."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def shifted(at: dt.datetime, duration: str, *, forward: bool) -> dt.datetime:
    """A moment that much later, or earlier."""
    found = _PARTS.fullmatch(duration)
    assert found is not None, duration
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    sign = 1 if forward else -1
    month = at.year * 12 + at.month - 1 + sign * (12 * years + months)
    year, month = month // 12, month % 12 + 1
    at = at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))
    return at + sign * dt.timedelta(days=7 * weeks + days, hours=hours, minutes=minutes, seconds=seconds)
