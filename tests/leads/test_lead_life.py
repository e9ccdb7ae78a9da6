"""Creating, changing, deleting and restoring a lead: what shows, what is recorded, and what a refusal leaves alone."""

from typing import Any

from lma_graph.kernel.viewer import Role
from world import World

SHOWN = "lead { id version email status statusReason tags customFields company score assignedToId }"
TRAIL = "SELECT activity_type, metadata, user_id FROM activities WHERE organization_id = $1 ORDER BY id"


async def trail(world: World) -> list[tuple[str, Any]]:
    return [(row["activity_type"], row["metadata"]) for row in await world.fetch(TRAIL)]


async def test_a_lead_is_created_with_its_trail_and_can_be_found(world: World) -> None:
    found = await world.do(
        "createLead",
        {
            "email": " Ada@Example.com ",
            "firstName": "Ada",
            "source": "WEB_FORM",
            "tags": ["vip", "vip", " b "],
            "customFields": {"country": "DE", "gone": None},
        },
        SHOWN,
        role=Role.SALES_REP,
    )
    assert found["__typename"] == "CreateLeadPayload"
    lead = found["lead"]
    assert (lead["email"], lead["version"], lead["status"], lead["tags"]) == ("Ada@Example.com", 1, "NEW", ["vip", "b"])
    assert lead["customFields"] == {"country": "DE"}
    assert await trail(world) == [("LEAD_CREATED", {"source": "WEB_FORM", "requestId": "test-request"})]
    for question in (
        '{ searchLeads(query: "ada") { nodes { id } } }',
        '{ searchLeads: leads(filter: { tags: { containsAny: ["vip"] } }) { nodes { id } } }',
        '{ searchLeads: leads(filter: { customFields: [{ path: ["country"], eq: "DE" }] }) { nodes { id } } }',
    ):
        assert (await world.ask(question)).data["searchLeads"]["nodes"] == [{"id": lead["id"]}]


async def test_everything_wrong_with_a_new_lead_is_named_at_once(world: World) -> None:
    found = await world.do(
        "createLead",
        {
            "email": "no",
            "firstName": "a\x00b",
            "website": "no",
            "status": None,
            "externalSource": "  ",
            "tags": ["x" * 101],
        },
        SHOWN,
    )
    assert found["__typename"] == "InvalidInput"
    assert [(".".join(one["path"]), one["code"]) for one in found["fields"]] == [
        ("input.email", "INVALID_EMAIL"),
        ("input.firstName", "INVALID_TEXT"),
        ("input.website", "INVALID_URL"),
        ("input.status", "NULL"),
        ("input.tags", "TOO_LONG"),
        ("input.externalSource", "BLANK"),
    ]
    found = await world.do("createLead", {"externalId": "1", "statusReason": "x"}, SHOWN)
    assert [(".".join(one["path"]), one["code"]) for one in found["fields"]] == [
        ("input.statusReason", "NOT_ALLOWED"),
        ("input.externalSource", "MISSING_VALUE"),
    ]
    assert (await world.do("createLead", {"tags": ["x"]}, SHOWN))["fields"] == [
        {
            "path": ["input"],
            "message": "A lead needs a name, a company, an e-mail address, a telephone number or an external id.",
            "code": "MISSING_VALUE",
        }
    ]
    assert await world.fetch("SELECT id FROM leads WHERE organization_id = $1") == []


async def test_an_address_that_is_taken_is_a_conflict_with_the_other_lead(world: World) -> None:
    other = await world.lead(email="Taken@x.test")
    found = await world.do("createLead", {"email": "taken@X.test"}, SHOWN)
    assert found == {
        "__typename": "Conflict",
        "code": "DUPLICATE_EMAIL",
        "message": "Another lead has this e-mail address.",
        "path": ["input", "email"],
        "changedFields": [],
        "lead": {"id": world.id("Lead", other.id), "version": 1},
    }
    mine = await world.lead()
    found = await world.do(
        "updateLead", {"id": world.id("Lead", mine.id), "patch": {"email": "TAKEN@x.test", "company": "no"}}, SHOWN
    )
    assert (found["code"], found["path"]) == ("DUPLICATE_EMAIL", ["input", "patch", "email"])
    assert await trail(world) == []
    assert await world.fetch("SELECT 1 FROM leads WHERE organization_id = $1 AND version > 1") == []


async def test_a_change_is_recorded_and_repeating_it_is_not(world: World) -> None:
    lead = await world.lead(company="Old", custom_fields={"country": "DE", "plan": "a"}, phone="1")
    patch = {
        "status": "LOST",
        "statusReason": "budget",
        "company": "New",
        "phone": None,
        "customFields": {"plan": None, "employees": 5},
    }
    given = {"id": world.id("Lead", lead.id), "expectedVersion": 1, "patch": patch}
    found = await world.do("updateLead", given, SHOWN)
    assert found["lead"]["version"] == 2
    assert found["lead"]["customFields"] == {"country": "DE", "employees": 5}
    changes = {
        "company": {"from": "Old", "to": "New"},
        "customFields": {"from": {"country": "DE", "plan": "a"}, "to": {"country": "DE", "employees": 5}},
        "phone": {"from": "1", "to": None},
    }
    assert await trail(world) == [
        ("STATUS_CHANGE", {"from": "NEW", "to": "LOST", "reason": "budget", "version": 2, "requestId": "test-request"}),
        ("FIELD_CHANGE", {"changes": changes, "version": 2, "requestId": "test-request"}),
    ]
    again = await world.do("updateLead", {"id": given["id"], "patch": patch}, SHOWN)
    assert again["lead"]["version"] == 2
    assert len(await trail(world)) == 2
    found = await world.do("updateLead", {"id": given["id"], "patch": {"status": "WORKING"}}, SHOWN)
    assert (found["lead"]["status"], found["lead"]["statusReason"]) == ("WORKING", None)


async def test_a_version_that_has_passed_is_a_conflict_that_says_what_has_changed(world: World) -> None:
    lead = await world.lead()
    id_ = world.id("Lead", lead.id)
    await world.do("updateLead", {"id": id_, "patch": {"company": "x"}}, SHOWN)
    await world.do("updateLead", {"id": id_, "patch": {"status": "WORKING", "notesText": "n"}}, SHOWN)
    found = await world.do("updateLead", {"id": id_, "expectedVersion": 2, "patch": {"company": "y"}}, SHOWN)
    assert found == {
        "__typename": "Conflict",
        "code": "VERSION_CONFLICT",
        "message": "The lead has version 3 by now, not 2.",
        "path": ["input", "expectedVersion"],
        "changedFields": ["notesText", "status"],
        "lead": {"id": id_, "version": 3},
    }


async def test_a_deleted_lead_is_gone_until_it_is_restored(world: World) -> None:
    lead = await world.lead(email="a@b.test")
    id_ = world.id("Lead", lead.id)
    denied = await world.do("deleteLead", {"id": id_}, "lead { id }", role=Role.SALES_REP)
    assert (denied["__typename"], denied["permission"]) == ("Denied", "leads.delete")
    assert await trail(world) == []
    found = await world.do("deleteLead", {"id": id_, "reason": "spam"}, "lead { id deletedAt }")
    assert found["lead"]["deletedAt"] is not None
    assert (await world.ask(f'{{ lead(id: "{id_}") {{ id }} }}')).data == {"lead": None}
    assert (await world.do("deleteLead", {"id": id_}, "lead { id }"))["__typename"] == "NotFound"
    other = (await world.do("createLead", {"email": "A@b.test"}, SHOWN))["lead"]["id"]
    taken = await world.do("restoreLead", {"id": id_}, SHOWN)
    assert (taken["code"], taken["lead"]["id"]) == ("DUPLICATE_EMAIL", other)
    await world.do("updateLead", {"id": other, "patch": {"email": None, "firstName": "x"}}, SHOWN)
    assert (await world.do("restoreLead", {"id": id_}, SHOWN))["lead"]["version"] == 3
    assert (await world.ask(f'{{ lead(id: "{id_}") {{ id }} }}')).data == {"lead": {"id": id_}}
    assert (await world.do("restoreLead", {"id": id_}, SHOWN))["__typename"] == "NotFound"


async def test_every_entry_of_the_trail_is_an_event_for_those_who_follow(world: World) -> None:
    leads = [(await world.do("createLead", {"company": f"c{n}"}, SHOWN))["lead"]["id"] for n in range(2)]
    await world.do("updateLead", {"id": leads[0], "patch": {"status": "WORKING", "company": "x"}}, SHOWN)
    await world.do("updateLead", {"id": leads[1], "patch": {"company": "c1"}}, SHOWN)
    await world.do("updateLead", {"id": leads[1], "patch": {"company": "y"}, "dryRun": True}, SHOWN)
    events = await world.fetch(
        "SELECT name, payload, user_id FROM outbox_events WHERE organization_id = $1 ORDER BY xid, id"
    )
    entries = await world.fetch(
        "SELECT id, lead_id, activity_type FROM activities WHERE organization_id = $1 ORDER BY id"
    )
    assert [row["name"] for row in events] == ["LEAD_CREATED", "LEAD_CREATED", "STATUS_CHANGE", "FIELD_CHANGE"]
    assert [(row["name"], row["payload"]) for row in events] == [
        (row["activity_type"], {"activities": [row["id"]], "leads": [row["lead_id"]]}) for row in entries
    ]


async def test_what_a_lead_came_with_keeps_nobody_from_changing_something_else(world: World) -> None:
    lead = await world.lead(email="a@b.test", status="NEW", status_reason="from a file")
    id_ = world.id("Lead", lead.id)
    found = await world.do("updateLead", {"id": id_, "patch": {"company": "x"}}, SHOWN)
    assert (found["lead"]["company"], found["lead"]["statusReason"]) == ("x", "from a file")
    row = {"email": "A@b.test", "company": "y"}
    upserted = await world.do("upsertLeads", {"matchOn": "EMAIL", "leads": [row]}, "updated failed")
    assert (upserted["updated"], upserted["failed"]) == (1, 0)
    refused = await world.do("updateLead", {"id": id_, "patch": {"statusReason": "another"}}, SHOWN)
    assert [one["code"] for one in refused["fields"]] == ["NOT_ALLOWED"]
    found = await world.do("updateLead", {"id": id_, "patch": {"status": "WORKING"}}, SHOWN)
    assert found["lead"]["statusReason"] is None
