"""What time alone changes is scored each hour, as somebody who may, whoever has left meanwhile."""

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from job_workers import at_work
from job_world import a_queue, queued, until, waiting
from scoring_world import ACME, MANY, made, scores

from lma_graph.executions.engine import job_of
from lma_graph.kernel.jobs.registry import JOBS, PERIODIC
from lma_graph.kernel.viewer import Role
from lma_graph.leads.service import selecting
from lma_graph.scoring import jobs
from lma_graph.scoring.service.rescoring import LONG_WORK, SETTLE
from world import World

WORK = [JOBS[job_of(LONG_WORK)], JOBS[SETTLE], JOBS[jobs.HOURLY]]
LATELY = {"lastEngagementDate": {"withinLast": "P7D"}}
DECAY: dict[str, Any] = {"ruleType": "DECAY", "halfLifeDays": 10, "criteria": {}, "scorePoints": 80, "name": "Decay"}
ENGAGED = "UPDATE leads SET last_engagement_date = $2 WHERE organization_id = $1"


async def strike(url: str) -> None:
    """What the clock does each hour, on a connection of a worker, on which no organization is named."""
    async with a_queue(url) as queue, queue.connection() as connection:
        await PERIODIC[jobs.EVERY_HOUR].function(connection)
        assert await connection.fetchval("SELECT current_setting('app.organization_id', true)") in {None, ""}


async def asked(owner: asyncpg.Connection, world: World) -> list[tuple[str, int]]:
    rows = await owner.fetch(
        "SELECT name, user_id FROM outbox_jobs WHERE organization_id = $1 AND name = $2",
        world.organization_id,
        jobs.HOURLY,
    )
    return [tuple(row) for row in rows]


async def forget(owner: asyncpg.Connection) -> None:
    """No jobs of other tests."""
    await owner.execute("DELETE FROM outbox_jobs")


async def done(world: World, owner: asyncpg.Connection) -> bool:
    states = [state for _, state in await queued(owner, world)]
    return not await waiting(owner, world) and not {"todo", "doing"} & set(states)


async def test_time_takes_points_back(world: World, owner: asyncpg.Connection, owner_url: str) -> None:
    now = dt.datetime.now(dt.UTC)
    await world.lead(last_engagement_date=now)
    await made(world, criteria=LATELY)
    await made(world, **DECAY)
    ((score, warmth),) = await scores(world)
    assert (score in {129, 130}, warmth) == (True, "HOT")
    await world.fetch(ENGAGED, now - dt.timedelta(days=10))
    await forget(owner)
    await strike(owner_url)
    async with at_work(owner_url, *WORK):
        await until(lambda: done(world, owner))
    assert await scores(world) == [(39, "WARM")]
    assert await world.fetch("SELECT 1 FROM workflow_executions WHERE organization_id = $1") == []


async def test_it_is_asked_for_only_where_there_are_rules_and_somebody_who_may(
    world: World, other_world: World, owner: asyncpg.Connection, owner_url: str
) -> None:
    await strike(owner_url)
    assert await asked(owner, world) == []
    rule = (await made(world, **DECAY))["rule"]
    await strike(owner_url)
    assert await asked(owner, world) == [(jobs.HOURLY, world.users[Role.ADMIN])]
    assert await asked(owner, other_world) == []
    await forget(owner)
    await owner.execute("UPDATE users SET is_active = false WHERE id = $1", world.users[Role.ADMIN])
    await strike(owner_url)
    assert await asked(owner, world) == [(jobs.HOURLY, world.users[Role.MANAGER])]
    await forget(owner)
    await owner.execute("UPDATE users SET is_active = false WHERE id = $1", world.users[Role.MANAGER])
    await strike(owner_url)
    assert await asked(owner, world) == []
    await owner.execute("UPDATE users SET is_active = true WHERE id = $1", world.users[Role.ADMIN])
    await world.do("updateScoringRule", {"id": rule["id"], "patch": {"isActive": False}}, "changed")
    await strike(owner_url)
    assert await asked(owner, world) == []


async def test_one_who_has_left_before_the_job_ran_is_replaced_in_the_next_hour(
    world: World, owner: asyncpg.Connection, owner_url: str
) -> None:
    await world.lead(last_engagement_date=dt.datetime.now(dt.UTC))
    await made(world, criteria=LATELY)
    assert await scores(world) == [(50, "WARM")]
    await world.fetch(ENGAGED, dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    await forget(owner)
    await strike(owner_url)
    await owner.execute("UPDATE users SET is_active = false WHERE id = $1", world.users[Role.ADMIN])
    async with at_work(owner_url, *WORK):
        await until(lambda: done(world, owner))
        assert (await queued(owner, world))[-1] == (jobs.HOURLY, "failed")
        await strike(owner_url)
        await until(lambda: done(world, owner))
    row = await owner.fetchrow("SELECT score FROM leads WHERE organization_id = $1", world.organization_id)
    assert row["score"] == 0


async def test_where_time_changes_nothing_nothing_is_done(
    world: World, owner: asyncpg.Connection, owner_url: str
) -> None:
    await world.lead(company="Acme")
    await made(world)
    await world.lead(company="Acme")  # by the factory, so that nobody has scored it
    await forget(owner)
    await strike(owner_url)
    async with at_work(owner_url, *WORK):
        await until(lambda: done(world, owner))
    assert await scores(world) == [(50, "WARM"), (0, "COLD")]


async def test_many_leads_are_one_execution_at_a_time(
    world: World, owner: asyncpg.Connection, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "AT_ONCE", 30)
    monkeypatch.setattr(jobs, "CHUNK", 20)
    lately = {**ACME, "createdAt": {"withinLast": "P7D"}}
    await world.rule(criteria={"v": 1, "format": "filter", "expr": lately}, score_points=50)
    await world.fetch(MANY, 50)
    shown = "SELECT status, input_data, output_data FROM workflow_executions WHERE organization_id = $1"
    for _ in range(2):
        await strike(owner_url)
        async with at_work(owner_url, JOBS[jobs.HOURLY]):
            await until(lambda: no_longer(world, owner, jobs.HOURLY))
        assert [row["status"] for row in await world.fetch(shown)] == ["PENDING"]
    async with at_work(owner_url, *WORK):
        await until(lambda: done(world, owner))
    (row,) = await world.fetch(shown)
    assert tuple(row) == ("SUCCEEDED", {"schedule": "hourly"}, {"changed": 50})
    assert await scores(world) == [(50, "WARM")] * 50


async def no_longer(world: World, owner: asyncpg.Connection, name: str) -> bool:
    """Whether no job of the name is on its way."""
    states = [state for job, state in await queued(owner, world) if job == name]
    return name not in await waiting(owner, world) and not {"todo", "doing"} & set(states)


async def test_a_job_that_waits_is_not_asked_for_twice(world: World, owner: asyncpg.Connection, owner_url: str) -> None:
    await made(world, **DECAY)
    await forget(owner)
    await strike(owner_url)
    await strike(owner_url)
    async with at_work(owner_url, JOBS[SETTLE]):
        await until(lambda: nothing_waits(world, owner))
    assert [job for job, _ in await queued(owner, world)] == [jobs.HOURLY]


async def nothing_waits(world: World, owner: asyncpg.Connection) -> bool:
    return not await waiting(owner, world)
