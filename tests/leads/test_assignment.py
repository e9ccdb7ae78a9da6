"""Giving leads to users: who may give which, what is recorded, and what a refusal leaves alone."""

from typing import Any

import pytest

from lma_graph.kernel.viewer import Role
from lma_graph.leads.occasions import LEAD_CHANGED
from world import World

TRAIL = """
SELECT lead_id, metadata, user_id FROM activities WHERE organization_id = $1 AND activity_type = 'ASSIGNMENT'
ORDER BY id
"""
OWNERS = "SELECT assigned_to_id, version FROM leads WHERE organization_id = $1 ORDER BY id"
COUNTS = "assigned unchanged execution { id }"
OWNER = "lead { id version assignedTo { id } }"


async def owners(world: World) -> list[tuple[int | None, int]]:
    return [(row["assigned_to_id"], row["version"]) for row in await world.fetch(OWNERS)]


async def trail(world: World) -> list[Any]:
    return [(row["lead_id"], row["metadata"], row["user_id"]) for row in await world.fetch(TRAIL)]


def entry(before: int | None, after: int | None, reason: str | None, version: int) -> dict[str, Any]:
    told = {"from": before, "to": after, "reason": reason, "strategy": "MANUAL", "version": version}
    return {**told, "requestId": "test-request"}


async def test_an_assignment_is_recorded_and_shown(world: World) -> None:
    rep, admin = world.users[Role.SALES_REP], world.users[Role.ADMIN]
    lead = await world.lead()
    id_ = world.id("Lead", lead.id)
    found = await world.do(
        "assignLead", {"leadId": id_, "userId": world.id("User", rep), "reason": " territory "}, OWNER
    )
    assert found["lead"] == {"id": id_, "version": 2, "assignedTo": {"id": world.id("User", rep)}}
    again = await world.do("assignLead", {"leadId": id_, "userId": world.id("User", rep), "reason": "again"}, OWNER)
    assert again == found
    found = await world.do("assignLead", {"leadId": id_, "userId": None}, OWNER)
    assert found["lead"] == {"id": id_, "version": 3, "assignedTo": None}
    assert await trail(world) == [
        (lead.id, entry(None, rep, "territory", 2), admin),
        (lead.id, entry(rep, None, None, 3), admin),
    ]
    shown = "from { id } to { id } by { id } reason strategy assignedAt"
    answer = await world.ask(f'{{ lead(id: "{id_}") {{ assignments {{ totalCount nodes {{ {shown} }} }} }} }}')
    assert answer.errors == []
    listed = answer.data["lead"]["assignments"]
    who, by = {"id": world.id("User", rep)}, {"id": world.id("User", admin)}
    assert [{name: value for name, value in one.items() if name != "assignedAt"} for one in listed["nodes"]] == [
        {"from": who, "to": None, "by": by, "reason": None, "strategy": "MANUAL"},
        {"from": None, "to": who, "by": by, "reason": "territory", "strategy": "MANUAL"},
    ]
    assert listed["totalCount"] == 2


async def test_the_user_must_be_named_or_be_null(world: World) -> None:
    lead = await world.lead(assigned_to_id=world.users[Role.SALES_REP])
    id_ = world.id("Lead", lead.id)
    for name, selector in (("assignLead", {"leadId": id_}), ("assignLeads", {"leadIds": [id_]})):
        found = await world.do(name, selector, "__typename")
        assert (found["__typename"], found["fields"]) == (
            "InvalidInput",
            [
                {
                    "path": ["input", "userId"],
                    "message": "Name the user who is to own the leads; null takes them from their owners.",
                    "code": "MISSING_VALUE",
                }
            ],
        )
    assert await owners(world) == [(world.users[Role.SALES_REP], 1)]


# Who owns the lead, who is to own it, and who may do that: "me" is the viewer, "it" another user.
MATRIX = {
    (None, "me"): {Role.SALES_REP, Role.MANAGER, Role.ADMIN},
    (None, "it"): {Role.MANAGER, Role.ADMIN},
    ("me", "it"): {Role.SALES_REP, Role.MANAGER, Role.ADMIN},
    ("me", None): {Role.SALES_REP, Role.MANAGER, Role.ADMIN},
    ("it", "me"): {Role.MANAGER, Role.ADMIN},
    ("it", None): {Role.MANAGER, Role.ADMIN},
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(("before", "after"), list(MATRIX))
async def test_who_may_give_which_lead_to_whom(
    world: World, before: str | None, after: str | None, *, many: bool, role: Role
) -> None:
    other = await world.user()
    users = {"me": world.users[role], "it": other.id, None: None}
    lead = await world.lead(assigned_to_id=users[before])
    id_, to = world.id("Lead", lead.id), None if after is None else world.id("User", users[after] or 0)
    name, which = ("assignLeads", {"leadIds": [id_]}) if many else ("assignLead", {"leadId": id_})
    found = await world.do(name, {**which, "userId": to}, COUNTS if many else "lead { id }", role=role)
    if role in MATRIX[before, after]:
        assert found["__typename"] == f"{name[0].upper()}{name[1:]}Payload"
        assert await owners(world) == [(users[after], 2)]
        assert await trail(world) == [(lead.id, entry(users[before], users[after], None, 2), world.users[role])]
    else:
        needed = "leads.assign" if role is Role.VIEWER else "leads.transfer"
        message = f"This needs the permission {needed}, which your role does not have."
        assert (found["__typename"], found["permission"], found["message"]) == ("Denied", needed, message)
        assert await owners(world) == [(users[before], 1)]
        assert await trail(world) == []


async def test_one_lead_that_may_not_be_given_keeps_all_where_they_are(world: World) -> None:
    rep = world.users[Role.SALES_REP]
    await world.lead()
    await world.lead(assigned_to_id=world.users[Role.MANAGER])
    given = {"filter": {}, "userId": world.id("User", rep)}
    assert (await world.do("assignLeads", given, COUNTS, role=Role.SALES_REP))["permission"] == "leads.transfer"
    assert await owners(world) == [(None, 1), (world.users[Role.MANAGER], 1)]
    given["filter"] = {"assignedToId": {"isNull": True}}
    found = await world.do("assignLeads", given, COUNTS, role=Role.SALES_REP)
    assert found == {"__typename": "AssignLeadsPayload", "assigned": 1, "unchanged": 0, "execution": None}


async def test_users_who_cannot_own_leads_are_refused(world: World, other_world: World) -> None:
    lead = await world.lead()
    gone = await world.user(is_active=False)
    id_ = world.id("Lead", lead.id)
    foreign = world.id("User", other_world.users[Role.SALES_REP])
    for user, kind, message in (
        (world.id("User", gone.id), "InvalidInput", "userId: The user is not active."),
        (foreign, "NotFound", "There is no such user."),
        (id_, "NotFound", "There is no such user."),
    ):
        found = await world.do("assignLead", {"leadId": id_, "userId": user}, OWNER)
        assert (found["__typename"], found["message"], found["path"]) == (kind, message, ["input", "userId"])
        dealt = {"filter": {}, "strategy": "ROUND_ROBIN", "userIds": [world.id("User", world.users[Role.ADMIN]), user]}
        found = await world.do("autoAssignLeads", dealt, "assigned")
        assert (found["__typename"], found["path"]) == (kind, ["input", "userIds", "1"])
    assert await owners(world) == [(None, 1)]
    assert await trail(world) == []


async def test_leads_that_are_not_there_are_named_by_their_place(world: World, other_world: World) -> None:
    mine, theirs = await world.lead(), await other_world.lead()
    id_ = world.id("Lead", mine.id)
    admin = world.id("User", world.users[Role.ADMIN])
    for bad in (world.id("Lead", theirs.id), "nonsense", admin):
        found = await world.do("assignLeads", {"leadIds": [id_, id_, id_, bad, bad], "userId": admin}, COUNTS)
        assert (found["__typename"], found["message"]) == ("NotFound", "There is no such lead.")
        assert found["path"] == ["input", "leadIds", "3"]
        found = await world.do("assignLead", {"leadId": bad, "userId": admin}, OWNER)
        assert (found["__typename"], found["path"]) == ("NotFound", ["input", "leadId"])
    assert await owners(world) == [(None, 1)]
    assert await owners(other_world) == [(None, 1)]
    found = await world.do("assignLeads", {"leadIds": [id_, id_], "userId": admin}, COUNTS)
    assert (found["assigned"], found["unchanged"]) == (1, 0)
    assert (await world.do("assignLeads", {"leadIds": [], "userId": admin}, COUNTS))["assigned"] == 0


async def test_selectors_exclude_each_other(world: World) -> None:
    lead = await world.lead()
    admin = world.id("User", world.users[Role.ADMIN])
    for which in ({}, {"leadIds": [world.id("Lead", lead.id)], "filter": {}}):
        for name, rest in (("assignLeads", {"userId": admin}), ("autoAssignLeads", {"strategy": "RULES"})):
            found = await world.do(name, {**which, **rest}, "assigned")
            assert found["fields"] == [
                {
                    "path": ["input"],
                    "message": "Selectors exclude each other: give either leadIds or filter.",
                    "code": "ONE_SELECTOR",
                }
            ]
    assert await owners(world) == [(None, 1)]


async def test_with_visibility_own_leads_of_others_do_not_exist(database: Any, owner: Any) -> None:
    world = await World.create(database, owner, visibility={"salesRep": "OWN"})
    rep, manager = world.users[Role.SALES_REP], world.users[Role.MANAGER]
    hidden = await world.lead(assigned_to_id=manager)
    await world.lead(assigned_to_id=rep)
    to = world.id("User", manager)
    named = {"leadIds": [world.id("Lead", hidden.id)], "userId": to}
    assert (await world.do("assignLeads", named, COUNTS, role=Role.SALES_REP))["__typename"] == "NotFound"
    found = await world.do("assignLeads", {"filter": {}, "userId": to}, COUNTS, role=Role.SALES_REP)
    assert (found["assigned"], found["unchanged"]) == (1, 0)
    assert await owners(world) == [(manager, 1), (manager, 2)]
    mine = await world.lead(assigned_to_id=rep)
    passed = {"leadId": world.id("Lead", mine.id), "userId": to}
    found = await world.do("assignLead", passed, "lead { id }", role=Role.SALES_REP)
    assert found == {"__typename": "AssignLeadPayload", "lead": None}


async def test_counts_are_given_again_and_a_rehearsal_keeps_nothing(world: World) -> None:
    for _ in range(3):
        await world.lead()
    given = {"filter": {}, "userId": world.id("User", world.users[Role.ADMIN])}
    rehearsed = await world.do("assignLeads", {**given, "dryRun": True}, COUNTS)
    assert (rehearsed["assigned"], await trail(world)) == (3, [])
    first = await world.do("assignLeads", {**given, "idempotencyKey": "k"}, COUNTS)
    assert (first["assigned"], first["unchanged"]) == (3, 0)
    assert await world.do("assignLeads", {**given, "idempotencyKey": "k"}, COUNTS) == first
    assert (await world.do("assignLeads", given, COUNTS))["unchanged"] == 3
    assert len(await trail(world)) == 3


async def test_features_above_are_told_of_what_has_changed_and_of_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    async def note(_: Any, numbers: Any, *, columns: frozenset[str]) -> None:
        told.append((list(numbers), columns))

    monkeypatch.setitem(vars(LEAD_CHANGED), "participants", [note])
    rep = world.users[Role.SALES_REP]
    leads = [await world.lead(assigned_to_id=owner) for owner in (None, rep, None)]
    to = world.id("User", rep)
    await world.do("assignLeads", {"filter": {}, "userId": to}, COUNTS)
    await world.do("assignLeads", {"filter": {}, "userId": to}, COUNTS)
    await world.do("autoAssignLeads", {"filter": {}, "strategy": "LEAST_LOADED", "userIds": [to]}, "assigned")
    assert told == [([leads[0].id, leads[2].id], frozenset({"assigned_to_id"}))]
