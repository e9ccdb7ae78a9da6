"""Kinds of values: how each is read from JSON, and the complaint where it cannot be."""

import datetime as dt
import enum
import math
import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.choices import Choice

_DURATION = re.compile(
    r"P(?=[0-9]|T[0-9])(?:([0-9]{1,4})Y)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5})W)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,7})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,11})S)?)?"
)
_DAYS = (366, 31, 7, 1, 1 / 24, 1 / 1440, 1 / 86400)
LONGEST_DAYS = 366_000
"""A thousand years: whatever is nearer than that is a moment the database can hold."""
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
JSON_INT_MIN, JSON_INT_MAX = -(2**63), 2**63 - 1


class Kind(enum.Enum):
    """What a value of an operator is."""

    TEXT = "String"
    INTEGER = "Int"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    ID = "ID"
    CHOICE = "enum"
    DATE = "Date"
    DATETIME = "DateTime"
    DURATION = "Duration"
    JSON = "JSON"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError("must not hold a NUL character or half of a surrogate pair")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    if not INT_MIN <= value <= INT_MAX:
        raise ValueError(f"must lie between {INT_MIN} and {INT_MAX}")
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    try:
        read = float(value)
    except OverflowError:
        read = math.inf
    if not math.isfinite(read):
        raise ValueError("must be a number that a double can hold")
    return read


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _date(value: Any) -> dt.date:
    try:
        return value if type(value) is dt.date else dt.date.fromisoformat(_text(value))
    except ValueError:
        raise ValueError("must be a date such as 2026-01-31") from None


def _datetime(value: Any) -> dt.datetime:
    try:
        read = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(_text(value))
        if read.tzinfo is not None:
            return read.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a time with its offset, such as 2026-01-31T12:00:00Z")


def _duration(value: Any) -> str:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be an ISO 8601 duration such as P14D or PT36H")
    if sum(int(part or 0) * days for part, days in zip(found.groups(), _DAYS, strict=True)) > LONGEST_DAYS:
        raise ValueError("must be at most a thousand years")
    return str(value)


def _json(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not JSON_INT_MIN <= value <= JSON_INT_MAX:
            raise ValueError(f"must lie between {JSON_INT_MIN} and {JSON_INT_MAX}")
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError("must be text, a number, true, false or null")


READERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.DURATION: _duration,
    Kind.JSON: _json,
    Kind.ID: _text,
}
SQL_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.TEXT: sa.Text(),
    Kind.INTEGER: sa.Integer(),
    Kind.FLOAT: sa.Double(),
    Kind.BOOLEAN: sa.Boolean(),
    Kind.ID: sa.BigInteger(),
    Kind.CHOICE: sa.Text(),
    Kind.DATE: sa.Date(),
    Kind.DATETIME: sa.TIMESTAMP(timezone=True),
    Kind.DURATION: sa.Text(),
}


def read_choice(choices: type[Choice], value: Any) -> str:
    """A member's name of a closed set."""
    if isinstance(value, str) and value in choices.__members__:
        return str(value)
    raise ValueError(f"must be one of {', '.join(choices.__members__)}")
