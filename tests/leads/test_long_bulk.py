"""More leads than one transaction changes: the call gives an execution, which a worker does chunk by chunk."""

import datetime as dt
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from job_workers import at_work
from job_world import until

from lma_graph.executions.engine import job_of
from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.kernel.viewer import Role
from lma_graph.leads import jobs
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.service import selecting
from lma_graph.leads.service.selecting import LONG_WORK
from world import World

SHOWN = "execution { id status workflowType progress { done total } inputData }"
ROW = "SELECT status, progress_done, progress_total, output_data, error_message FROM workflow_executions WHERE id = $2"
MANY = """
INSERT INTO leads (organization_id, company, status)
SELECT $1, 'm', CASE WHEN n % 10 = 0 THEN 'LOST' ELSE 'NEW' END FROM generate_series(1, $2::int) n
"""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer leads are many."""
    monkeypatch.setattr(selecting, "AT_ONCE", 30)
    monkeypatch.setattr(jobs, "CHUNK", 20)


async def performed(world: World, url: str, name: str, given: dict[str, Any], **options: Any) -> dict[str, Any]:
    """What became of the execution that a mutation gave."""
    return await worked_off(world, url, await world.do(name, given, SHOWN, **options))


async def worked_off(world: World, url: str, found: Any) -> dict[str, Any]:
    """What becomes of the execution once a worker is there."""
    assert found["execution"]["status"] == "PENDING"
    assert (found["execution"]["workflowType"], found["execution"]["progress"]["done"]) == ("BULK_UPDATE", 0)
    (number,) = [
        row["id"] for row in await world.fetch("SELECT id FROM workflow_executions WHERE organization_id = $1")
    ]

    async def ended() -> Any:
        (row,) = await world.fetch(f"{ROW} AND organization_id = $1", number)
        return dict(row) if row["status"] not in {"PENDING", "RUNNING"} else None

    async with at_work(url, JOBS[job_of(LONG_WORK)]):
        await until(ended)
    done: dict[str, Any] = await ended()
    return done


async def test_many_leads_are_changed_in_steps(world: World, owner_url: str) -> None:
    await world.fetch(MANY, 70)
    patch = {"statusReason": "price", "expectedCloseDate": "2026-12-24", "tags": {"add": ["t"]}, "value": 5}
    found = await world.do(
        "bulkUpdateLeads", {"filter": {}, "patch": patch, "dryRun": True}, "updated unchanged failed"
    )
    assert found == {"__typename": "BulkUpdateLeadsPayload", "updated": None, "unchanged": None, "failed": None}
    done = await performed(world, owner_url, "bulkUpdateLeads", {"filter": {}, "patch": patch}, role=Role.MANAGER)
    assert (done["status"], done["progress_done"], done["progress_total"]) == ("SUCCEEDED", 70, 70)
    output = done["output_data"]
    assert (output["updated"], output["unchanged"], output["failed"]) == (7, 0, 63)
    assert len(output["errors"]) == 63
    assert set(output["errors"][0]) == {"leadId", "code", "message"}
    rows = await world.fetch(
        "SELECT expected_close_date AS day, tags FROM leads WHERE organization_id = $1 AND value = 5"
    )
    assert [(row["day"], row["tags"]) for row in rows] == [(dt.date(2026, 12, 24), ["t"])] * 7
    (count,) = await world.fetch("SELECT count(*) AS n FROM activities WHERE organization_id = $1")
    assert count["n"] == 7


async def test_many_leads_are_given_and_dealt_in_steps(world: World, owner_url: str) -> None:
    await world.fetch(MANY, 70)
    users = [(await world.user()).id for _ in range(3)]
    given = {"filter": {}, "strategy": "ROUND_ROBIN", "userIds": [world.id("User", user) for user in users]}
    tried = await world.ask(
        "query($input: PreviewAssignmentInput!) { previewAssignment(input: $input) { assigned byUser { count } } }",
        {"input": given},
    )
    assert tried.data["previewAssignment"] == {"assigned": 70, "byUser": [{"count": n} for n in (24, 23, 23)]}
    done = await performed(world, owner_url, "autoAssignLeads", given)
    shares = [
        {"userId": world.id("User", user), "count": count} for user, count in zip(users, (24, 23, 23), strict=True)
    ]
    assert (done["status"], done["progress_done"]) == ("SUCCEEDED", 70)
    assert done["output_data"] == {"assigned": 70, "unchanged": 0, "unassigned": 0, "byUser": shares}
    owners = await world.fetch("SELECT assigned_to_id AS id FROM leads WHERE organization_id = $1")
    assert Counter(row["id"] for row in owners) == {users[0]: 24, users[1]: 23, users[2]: 23}


async def test_long_work_is_refused_where_its_first_lead_may_not_be_given(world: World, owner_url: str) -> None:
    await world.fetch(MANY, 70)
    manager = world.users[Role.MANAGER]
    await world.fetch("UPDATE leads SET assigned_to_id = $2 WHERE organization_id = $1", manager)
    given = {"filter": {}, "userId": None, "reason": "x"}
    done = await performed(world, owner_url, "assignLeads", given, role=Role.SALES_REP)
    refused = "This needs the permission leads.transfer, which your role does not have."
    assert (done["status"], done["error_message"]) == ("FAILED", refused)
    owners = await world.fetch("SELECT assigned_to_id AS id FROM leads WHERE organization_id = $1")
    assert Counter(row["id"] for row in owners) == {manager: 70}


async def test_as_many_as_fit_into_one_transaction_are_no_long_work(world: World) -> None:
    await world.fetch(MANY, 30)
    found = await world.do("bulkUpdateLeads", {"filter": {}, "patch": {"value": 1}}, f"updated {SHOWN}")
    assert (found["updated"], found["execution"]) == (30, None)


async def test_a_filter_whose_term_is_gone_when_work_begins_ends_the_work(
    world: World, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.fetch(MANY, 70)
    given = {"filter": {"jobTitle": {"isNull": True}}, "patch": {"value": 5}}
    found = await world.do("bulkUpdateLeads", given, SHOWN)
    monkeypatch.delitem(LEAD.terms, "jobTitle")
    done = await worked_off(world, owner_url, found)
    assert (done["status"], done["progress_done"]) == ("FAILED", 0)
    assert done["error_message"] == "filter.jobTitle: is not a field of LeadFilter"
    assert await world.fetch("SELECT id FROM leads WHERE organization_id = $1 AND value IS NOT NULL") == []
