"""More leads than one transaction enrols or moves: an execution, which a worker does chunk by chunk."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from job_workers import at_work
from job_world import until

from lma_graph.campaigns.service import enrolling, moving
from lma_graph.executions.engine import job_of
from lma_graph.kernel.jobs.registry import JOBS
from world import World

SHOWN = "execution { id status workflowType progress { done total } inputData }"
MANY = """
INSERT INTO leads (organization_id, company, status)
SELECT $1, 'm', CASE WHEN n % 10 = 0 THEN 'LOST' ELSE 'NEW' END FROM generate_series(1, 70) n
"""
MEMBERS = "SELECT status, count(*) AS n FROM campaign_leads WHERE organization_id = $1 GROUP BY 1 ORDER BY 1"
TRAIL = "SELECT count(*) AS n FROM activities WHERE organization_id = $1"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer leads are many."""
    for module in (enrolling, moving):
        monkeypatch.setattr(module, "AT_ONCE", 30)
        monkeypatch.setattr(module, "CHUNK", 20)


async def execution(world: World) -> Any:
    (row,) = await world.fetch("SELECT * FROM workflow_executions WHERE organization_id = $1 ORDER BY id DESC LIMIT 1")
    return row


async def performed(world: World, url: str) -> Any:
    async def ended() -> bool:
        return (await execution(world))["status"] not in {"PENDING", "RUNNING", "WAITING"}

    async with at_work(url, JOBS[job_of(enrolling.LONG_WORK)]):
        await until(ended)
    return await execution(world)


async def members(world: World) -> dict[str, int]:
    return {row["status"]: row["n"] for row in await world.fetch(MEMBERS)}


async def test_many_leads_are_enrolled_in_steps_once(world: World, owner_url: str) -> None:
    campaign = await world.campaign()
    await world.fetch(MANY)
    (first,) = await world.fetch("SELECT min(id) AS id FROM leads WHERE organization_id = $1")
    await world.fetch(
        "INSERT INTO campaign_leads (organization_id, campaign_id, lead_id, status) VALUES ($1, $2, $3, 'BOUNCED'),"
        " ($1, $2, $3 + 1, 'ENGAGED')",
        campaign.id,
        first["id"],
    )
    given = {
        "campaignId": world.id("Campaign", campaign.id),
        "filter": {},
        "exclude": {"status": {"eq": "LOST"}},
    }
    found = await world.do("enrollLeads", given, f"enrolled alreadyEnrolled notEligible {SHOWN}")
    assert (found["enrolled"], found["alreadyEnrolled"], found["notEligible"]) == (None, None, None)
    assert found["execution"]["workflowType"] == "ENROLL"
    assert found["execution"]["progress"] == {"done": 0, "total": 61}
    assert found["execution"]["inputData"] == {"mutation": "enrollLeads", **given}
    done = await performed(world, owner_url)
    assert (done["status"], done["progress_done"], done["progress_total"]) == ("SUCCEEDED", 61, 61)
    assert done["output_data"] == {"enrolled": 61, "alreadyEnrolled": 1, "notEligible": 1}
    assert await members(world) == {"BOUNCED": 1, "ENGAGED": 1, "ENROLLED": 61}
    again = await world.do("enrollLeads", given, f"enrolled alreadyEnrolled notEligible {SHOWN}")
    assert (again["enrolled"], again["alreadyEnrolled"], again["notEligible"]) == (0, 62, 1)
    assert again["execution"] is None
    (count,) = await world.fetch(TRAIL)
    assert count["n"] == 61


async def test_work_that_failed_in_the_middle_goes_on_behind_its_last_step(
    world: World, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    criteria = {"v": 1, "format": "filter", "expr": {"status": {"eq": "NEW"}}}
    campaign = await world.campaign(target_criteria=criteria)
    await world.fetch(MANY)
    given = {"campaignId": world.id("Campaign", campaign.id), "useTargetCriteria": True}
    found = await world.do("enrollLeads", given, SHOWN)
    assert found["execution"]["inputData"]["criteria"] == criteria["expr"]
    enter, calls = enrolling.enter, []

    async def fails(unit: Any, audience: Any, after: int, limit: int) -> Any:
        calls.append(after)
        made = await enter(unit, audience, after, limit)
        if len(calls) == 2:
            raise TypeError("in the middle")
        return made

    monkeypatch.setattr(enrolling, "enter", fails)
    job = JOBS[job_of(enrolling.LONG_WORK)]
    monkeypatch.setitem(JOBS, job.name, type(job)(job.name, job.function, type(job.retry)(first_s=0.1), job.on_trouble))
    done = await performed(world, owner_url)
    assert done["status"] == "SUCCEEDED"
    assert done["output_data"] == {"enrolled": 63, "alreadyEnrolled": 0, "notEligible": 0}
    assert calls[1] == calls[2] > 0
    assert await members(world) == {"ENROLLED": 63}
    (count,) = await world.fetch(TRAIL)
    assert count["n"] == 63


async def test_a_campaign_that_closes_meanwhile_ends_the_work(world: World, owner_url: str) -> None:
    campaign = await world.campaign()
    await world.fetch(MANY)
    given = {"campaignId": world.id("Campaign", campaign.id), "filter": {}}
    await world.do("enrollLeads", given, SHOWN)
    await world.fetch("UPDATE campaigns SET status = 'ARCHIVED' WHERE organization_id = $1")
    done = await performed(world, owner_url)
    text = "A campaign that is ARCHIVED takes no members; only DRAFT, ACTIVE and PAUSED ones do."
    assert (done["status"], done["error_message"]) == ("FAILED", text)
    assert await members(world) == {}


async def test_many_members_are_moved_and_removed_in_steps(world: World, owner_url: str) -> None:
    campaign = await world.campaign()
    await world.fetch(MANY)
    await world.fetch(
        "INSERT INTO campaign_leads (organization_id, campaign_id, lead_id, status)"
        " SELECT $1, $2, id, CASE status WHEN 'LOST' THEN 'UNSUBSCRIBED' ELSE 'ENROLLED' END"
        " FROM leads WHERE organization_id = $1",
        campaign.id,
    )
    one = {"campaignId": world.id("Campaign", campaign.id), "filter": {"lead": {"company": {"eq": "m"}}}}
    await world.do("updateCampaignLeads", {**one, "status": "CONTACTED"}, SHOWN)
    done = await performed(world, owner_url)
    output = done["output_data"]
    assert (done["status"], done["progress_done"]) == ("SUCCEEDED", 70)
    assert (output["updated"], output["unchanged"], output["failed"], len(output["errors"])) == (63, 0, 7, 7)
    assert set(output["errors"][0]) == {"campaignLeadId", "code", "message"}
    assert await members(world) == {"CONTACTED": 63, "UNSUBSCRIBED": 7}
    await world.do("removeLeadsFromCampaign", one, SHOWN)
    done = await performed(world, owner_url)
    assert done["output_data"] == {"removed": 63, "unchanged": 7}
    assert await members(world) == {"REMOVED": 63, "UNSUBSCRIBED": 7}
