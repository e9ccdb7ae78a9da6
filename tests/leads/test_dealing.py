"""Dealing leads among users: fair within a call, from call to call and among many at once; rules, and trying it out."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from lma_graph.kernel.viewer import Role
from world import World

SHOWN = "assigned unchanged unassigned byUser { user { id } count } execution { id }"
TRIED = "assigned unchanged unassigned byUser { user { id } count }"
OWNERS = "SELECT assigned_to_id FROM leads WHERE organization_id = $1 ORDER BY id"
TRAIL = """
SELECT metadata FROM activities WHERE organization_id = $1 AND activity_type = 'ASSIGNMENT' ORDER BY id
"""
MANY = """
INSERT INTO leads (organization_id, email, status, assigned_to_id)
SELECT $1, 'm' || $3::text || n || '@x.test', $4, $5 FROM generate_series(1, $2::int) n RETURNING id
"""
STRATEGIES = ("ROUND_ROBIN", "LEAST_LOADED")


async def leads(world: World, count: int, *, status: str = "NEW", owner: int | None = None) -> list[str]:
    tag = f"{status}{owner}x"
    return [world.id("Lead", row["id"]) for row in await world.fetch(MANY, count, tag, status, owner)]


async def sellers(world: World, count: int) -> list[int]:
    return [(await world.user()).id for _ in range(count)]


async def owners(world: World) -> list[int | None]:
    return [row["assigned_to_id"] for row in await world.fetch(OWNERS)]


def named(world: World, users: list[int]) -> list[str]:
    return [world.id("User", user) for user in users]


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_equal_users_get_equal_shares_and_what_is_left_goes_to_the_next(world: World, strategy: str) -> None:
    a, b, c = users = await sellers(world, 3)
    ids = await leads(world, 7)
    given = {"strategy": strategy, "userIds": named(world, users)}
    found = await world.do("autoAssignLeads", {**given, "leadIds": ids[:4]}, SHOWN)
    assert (found["assigned"], found["unchanged"], found["unassigned"], found["execution"]) == (4, 0, 0, None)
    shares = [{"user": {"id": world.id("User", user)}, "count": count} for user, count in ((a, 2), (b, 1), (c, 1))]
    assert found["byUser"] == shares
    assert await owners(world) == [a, b, c, a, None, None, None]
    await world.do("autoAssignLeads", {**given, "leadIds": ids[4:]}, SHOWN)
    assert await owners(world) == [a, b, c, a, b, c, a]
    told = {"to": b, "from": None, "reason": None, "strategy": strategy, "version": 2, "requestId": "test-request"}
    assert [row["metadata"] for row in await world.fetch(TRAIL)][4] == told


async def test_who_joins_is_next_and_who_is_left_out_keeps_the_turn(world: World) -> None:
    a, b, c = await sellers(world, 3)
    ids = await leads(world, 6)

    async def deal(at: int, users: list[int]) -> None:
        given = {"leadIds": [ids[at]], "strategy": "ROUND_ROBIN", "userIds": named(world, users)}
        await world.do("autoAssignLeads", given, SHOWN)

    for at, users in enumerate(([a, b], [a, b, c], [a, b, c], [a, b], [c], [c, b, a])):
        await deal(at, users)
    assert await owners(world) == [a, b, c, a, c, b]


async def test_the_least_loaded_are_filled_up_first_and_closed_leads_do_not_count(world: World) -> None:
    a, b, c = await sellers(world, 3)
    await leads(world, 4, owner=a)
    await leads(world, 1, owner=b)
    for status in ("CONVERTED", "LOST", "UNQUALIFIED"):
        await leads(world, 3, status=status, owner=c)
    ids = await leads(world, 7)
    given = {"leadIds": ids, "strategy": "LEAST_LOADED", "userIds": named(world, [a, b, c])}
    await world.do("autoAssignLeads", given, SHOWN)
    open_now = Counter((await owners(world))[:5] + (await owners(world))[14:])
    assert open_now == {a: 4, b: 4, c: 4}


async def test_leads_that_are_dealt_anew_are_no_load_and_may_stay(world: World) -> None:
    a, b = await sellers(world, 2)
    ids = await leads(world, 6, owner=a)
    given = {"leadIds": ids, "strategy": "LEAST_LOADED", "userIds": named(world, [a, b])}
    found = await world.do("autoAssignLeads", given, SHOWN)
    assert (found["assigned"], found["unchanged"]) == (3, 3)
    assert Counter(await owners(world)) == {a: 3, b: 3}
    assert len(await world.fetch(TRAIL)) == 3


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_many_who_deal_at_once_are_fair_together(world: World, strategy: str) -> None:
    users = await sellers(world, 7)
    calls, each = 20, 30
    ids = await leads(world, calls * each)
    given = {"strategy": strategy, "userIds": named(world, users)}
    found = await asyncio.gather(
        *(
            world.do("autoAssignLeads", {**given, "leadIds": ids[at : at + each]}, SHOWN)
            for at in range(0, len(ids), each)
        )
    )
    assert [one["assigned"] for one in found] == [each] * calls
    loads = Counter(await owners(world))
    assert set(loads) == set(users)
    assert max(loads.values()) - min(loads.values()) == 1  # 600 among 7
    assert len(await world.fetch(TRAIL)) == calls * each


async def test_of_many_who_want_the_same_leads_one_gets_them(world: World) -> None:
    users = await sellers(world, 3)
    await leads(world, 100)
    free = {"filter": {"assignedToId": {"isNull": True}}, "strategy": "ROUND_ROBIN", "userIds": named(world, users)}
    manual = {"filter": free["filter"], "userId": named(world, users)[0]}
    changes = (world.do("assignLeads", manual, "assigned") for _ in range(4))
    deals = (world.do("autoAssignLeads", free, SHOWN) for _ in range(8))
    found = await asyncio.gather(*deals, *changes)
    assert sum(one["assigned"] for one in found) == 100
    trail = [row["metadata"] for row in await world.fetch(TRAIL)]
    assert [(one["from"], one["version"]) for one in trail] == [(None, 2)] * 100


async def test_dealing_while_the_same_leads_are_changed_by_their_sellers_never_deadlocks(world: World) -> None:
    users = [world.users[Role.ADMIN], world.users[Role.MANAGER]]
    ids = await leads(world, 12)
    deals = [
        world.do("autoAssignLeads", {"leadIds": ids, "strategy": "ROUND_ROBIN", "userIds": named(world, users)}, SHOWN)
        for _ in range(5)
    ]
    edits = [
        world.do("updateLead", {"id": id_, "patch": {"company": f"c{n}"}}, "lead { id }", role=Role.MANAGER)
        for n, id_ in enumerate(reversed(ids))
    ]
    found = await asyncio.gather(*deals, *edits)
    assert {one["__typename"] for one in found} == {"AutoAssignLeadsPayload", "UpdateLeadPayload"}
    rows = await world.fetch("SELECT version, company FROM leads WHERE organization_id = $1")
    assert all(row["company"] for row in rows)


RULES = "organization { assignmentRules { name users { id } strategy fault criteria } }"


async def set_rules(world: World, *rules: dict[str, Any], **options: Any) -> Any:
    return await world.do("setAssignmentRules", {"rules": list(rules)}, RULES, **options)


async def test_the_first_rule_that_matches_decides(world: World) -> None:
    a, b, c = await sellers(world, 3)
    big = {"name": "big", "criteria": {"value": {"gte": 100}}, "userIds": named(world, [a]), "strategy": "ROUND_ROBIN"}
    web = {
        "name": "web",
        "criteria": {"source": {"eq": "WEBSITE"}},
        "userIds": named(world, [b, c]),
        "strategy": "LEAST_LOADED",
    }
    found = await set_rules(world, big, web)
    assert [(one["name"], one["strategy"], one["fault"]) for one in found["organization"]["assignmentRules"]] == [
        ("big", "ROUND_ROBIN", None),
        ("web", "LEAST_LOADED", None),
    ]
    assert found["organization"]["assignmentRules"][0]["criteria"] == {
        "v": 1,
        "format": "filter",
        "expr": {"value": {"gte": 100}},
    }
    for value, source in ((500, "WEBSITE"), (5, "WEBSITE"), (5, "EVENT"), (None, "WEBSITE")):
        await world.lead(value=value, source=source)
    given = {"filter": {}, "strategy": "RULES"}
    found = await world.do("autoAssignLeads", given, SHOWN)
    assert (found["assigned"], found["unchanged"], found["unassigned"]) == (3, 0, 1)
    assert await owners(world) == [a, b, None, c]
    assert [(row["metadata"]["strategy"], row["metadata"]["reason"]) for row in await world.fetch(TRAIL)] == [
        ("RULES", "big"),
        ("RULES", "web"),
        ("RULES", "web"),
    ]


async def test_a_rule_whose_users_have_all_left_is_passed_over(world: World) -> None:
    a, b = await sellers(world, 2)
    first = {"name": "1", "criteria": {}, "userIds": named(world, [a]), "strategy": "ROUND_ROBIN"}
    await set_rules(world, first, {**first, "name": "2", "userIds": named(world, [b])})
    await world.fetch("UPDATE users SET is_active = false WHERE organization_id = $1 AND id = $2", a)
    await world.lead()
    await world.do("autoAssignLeads", {"filter": {}, "strategy": "RULES"}, SHOWN)
    assert await owners(world) == [b]


async def test_rules_are_checked_when_they_are_set(world: World, other_world: World) -> None:
    gone = await world.user(is_active=False)
    admin = world.id("User", world.users[Role.ADMIN])
    rule = {"name": "r", "criteria": {}, "userIds": [admin], "strategy": "ROUND_ROBIN"}
    found = await set_rules(world, rule, rule, {**rule, "name": "s", "userIds": []})
    assert [(".".join(one["path"]), one["code"]) for one in found["fields"]] == [
        ("input.rules.1.name", "DUPLICATE"),
        ("input.rules.2.userIds", "MISSING_VALUE"),
    ]
    found = await set_rules(world, {**rule, "userIds": [admin, world.id("User", gone.id)]})
    assert (found["__typename"], found["path"]) == ("InvalidInput", ["input", "rules", "0", "userIds", "1"])
    foreign = other_world.id("User", other_world.users[Role.ADMIN])
    assert (await set_rules(world, {**rule, "userIds": [foreign]}))["__typename"] == "NotFound"
    for role in (Role.VIEWER, Role.SALES_REP):
        denied = await set_rules(world, rule, role=role)
        assert (denied["__typename"], denied["permission"]) == ("Denied", "leads.transfer")
    (row,) = await world.fetch("SELECT settings FROM organizations WHERE id = $1")
    assert "assignment" not in row["settings"]
    found = await world.do("autoAssignLeads", {"filter": {}, "strategy": "RULES"}, SHOWN)
    assert found["message"] == "strategy: The organization has no assignment rules; setAssignmentRules makes them."


async def test_a_stored_rule_that_cannot_be_used_any_more_is_named(world: World) -> None:
    stored = {
        "rules": [
            {
                "name": "old",
                "criteria": {"v": 1, "format": "filter", "expr": {"shoeSize": {"eq": 9}}},
                "userIds": [world.id("User", world.users[Role.ADMIN])],
                "strategy": "ROUND_ROBIN",
            }
        ]
    }
    text = "UPDATE organizations SET settings = settings || jsonb_build_object('assignment', $2::jsonb) WHERE id = $1"
    await world.fetch(text, json.dumps(stored))
    await world.lead()
    fault = "The assignment rule “old” cannot be used: criteria.expr.shoeSize: is not a field of LeadFilter"
    found = await world.do("autoAssignLeads", {"filter": {}, "strategy": "RULES"}, SHOWN)
    assert found["fields"] == [{"path": ["input", "strategy"], "message": fault, "code": "INVALID_RULE"}]
    assert await owners(world) == [None]
    answer = await world.ask("{ organization { assignmentRules { name fault } } }")
    assert answer.data["organization"]["assignmentRules"] == [{"name": "old", "fault": fault}]


async def test_a_preview_says_what_would_be_done_and_writes_nothing(world: World, other_world: World) -> None:
    users = await sellers(world, 2)
    await leads(world, 5)
    given = {"filter": {}, "strategy": "ROUND_ROBIN", "userIds": named(world, users)}
    text = f"query($input: PreviewAssignmentInput!) {{ previewAssignment(input: $input) {{ {TRIED} }} }}"
    tried = await world.ask(text, {"input": given}, role=Role.MANAGER)
    assert tried.errors == []
    assert await owners(world) == [None] * 5
    assert await world.fetch("SELECT 1 FROM assignment_turns WHERE organization_id = $1") == []
    done = await world.do("autoAssignLeads", {**given, "dryRun": True}, TRIED)
    assert {"__typename": "AutoAssignLeadsPayload", **tried.data["previewAssignment"]} == done
    assert await owners(world) == [None] * 5
    done = await world.do("autoAssignLeads", {**given, "idempotencyKey": "k"}, TRIED)
    assert {"__typename": "AutoAssignLeadsPayload", **tried.data["previewAssignment"]} == done
    assert await world.do("autoAssignLeads", {**given, "idempotencyKey": "k"}, TRIED) == done
    stranger = await other_world.lead()
    for which, message in (
        ({"leadIds": [other_world.id("Lead", stranger.id)]}, "There is no such lead."),
        ({"filter": {}, "userIds": [other_world.id("User", other_world.users[Role.ADMIN])]}, "There is no such user."),
    ):
        asked = {"strategy": "ROUND_ROBIN", "userIds": named(world, users), **which}
        refused = await world.ask(text, {"input": asked})
        assert (refused.data, [one["message"] for one in refused.errors]) == (None, [message])
    denied = await world.ask(text, {"input": given}, role=Role.SALES_REP)
    assert denied.data is None
    assert denied.errors[0]["message"] == "This needs the permission leads.transfer, which your role does not have."


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SALES_REP])
async def test_dealing_needs_the_right_to_transfer(world: World, role: Role) -> None:
    await world.lead()
    given = {"filter": {}, "strategy": "ROUND_ROBIN", "userIds": [world.id("User", world.users[role])]}
    found = await world.do("autoAssignLeads", given, SHOWN, role=role)
    assert (found["__typename"], found["permission"]) == ("Denied", "leads.transfer")
    assert await owners(world) == [None]
