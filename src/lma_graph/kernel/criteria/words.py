"""Criteria in plain words, for those who did not write them. Enter at `sentence`; each term says itself.

What must hold together is a list of clauses: `source is REFERRAL or PARTNER`, `value is at least 250`. Equal filters
are one sentence, whatever the order of their keys.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

MOST_LISTED = 12
"""How many values of a list are named."""
LONGEST_VALUE = 80
"""How many characters of a value are shown."""
EVERYTHING, NOTHING = "anything", "nothing"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PART = re.compile(r"([0-9]+)([YMWDHS])")
_DATE_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_TIME_UNITS = {"H": "hour", "M": "minute", "S": "second"}


class Either(str):
    """A clause of several, one of which must hold; in parentheses unless it stands alone."""

    __slots__ = ()


def sentence(clauses: Sequence[str]) -> str:
    """Clauses that must all hold, as one text."""
    if not clauses:
        return EVERYTHING
    return clauses[0] if len(clauses) == 1 else " and ".join(map(_enclosed, clauses))


def either(branches: Iterable[Sequence[str]]) -> list[str]:
    """The clauses of branches of which one must hold; none where one of them always does."""
    found = [list(one) for one in branches]
    if not all(found):
        return []
    if len(found) <= 1:
        return found[0] if found else [NOTHING]
    return [Either(" or ".join(f"({sentence(one)})" if len(one) > 1 else _enclosed(one[0]) for one in found))]


def negated(clauses: Sequence[str]) -> list[str]:
    """What holds where the clauses do not."""
    return [f"not ({sentence(clauses)})"]


def where(clauses: Sequence[str]) -> str:
    """What follows a related row's name; empty where nothing is asked of it."""
    if not clauses:
        return ""
    joined = len(clauses) > 1 or isinstance(clauses[0], Either)
    return f" where ({sentence(clauses)})" if joined else f" where {clauses[0]}"


def spaced(name: str) -> str:
    """A name of the API as words: `lastEngagementDate` is last engagement date."""
    return _HUMP.sub(" ", name).lower()


def value(of: Any) -> str:
    """A value as it is written in a sentence: texts in quotation marks, long ones cut."""
    if isinstance(of, str):
        return orjson.dumps(_cut(of)).decode()
    return bare(of)


def bare(of: Any) -> str:
    """A value without quotation marks: a number, a moment, a member of a closed set."""
    if isinstance(of, dt.date):
        return of.isoformat().replace("+00:00", "Z")
    return _cut(of) if isinstance(of, str) else orjson.dumps(of).decode()


def duration(of: str) -> str:
    """`P1M14D` is 1 month 14 days."""
    date, _, time = of.removeprefix("P").partition("T")
    parts = [(count, _DATE_UNITS[unit]) for count, unit in _PART.findall(date)]
    parts += [(count, _TIME_UNITS[unit]) for count, unit in _PART.findall(time)]
    return " ".join(f"{int(count)} {unit}{'' if int(count) == 1 else 's'}" for count, unit in parts)


def listed(values: Sequence[str], last: str = "or") -> str:
    """`A, B or C`; of many values the first."""
    if not values:
        return NOTHING
    if len(values) > MOST_LISTED:
        values = [*values[:MOST_LISTED], f"one of {len(values) - MOST_LISTED:,} others"]
    return f" {last} ".join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _enclosed(clause: str) -> str:
    return f"({clause})" if isinstance(clause, Either) else clause
