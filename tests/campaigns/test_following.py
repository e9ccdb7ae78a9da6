"""Members that come and go with their campaign's criteria, and whom a person has chosen, who do not."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from job_workers import at_work
from job_world import until

from lma_graph.campaigns import jobs
from lma_graph.campaigns.service import enrolling
from lma_graph.executions.engine import job_of
from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.kernel.viewer import Role
from lma_graph.leads.service import life
from world import World

ROWS = "SELECT lead_id, status, chosen_by FROM campaign_leads WHERE organization_id = $1 ORDER BY campaign_id, lead_id"
TRAIL = """
SELECT lead_id, activity_type, metadata, user_id FROM activities
WHERE organization_id = $1 AND activity_type LIKE 'CAMPAIGN%' ORDER BY id
"""


def criteria(**expression: Any) -> dict[str, Any]:
    return {"v": 1, "format": "filter", "expr": expression}


GOLD = criteria(company={"eq": "Gold"})


async def following(world: World, follow: str = "IN_AND_OUT", **values: Any) -> Any:
    return await world.campaign(**{"status": "ACTIVE", "target_criteria": GOLD, "follow_criteria": follow, **values})


async def rows(world: World) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await world.fetch(ROWS)]


async def create(world: World, **given: Any) -> int:
    await world.do("createLead", {"firstName": "x", **given}, "__typename")
    (row,) = await world.fetch("SELECT max(id) AS id FROM leads WHERE organization_id = $1")
    number: int = row["id"]
    return number


async def change(world: World, number: int, **patch: Any) -> None:
    found = await world.do("updateLead", {"id": world.id("Lead", number), "patch": patch}, "__typename")
    assert found["__typename"] == "UpdateLeadPayload", found


async def test_leads_come_and_go_as_they_change(world: World) -> None:
    campaign = await following(world)
    other = await create(world, company="Tin")
    lead = await create(world, company="Gold")
    assert await rows(world) == [(lead, "ENROLLED", "CRITERIA")]
    await change(world, other, company="Gold")
    await change(world, lead, company="Tin")
    assert await rows(world) == [(other, "ENROLLED", "CRITERIA"), (lead, "REMOVED", "CRITERIA")]
    await change(world, lead, company="Gold")
    assert await rows(world) == [(other, "ENROLLED", "CRITERIA"), (lead, "ENROLLED", "CRITERIA")]
    told = {"campaignId": campaign.id, "chosenBy": "CRITERIA", "requestId": "test-request"}
    assert [tuple(row) for row in await world.fetch(TRAIL)] == [
        (lead, "CAMPAIGN_ENROLLED", {**told, "to": "ENROLLED"}, None),
        (other, "CAMPAIGN_ENROLLED", {**told, "to": "ENROLLED"}, None),
        (lead, "CAMPAIGN_RESPONSE", {**told, "from": "ENROLLED", "to": "REMOVED"}, None),
        (lead, "CAMPAIGN_ENROLLED", {**told, "from": "REMOVED", "to": "ENROLLED"}, None),
    ]


async def test_with_in_alone_nobody_goes(world: World) -> None:
    await following(world, "IN")
    lead = await create(world, company="Gold")
    await change(world, lead, company="Tin")
    assert await rows(world) == [(lead, "ENROLLED", "CRITERIA")]


@pytest.mark.parametrize("status", ["DRAFT", "PAUSED", "COMPLETED", "ARCHIVED"])
async def test_only_an_active_campaign_follows(world: World, status: str) -> None:
    await following(world, status=status)
    await create(world, company="Gold")
    assert await rows(world) == []


async def test_a_persons_choice_wins(world: World) -> None:
    campaign = await following(world)
    one = {"campaignId": world.id("Campaign", campaign.id)}
    out, within = await create(world, company="Gold"), await create(world, company="Tin")
    await world.do("removeLeadsFromCampaign", {**one, "leadIds": [world.id("Lead", out)]}, "removed")
    await world.do("enrollLeads", {**one, "leadIds": [world.id("Lead", within)]}, "enrolled")
    for company in ("Tin", "Gold"):
        await change(world, out, company=company, value=len(company))
        await change(world, within, jobTitle=company, company=f"Not {company}")
    assert await rows(world) == [(out, "REMOVED", "MANUAL"), (within, "ENROLLED", "MANUAL")]


@pytest.mark.parametrize("status", ["RESPONDED", "CONVERTED", "UNSUBSCRIBED", "BOUNCED"])
async def test_who_has_come_far_or_left_is_not_taken_out(world: World, status: str) -> None:
    campaign = await following(world)
    lead = await create(world, company="Gold")
    given = {"campaignId": world.id("Campaign", campaign.id), "leadId": world.id("Lead", lead), "status": status}
    await world.do("updateCampaignLead", given, "__typename")
    await change(world, lead, company="Tin")
    assert await rows(world) == [(lead, status, "CRITERIA")]
    await change(world, lead, company="Gold")
    assert await rows(world) == [(lead, status, "CRITERIA")]


async def test_nobody_is_asked_about_what_the_criteria_do_not_look_at(world: World) -> None:
    words = criteria(**{"or": [{"search": "gold"}, {"assignedTo": {"role": {"eq": "ADMIN"}}}]})
    quiet = await world.lead()
    spent: dict[str, int] = {}

    async def measured(name: str, **patch: Any) -> None:
        viewer = await world.viewer()
        async with world.database.unit_of_work(viewer) as unit:
            await life.update(unit, quiet.id, patch)
            spent[name] = unit.statements

    await measured("without campaigns", value=1)
    await measured("a word without campaigns", company="Iron")
    await following(world, target_criteria=words)
    await measured("not looked at", value=2)
    await measured("looked at", company="Tin")
    assert spent["not looked at"] == spent["without campaigns"]
    assert spent["looked at"] == spent["a word without campaigns"] + 2


async def test_words_and_owners_are_looked_at(world: World) -> None:
    words = criteria(**{"or": [{"search": "gold"}, {"assignedTo": {"role": {"eq": "ADMIN"}}}]})
    await following(world, target_criteria=words)
    lead = await create(world, company="Tin")
    await change(world, lead, lastName="Gold")
    assert await rows(world) == [(lead, "ENROLLED", "CRITERIA")]
    await change(world, lead, lastName="Silver")
    assert await rows(world) == [(lead, "REMOVED", "CRITERIA")]
    given = {"leadId": world.id("Lead", lead), "userId": world.id("User", world.users[Role.ADMIN])}
    await world.do("assignLead", given, "__typename")
    assert await rows(world) == [(lead, "ENROLLED", "CRITERIA")]


async def test_leads_by_many_ways_are_followed(world: World) -> None:
    await following(world)
    await world.do("upsertLeads", {"matchOn": "EMAIL", "leads": [{"email": "a@x.test", "company": "Gold"}]}, "created")
    assert len(await rows(world)) == 1
    one, two = await world.lead(company="Tin"), await world.lead(company="Gold", deleted_at=None)
    await world.do("bulkUpdateLeads", {"filter": {}, "patch": {"company": "Gold"}}, "updated")
    assert [row[0] for row in await rows(world)][1:] == [one.id]
    await world.do("deleteLead", {"id": world.id("Lead", two.id)}, "__typename")
    await world.do("restoreLead", {"id": world.id("Lead", two.id)}, "__typename")
    assert [row[0] for row in await rows(world)][1:] == [one.id, two.id]


async def test_criteria_that_cannot_be_read_move_nobody(world: World) -> None:
    campaign = await following(world, target_criteria=criteria(shoeSize={"eq": 44}))
    lead = await world.lead()
    await world.member(campaign, lead, chosen_by="CRITERIA")
    await create(world, company="Gold")
    await change(world, lead.id, company="Gold")
    assert await rows(world) == [(lead.id, "ENROLLED", "CRITERIA")]


async def test_becoming_active_and_other_criteria_follow_at_once(world: World) -> None:
    campaign = await following(world, status="DRAFT")
    gold, tin = await world.lead(company="Gold"), await world.lead(company="Tin")
    one = world.id("Campaign", campaign.id)
    shown = "campaign { status campaignLeads { totalCount } } execution { id }"
    found = await world.do("setCampaignStatus", {"id": one, "status": "ACTIVE"}, shown)
    assert found["campaign"] == {"status": "ACTIVE", "campaignLeads": {"totalCount": 1}}
    assert found["execution"] is None
    patch = {"targetCriteria": {"company": {"eq": "Tin"}}}
    await world.do("updateCampaign", {"id": one, "patch": patch}, shown)
    assert await rows(world) == [(gold.id, "REMOVED", "CRITERIA"), (tin.id, "ENROLLED", "CRITERIA")]
    await world.do("updateCampaign", {"id": one, "patch": {"followCriteria": "NONE"}}, shown)
    await change(world, gold.id, company="Tin")
    assert (await rows(world))[0] == (gold.id, "REMOVED", "CRITERIA")


async def test_what_time_and_relations_change_is_followed_by_the_hour(
    world: World, other_world: World, owner_url: str, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolling, "CHUNK", 2)
    busy = criteria(activities={"some": {"activityType": {"eq": "CALL"}}})
    for one in (world, other_world):
        await following(one, target_criteria=busy)
    leads = [await world.lead() for _ in range(5)]
    for lead in leads:
        await world.activity(lead)
    assert await rows(world) == []

    async def done(number: int) -> None:
        async def ended() -> bool:
            return [row[1] for row in await rows(world)] == ["ENROLLED"] * number + ["REMOVED"] * (5 - number)

        await jobs.every_hour(owner)
        async with at_work(owner_url, JOBS[jobs.HOURLY]):
            await until(ended)

    await done(5)
    await world.fetch("DELETE FROM activities WHERE organization_id = $1 AND lead_id > $2", leads[1].id)
    await done(2)
    assert await rows(other_world) == []


async def test_more_leads_than_one_transaction_takes_are_followed_as_long_work(
    world: World, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolling, "AT_ONCE", 10)
    monkeypatch.setattr(enrolling, "CHUNK", 4)
    campaign = await following(world, status="PAUSED")
    gone = await world.lead(company="Tin")
    await world.member(campaign, gone, chosen_by="CRITERIA")
    for _ in range(12):
        await world.lead(company="Gold")
    given = {"id": world.id("Campaign", campaign.id), "status": "ACTIVE"}
    found = await world.do("setCampaignStatus", given, "execution { workflowType inputData progress { total } }")
    assert found["execution"] == {
        "workflowType": "ENROLL",
        "inputData": {"mutation": "followCriteria", "campaignId": world.id("Campaign", campaign.id)},
        "progress": {"total": 13},
    }

    async def ended() -> Any:
        (row,) = await world.fetch("SELECT * FROM workflow_executions WHERE organization_id = $1")
        return row if row["status"] not in {"PENDING", "RUNNING"} else None

    async with at_work(owner_url, JOBS[job_of(enrolling.LONG_WORK)]):
        await until(ended)
    row = await ended()
    assert (row["status"], row["progress_done"], row["output_data"]) == (
        "SUCCEEDED",
        13,
        {"enrolled": 12, "removed": 1},
    )
