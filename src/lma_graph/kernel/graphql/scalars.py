"""The scalars: values leave as the driver gave them, and the JSON writer renders them."""

import datetime as dt
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from lma_graph.kernel.criteria.values import READERS, Kind

Json = NewType("Json", object)
BigInt = NewType("BigInt", int)
Duration = NewType("Duration", str)


def _as_is(value: Any) -> Any:
    return value


def _big(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
        raise ValueError("must be a whole number of at most 2^53")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    Json: strawberry.scalar(name="JSON", description="Any JSON value.", serialize=_as_is, parse_value=_as_is),
    BigInt: strawberry.scalar(
        name="BigInt", description="A whole number up to 2^53, as a JSON number.", serialize=_as_is, parse_value=_big
    ),
    Duration: strawberry.scalar(
        name="Duration",
        description="An ISO 8601 duration: `P14D` is 14 days, `PT36H` 36 hours.",
        serialize=_as_is,
        parse_value=READERS[Kind.DURATION],
    ),
    dt.datetime: strawberry.scalar(
        name="DateTime",
        description="A moment by RFC 3339, given in UTC: `2026-01-31T12:00:00Z`.",
        serialize=_as_is,
        parse_value=READERS[Kind.DATETIME],
    ),
    dt.date: strawberry.scalar(
        name="Date", description="A day by ISO 8601: `2026-01-31`.", serialize=_as_is, parse_value=READERS[Kind.DATE]
    ),
}
"""For `StrawberryConfig.scalar_map`."""
