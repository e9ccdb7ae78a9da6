"""Communication: what is written and recorded, what moves the lead, and what a refusal leaves alone."""

import asyncio
import datetime as dt
from typing import Any

import pytest

from lma_graph.kernel.db import Database
from lma_graph.kernel.viewer import Role
from world import World

SHOWN = (
    "activity { id activityType direction status subject content metadata scheduledAt completedAt campaignId "
    "userId isOverdue lead { lastEngagementDate version } }"
)
ROWS = (
    "SELECT id, activity_type, status, metadata, user_id, completed_at FROM activities "
    "WHERE organization_id = $1 ORDER BY id"
)
MAY = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def z(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def test_a_call_is_logged_and_moves_the_lead(world: World) -> None:
    lead = await world.lead(last_engagement_date=MAY - dt.timedelta(days=1))
    campaign = await world.campaign()
    await world.member(campaign, lead)
    other = await world.lead()
    await world.member(campaign, other)
    given = {
        "leadId": world.id("Lead", lead.id),
        "activityType": "CALL",
        "direction": "OUTBOUND",
        "subject": " Intro ",
        "content": "Went well",
        "metadata": {"minutes": 5, "gone": None},
        "completedAt": z(MAY),
        "campaignId": world.id("Campaign", campaign.id),
    }
    found = await world.do("logActivity", given, SHOWN, role=Role.SALES_REP)
    activity = found["activity"]
    assert activity.pop("id")
    assert activity == {
        "activityType": "CALL",
        "direction": "OUTBOUND",
        "status": "COMPLETED",
        "subject": "Intro",
        "content": "Went well",
        "metadata": {"minutes": 5},
        "scheduledAt": None,
        "completedAt": z(MAY),
        "campaignId": world.id("Campaign", campaign.id),
        "userId": world.id("User", world.users[Role.SALES_REP]),
        "isOverdue": False,
        "lead": {"lastEngagementDate": z(MAY), "version": 1},
    }
    contacts = await world.fetch(
        "SELECT lead_id, last_contact_at FROM campaign_leads WHERE organization_id = $1 ORDER BY lead_id"
    )
    assert [tuple(row) for row in contacts] == [(lead.id, MAY), (other.id, None)]


async def test_what_happened_earlier_moves_nothing_back(world: World) -> None:
    lead = await world.lead(last_engagement_date=MAY)
    campaign = await world.campaign()
    await world.member(campaign, lead, last_contact_at=MAY)
    given = {
        "leadId": world.id("Lead", lead.id),
        "activityType": "EMAIL",
        "direction": "OUTBOUND",
        "completedAt": z(MAY - dt.timedelta(days=1)),
        "campaignId": world.id("Campaign", campaign.id),
    }
    found = await world.do("logActivity", given, SHOWN)
    assert found["activity"]["lead"]["lastEngagementDate"] == z(MAY)
    contacts = await world.fetch("SELECT last_contact_at FROM campaign_leads WHERE organization_id = $1")
    assert [row["last_contact_at"] for row in contacts] == [MAY]


async def test_what_a_lead_does_is_inbound_and_nobody_elses(world: World) -> None:
    lead = await world.lead()
    campaign = await world.campaign()
    await world.member(campaign, lead)
    given = {
        "leadId": world.id("Lead", lead.id),
        "activityType": "EMAIL_CLICK",
        "completedAt": z(MAY),
        "campaignId": world.id("Campaign", campaign.id),
    }
    activity = (await world.do("logActivity", given, SHOWN))["activity"]
    assert (activity["direction"], activity["userId"]) == ("INBOUND", None)
    assert activity["lead"]["lastEngagementDate"] == z(MAY)
    contacts = await world.fetch("SELECT last_contact_at FROM campaign_leads WHERE organization_id = $1")
    assert [row["last_contact_at"] for row in contacts] == [None]


async def test_everything_wrong_with_an_activity_is_named_at_once(world: World) -> None:
    lead = await world.lead()
    given = {"leadId": world.id("Lead", lead.id), "activityType": "STATUS_CHANGE", "completedAt": z(LATER)}
    found = await world.do("logActivity", given, SHOWN)
    assert found["fields"] == [
        {
            "path": ["input", "activityType"],
            "message": "STATUS_CHANGE belongs to the audit trail, which only the server writes.",
            "code": "NOT_ALLOWED",
        },
        {
            "path": ["input", "completedAt"],
            "message": "This moment is still to come; schedule the activity instead.",
            "code": "OUT_OF_RANGE",
        },
    ]
    given |= {"activityType": "PAGE_VISIT", "direction": "OUTBOUND", "completedAt": z(MAY)}
    found = await world.do("logActivity", given, SHOWN)
    assert found["fields"] == [
        {
            "path": ["input", "direction"],
            "message": "PAGE_VISIT is something the lead does: INBOUND.",
            "code": "NOT_ALLOWED",
        }
    ]
    given = {"leadId": world.id("Lead", lead.id), "activityType": "MERGE", "scheduledAt": z(LATER)}
    found = await world.do("scheduleActivity", given, SHOWN)
    assert [one["path"] for one in found["fields"]] == [["input", "activityType"]]
    assert await world.fetch(ROWS) == []


async def test_leads_and_campaigns_that_are_not_there_are_not_found(world: World) -> None:
    gone, lead = await world.lead(deleted_at=MAY), await world.lead()
    call = {"activityType": "CALL"}
    for number in (gone.id, 2**40):
        found = await world.do("logActivity", {"leadId": world.id("Lead", number), **call}, SHOWN)
        assert found == {
            "__typename": "NotFound",
            "code": "NOT_FOUND",
            "message": "There is no such lead.",
            "path": ["input", "leadId"],
        }
    given = {"leadId": world.id("Lead", lead.id), "campaignId": world.id("Campaign", 2**40), **call}
    found = await world.do("logActivity", given, SHOWN)
    assert (found["message"], found["path"]) == ("There is no such campaign.", ["input", "campaignId"])
    assert await world.fetch(ROWS) == []
    assert (
        await world.fetch("SELECT 1 FROM leads WHERE organization_id = $1 AND last_engagement_date IS NOT NULL") == []
    )


async def test_a_planned_call_becomes_overdue_and_is_completed_once(world: World) -> None:
    lead = await world.lead()
    given = {"leadId": world.id("Lead", lead.id), "activityType": "TASK", "scheduledAt": z(MAY)}
    made = (await world.do("scheduleActivity", given, SHOWN))["activity"]
    assert (made["status"], made["scheduledAt"], made["completedAt"]) == ("SCHEDULED", z(MAY), None)
    assert (made["isOverdue"], made["lead"]["lastEngagementDate"]) == (True, None)
    await world.do("scheduleActivity", {**given, "scheduledAt": z(LATER)}, SHOWN)
    overdue = "{ activities(filter: { isOverdue: { eq: %s } }) { nodes { id isOverdue } totalCount } }"
    assert (await world.ask(overdue % "true")).data["activities"] == {
        "nodes": [{"id": made["id"], "isOverdue": True}],
        "totalCount": 1,
    }
    assert (await world.ask(overdue % "false")).data["activities"]["totalCount"] == 1
    done = {"id": made["id"], "completedAt": z(MAY), "content": "Done"}
    found = (await world.do("completeActivity", done, SHOWN))["activity"]
    assert (found["status"], found["completedAt"], found["content"]) == ("COMPLETED", z(MAY), "Done")
    assert (found["isOverdue"], found["lead"]) == (False, {"lastEngagementDate": z(MAY), "version": 1})
    again = await world.do("completeActivity", done, SHOWN)
    assert again == {
        "__typename": "Conflict",
        "code": "NOT_SCHEDULED",
        "message": "The activity is completed already.",
        "path": ["input", "id"],
        "changedFields": [],
        "lead": None,
    }
    assert (await world.do("cancelActivity", {"id": made["id"]}, SHOWN))["code"] == "NOT_SCHEDULED"
    (entry,) = [row for row in await world.fetch(ROWS) if row["activity_type"] == "ACTIVITY_CHANGE"]
    assert entry["user_id"] == world.users[Role.ADMIN]
    assert entry["metadata"]["action"] == "COMPLETED"
    assert entry["metadata"]["changes"]["content"] == {"from": None, "to": "Done"}


async def test_what_is_cancelled_stays_so_and_moves_nothing(world: World) -> None:
    lead = await world.lead()
    activity = await world.activity(lead, status="SCHEDULED", scheduled_at=MAY)
    id_ = world.id("Activity", activity.id)
    found = (await world.do("cancelActivity", {"id": id_, "reason": "ill"}, SHOWN))["activity"]
    assert (found["status"], found["completedAt"], found["isOverdue"]) == ("CANCELLED", None, False)
    assert found["lead"]["lastEngagementDate"] is None
    found = await world.do("completeActivity", {"id": id_}, SHOWN)
    assert (found["code"], found["message"]) == ("NOT_SCHEDULED", "The activity is cancelled already.")
    rows = await world.fetch(ROWS)
    assert [(row["activity_type"], row["status"]) for row in rows] == [
        ("CALL", "CANCELLED"),
        ("ACTIVITY_CHANGE", "COMPLETED"),
    ]
    assert rows[1]["metadata"] == {
        "activityId": activity.id,
        "action": "CANCELLED",
        "changes": {"status": {"from": "SCHEDULED", "to": "CANCELLED"}},
        "reason": "ill",
        "requestId": "test-request",
    }


async def test_values_are_changed_and_what_is_settled_is_not(world: World) -> None:
    lead = await world.lead()
    call = await world.activity(lead, subject="a", metadata={"minutes": 1, "old": True}, completed_at=MAY)
    id_ = world.id("Activity", call.id)
    patch = {"subject": None, "metadata": {"minutes": 2, "old": None}, "direction": "INBOUND"}
    found = (await world.do("updateActivity", {"id": id_, "patch": patch}, SHOWN))["activity"]
    assert (found["subject"], found["metadata"], found["direction"]) == (None, {"minutes": 2}, "INBOUND")
    await world.do("updateActivity", {"id": id_, "patch": patch}, SHOWN)
    entries = [row["metadata"] for row in await world.fetch(ROWS) if row["activity_type"] == "ACTIVITY_CHANGE"]
    assert [sorted(entry["changes"]) for entry in entries] == [["direction", "metadata", "subject"]]
    found = await world.do("updateActivity", {"id": id_, "patch": {"subject": "b", "scheduledAt": z(LATER)}}, SHOWN)
    assert found["fields"] == [
        {
            "path": ["input", "patch", "scheduledAt"],
            "message": "The activity is completed, so this is settled.",
            "code": "NOT_ALLOWED",
        }
    ]
    (row,) = await world.fetch("SELECT subject FROM activities WHERE organization_id = $1 AND id = $2", call.id)
    assert row["subject"] is None


async def test_the_audit_trail_cannot_be_changed_as_if_it_were_communication(world: World) -> None:
    lead = await world.lead()
    entry = await world.activity(lead, activity_type="STATUS_CHANGE")
    found = await world.do("updateActivity", {"id": world.id("Activity", entry.id), "patch": {"subject": "x"}}, SHOWN)
    assert (found["__typename"], found["message"]) == ("NotFound", "There is no such activity.")
    assert (await world.fetch("SELECT subject FROM activities WHERE organization_id = $1"))[0]["subject"] is None


async def test_of_two_who_complete_the_same_activity_one_wins(world: World) -> None:
    lead = await world.lead()
    activity = await world.activity(lead, status="SCHEDULED", scheduled_at=MAY)
    given = {"id": world.id("Activity", activity.id)}
    both = await asyncio.gather(
        *(world.do("completeActivity", given, "activity { id }", role=role) for role in (Role.ADMIN, Role.MANAGER))
    )
    assert sorted(one["__typename"] for one in both) == ["CompleteActivityPayload", "Conflict"]
    assert len(await world.fetch(ROWS)) == 2


async def test_a_rehearsal_writes_nothing_and_a_key_writes_once(world: World) -> None:
    lead = await world.lead()
    given: dict[str, Any] = {"leadId": world.id("Lead", lead.id), "activityType": "CALL", "completedAt": z(MAY)}
    found = await world.do("logActivity", {**given, "dryRun": True}, SHOWN)
    assert found["activity"]["lead"]["lastEngagementDate"] == z(MAY)
    assert await world.fetch(ROWS) == []
    given["idempotencyKey"] = "k"
    first, second = [await world.do("logActivity", given, SHOWN) for _ in range(2)]
    assert first == second
    assert len(await world.fetch(ROWS)) == 1


@pytest.mark.parametrize("role", list(Role))
async def test_who_may_do_it_by_role_and_lead(database: Database, owner: Any, role: Role) -> None:
    world = await World.create(database, owner, visibility={"salesRep": "OWN"})
    own = await world.lead(assigned_to_id=world.users[Role.SALES_REP])
    foreign = await world.lead(assigned_to_id=world.users[Role.ADMIN])
    for lead, seen in ((own, True), (foreign, role is not Role.SALES_REP)):
        plan = [await world.activity(lead, status="SCHEDULED", scheduled_at=MAY) for _ in range(2)]
        ids = [world.id("Activity", one.id) for one in plan]
        of_lead = {"leadId": world.id("Lead", lead.id), "activityType": "CALL"}
        asked = {
            "logActivity": of_lead,
            "scheduleActivity": {**of_lead, "scheduledAt": z(MAY)},
            "updateActivity": {"id": ids[0], "patch": {"subject": "x"}},
            "completeActivity": {"id": ids[0]},
            "cancelActivity": {"id": ids[1]},
        }
        before = await world.fetch(ROWS)
        for name, given in asked.items():
            found = await world.do(name, given, "activity { id }", role=role)
            expected = f"{name[0].upper()}{name[1:]}Payload" if seen else "NotFound"
            assert found["__typename"] == ("Denied" if role is Role.VIEWER else expected), name
        if role is Role.VIEWER or not seen:
            assert await world.fetch(ROWS) == before
