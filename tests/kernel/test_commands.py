"""Mutations as such: once per key however often they are sent, rehearsed, raced, refused and masked."""

import asyncio
from typing import Any

import asyncpg
import pytest
import strawberry

from lma_graph.kernel.graphql.commands import mutations
from lma_graph.kernel.graphql.context import CommandContext
from lma_graph.kernel.session import Session
from lma_graph.kernel.viewer import Role
from lma_graph.leads.occasions import LEAD_CHANGED, LEAD_CREATED
from world import SCHEMA, World

SHOWN = "lead { id version company }"


async def companies(world: World) -> list[Any]:
    found = await world.fetch("SELECT company FROM leads WHERE organization_id = $1 ORDER BY id")
    return [row["company"] for row in found]


async def test_the_same_key_gives_the_first_result_again_as_it_is_now(world: World) -> None:
    given = {"company": "A", "idempotencyKey": "k1"}
    first = await world.do("createLead", given, SHOWN)
    again = await world.do("createLead", given, SHOWN)
    assert again == first
    await world.do("updateLead", {"id": first["lead"]["id"], "patch": {"company": "B"}}, SHOWN)
    assert (await world.do("createLead", given, SHOWN))["lead"]["company"] == "B"
    assert await companies(world) == ["B"]


async def test_a_key_belongs_to_its_input_its_user_and_its_mutation(world: World) -> None:
    first = await world.do("createLead", {"company": "A", "idempotencyKey": "k"}, SHOWN)
    other = await world.do("createLead", {"company": "B", "idempotencyKey": "k"}, SHOWN)
    assert (other["__typename"], other["code"], other["path"]) == (
        "Conflict",
        "IDEMPOTENCY_KEY_REUSED",
        ["input", "idempotencyKey"],
    )
    assert await companies(world) == ["A"]
    await world.do("createLead", {"company": "C", "idempotencyKey": "k"}, SHOWN, role=Role.MANAGER)
    await world.do("deleteLead", {"id": first["lead"]["id"], "idempotencyKey": "k"}, "lead { id }")
    assert await companies(world) == ["A", "C"]


async def test_a_refusal_is_not_kept_and_an_old_key_is_new(world: World) -> None:
    refused = await world.do("createLead", {"tags": [], "idempotencyKey": "k"}, SHOWN)
    assert refused["__typename"] == "InvalidInput"
    assert await world.fetch("SELECT 1 FROM idempotency_results WHERE organization_id = $1") == []
    await world.do("createLead", {"company": "A", "idempotencyKey": "k"}, SHOWN)
    await world.fetch(
        "UPDATE idempotency_results SET created_at = now() - interval '25 hours' WHERE organization_id = $1"
    )
    await world.do("createLead", {"company": "B", "idempotencyKey": "k"}, SHOWN)
    assert await companies(world) == ["A", "B"]


async def test_of_twins_one_acts_and_the_others_get_its_result(world: World) -> None:
    given = {"company": "A", "idempotencyKey": "k"}
    found = await asyncio.gather(*(world.do("createLead", given, SHOWN) for _ in range(8)))
    assert len({one["lead"]["id"] for one in found}) == 1
    assert await companies(world) == ["A"]


async def test_a_rehearsal_shows_what_would_be_and_keeps_nothing(world: World) -> None:
    lead = await world.lead(company="A")
    given = {"id": world.id("Lead", lead.id), "patch": {"company": "B", "tags": ["x"]}, "dryRun": True}
    shown = "lead { version company tags auditTrail: activities { totalCount } }"
    for _ in range(2):
        found = await world.do("updateLead", {**given, "idempotencyKey": "k"}, shown)
        assert found["lead"] == {"version": 2, "company": "B", "tags": ["x"], "auditTrail": {"totalCount": 0}}
    assert await companies(world) == ["A"]
    for table in ("activities", "lead_tags", "idempotency_results"):
        assert await world.fetch(f"SELECT 1 FROM {table} WHERE organization_id = $1") == []


async def test_root_fields_are_transactions_in_order(world: World) -> None:
    answer = await world.change(
        """mutation {
          a: createLead(input: { company: "A" }) { ...on CreateLeadPayload { lead { company } } }
          b: createLead(input: {}) { __typename }
          c: createLead(input: { company: "C" }) { ...on CreateLeadPayload { lead { company } } }
        }"""
    )
    assert answer.errors == []
    assert answer.data == {
        "a": {"lead": {"company": "A"}},
        "b": {"__typename": "InvalidInput"},
        "c": {"lead": {"company": "C"}},
    }
    assert await companies(world) == ["A", "C"]


async def test_changes_of_one_lead_at_the_same_time_are_all_kept(world: World) -> None:
    lead = await world.lead()
    patches: list[dict[str, Any]] = [{"customFields": {f"f{n}": n}} for n in range(12)]
    id_ = world.id("Lead", lead.id)
    await asyncio.gather(*(world.do("updateLead", {"id": id_, "patch": patch}, SHOWN) for patch in patches))
    (row,) = await world.fetch("SELECT version, custom_fields FROM leads WHERE organization_id = $1")
    assert row["version"] == 13
    assert row["custom_fields"] == {f"f{n}": n for n in range(12)}


async def test_one_address_at_the_same_time_is_one_lead_and_typed_conflicts(world: World) -> None:
    found = await asyncio.gather(*(world.do("createLead", {"email": "a@b.test"}, SHOWN) for _ in range(8)))
    kinds = sorted(one["__typename"] for one in found)
    assert kinds == ["Conflict"] * 7 + ["CreateLeadPayload"]
    assert {one["code"] for one in found if one["__typename"] == "Conflict"} == {"DUPLICATE_EMAIL"}


async def test_an_address_taken_by_an_update_at_the_same_time_is_a_typed_conflict(world: World) -> None:
    leads = [await world.lead() for _ in range(6)]
    given = [{"id": world.id("Lead", lead.id), "patch": {"email": "same@b.test"}} for lead in leads]
    found = await asyncio.gather(*(world.do("updateLead", one, SHOWN) for one in given))
    assert sorted(one["__typename"] for one in found) == ["Conflict"] * 5 + ["UpdateLeadPayload"]


async def test_what_a_participant_refuses_is_not_kept_and_its_bug_is_masked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setitem(vars(LEAD_CREATED), "participants", [fail])
    answer = await world.change('mutation { createLead(input: { company: "A" }) { __typename } }')
    assert answer.data is None
    assert await companies(world) == []


async def test_a_deadlock_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = await world.lead()
    tries: list[int] = []

    async def fail_once(*_: Any, **__: Any) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise asyncpg.DeadlockDetectedError("deadlock detected")

    monkeypatch.setitem(vars(LEAD_CHANGED), "participants", [fail_once])
    found = await world.do("updateLead", {"id": world.id("Lead", lead.id), "patch": {"company": "A"}}, SHOWN)
    assert (found["lead"]["version"], len(tries)) == (2, 3)


async def test_ids_of_others_are_ids_that_were_never_issued(world: World, other_world: World) -> None:
    theirs = await other_world.lead(company="theirs")
    said = set()
    for id_ in (world.id("Lead", theirs.id), world.id("Lead", 2**40), "nonsense", world.id("User", 1)):
        found = await world.do("updateLead", {"id": id_, "patch": {"company": "mine"}}, SHOWN)
        said.add((found["__typename"], found["code"], found["message"], tuple(found["path"])))
    assert said == {("NotFound", "NOT_FOUND", "There is no such lead.", ("input", "id"))}
    assert await companies(other_world) == ["theirs"]


async def test_a_lost_connection_is_said_and_the_next_field_goes_on(world: World, owner_url: str) -> None:
    async with Session(world.database, await world.viewer()) as session:
        unit = await session.begin()
        pid = (await unit.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]
        owner = await asyncpg.connect(owner_url)
        await owner.execute("SELECT pg_terminate_backend($1)", pid)
        await owner.close()
        with pytest.raises(Exception, match="please check and try again"):
            await session.commit()
        again = await session.begin()
        assert (await again.fetch("SELECT 1 AS one"))[0]["one"] == 1


async def test_a_failed_statement_is_never_committed_quietly(world: World) -> None:
    async with Session(world.database, await world.viewer()) as session:
        unit = await session.begin()
        with pytest.raises(asyncpg.PostgresError):
            await unit.execute("SELECT 1/0")
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await session.commit()
    context = CommandContext(session)
    assert (await context.begin()).viewer.user_id == world.users[Role.ADMIN]
    await session.close()


def test_a_mutation_without_a_permission_does_not_assemble() -> None:
    class Sloppy:
        @strawberry.field
        def drop(self) -> bool:
            return True

    with pytest.raises(TypeError, match=r"These are mutations without a permission: drop\."):
        mutations(Sloppy)


def test_every_mutation_takes_a_key() -> None:
    fields = SCHEMA._schema.mutation_type.fields.values()
    assert all("idempotencyKey" in field.args["input"].type.of_type.fields for field in fields)
