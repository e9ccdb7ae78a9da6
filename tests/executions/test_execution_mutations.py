"""Stopping long work, and having it go on, by mutation."""

from lma_graph.kernel.viewer import Role
from world import World

SHOWN = "execution { id status attempt }"


async def test_an_execution_is_stopped_and_goes_on(world: World) -> None:
    made = await world.execution(workflow_type="IMPORT", status="RUNNING")
    given = {"id": world.id("WorkflowExecution", made.id)}
    stopped = await world.do("cancelExecution", given, SHOWN, role=Role.MANAGER)
    assert stopped["execution"] == {**given, "status": "CANCELLED", "attempt": 1}
    again = await world.do("cancelExecution", given, SHOWN)
    assert (again["__typename"], again["message"]) == (
        "Conflict",
        "The execution has ended already; its status is CANCELLED.",
    )
    gone_on = await world.do("retryExecution", given, SHOWN)
    assert gone_on["execution"] == {**given, "status": "PENDING", "attempt": 2}
    (job,) = await world.fetch("SELECT name, arguments, user_id FROM outbox_jobs WHERE organization_id = $1")
    assert (job["arguments"]["execution_id"], job["user_id"]) == (made.id, world.users[Role.ADMIN])
    refused = await world.do("retryExecution", given, SHOWN)
    assert refused["message"] == "Only an execution that failed or was cancelled can be retried; its status is PENDING."


async def test_runs_outside_are_not_started_again_here(world: World) -> None:
    made = await world.execution(workflow_type="N8N", status="FAILED")
    refused = await world.do("retryExecution", {"id": world.id("WorkflowExecution", made.id)}, SHOWN)
    assert (refused["__typename"], refused["message"]) == ("Conflict", "A run of n8n is started again by its workflow.")
    assert await world.fetch("SELECT 1 FROM outbox_jobs WHERE organization_id = $1") == []
