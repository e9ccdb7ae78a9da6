"""Executions of the server's own work: how they begin, go on, fail, are cancelled and tried again."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from counted_work import COUNT, count
from job_workers import at_work
from job_world import until, waiting

from lma_graph.executions import service
from lma_graph.executions.engine import job_of, perform_steps
from lma_graph.kernel.errors import Conflict, NotFound
from lma_graph.kernel.jobs import HandBack, JobRun
from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.kernel.viewer import Role
from world import World

WORK = JOBS[job_of(COUNT)]


async def start(world: World, *, role: Role = Role.MANAGER, **values: Any) -> int:
    async with world.database.unit_of_work(await world.viewer(role)) as unit:
        return await service.start(unit, COUNT, values, total=7)


async def row(world: World, number: int) -> dict[str, Any]:
    async with world.database.reader(await world.viewer()) as reader:
        statement = sa.text("SELECT * FROM workflow_executions WHERE id = :number")
        return dict((await reader.rows(statement, {"number": number}))[0]._mapping)


async def is_in(world: World, number: int, status: str) -> bool:
    return (await row(world, number))["status"] == status


async def command(world: World, name: str, number: int) -> None:
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await getattr(service, name)(unit, number)


async def leads(world: World, owner) -> int:
    return await owner.fetchval("SELECT count(*) FROM leads WHERE organization_id = $1", world.organization_id)


async def test_work_is_accepted_with_its_input_and_done_step_by_step(world, owner, owner_url) -> None:
    number = await start(world, leads=3)
    accepted = await row(world, number)
    assert (accepted["status"], accepted["workflow_type"], accepted["input_data"]) == ("PENDING", COUNT, {"leads": 3})
    assert (accepted["progress_done"], accepted["progress_total"], accepted["started_at"]) == (0, 7, None)
    async with at_work(owner_url, WORK):
        await until(lambda: is_in(world, number, "SUCCEEDED"))
    done = await row(world, number)
    assert (done["progress_done"], done["progress_total"], done["output_data"]) == (3, 3, {"created": 3})
    assert done["user_id"] == world.users[Role.MANAGER]
    assert await leads(world, owner) == 3
    answer = await world.ask("{ workflowExecutions { nodes { status progress { done total } } } }")
    assert answer.errors == []
    assert answer.data["workflowExecutions"]["nodes"] == [{"status": "SUCCEEDED", "progress": {"done": 3, "total": 3}}]


async def test_cancelled_work_keeps_its_steps_and_makes_no_more(world, owner, owner_url) -> None:
    number = await start(world, leads=500, pause=0.01)
    async with at_work(owner_url, WORK):
        await until(lambda: leads(world, owner))
        await command(world, "cancel", number)
        cancelled = await row(world, number)
        made = await leads(world, owner)
        await asyncio.sleep(0.2)
        assert await leads(world, owner) == made == cancelled["progress_done"]
    assert cancelled["status"] == "CANCELLED"
    assert cancelled["completed_at"] is not None
    with pytest.raises(Conflict, match=r"^The execution has ended already; its status is CANCELLED\.$"):
        await command(world, "cancel", number)


async def test_work_cancelled_before_it_began_does_nothing_and_can_be_taken_up(world, owner, owner_url) -> None:
    number = await start(world, leads=2)
    await command(world, "cancel", number)
    async with at_work(owner_url, WORK):
        await until(lambda: _nothing_waits(world, owner))
        assert await leads(world, owner) == 0
        await command(world, "retry", number)
        await until(lambda: is_in(world, number, "SUCCEEDED"))
    done = await row(world, number)
    assert (done["attempt"], done["user_id"]) == (2, world.users[Role.ADMIN])
    assert await leads(world, owner) == 2


async def _nothing_waits(world, owner) -> bool:
    return await waiting(owner, world) == []


async def test_failing_work_waits_is_exhausted_and_goes_on_where_it_was(world, owner, owner_url) -> None:
    number = await start(world, leads=4, fails_at=2)
    async with at_work(owner_url, WORK):
        await until(lambda: is_in(world, number, "EXHAUSTED"))
        failed = await row(world, number)
        assert (failed["attempt"], failed["progress_done"], failed["next_retry_at"]) == (3, 2, None)
        assert failed["error_message"].startswith("Something went wrong on our side.")
        assert await leads(world, owner) == 2
        await owner.execute("UPDATE workflow_executions SET input_data = '{\"leads\": 4}' WHERE id = $1", number)
        await command(world, "retry", number)
        await until(lambda: is_in(world, number, "SUCCEEDED"))
    assert await leads(world, owner) == 4
    assert (await row(world, number))["error_message"] is None


async def test_work_of_a_deactivated_user_fails_with_the_reason(world, owner, owner_url) -> None:
    number = await start(world, leads=2)
    await owner.execute("UPDATE users SET is_active = false WHERE id = $1", world.users[Role.MANAGER])
    async with at_work(owner_url, WORK):
        await until(lambda: is_in(world, number, "FAILED"))
    failed = await row(world, number)
    assert failed["error_message"] == (
        "The user for whom this was to run is no longer active, or their organization is not."
    )
    assert failed["completed_at"] is not None
    assert await leads(world, owner) == 0


async def test_work_that_is_told_to_stop_is_handed_back_between_steps(world, owner) -> None:
    number = await start(world, leads=50, pause=0.01)
    stop = asyncio.Event()
    run = JobRun("x", await world.viewer(), world.database, 0, stop)
    task = asyncio.create_task(perform_steps(run, number, count))
    await until(lambda: leads(world, owner))
    stop.set()
    with pytest.raises(HandBack):
        await task
    kept = await row(world, number)
    assert kept["status"] == "RUNNING"
    assert kept["progress_done"] == await leads(world, owner) < 50


@pytest.mark.parametrize("name", ["cancel", "retry"])
async def test_executions_of_others_are_not_there(name, world, other_world) -> None:
    number = await start(other_world, leads=1)
    with pytest.raises(NotFound, match=r"^There is no such execution\.$"):
        await command(world, name, number)
    assert (await row(other_world, number))["status"] == "PENDING"


async def test_what_cannot_be_retried(world) -> None:
    number = await start(world, leads=1)
    with pytest.raises(Conflict) as refused:
        await command(world, "retry", number)
    assert refused.value.message == (
        "Only an execution that failed or was cancelled can be retried; its status is PENDING."
    )
    foreign = await world.execution(status="FAILED")
    with pytest.raises(Conflict, match=r"^A run of n8n is started again by its workflow\.$"):
        await command(world, "retry", foreign.id)
