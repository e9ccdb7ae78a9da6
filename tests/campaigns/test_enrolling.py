"""Leads are enrolled by ids, by a filter and by the campaign's own criteria; who stays out, and what is recorded."""

import asyncio
from typing import Any

import pytest

from lma_graph.campaigns.service import enrolling
from lma_graph.kernel.viewer import Role
from lma_graph.leads.criteria import LEAD
from world import World

SHOWN = "enrolled alreadyEnrolled notEligible execution { id }"
MEMBERS = "SELECT lead_id, status, chosen_by FROM campaign_leads WHERE organization_id = $1 ORDER BY lead_id"
TRAIL = """
SELECT lead_id, activity_type, metadata, campaign_id, user_id FROM activities
WHERE organization_id = $1 AND activity_type LIKE 'CAMPAIGN%' ORDER BY id
"""
EVENTS = "SELECT payload FROM outbox_events WHERE organization_id = $1 AND name = 'CAMPAIGN_ENROLLED' ORDER BY id"
GOLD = {"v": 1, "format": "filter", "expr": {"company": {"eq": "Gold"}}}
OUT = ("UNSUBSCRIBED", "BOUNCED", "REMOVED")


async def enroll(world: World, campaign: Any, **given: Any) -> Any:
    options = {name: given.pop(name) for name in ("role",) if name in given}
    return await world.do("enrollLeads", {"campaignId": world.id("Campaign", campaign.id), **given}, SHOWN, **options)


def counts(found: dict[str, Any]) -> tuple[int, int, int]:
    assert found["__typename"] == "EnrollLeadsPayload", found
    assert found["execution"] is None
    return found["enrolled"], found["alreadyEnrolled"], found["notEligible"]


def named(world: World, *leads: Any) -> list[str]:
    return [world.id("Lead", lead.id) for lead in leads]


async def members(world: World) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await world.fetch(MEMBERS)]


async def test_leads_by_id_are_enrolled_once_with_a_trail_and_an_event(world: World) -> None:
    campaign, one, two = await world.campaign(), await world.lead(), await world.lead()
    found = await enroll(world, campaign, leadIds=named(world, two, one, two))
    assert counts(found) == (2, 0, 0)
    assert await members(world) == [(one.id, "ENROLLED", "MANUAL"), (two.id, "ENROLLED", "MANUAL")]
    told = {"campaignId": campaign.id, "to": "ENROLLED", "chosenBy": "MANUAL", "requestId": "test-request"}
    admin = world.users[Role.ADMIN]
    trail = [tuple(row) for row in await world.fetch(TRAIL)]
    assert trail == [(lead.id, "CAMPAIGN_ENROLLED", told, campaign.id, admin) for lead in (one, two)]
    (event,) = await world.fetch(EVENTS)
    assert event["payload"]["leads"] == [one.id, two.id]
    before = await world.fetch("SELECT xmin::text, ctid::text FROM leads WHERE organization_id = $1")
    again = await enroll(world, campaign, leadIds=named(world, two, one))
    assert counts(again) == (0, 2, 0)
    assert len(await world.fetch(TRAIL)) == 2
    assert await world.fetch("SELECT xmin::text, ctid::text FROM leads WHERE organization_id = $1") == before


async def test_a_filter_less_what_is_excluded(world: World) -> None:
    campaign = await world.campaign()
    gold = [await world.lead(company="Gold", value=at) for at in range(4)]
    await world.lead(company="Tin")
    found = await enroll(world, campaign, filter={"company": {"eq": "Gold"}}, exclude={"value": {"gte": 2}})
    assert counts(found) == (2, 0, 0)
    assert [row[0] for row in await members(world)] == [gold[0].id, gold[1].id]
    found = await enroll(world, campaign, leadIds=named(world, *gold), exclude={"value": {"eq": 3}})
    assert counts(found) == (1, 2, 0)
    assert [row[0] for row in await members(world)] == [lead.id for lead in gold[:3]]


async def test_its_own_criteria_choose_and_say_so(world: World) -> None:
    campaign = await world.campaign(target_criteria=GOLD, status="ACTIVE")
    gold = await world.lead(company="Gold")
    await world.lead(company="Tin")
    assert counts(await enroll(world, campaign, useTargetCriteria=True)) == (1, 0, 0)
    assert await members(world) == [(gold.id, "ENROLLED", "CRITERIA")]
    assert counts(await enroll(world, campaign, useTargetCriteria=True)) == (0, 1, 0)
    assert await members(world) == [(gold.id, "ENROLLED", "CRITERIA")]
    assert counts(await enroll(world, campaign, leadIds=named(world, gold))) == (0, 1, 0)
    assert await members(world) == [(gold.id, "ENROLLED", "MANUAL")]
    assert len(await world.fetch(TRAIL)) == 1


@pytest.mark.parametrize("chosen_by", ["MANUAL", "CRITERIA"])
@pytest.mark.parametrize("status", OUT)
async def test_who_stays_out_and_who_comes_back(world: World, status: str, chosen_by: str) -> None:
    campaign = await world.campaign(target_criteria=GOLD)
    lead = await world.lead(company="Gold")
    member = await world.member(campaign, lead, status=status, chosen_by=chosen_by)
    by_ids = status == "REMOVED"
    for given, comes in (
        ({"useTargetCriteria": True}, by_ids and chosen_by == "CRITERIA"),
        ({"filter": {}}, by_ids and chosen_by == "CRITERIA"),
        ({"leadIds": named(world, lead)}, by_ids),
    ):
        await world.fetch(
            "UPDATE campaign_leads SET status = $2, chosen_by = $3 WHERE organization_id = $1", status, chosen_by
        )
        await world.fetch("DELETE FROM activities WHERE organization_id = $1")
        found = await enroll(world, campaign, **given)
        assert counts(found) == ((1, 0, 0) if comes else (0, 0, 1)), given
        (row,) = await world.fetch("SELECT * FROM campaign_leads WHERE organization_id = $1")
        assert row["id"] == member.id
        assert row["added_at"] == member.added_at
        assert row["status"] == ("ENROLLED" if comes else status)
        trail = await world.fetch(TRAIL)
        assert [one["metadata"]["from"] for one in trail] == (["REMOVED"] if comes else [])


async def test_deleted_merged_and_erased_leads_are_not_eligible(world: World) -> None:
    campaign = await world.campaign()
    kept, deleted, merged, erased = [await world.lead(first_name="x") for _ in range(4)]
    await world.do("deleteLead", {"id": world.id("Lead", deleted.id)}, "__typename")
    await world.do("eraseLead", {"id": world.id("Lead", erased.id)}, "__typename")
    joined = {"leadId": world.id("Lead", kept.id), "duplicateIds": [world.id("Lead", merged.id)]}
    await world.do("mergeLeads", joined, "__typename")
    found = await enroll(world, campaign, leadIds=named(world, kept, deleted, merged, erased))
    assert counts(found) == (1, 0, 3)
    assert counts(await enroll(world, campaign, filter={})) == (0, 1, 0)
    assert [row[0] for row in await members(world)] == [kept.id]


async def test_a_merged_person_is_in_once_and_back_in_both_when_separated(world: World) -> None:
    campaign = await world.campaign()
    kept, gone = await world.lead(), await world.lead()
    await enroll(world, campaign, leadIds=named(world, gone))
    joined = {"leadId": world.id("Lead", kept.id), "duplicateIds": [world.id("Lead", gone.id)]}
    await world.do("mergeLeads", joined, "__typename")
    assert counts(await enroll(world, campaign, filter={})) == (0, 1, 0)
    await world.do("unmergeLeads", {"leadId": world.id("Lead", kept.id)}, "__typename")
    assert counts(await enroll(world, campaign, filter={})) == (1, 1, 0)


async def test_an_unknown_id_refuses_all_of_it(world: World, other_world: World) -> None:
    campaign, mine, theirs = await world.campaign(), await world.lead(), await other_world.lead()
    for wrong in (world.id("Lead", theirs.id), world.id("Lead", 2**40), "x", world.id("Campaign", campaign.id)):
        found = await enroll(world, campaign, leadIds=[*named(world, mine), wrong])
        assert (found["__typename"], found["path"]) == ("NotFound", ["input", "leadIds", "1"])
        assert found["message"] == "There is no such lead."
    strange = await other_world.campaign()
    found = await enroll(world, strange, leadIds=named(world, mine))
    assert (found["__typename"], found["path"]) == ("NotFound", ["input", "campaignId"])
    assert await members(world) == await members(other_world) == []


@pytest.mark.parametrize("status", ["DRAFT", "ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED"])
async def test_only_an_open_campaign_takes_members(world: World, status: str) -> None:
    campaign, lead = await world.campaign(status=status), await world.lead()
    found = await enroll(world, campaign, leadIds=named(world, lead))
    if status in {"COMPLETED", "ARCHIVED"}:
        text = f"A campaign that is {status} takes no members; only DRAFT, ACTIVE and PAUSED ones do."
        assert (found["code"], found["message"]) == ("CAMPAIGN_CLOSED", text)
        assert found["path"] == ["input", "campaignId"]
        assert await members(world) == []
    else:
        assert counts(found) == (1, 0, 0)


WRONG: list[tuple[dict[str, Any], list[str], str]] = [
    ({}, [], "ONE_SELECTOR"),
    ({"filter": {}, "useTargetCriteria": True}, [], "ONE_SELECTOR"),
    ({"filter": {}, "leadIds": []}, [], "ONE_SELECTOR"),
    ({"useTargetCriteria": False}, [], "ONE_SELECTOR"),
    ({"useTargetCriteria": True}, ["useTargetCriteria"], "MISSING_VALUE"),
    ({"leadIds": ["x"] * 10_001}, ["leadIds"], "TOO_MANY_VALUES"),
    ({"filter": {"email": {"eq": None}}}, ["filter", "email", "eq"], "NULL"),
    ({"filter": {}, "exclude": {"notes": {"some": None}}}, ["exclude", "notes", "some"], "NULL"),
]


@pytest.mark.parametrize(("given", "path", "code"), WRONG, ids=range(len(WRONG)))
async def test_what_is_wrong_is_named_by_its_place(
    world: World, given: dict[str, Any], path: list[str], code: str
) -> None:
    campaign, _ = await world.campaign(), await world.lead()
    found = await enroll(world, campaign, **given)
    assert [(one["path"], one["code"]) for one in found["fields"]] == [(["input", *path], code)]
    assert await members(world) == []


async def test_a_rehearsal_keeps_nothing_and_a_repetition_says_the_same(world: World) -> None:
    campaign, lead = await world.campaign(), await world.lead()
    given = {"leadIds": named(world, lead)}
    assert counts(await enroll(world, campaign, **given, dryRun=True)) == (1, 0, 0)
    assert (await members(world), await world.fetch(TRAIL)) == ([], [])
    for _ in range(2):
        assert counts(await enroll(world, campaign, **given, idempotencyKey="k")) == (1, 0, 0)
    assert len(await members(world)) == 1


@pytest.mark.parametrize("role", list(Role))
async def test_enrolling_is_for_those_who_may(world: World, role: Role) -> None:
    campaign, lead = await world.campaign(), await world.lead()
    found = await enroll(world, campaign, leadIds=named(world, lead), role=role)
    if role in {Role.MANAGER, Role.ADMIN}:
        assert counts(found) == (1, 0, 0)
    else:
        assert (found["__typename"], found["permission"]) == ("Denied", "campaigns.write")
        assert await members(world) == []


async def test_whoever_enrols_at_the_same_time_each_pair_counts_once(world: World) -> None:
    campaign = await world.campaign(target_criteria=GOLD)
    gold = [await world.lead(company="Gold") for _ in range(30)]
    found = await asyncio.gather(
        enroll(world, campaign, filter={}),
        enroll(world, campaign, useTargetCriteria=True),
        enroll(world, campaign, leadIds=named(world, *gold)),
        enroll(world, campaign, leadIds=named(world, *reversed(gold))),
    )
    assert sorted(counts(one) for one in found) == [(0, 30, 0)] * 3 + [(30, 0, 0)]
    assert len(await members(world)) == 30
    assert len(await world.fetch(TRAIL)) == 30
    (event,) = await world.fetch(EVENTS)
    assert len(event["payload"]["activities"]) == 30


async def test_enrolling_merging_and_moving_at_the_same_time_lose_nothing(world: World) -> None:
    campaign = await world.campaign()
    pairs = [(await world.lead(), await world.lead()) for _ in range(8)]

    def joined(one: Any, two: Any) -> dict[str, Any]:
        return {"leadId": world.id("Lead", one.id), "duplicateIds": [world.id("Lead", two.id)]}

    ended = await asyncio.gather(
        *(world.do("mergeLeads", joined(*pair), "__typename") for pair in pairs),
        *(enroll(world, campaign, filter={}) for _ in range(3)),
    )
    assert {one["__typename"] for one in ended} == {"MergeLeadsPayload", "EnrollLeadsPayload"}
    await enroll(world, campaign, filter={})
    alive = {one.id for one, _ in pairs}
    rows = await members(world)
    there = [row for row in rows if row[0] in alive]
    assert sorted(row[0] for row in there) == sorted(alive)


async def test_as_many_statements_for_one_lead_as_for_many(world: World) -> None:
    spent = []
    for number in (1, 2_500):
        campaign = await world.campaign()
        await world.fetch(
            "INSERT INTO leads (organization_id, company) SELECT $1, 'x' FROM generate_series(1, $2::int)", number
        )
        async with world.database.unit_of_work(await world.viewer()) as unit:
            done = await enrolling.enroll(unit, campaign.id, {"filter": LEAD.filter({})})
            spent.append((done["enrolled"], unit.statements))
    assert [enrolled for enrolled, _ in spent] == [1, 2_501]
    assert spent[0][1] == spent[1][1] <= 4
    sizes = [len(row["payload"]["leads"]) for row in await world.fetch(EVENTS)]
    assert sizes == [1, 1000, 1000, 501]


PREVIEW = """query($input: PreviewCampaignAudienceInput!) { previewCampaignAudience(input: $input) {
    count alreadyEnrolled notEligible byStatus { status count } bySource { source count } sampleLeads { id } } }"""


async def test_a_preview_says_what_enrolling_then_does(world: World) -> None:
    campaign = await world.campaign(target_criteria=GOLD)
    leads = [await world.lead(company="Gold", status="WORKING" if at else "NEW", source="EVENT") for at in range(3)]
    inside, gone, back, left = [await world.lead(company="Gold", source="API") for _ in range(4)]
    await world.member(campaign, inside, status="RESPONDED")
    await world.member(campaign, gone, status="REMOVED")
    await world.member(campaign, left, status="UNSUBSCRIBED")
    await world.member(campaign, back, status="REMOVED", chosen_by="CRITERIA")
    await world.lead(company="Tin")
    given = {"campaignId": world.id("Campaign", campaign.id), "exclude": {"value": {"gt": 5}}}
    answer = await world.ask(PREVIEW, {"input": given}, role=Role.MANAGER)
    assert answer.errors == []
    assert answer.data["previewCampaignAudience"] == {
        "count": 4,
        "alreadyEnrolled": 1,
        "notEligible": 2,
        "byStatus": [{"status": "NEW", "count": 2}, {"status": "WORKING", "count": 2}],
        "bySource": [{"source": "EVENT", "count": 3}, {"source": "API", "count": 1}],
        "sampleLeads": [{"id": one} for one in named(world, back, *reversed(leads))],
    }
    assert counts(await enroll(world, campaign, useTargetCriteria=True, exclude=given["exclude"])) == (4, 1, 2)


async def test_a_preview_of_criteria_that_are_not_stored_yet(world: World) -> None:
    for at in range(12):
        await world.lead(value=at)
    answer = await world.ask(PREVIEW, {"input": {"criteria": {"value": {"gte": 1}}}})
    found = answer.data["previewCampaignAudience"]
    assert (found["count"], found["alreadyEnrolled"], len(found["sampleLeads"])) == (11, 0, 10)
    answer = await world.ask(PREVIEW, {"input": {"criteria": {"value": {"gte": 99}}}})
    found = answer.data["previewCampaignAudience"]
    assert (found["count"], found["byStatus"], found["sampleLeads"]) == (0, [], [])


async def test_stored_criteria_see_no_private_note(world: World) -> None:
    lead = await world.lead()
    await world.note(lead, content="secret", is_private=True)
    criteria = {"notes": {"some": {"content": {"contains": "secret"}}}}
    answer = await world.ask(PREVIEW, {"input": {"criteria": criteria}})
    assert answer.data["previewCampaignAudience"]["count"] == 0
    campaign = await world.campaign(target_criteria={"v": 1, "format": "filter", "expr": criteria})
    assert counts(await enroll(world, campaign, useTargetCriteria=True)) == (0, 0, 0)
    assert counts(await enroll(world, campaign, filter=criteria)) == (1, 0, 0)


async def test_a_preview_is_refused_like_enrolling(world: World, other_world: World) -> None:
    empty, strange = await world.campaign(), await other_world.campaign()
    for given, message in (
        ({}, "Name a campaign, or give criteria."),
        ({"campaignId": world.id("Campaign", strange.id)}, "There is no such campaign."),
        (
            {"campaignId": world.id("Campaign", empty.id)},
            "campaignId: The campaign has no criteria; updateCampaign gives it some.",
        ),
    ):
        answer = await world.ask(PREVIEW, {"input": given})
        assert [one["message"] for one in answer.errors] == [message]
    answer = await world.ask(PREVIEW, {"input": {"criteria": {}}}, role=Role.SALES_REP)
    text = "This needs the permission campaigns.write, which your role does not have."
    assert [one["message"] for one in answer.errors] == [text]
