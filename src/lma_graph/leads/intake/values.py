"""How one cell of an imported file becomes the value of one lead field.

Enter at `FIELDS`: the lead fields a file may fill, by their names in the API, each with its column and its parser. A
parser takes the trimmed, non-blank text and raises `Refused` with a sentence for the person who has to mend the file.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from lma_graph.kernel import checks
from lma_graph.kernel.checks import LONGEST_KEY, LONGEST_TEXT, Refused
from lma_graph.kernel.choices import Choice
from lma_graph.leads.models import LeadSource, LeadStatus, LeadTemperature

LONGEST_NOTES = 100_000
LONGEST_CUSTOM = 10_000
LONGEST_TAG = 100
MOST_TAGS = 100
YEARS = (1900, 2999)

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(\.[0-9]{1,14})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}(?:\.0+)?", re.ASCII)
_DIGITS_KEPT = 15
"""Decimal digits that a double keeps; longer numbers stay text so that nothing is rounded."""


@dataclass(frozen=True)
class Options:
    """What a map may say about reading one column."""

    separator: str = ","
    """Between the tags of one cell."""
    format: str | None = None
    """`strptime` format of dates and times; ISO 8601 without one."""
    region: str | None = None
    """Country whose national telephone numbers are understood, such as `IN`; without one only `+…` numbers are."""
    zone: str = "UTC"
    """Time zone of times that name none."""


Parser = Callable[[str, Options], Any]


def text(limit: int) -> Parser:
    """A parser of text of up to `limit` characters."""

    def parse(cell: str, _: Options) -> str:
        return checks.text(cell, limit)

    return parse


def email(cell: str, _: Options) -> str:
    """An e-mail address as written."""
    return checks.email(cell)


def phone(cell: str, options: Options) -> str:
    """A telephone number, in E.164 form where it is recognised."""
    return checks.phone(cell, options.region)


def url(cell: str, _: Options) -> str:
    """A web address."""
    return checks.url(cell)


def member(kind: type[Choice]) -> Parser:
    """A parser of an enum's value, whatever its case; spaces and hyphens count as underscores."""
    allowed = {str(item.value) for item in kind}

    def parse(cell: str, _: Options) -> str:
        name = re.sub(r"[\s-]+", "_", cell).upper()
        if name not in allowed:
            raise Refused("INVALID_VALUE", f"The value is not one of {', '.join(item.value for item in kind)}.")
        return name

    return parse


def integer(cell: str, _: Options) -> int:
    """A whole number of 32 bits."""
    if not _INTEGER.fullmatch(cell):
        raise Refused("INVALID_NUMBER", "This is not a whole number such as 1500.")
    number = int(cell.partition(".")[0])
    return checks.integer(number)


def date(cell: str, options: Options) -> dt.date:
    """A day: ISO 8601, or by the column's `format`."""
    try:
        found = _by_format(cell, options.format).date() if options.format else dt.date.fromisoformat(cell)
    except ValueError:
        raise Refused("INVALID_DATE", f"This is not a date {_like(options, '2026-12-31')}.") from None
    return _of_our_times(found)


def moment(cell: str, options: Options) -> dt.datetime:
    """A time in the past: ISO 8601 or the column's `format`. Without an offset it is of the organization's zone."""
    try:
        found = _by_format(cell, options.format) if options.format else dt.datetime.fromisoformat(cell)
    except ValueError:
        like = _like(options, "2026-12-31T18:30:00+02:00")
        raise Refused("INVALID_DATE", f"This is not a date or time {like}.") from None
    _of_our_times(found)
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(options.zone))
    found = found.astimezone(dt.UTC)
    if found > dt.datetime.now(dt.UTC):
        raise Refused("OUT_OF_RANGE", "The time lies in the future.")
    return found


def tags(cell: str, options: Options) -> list[str]:
    """Labels, each once, in the order of the cell."""
    return labels(cell.split(options.separator))


def labels(pieces: Iterable[str]) -> list[str]:
    """The same of pieces that are apart already."""
    found = list(dict.fromkeys(part for part in (piece.strip() for piece in pieces) if part))
    if len(found) > MOST_TAGS:
        raise Refused("TOO_MANY_VALUES", f"There are {len(found):,} tags; a lead has at most {MOST_TAGS}.")
    if any(len(tag) > LONGEST_TAG for tag in found):
        raise Refused("TOO_LONG", f"A tag has at most {LONGEST_TAG} characters.")
    return found


def custom(cell: str) -> str | int | float:
    """The value of a custom field: a number where the whole cell is a plain one, else text.

    Leading zeros, signs of plus, separators of thousands, exponents and more than 15 digits are not plain: such cells
    are mostly identifiers, and as text they stay what they are.
    """
    found = _NUMBER.fullmatch(cell)
    if found and sum(char.isdigit() for char in cell) <= _DIGITS_KEPT:
        return float(cell) if found[1] else int(cell)
    return str(text(LONGEST_CUSTOM)(cell, Options()))


def _by_format(cell: str, pattern: str) -> dt.datetime:
    return dt.datetime.strptime(cell, pattern)  # noqa: DTZ007 - the zone is added by whoever wants a moment


def _like(options: Options, example: str) -> str:
    return f"of the form {options.format}" if options.format else f"such as {example}"


def _of_our_times(found: dt.date) -> dt.date:
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise Refused("OUT_OF_RANGE", f"The year must lie between {YEARS[0]} and {YEARS[1]}.")
    return found


@dataclass(frozen=True)
class Field:
    """A lead field that a file may fill: the table's column and how its cells are read."""

    column: str
    parse: Parser
    understands: frozenset[str] = frozenset()
    """Options of a map's column that mean something here: `separator`, `format`, `region`."""


_DATED = frozenset({"format"})
FIELDS: dict[str, Field] = {
    "email": Field("email", email),
    "firstName": Field("first_name", text(LONGEST_TEXT)),
    "lastName": Field("last_name", text(LONGEST_TEXT)),
    "company": Field("company", text(LONGEST_TEXT)),
    "jobTitle": Field("job_title", text(LONGEST_TEXT)),
    "phone": Field("phone", phone, frozenset({"region"})),
    "website": Field("website", url),
    "linkedinUrl": Field("linkedin_url", url),
    "status": Field("status", member(LeadStatus)),
    "statusReason": Field("status_reason", text(LONGEST_TEXT)),
    "source": Field("source", member(LeadSource)),
    "leadTemperature": Field("lead_temperature", member(LeadTemperature)),
    "score": Field("score", integer),
    "value": Field("value", integer),
    "notesText": Field("notes", text(LONGEST_NOTES)),
    "tags": Field("tags", tags, frozenset({"separator"})),
    "expectedCloseDate": Field("expected_close_date", date, _DATED),
    "lastEngagementDate": Field("last_engagement_date", moment, _DATED),
    "createdAt": Field("created_at", moment, _DATED),
    "externalSource": Field("external_source", text(LONGEST_KEY)),
    "externalId": Field("external_id", text(LONGEST_KEY)),
}
"""API name → field. Everything else of a file goes to `customFields`."""
