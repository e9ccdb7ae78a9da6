"""Campaigns are created, changed, moved on and deleted; what is refused, and that it has changed nothing."""

from typing import Any

import pytest

from lma_graph.kernel.viewer import Role
from world import World

SHOWN = "campaign { id name status campaignType targetCriteria followCriteria startDate endDate budgetAllocated goals }"
EVENTS = "SELECT name, payload FROM outbox_events WHERE organization_id = $1 ORDER BY id"
NEW = {"name": "Spring", "campaignType": "EMAIL"}


async def events(world: World) -> list[tuple[str, Any]]:
    return [(row["name"], row["payload"]) for row in await world.fetch(EVENTS)]


async def test_a_campaign_is_a_draft_with_what_was_given(world: World) -> None:
    given = {
        **NEW,
        "description": " About it ",
        "targetCriteria": {"source": {"eq": "EVENT"}},
        "followCriteria": "IN",
        "startDate": "2026-03-01",
        "endDate": "2026-03-01",
        "budgetAllocated": 1000,
        "goals": [{"name": "responses", "target": 5}],
    }
    shown = f"{SHOWN} campaign {{ description budgetSpent isValid faults createdBy {{ id }} }}"
    found = await world.do("createCampaign", given, shown)
    campaign = found["campaign"]
    number = (await world.fetch("SELECT id FROM campaigns WHERE organization_id = $1"))[0]["id"]
    assert campaign == {
        "id": world.id("Campaign", number),
        "name": "Spring",
        "status": "DRAFT",
        "campaignType": "EMAIL",
        "targetCriteria": {"v": 1, "format": "filter", "expr": {"source": {"eq": "EVENT"}}},
        "followCriteria": "IN",
        "startDate": "2026-03-01",
        "endDate": "2026-03-01",
        "budgetAllocated": 1000,
        "goals": [{"name": "responses", "target": 5}],
        "description": "About it",
        "budgetSpent": 0,
        "isValid": True,
        "faults": [],
        "createdBy": {"id": world.id("User", world.users[Role.ADMIN])},
    }
    assert await events(world) == [("CAMPAIGN_CREATED", {"campaigns": [number]})]


BAD: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    (
        {"name": " ", "startDate": "2026-03-02", "endDate": "2026-03-01", "budgetAllocated": -1, "budgetSpent": -1},
        [
            ("name", "BLANK", "The text is empty."),
            ("budgetAllocated", "OUT_OF_RANGE", "The number must lie between 0 and 2,147,483,647."),
            ("budgetSpent", "OUT_OF_RANGE", "The number must lie between 0 and 2,147,483,647."),
            ("endDate", "OUT_OF_RANGE", "The last day, 2026-03-01, lies before the first, 2026-03-02."),
        ],
    ),
    (
        {"targetCriteria": {"and": [{"score": {"gte": 1}}, {"source": None}]}, "followCriteria": None},
        [
            ("targetCriteria.and.1.source", "NULL", "is null; leave it out instead"),
            ("followCriteria", "NULL", "cannot be null; leave it out instead"),
        ],
    ),
    (
        {"goals": [{"name": "a", "target": 1}, {"name": "a", "target": -1}]},
        [
            ("goals.1.target", "OUT_OF_RANGE", "The number must lie between 0 and 2,147,483,647."),
            ("goals.1.name", "DUPLICATE", "Another goal has this name."),
        ],
    ),
    (
        {"goals": [{"name": "a", "target": 1}] * 21},
        [("goals", "TOO_LARGE", "There are 21 values; at most 20 are taken.")],
    ),
    ({"name": "x" * 201}, [("name", "TOO_LONG", "The text has 201 characters; at most 200 are kept.")]),
]


def told(found: dict[str, Any], under: int) -> list[tuple[str, str, str]]:
    return [(".".join(one["path"][under:]), one["code"], one["message"]) for one in found["fields"]]


@pytest.mark.parametrize(("given", "faults"), BAD, ids=range(len(BAD)))
async def test_every_fault_is_named_at_once(world: World, given: dict[str, Any], faults: Any) -> None:
    found = await world.do("createCampaign", {**NEW, **given}, SHOWN)
    assert sorted(told(found, 1)) == sorted(faults)
    made = await world.campaign()
    found = await world.do("updateCampaign", {"id": world.id("Campaign", made.id), "patch": given}, SHOWN)
    assert sorted(told(found, 2)) == sorted(faults)
    assert await events(world) == []
    assert len(await world.fetch("SELECT FROM campaigns WHERE organization_id = $1")) == 1


async def test_following_needs_criteria(world: World) -> None:
    missing = [("followCriteria", "MISSING_VALUE", "There must be criteria for members to follow.")]
    found = await world.do("createCampaign", {**NEW, "followCriteria": "IN"}, SHOWN)
    assert told(found, 1) == missing
    made = await world.campaign()
    given = {"id": world.id("Campaign", made.id), "patch": {"followCriteria": "IN_AND_OUT"}}
    assert told(await world.do("updateCampaign", given, SHOWN), 2) == missing
    given["patch"]["targetCriteria"] = {}
    found = await world.do("updateCampaign", given, SHOWN)
    assert found["campaign"]["followCriteria"] == "IN_AND_OUT"
    given["patch"] = {"targetCriteria": None}
    found = await world.do("updateCampaign", given, SHOWN)
    assert told(found, 2) == [("targetCriteria", "MISSING_VALUE", "There must be criteria for members to follow.")]


async def test_absent_stays_null_clears_and_what_is_so_already_is_not_told(world: World) -> None:
    made = await world.campaign(name="A", description="d", budget_allocated=5, goals=[{"name": "x", "target": 1}])
    one = world.id("Campaign", made.id)
    given = {"id": one, "patch": {"name": "B", "description": None, "goals": []}}
    found = await world.do("updateCampaign", given, f"{SHOWN} campaign {{ description }} execution {{ id }}")
    campaign = found["campaign"]
    assert (campaign["name"], campaign["description"], campaign["goals"], campaign["budgetAllocated"]) == (
        "B",
        None,
        [],
        5,
    )
    assert found["execution"] is None
    await world.do("updateCampaign", given, SHOWN)
    changed = ("CAMPAIGN_CHANGED", {"campaigns": [made.id], "changes": ["description", "goals", "name"]})
    assert await events(world) == [changed]
    found = await world.do("updateCampaign", {"id": one, "patch": {"budgetSpent": None}}, SHOWN)
    assert told(found, 2) == [("budgetSpent", "NULL", "cannot be null; leave it out instead")]


async def test_a_day_is_compared_with_the_one_that_is_there(world: World) -> None:
    made = await world.campaign(start_date=None, end_date=None)
    one = world.id("Campaign", made.id)
    await world.do("updateCampaign", {"id": one, "patch": {"endDate": "2026-03-01"}}, SHOWN)
    found = await world.do("updateCampaign", {"id": one, "patch": {"startDate": "2026-03-02"}}, SHOWN)
    text = "The last day, 2026-03-01, lies before the first, 2026-03-02."
    assert told(found, 2) == [("startDate", "OUT_OF_RANGE", text)]


WAYS = {
    "DRAFT": ["ACTIVE", "ARCHIVED"],
    "ACTIVE": ["PAUSED", "COMPLETED", "ARCHIVED"],
    "PAUSED": ["ACTIVE", "COMPLETED", "ARCHIVED"],
    "COMPLETED": ["ARCHIVED"],
    "ARCHIVED": [],
}


@pytest.mark.parametrize("before", WAYS)
async def test_a_campaign_moves_on_as_it_may_and_no_other_way(world: World, before: str) -> None:
    for after in WAYS:
        made = await world.campaign(status=before)
        given = {"id": world.id("Campaign", made.id), "status": after}
        found = await world.do("setCampaignStatus", given, SHOWN)
        (row,) = await world.fetch("SELECT status FROM campaigns WHERE organization_id = $1 AND id = $2", made.id)
        if after in WAYS[before] or after == before:
            assert found["campaign"]["status"] == row["status"] == after
        else:
            assert (found["__typename"], found["code"], found["path"]) == (
                "Conflict",
                "MOVE_NOT_ALLOWED",
                ["input", "status"],
            )
            assert found["message"].startswith(f"A campaign that is {before} cannot become {after}; ")
            assert row["status"] == before
    assert [name for name, _ in await events(world)] == ["CAMPAIGN_CHANGED"] * len(WAYS[before])


async def test_a_refused_move_says_what_is_allowed_and_shows_the_campaign(world: World) -> None:
    made = await world.campaign(status="ACTIVE")
    text = """mutation($id: ID!) { setCampaignStatus(input: { id: $id, status: DRAFT }) {
        ... on Conflict { message campaign { id status } campaignLead { id } } } }"""
    answer = await world.change(text, {"id": world.id("Campaign", made.id)})
    assert answer.data["setCampaignStatus"] == {
        "message": "A campaign that is ACTIVE cannot become DRAFT; it can become PAUSED, COMPLETED or ARCHIVED.",
        "campaign": {"id": world.id("Campaign", made.id), "status": "ACTIVE"},
        "campaignLead": None,
    }
    done = await world.campaign(status="ARCHIVED")
    answer = await world.change(text, {"id": world.id("Campaign", done.id)})
    assert answer.data["setCampaignStatus"]["message"] == (
        "A campaign that is ARCHIVED cannot become DRAFT; nothing comes after it."
    )


async def test_only_a_draft_that_nobody_was_in_is_deleted(world: World) -> None:
    lead = await world.lead()
    empty, active = await world.campaign(), await world.campaign(status="ACTIVE")
    peopled, told_of = await world.campaign(), await world.campaign()
    await world.member(peopled, lead, status="REMOVED")
    await world.activity(lead, campaign_id=told_of.id)
    for made in (active, peopled, told_of):
        found = await world.do("deleteCampaign", {"id": world.id("Campaign", made.id)}, "id")
        assert (found["__typename"], found["code"]) == ("Conflict", "CAMPAIGN_IN_USE")
    found = await world.do("deleteCampaign", {"id": world.id("Campaign", empty.id), "dryRun": True}, "id")
    assert found["id"] == world.id("Campaign", empty.id)
    found = await world.do("deleteCampaign", {"id": world.id("Campaign", empty.id)}, "id")
    assert found == {"__typename": "DeleteCampaignPayload", "id": world.id("Campaign", empty.id)}
    left = await world.fetch("SELECT id FROM campaigns WHERE organization_id = $1 ORDER BY id")
    assert [row["id"] for row in left] == [active.id, peopled.id, told_of.id]
    assert await events(world) == [("CAMPAIGN_DELETED", {"campaigns": [empty.id]})]
    again = await world.do("deleteCampaign", {"id": world.id("Campaign", empty.id)}, "id")
    assert (again["__typename"], again["path"]) == ("NotFound", ["input", "id"])


async def test_criteria_that_cannot_be_read_any_more_say_so(world: World) -> None:
    gone = {"v": 1, "format": "filter", "expr": {"shoeSize": {"eq": 44}}}
    made = await world.campaign(target_criteria=gone)
    answer = await world.ask("{ campaigns { nodes { id isValid faults } } }")
    assert answer.data["campaigns"]["nodes"] == [
        {
            "id": world.id("Campaign", made.id),
            "isValid": False,
            "faults": ["expr.shoeSize is not a field of LeadFilter"],
        }
    ]
    given = {"campaignId": world.id("Campaign", made.id), "useTargetCriteria": True}
    found = await world.do("enrollLeads", given, "enrolled")
    assert told(found, 1) == [
        (
            "useTargetCriteria",
            "INVALID_CRITERIA",
            "The campaign's criteria cannot be used: expr.shoeSize is not a field of LeadFilter",
        )
    ]
