"""Notes: who writes, changes and sees them, and that the audit trail keeps a private note private."""

from typing import Any

import pytest

from lma_graph.kernel.db import Database
from lma_graph.kernel.viewer import Role
from world import World

SHOWN = "note { id noteType content isPrivate userId mentionedUserIds mentionedUsers { id } attachments }"
NOTES = "SELECT id, content, is_private FROM lead_notes WHERE organization_id = $1 ORDER BY id"
TRAIL = "SELECT metadata FROM activities WHERE organization_id = $1 AND activity_type = 'NOTE_CHANGE' ORDER BY id"
AUDIT = "query($id: ID!) { lead(id: $id) { auditTrail { nodes { activityType metadata } totalCount } } }"


async def entries(world: World, lead: Any, role: Role) -> list[dict[str, Any]]:
    """What a user sees in the lead's audit trail, and by the list of all activities."""
    found = (await world.ask(AUDIT, {"id": world.id("Lead", lead.id)}, role=role)).data["lead"]["auditTrail"]
    listed = "{ activities { nodes { activityType metadata } totalCount } }"
    assert (await world.ask(listed, role=role)).data["activities"] == found
    assert found["totalCount"] == len(found["nodes"])
    return [node["metadata"] for node in found["nodes"]]


async def test_a_note_is_written_with_mentions_and_attachments(world: World) -> None:
    lead = await world.lead()
    manager = world.id("User", world.users[Role.MANAGER])
    file = {"name": "Offer.pdf", "url": "files.example.com/1", "contentType": "application/pdf", "size": 5_000_000_000}
    given = {
        "leadId": world.id("Lead", lead.id),
        "content": " Knows the board ",
        "mentionedUserIds": [manager, manager],
        "attachments": [file, {"name": "a", "url": "https://x.test/a"}],
    }
    note = (await world.do("addNote", given, SHOWN, role=Role.SALES_REP))["note"]
    assert note.pop("id")
    assert note == {
        "noteType": "GENERAL",
        "content": "Knows the board",
        "isPrivate": False,
        "userId": world.id("User", world.users[Role.SALES_REP]),
        "mentionedUserIds": [manager],
        "mentionedUsers": [{"id": manager}],
        "attachments": [
            {**file, "url": "https://files.example.com/1"},
            {"name": "a", "url": "https://x.test/a"},
        ],
    }
    assert await world.fetch(TRAIL) == []


async def test_everything_wrong_with_a_note_is_named_at_once(world: World) -> None:
    lead = await world.lead()
    file = {"name": " ", "url": "ftp://x", "contentType": "pdf", "size": -1}
    given = {"leadId": world.id("Lead", lead.id), "content": " ", "noteType": "x" * 101, "attachments": [file]}
    found = await world.do("addNote", given, SHOWN)
    assert [(".".join(one["path"]), one["code"]) for one in found["fields"]] == [
        ("input.noteType", "TOO_LONG"),
        ("input.content", "BLANK"),
        ("input.attachments.0.name", "BLANK"),
        ("input.attachments.0.url", "INVALID_URL"),
        ("input.attachments.0.contentType", "INVALID_VALUE"),
        ("input.attachments.0.size", "OUT_OF_RANGE"),
    ]
    assert await world.fetch(NOTES) == []


async def test_only_active_users_of_the_organization_are_mentioned(world: World, other_world: World) -> None:
    lead, idle = await world.lead(), await world.user(is_active=False)
    given = {"leadId": world.id("Lead", lead.id), "content": "x"}
    foreign = world.id("User", other_world.users[Role.ADMIN])
    found = await world.do("addNote", {**given, "mentionedUserIds": [foreign]}, SHOWN)
    assert (found["message"], found["path"]) == ("There is no such user.", ["input", "mentionedUserIds"])
    found = await world.do("addNote", {**given, "mentionedUserIds": [world.id("User", idle.id)]}, SHOWN)
    assert found["fields"] == [
        {"path": ["input", "mentionedUserIds"], "message": "The user is not active.", "code": "INACTIVE_USER"}
    ]
    assert await world.fetch(NOTES) == []
    # Somebody who was mentioned before leaving stays mentioned.
    note = await world.note(lead, mentioned_users=[idle.id])
    both = [world.id("User", idle.id), world.id("User", world.users[Role.VIEWER])]
    given = {"id": world.id("LeadNote", note.id), "patch": {"mentionedUserIds": both}}
    assert (await world.do("updateNote", given, SHOWN))["note"]["mentionedUserIds"] == both


async def test_what_a_note_said_is_in_the_audit_trail(world: World) -> None:
    lead = await world.lead()
    note = await world.note(lead, content="old")
    id_ = world.id("LeadNote", note.id)
    given = {"id": id_, "patch": {"content": "new", "noteType": "GENERAL"}}
    assert (await world.do("updateNote", given, SHOWN))["note"]["content"] == "new"
    await world.do("updateNote", given, SHOWN)
    assert await world.do("deleteNote", {"id": id_}, "id") == {"__typename": "DeleteNotePayload", "id": id_}
    assert (await world.do("deleteNote", {"id": id_}, "id"))["__typename"] == "NotFound"
    assert await world.fetch(NOTES) == []
    shared = {"noteId": note.id, "requestId": "test-request"}
    edited = {**shared, "action": "UPDATED", "changes": {"content": {"from": "old", "to": "new"}}}
    gone = {"content": {"from": "new", "to": None}, "noteType": {"from": "GENERAL", "to": None}}
    for role in Role:
        assert await entries(world, lead, role) == [{**shared, "action": "DELETED", "changes": gone}, edited]


async def test_history_of_a_private_note_is_as_private_as_the_note(world: World) -> None:
    lead, users = await world.lead(), world.users
    rep, manager, viewer = users[Role.SALES_REP], users[Role.MANAGER], users[Role.VIEWER]
    note = await world.note(lead, user_id=rep, content="a", is_private=True, mentioned_users=[manager])
    given = {"id": world.id("LeadNote", note.id)}
    for patch in (
        {"content": "b"},
        {"content": "c", "mentionedUserIds": [world.id("User", viewer)]},
        {"content": "d", "isPrivate": False},
        {"content": "e"},
    ):
        found = await world.do("updateNote", {**given, "patch": patch}, SHOWN, role=Role.SALES_REP)
        assert found["note"]["content"] == patch["content"]
    seen = {}
    for role in Role:
        shown = await entries(world, lead, role)
        seen[role] = [entry["changes"]["content"]["to"] for entry in shown]
    assert seen == {
        Role.ADMIN: ["e", "d", "c", "b"],
        Role.SALES_REP: ["e", "d", "c", "b"],
        Role.MANAGER: ["e", "b"],
        Role.VIEWER: ["e", "d"],
    }
    assert [row["metadata"].get("readers") for row in await world.fetch(TRAIL)] == [
        sorted([rep, manager]),
        [rep],
        sorted([rep, viewer]),
        None,
    ]


async def test_a_deleted_private_note_leaves_nothing_that_others_see(world: World) -> None:
    lead = await world.lead()
    note = await world.note(lead, user_id=world.users[Role.SALES_REP], content="secret", is_private=True)
    await world.do("deleteNote", {"id": world.id("LeadNote", note.id)}, "id", role=Role.SALES_REP)
    assert [len(await entries(world, lead, role)) for role in Role] == [1, 0, 1, 0]


@pytest.mark.parametrize("role", list(Role))
async def test_who_may_change_a_note_by_role_author_and_lead(database: Database, owner: Any, role: Role) -> None:
    world = await World.create(database, owner, visibility={"salesRep": "OWN"})
    own = await world.lead(assigned_to_id=world.users[Role.SALES_REP])
    foreign = await world.lead(assigned_to_id=world.users[Role.ADMIN])
    another = (await world.user()).id
    for lead in (own, foreign):
        seen = lead is own or role is not Role.SALES_REP
        found = await world.do("addNote", {"leadId": world.id("Lead", lead.id), "content": "x"}, SHOWN, role=role)
        expected = "AddNotePayload" if seen else "NotFound"
        assert found["__typename"] == ("Denied" if role is Role.VIEWER else expected)
        public = await world.note(lead, user_id=another)
        private = await world.note(lead, user_id=another, is_private=True)
        for note in (public, private):
            id_ = world.id("LeadNote", note.id)
            there = seen and (note is public or role is Role.ADMIN)
            for name, given in (("updateNote", {"id": id_, "patch": {"content": "y"}}), ("deleteNote", {"id": id_})):
                found = await world.do(name, given, "__typename", role=role)
                assert found["__typename"] == ("Denied" if role is Role.VIEWER or there else "NotFound")
                if there and role is not Role.VIEWER:
                    assert found["message"] == "Only its author may change or delete a note."
                    assert found["permission"] == "notes.write"
    assert "y" not in [row["content"] for row in await world.fetch(NOTES)]
    assert await world.fetch(TRAIL) == []
