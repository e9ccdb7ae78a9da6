"""Events: kept or lost with their unit of work, read in the order of transactions, none missed."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from lma_graph.kernel.errors import Conflict
from lma_graph.kernel.outbox import Event, Position, read, record
from world import World

START = Position()


async def written(world: World, name: str) -> None:
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await record(unit, name, {"leadId": 1})


async def events(world: World, count: int, after: Position = START) -> Sequence[Event]:
    """So many events; waits, since anybody's transaction in the same cluster holds readers back."""
    deadline = time.monotonic() + 60
    while True:
        async with world.database.reader(await world.viewer()) as reader:
            found = await read(reader, after)
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, f"{len(found)} of {count}"
        await asyncio.sleep(0.02)


async def test_events_are_read_behind_a_position(world, other_world) -> None:
    for name in ("one", "two", "three"):
        await written(world, name)
    await written(other_world, "foreign")
    first, second, third = await events(world, 3)
    assert (first.name, first.payload, first.user_id) == ("one", {"leadId": 1}, (await world.viewer()).user_id)
    assert first.position < second.position < third.position
    assert await events(world, 1, second.position) == [third]
    async with world.database.reader(await world.viewer()) as reader:
        assert await read(reader, START, 2) == [first, second]


async def test_an_event_of_a_rolled_back_unit_of_work_never_was(world) -> None:
    with pytest.raises(Conflict):
        await _fail(world)
    await written(world, "kept")
    assert [event.name for event in await events(world, 1)] == ["kept"]


async def _fail(world: World) -> None:
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await record(unit, "lost")
        raise Conflict("no")


async def test_an_event_that_is_committed_late_is_not_missed(world) -> None:
    """A reader stops before a transaction that is still at work, although later ones are done."""
    async with world.database.unit_of_work(await world.viewer()) as slow:
        await record(slow, "slow")
        await written(world, "quick")
        assert await events(world, 0) == []
    assert [event.name for event in await events(world, 2)] == ["slow", "quick"]


async def test_a_bulk_of_leads_is_one_event_for_each_thousand(world) -> None:
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await record(unit, "lead.changed", {"fields": ["score"]}, ids=range(2_500))
    found = await events(world, 3)
    assert [len(event.payload["ids"]) for event in found] == [1000, 1000, 500]
    assert [number for event in found for number in event.payload["ids"]] == list(range(2_500))
    assert {event.payload["fields"][0] for event in found} == {"score"}
