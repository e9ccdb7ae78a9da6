"""How far members have come: which moves there are, what each stamps once, and what it leaves in the trail."""

import asyncio
import datetime as dt
import itertools
from typing import Any

import pytest

from lma_graph.kernel.viewer import Role
from world import World

SHOWN = "campaignLead { id status lastContactAt responseAt conversionAt }"
MANY = "updated unchanged failed errors { campaignLead { id } code message } execution { id }"
OUT = "removed unchanged execution { id }"
TRAIL = """
SELECT lead_id, activity_type, metadata FROM activities
WHERE organization_id = $1 AND activity_type LIKE 'CAMPAIGN%' ORDER BY id
"""
ROWS = "SELECT status, chosen_by FROM campaign_leads WHERE organization_id = $1 ORDER BY lead_id"
LADDER = ["ENROLLED", "CONTACTED", "ENGAGED", "RESPONDED", "CONVERTED"]
LEAVING = ["UNSUBSCRIBED", "BOUNCED", "REMOVED"]
WAYS = {
    **{status: LADDER[at + 1 :] + LEAVING for at, status in enumerate(LADDER)},
    "BOUNCED": [*LADDER, "UNSUBSCRIBED", "REMOVED"],
    "REMOVED": ["ENROLLED", "UNSUBSCRIBED"],
    "UNSUBSCRIBED": [],
}


async def move(world: World, campaign: Any, lead: Any, status: str, **options: Any) -> Any:
    given = {"campaignId": world.id("Campaign", campaign.id), "leadId": world.id("Lead", lead.id), "status": status}
    return await world.do("updateCampaignLead", given, SHOWN, **options)


async def rows(world: World) -> list[tuple[str, str]]:
    return [tuple(row) for row in await world.fetch(ROWS)]


async def trail(world: World) -> list[Any]:
    return [tuple(row) for row in await world.fetch(TRAIL)]


@pytest.mark.parametrize("before", WAYS)
async def test_a_member_moves_on_as_it_may_and_no_other_way(world: World, before: str) -> None:
    campaign = await world.campaign()
    for after in WAYS:
        lead = await world.lead()
        member = await world.member(campaign, lead, status=before)
        found = await move(world, campaign, lead, after)
        (row,) = await world.fetch("SELECT * FROM campaign_leads WHERE organization_id = $1 AND id = $2", member.id)
        told = [one for one in await trail(world) if one[0] == lead.id]
        if after == before:
            assert (row["status"], told) == (before, [])
        elif after in WAYS[before]:
            assert found["campaignLead"]["status"] == row["status"] == after
            ((_, kind, metadata),) = told
            assert kind == ("CAMPAIGN_ENROLLED" if after == "ENROLLED" else "CAMPAIGN_RESPONSE")
            chosen = {"chosenBy": "MANUAL"} if after in {"ENROLLED", "REMOVED"} else {}
            said = {"campaignId": campaign.id, "from": before, "to": after, "requestId": "test-request"}
            assert metadata == {**said, **chosen}
        else:
            assert (found["code"], found["path"]) == ("MOVE_NOT_ALLOWED", ["input", "status"])
            assert found["message"].startswith(f"A member that is {before} cannot become {after}; ")
            assert (row["status"], told) == (before, [])


async def test_a_refusal_says_what_is_allowed(world: World) -> None:
    campaign, lead = await world.campaign(), await world.lead()
    member = await world.member(campaign, lead, status="RESPONDED")
    text = """mutation($campaign: ID!, $lead: ID!) {
        updateCampaignLead(input: { campaignId: $campaign, leadId: $lead, status: ENGAGED }) {
            ... on Conflict { message campaignLead { id status } } } }"""
    answer = await world.change(
        text, {"campaign": world.id("Campaign", campaign.id), "lead": world.id("Lead", lead.id)}
    )
    assert answer.data["updateCampaignLead"] == {
        "message": "A member that is RESPONDED cannot become ENGAGED; "
        "it can become CONVERTED, UNSUBSCRIBED, BOUNCED or REMOVED.",
        "campaignLead": {"id": world.id("CampaignLead", member.id), "status": "RESPONDED"},
    }


async def test_each_move_stamps_its_moment_once(world: World) -> None:
    campaign, lead = await world.campaign(), await world.lead()
    await world.member(campaign, lead)
    before = dt.datetime.now(dt.UTC)
    stamps: dict[str, str] = {}
    columns = {"CONTACTED": "lastContactAt", "RESPONDED": "responseAt", "CONVERTED": "conversionAt"}
    for status in (*LADDER[1:], "BOUNCED", *LADDER):
        shown = (await move(world, campaign, lead, status))["campaignLead"]
        assert shown["status"] == status
        if status in columns and columns[status] not in stamps:
            stamps[columns[status]] = shown[columns[status]]
            assert dt.datetime.fromisoformat(shown[columns[status]]) >= before
        assert {name: shown[name] for name in columns.values()} == {name: stamps.get(name) for name in columns.values()}
    assert list(stamps) == ["lastContactAt", "responseAt", "conversionAt"]


async def test_a_call_of_the_campaign_stamps_the_contact_and_a_move_leaves_it(world: World) -> None:
    campaign, lead = await world.campaign(), await world.lead()
    await world.member(campaign, lead)
    call = {
        "leadId": world.id("Lead", lead.id),
        "activityType": "CALL",
        "direction": "OUTBOUND",
        "campaignId": world.id("Campaign", campaign.id),
        "completedAt": "2026-03-01T10:00:00Z",
    }
    await world.do("logActivity", call, "__typename")
    shown = (await move(world, campaign, lead, "CONTACTED"))["campaignLead"]
    assert shown["lastContactAt"] == "2026-03-01T10:00:00Z"


async def test_skipped_steps_are_not_stamped(world: World) -> None:
    campaign, lead = await world.campaign(), await world.lead()
    await world.member(campaign, lead)
    shown = (await move(world, campaign, lead, "CONVERTED"))["campaignLead"]
    assert (shown["lastContactAt"], shown["responseAt"]) == (None, None)
    assert shown["conversionAt"] is not None


async def test_what_is_not_there_is_not_found(world: World, other_world: World) -> None:
    campaign, lead, outside = await world.campaign(), await world.lead(), await world.lead()
    await world.member(campaign, lead)
    strange, stranger = await other_world.campaign(), await other_world.lead()
    await other_world.member(strange, stranger)
    nobody = "The lead is not a member of this campaign."
    for one, two, path, message in (
        (strange, lead, "campaignId", "There is no such campaign."),
        (campaign, outside, "leadId", nobody),
        (campaign, stranger, "leadId", nobody),
    ):
        found = await move(world, one, two, "CONTACTED")
        assert (found["__typename"], found["path"], found["message"]) == ("NotFound", ["input", path], message)
    await world.do("deleteLead", {"id": world.id("Lead", lead.id)}, "__typename")
    assert (await move(world, campaign, lead, "CONTACTED"))["message"] == nobody
    assert await rows(world) == await rows(other_world) == [("ENROLLED", "MANUAL")]


async def test_nobody_comes_back_into_a_campaign_that_is_over(world: World) -> None:
    campaign, lead = await world.campaign(status="COMPLETED"), await world.lead()
    await world.member(campaign, lead, status="REMOVED")
    assert (await move(world, campaign, lead, "ENROLLED"))["code"] == "CAMPAIGN_CLOSED"
    other = await world.lead()
    await world.member(campaign, other)
    assert (await move(world, campaign, other, "RESPONDED"))["campaignLead"]["status"] == "RESPONDED"


async def many(world: World, campaign: Any, **given: Any) -> Any:
    return await world.do("updateCampaignLeads", {"campaignId": world.id("Campaign", campaign.id), **given}, MANY)


async def test_many_are_moved_and_those_who_cannot_are_told_of(world: World) -> None:
    campaign, elsewhere = await world.campaign(), await world.campaign()
    states = ["ENROLLED", "CONTACTED", "RESPONDED", "UNSUBSCRIBED"]
    leads = [await world.lead(company="Gold") for _ in states]
    members = [await world.member(campaign, lead, status=one) for lead, one in zip(leads, states, strict=True)]
    await world.member(elsewhere, leads[0])
    found = await many(world, campaign, filter={"lead": {"company": {"eq": "Gold"}}}, status="CONTACTED")
    assert (found["updated"], found["unchanged"], found["failed"], found["execution"]) == (1, 1, 2, None)
    allowed = "CONVERTED, UNSUBSCRIBED, BOUNCED or REMOVED"
    texts = [
        f"A member that is RESPONDED cannot become CONTACTED; it can become {allowed}.",
        "A member that is UNSUBSCRIBED cannot become CONTACTED; nothing comes after it.",
    ]
    assert found["errors"] == [
        {"campaignLead": {"id": world.id("CampaignLead", one.id)}, "code": "MOVE_NOT_ALLOWED", "message": text}
        for one, text in zip(members[2:], texts, strict=True)
    ]
    now = await world.fetch(f"{ROWS.split(' ORDER', maxsplit=1)[0]} AND campaign_id = $2 ORDER BY lead_id", campaign.id)
    assert [row["status"] for row in now] == ["CONTACTED", "CONTACTED", "RESPONDED", "UNSUBSCRIBED"]
    left = await world.fetch(f"{ROWS.split(' ORDER', maxsplit=1)[0]} AND campaign_id = $2", elsewhere.id)
    assert [row["status"] for row in left] == ["ENROLLED"]
    ids = [world.id("Lead", lead.id) for lead in leads[:2]]
    found = await many(world, campaign, leadIds=ids, status="ENGAGED")
    assert (found["updated"], found["unchanged"], found["failed"], found["errors"]) == (2, 0, 0, [])


async def test_an_id_that_is_no_member_refuses_all(world: World) -> None:
    campaign, lead, outside = await world.campaign(), await world.lead(), await world.lead()
    await world.member(campaign, lead)
    ids = [world.id("Lead", lead.id), world.id("Lead", outside.id)]
    for name, more in (("updateCampaignLeads", {"status": "ENGAGED"}), ("removeLeadsFromCampaign", {})):
        given = {"campaignId": world.id("Campaign", campaign.id), "leadIds": ids, **more}
        found = await world.do(name, given, "unchanged")
        assert (found["__typename"], found["path"]) == ("NotFound", ["input", "leadIds", "1"])
        found = await world.do(name, {**given, "filter": {}}, "unchanged")
        assert [one["code"] for one in found["fields"]] == ["ONE_SELECTOR"]
    assert await rows(world) == [("ENROLLED", "MANUAL")]


async def test_who_is_taken_out_stays_out_until_named(world: World) -> None:
    criteria = {"v": 1, "format": "filter", "expr": {}}
    campaign = await world.campaign(target_criteria=criteria)
    leads = [await world.lead() for _ in range(4)]
    for lead, status, by in zip(
        leads,
        ("ENROLLED", "RESPONDED", "UNSUBSCRIBED", "REMOVED"),
        ("CRITERIA", "MANUAL", "MANUAL", "CRITERIA"),
        strict=True,
    ):
        await world.member(campaign, lead, status=status, chosen_by=by)
    one = {"campaignId": world.id("Campaign", campaign.id)}
    found = await world.do("removeLeadsFromCampaign", {**one, "filter": {}}, OUT)
    assert found == {
        "__typename": "RemoveLeadsFromCampaignPayload",
        "removed": 2,
        "unchanged": 2,
        "execution": None,
    }
    removed = ("REMOVED", "MANUAL")
    assert await rows(world) == [removed, removed, ("UNSUBSCRIBED", "MANUAL"), removed]
    assert len(await trail(world)) == 2
    again = await world.do("removeLeadsFromCampaign", {**one, "filter": {}}, OUT)
    assert (again["removed"], again["unchanged"], len(await trail(world))) == (0, 4, 2)
    for given in ({"useTargetCriteria": True}, {"filter": {}}):
        found = await world.do("enrollLeads", {**one, **given}, "enrolled notEligible")
        assert (found["enrolled"], found["notEligible"]) == (0, 4)
    found = await world.do("enrollLeads", {**one, "leadIds": [world.id("Lead", leads[0].id)]}, "enrolled")
    assert found["enrolled"] == 1


@pytest.mark.parametrize("role", list(Role))
async def test_members_are_moved_by_those_who_may(world: World, role: Role) -> None:
    campaign, lead = await world.campaign(), await world.lead()
    await world.member(campaign, lead)
    found = await move(world, campaign, lead, "CONTACTED", role=role)
    may = role in {Role.MANAGER, Role.ADMIN}
    assert found["__typename"] == ("UpdateCampaignLeadPayload" if may else "Denied")
    assert await rows(world) == [("CONTACTED" if may else "ENROLLED", "MANUAL")]


async def test_moves_at_the_same_time_are_one_after_the_other(world: World) -> None:
    campaign = await world.campaign()
    leads = [await world.lead() for _ in range(20)]
    for lead in leads:
        await world.member(campaign, lead)
    found = await asyncio.gather(
        *(many(world, campaign, filter={}, status=status) for status in ("CONTACTED", "RESPONDED", "CONVERTED") * 2)
    )
    assert all(one["updated"] + one["unchanged"] + one["failed"] == 20 for one in found)
    assert await rows(world) == [("CONVERTED", "MANUAL")] * 20
    moves = await trail(world)
    assert len(moves) == sum(one["updated"] for one in found)
    for lead in leads:
        steps = [(metadata["from"], metadata["to"]) for number, _, metadata in moves if number == lead.id]
        assert steps[0][0] == "ENROLLED"
        assert steps[-1][1] == "CONVERTED"
        assert all(before[1] == after[0] for before, after in itertools.pairwise(steps))


@pytest.mark.parametrize(
    ("kept", "gone", "left"),
    [
        (("REMOVED", "MANUAL"), ("CONTACTED", "CRITERIA"), ("REMOVED", "MANUAL")),
        (("REMOVED", "CRITERIA"), ("CONTACTED", "MANUAL"), ("CONTACTED", "MANUAL")),
        (("ENROLLED", "CRITERIA"), ("REMOVED", "CRITERIA"), ("ENROLLED", "CRITERIA")),
        (("REMOVED", "MANUAL"), ("UNSUBSCRIBED", "CRITERIA"), ("UNSUBSCRIBED", "MANUAL")),
        (("REMOVED", "MANUAL"), ("ENROLLED", "MANUAL"), ("ENROLLED", "MANUAL")),
    ],
)
async def test_a_persons_choice_outlives_a_merge(world: World, kept: Any, gone: Any, left: Any) -> None:
    campaign, one, two = await world.campaign(), await world.lead(), await world.lead()
    for lead, (status, by) in ((one, kept), (two, gone)):
        await world.member(campaign, lead, status=status, chosen_by=by)
    joined = {"leadId": world.id("Lead", one.id), "duplicateIds": [world.id("Lead", two.id)]}
    await world.do("mergeLeads", joined, "__typename")
    assert await rows(world) == [left, gone]
    await world.do("unmergeLeads", {"leadId": world.id("Lead", one.id)}, "__typename")
    assert await rows(world) == [kept, gone]
