"""Moments as Postgres writes them, and as clients get them."""

import datetime as dt

import orjson
import pytest

from lma_graph.kernel.graphql.execution.completion import Surprise
from lma_graph.kernel.graphql.execution.moments import moments_sql, read_moments
from world import World

MOMENTS = [
    dt.datetime(2026, 1, 31, 12, 0, 0, 0, dt.UTC),
    dt.datetime(2026, 1, 31, 12, 0, 0, 1, dt.UTC),
    dt.datetime(2026, 1, 31, 23, 59, 59, 100_000, dt.UTC),
    dt.datetime(1969, 12, 31, 0, 0, 0, 120_340, dt.UTC),
    dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, dt.UTC),
]


async def _as_text(world: World, values: str) -> str | None:
    async with world.database.reader(await world.viewer()) as reader:
        found = await reader.arrays(f"SELECT {moments_sql('x.at')} FROM (VALUES {values}) x(at)", ())
    text: str | None = found[0]
    return text


async def test_moments_are_what_the_json_writer_makes_of_the_drivers(world: World) -> None:
    """To the microsecond, with nulls in their places."""
    values = ", ".join(f"('{moment.isoformat()}'::timestamptz)" for moment in MOMENTS)
    found = read_moments(await _as_text(world, f"{values}, (NULL)"))
    assert [*found] == orjson.loads(orjson.dumps([*MOMENTS, None], option=orjson.OPT_UTC_Z))


async def test_a_column_of_one_null(world: World) -> None:
    """One row without a moment is not the same as no row."""
    assert read_moments(await _as_text(world, "(NULL::timestamptz)")) == [None]
    assert read_moments(None) == ()


@pytest.mark.parametrize(
    "moment",
    ["infinity", "-infinity", "0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00.123+00 BC", "10000-01-01 00:00:00+00"]
    + [f"10000-01-01 00:00:00.{'1' * digits}+00" for digits in range(1, 7)],
)
async def test_what_no_client_can_be_told_is_a_surprise(world: World, moment: str) -> None:
    """The standard way then says what there is to say."""
    text = await _as_text(world, f"('2026-01-31 12:00:00+00'::timestamptz), ('{moment}')")
    with pytest.raises(Surprise):
        read_moments(text)
