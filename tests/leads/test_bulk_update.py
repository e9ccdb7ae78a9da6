"""Changing many leads alike: what changes, what is recorded, who is refused, and what cannot take it."""

import asyncio
from typing import Any

import pytest

from lma_graph.kernel.viewer import Role
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.service import bulk
from lma_graph.leads.service.selecting import Selection
from world import World

SHOWN = "updated unchanged failed errors { lead { id } code message } execution { id }"
TRAIL = """
SELECT lead_id, activity_type, metadata FROM activities WHERE organization_id = $1 ORDER BY lead_id, id
"""
LEADS = """
SELECT version, status, status_reason, value, tags, custom_fields, source, expected_close_date::text AS day, company
FROM leads WHERE organization_id = $1 ORDER BY id
"""


async def rows(world: World) -> list[dict[str, Any]]:
    return [dict(row) for row in await world.fetch(LEADS)]


async def trail(world: World) -> list[Any]:
    return [tuple(row) for row in await world.fetch(TRAIL)]


async def update(world: World, patch: dict[str, Any], filter_: Any = None, **options: Any) -> Any:
    return await world.do("bulkUpdateLeads", {"filter": filter_ or {}, "patch": patch}, SHOWN, **options)


async def test_every_value_changes_and_is_recorded_as_for_one_lead(world: World) -> None:
    one = await world.lead(tags=["a", "b"], custom_fields={"country": "DE", "plan": "x"}, company="Old Firm", value=1)
    two = await world.lead(tags=["c"], custom_fields={}, status="WORKING", status_reason=None)
    patch = {
        "status": "LOST",
        "statusReason": "budget",
        "source": "EVENT",
        "value": 7,
        "tags": {"add": ["new", "b"], "remove": ["a"]},
        "customFields": {"plan": None, "employees": 5},
        "expectedCloseDate": "2026-12-24",
        "company": "New Firm",
    }
    found = await update(world, patch)
    assert found == {
        "__typename": "BulkUpdateLeadsPayload",
        "updated": 2,
        "unchanged": 0,
        "failed": 0,
        "errors": [],
        "execution": None,
    }
    shared = {
        "version": 2,
        "status": "LOST",
        "status_reason": "budget",
        "value": 7,
        "source": "EVENT",
        "day": "2026-12-24",
        "company": "New Firm",
    }
    assert await rows(world) == [
        {**shared, "tags": ["b", "new"], "custom_fields": {"country": "DE", "employees": 5}},
        {**shared, "tags": ["c", "new", "b"], "custom_fields": {"employees": 5}},
    ]
    request = {"requestId": "test-request", "version": 2}
    changes = {
        "company": {"from": "Old Firm", "to": "New Firm"},
        "customFields": {"from": {"country": "DE", "plan": "x"}, "to": {"country": "DE", "employees": 5}},
        "expectedCloseDate": {"from": None, "to": "2026-12-24"},
        "source": {"from": "OTHER", "to": "EVENT"},
        "tags": {"from": ["a", "b"], "to": ["b", "new"]},
        "value": {"from": 1, "to": 7},
    }
    recorded = await trail(world)
    assert recorded[:2] == [
        (one.id, "STATUS_CHANGE", {"from": "NEW", "to": "LOST", "reason": "budget", **request}),
        (one.id, "FIELD_CHANGE", {"changes": changes, **request}),
    ]
    assert [(lead, kind) for lead, kind, _ in recorded[2:]] == [(two.id, "STATUS_CHANGE"), (two.id, "FIELD_CHANGE")]
    for question, count in (
        ('leads(filter: { tags: { containsAny: ["new"] } })', 2),
        ('leads(filter: { tags: { containsAny: ["a"] } })', 0),
        ('leads(filter: { customFields: [{ path: ["employees"], eq: 5 }] })', 2),
        ('leads(filter: { customFields: [{ path: ["plan"], eq: "x" }] })', 0),
        ('searchLeads(query: "new")', 2),
        ('searchLeads(query: "old")', 0),
    ):
        answer = await world.ask(f"{{ found: {question} {{ nodes {{ id }} }} }}")
        assert len(answer.data["found"]["nodes"]) == count, question


async def test_what_is_as_asked_for_already_is_neither_changed_nor_recorded(world: World) -> None:
    await world.lead(value=7, tags=["a"])
    await world.lead(value=8, tags=["a"])
    found = await update(world, {"value": 7, "tags": {"set": ["a"]}})
    assert (found["updated"], found["unchanged"]) == (1, 1)
    assert [(kind, metadata["changes"]) for _, kind, metadata in await trail(world)] == [
        ("FIELD_CHANGE", {"value": {"from": 8, "to": 7}})
    ]
    assert [row["version"] for row in await rows(world)] == [1, 2]


async def test_a_lead_that_cannot_take_it_stays_and_is_told_of(world: World) -> None:
    lost = await world.lead(status="LOST", tags=[f"t{n}" for n in range(100)])
    new = await world.lead()
    found = await update(world, {"statusReason": "price"})
    assert (found["updated"], found["failed"]) == (1, 1)
    assert found["errors"] == [
        {
            "lead": {"id": world.id("Lead", new.id)},
            "code": "NOT_ALLOWED",
            "message": "A lead that is NEW takes no reason.",
        }
    ]
    found = await update(world, {"value": 3, "tags": {"add": ["one more"]}})
    assert found["errors"] == [
        {
            "lead": {"id": world.id("Lead", lost.id)},
            "code": "TOO_MANY_VALUES",
            "message": "It would have more than 100 tags.",
        }
    ]
    assert [row["value"] for row in await rows(world)] == [None, 3]


REFUSED: list[tuple[dict[str, Any], list[str], str]] = [
    ({}, ["input", "patch"], "There is nothing to change."),
    (
        {"status": "NEW", "statusReason": "x"},
        ["input", "patch", "statusReason"],
        "Only LOST and UNQUALIFIED take a reason.",
    ),
    (
        {"tags": {"set": ["a"], "add": ["b"]}},
        ["input", "patch", "tags"],
        "Either set all tags, or add and remove some.",
    ),
    ({"status": None}, ["input", "patch", "status"], "cannot be null; leave it out instead"),
]


@pytest.mark.parametrize(("patch", "path", "message"), REFUSED)
async def test_what_no_lead_can_take_is_refused(
    world: World, patch: dict[str, Any], path: list[str], message: str
) -> None:
    await world.lead()
    found = await update(world, patch)
    assert [(one["path"], one["message"]) for one in found["fields"]] == [(path, message)]
    assert [row["version"] for row in await rows(world)] == [1]
    assert await trail(world) == []


async def test_leads_by_id_are_all_there_or_nothing_changes(world: World, other_world: World) -> None:
    mine, theirs = await world.lead(), await other_world.lead()
    given = {"leadIds": [world.id("Lead", mine.id), world.id("Lead", theirs.id)], "patch": {"value": 1}}
    found = await world.do("bulkUpdateLeads", given, SHOWN)
    assert (found["__typename"], found["path"]) == ("NotFound", ["input", "leadIds", "1"])
    assert [row["version"] for row in await rows(world) + await rows(other_world)] == [1, 1]
    found = await world.do("bulkUpdateLeads", {**given, "leadIds": given["leadIds"][:1]}, SHOWN)
    assert found["updated"] == 1
    assert [row["value"] for row in await rows(world) + await rows(other_world)] == [1, None]


@pytest.mark.parametrize("role", list(Role))
async def test_bulk_work_is_for_those_who_may(world: World, role: Role) -> None:
    await world.lead(assigned_to_id=world.users[role])
    found = await update(world, {"value": 1}, role=role)
    if role in {Role.MANAGER, Role.ADMIN}:
        assert found["updated"] == 1
    else:
        assert (found["__typename"], found["permission"]) == ("Denied", "leads.bulk")
        assert [row["version"] for row in await rows(world)] == [1]
        assert await trail(world) == []


async def test_counts_of_a_change_are_given_again_and_a_rehearsal_keeps_nothing(world: World) -> None:
    for _ in range(2):
        await world.lead()
    given = {"filter": {}, "patch": {"tags": {"add": ["x"]}}}
    rehearsed = await world.do("bulkUpdateLeads", {**given, "dryRun": True}, SHOWN)
    assert (rehearsed["updated"], await trail(world)) == (2, [])
    first = await world.do("bulkUpdateLeads", {**given, "idempotencyKey": "k"}, SHOWN)
    assert await world.do("bulkUpdateLeads", {**given, "idempotencyKey": "k"}, SHOWN) == first
    assert first["updated"] == 2
    assert len(await trail(world)) == 2


async def test_changes_at_the_same_time_are_all_kept(world: World) -> None:
    for _ in range(20):
        await world.lead()
    found = await asyncio.gather(
        *(update(world, {"tags": {"add": [f"t{n}"]}, "customFields": {f"f{n}": n}}) for n in range(8))
    )
    assert [one["updated"] for one in found] == [20] * 8
    for row in await rows(world):
        assert sorted(row["tags"]) == [f"t{n}" for n in range(8)]
        assert row["custom_fields"] == {f"f{n}": n for n in range(8)}
        assert row["version"] == 9
    tags = await world.fetch("SELECT tag, count(*) AS found FROM lead_tags WHERE organization_id = $1 GROUP BY tag")
    assert {row["tag"]: row["found"] for row in tags} == {f"t{n}": 20 for n in range(8)}


async def test_as_many_statements_for_one_lead_as_for_many(world: World) -> None:
    counts = []
    for number in (1, 300):
        for _ in range(number):
            await world.fetch("INSERT INTO leads (organization_id, company) VALUES ($1, 'x')")
        viewer = await world.viewer()
        async with world.database.unit_of_work(viewer) as unit:
            done = await bulk.change(unit, Selection(filter=LEAD.filter({})), {"value": number}, bulk.Tags(add=["x"]))
            counts.append((done["updated"], unit.statements))
    assert counts[0][0] == 1
    assert counts[1][0] == 301
    assert counts[0][1] == counts[1][1] <= 6
