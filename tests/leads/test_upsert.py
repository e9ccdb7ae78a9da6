"""Upserting leads: what is created, changed and refused, row by row, and that callers who race make no second lead."""

import asyncio
from typing import Any

from lma_graph.kernel.viewer import Role
from world import World

SHOWN = (
    "created updated unchanged failed "
    "results { index action lead { id version company customFields } conflicts { id } errors { path message code } }"
)


async def upsert(world: World, *leads: dict[str, Any], on: str = "EMAIL", **options: Any) -> Any:
    found = await world.do(
        "upsertLeads", {"matchOn": on, "leads": list(leads), **options.pop("also", {})}, SHOWN, **options
    )
    assert found["__typename"] == "UpsertLeadsPayload", found
    return found


def counts(found: Any) -> tuple[int, ...]:
    return tuple(found[name] for name in ("created", "updated", "unchanged", "failed"))


async def kinds(world: World) -> list[str]:
    return [
        row[0]
        for row in await world.fetch("SELECT activity_type FROM activities WHERE organization_id = $1 ORDER BY id")
    ]


async def test_leads_are_created_changed_and_left_alone(world: World) -> None:
    old = await world.lead(email="Old@x.test", company="A", phone="1", custom_fields={"plan": "a", "country": "DE"})
    same = await world.lead(email="same@x.test", company="S")
    found = await upsert(
        world,
        {"email": "new@x.test", "company": "N", "tags": ["t"]},
        {"email": " OLD@x.test", "company": "B", "phone": None, "customFields": {"plan": None, "employees": 3}},
        {"email": "same@x.test", "company": "S"},
        role=Role.SALES_REP,
    )
    assert counts(found) == (1, 1, 1, 0)
    assert [one["action"] for one in found["results"]] == ["CREATED", "UPDATED", "UNCHANGED"]
    assert found["results"][1]["lead"] == {
        "id": world.id("Lead", old.id),
        "version": 2,
        "company": "B",
        "customFields": {"country": "DE", "employees": 3},
    }
    assert found["results"][2]["lead"]["version"] == 1
    assert await kinds(world) == ["LEAD_CREATED", "FIELD_CHANGE"]
    rows = await world.fetch("SELECT email, phone FROM leads WHERE organization_id = $1 AND id = $2", old.id)
    assert tuple(rows[0]) == ("Old@x.test", None)
    tagged = await world.ask('{ leads(filter: { tags: { containsAny: ["t"] } }) { nodes { id } } }')
    assert tagged.data["leads"]["nodes"] == [{"id": found["results"][0]["lead"]["id"]}]
    assert same.id


async def test_a_bad_row_fails_alone(world: World) -> None:
    found = await upsert(
        world, {"email": "no"}, {"company": "x"}, {"email": "ok@x.test"}, {"email": "b@x.test", "statusReason": "why"}
    )
    assert counts(found) == (1, 0, 0, 3)
    assert [[(".".join(e["path"]), e["code"]) for e in one["errors"]] for one in found["results"]] == [
        [("input.leads.0.email", "INVALID_EMAIL")],
        [("input.leads.1.email", "MISSING_VALUE")],
        [],
        [("input.leads.3.statusReason", "NOT_ALLOWED")],
    ]
    assert found["results"][1]["errors"][0]["message"] == "The lead is matched by this, so it must be there."
    assert await world.fetch("SELECT email FROM leads WHERE organization_id = $1") == [("ok@x.test",)]


async def test_rows_about_one_lead_are_applied_in_their_order(world: World) -> None:
    found = await upsert(
        world,
        {"email": "a@x.test", "company": "one", "customFields": {"plan": "a"}},
        {"email": "A@X.test", "company": "two", "customFields": {"country": "DE"}},
        {"email": "a@x.test", "company": "two"},
    )
    assert counts(found) == (1, 1, 1, 0)
    assert {one["lead"]["id"] for one in found["results"]} == {found["results"][0]["lead"]["id"]}
    assert found["results"][0]["lead"]["company"] == "two"
    assert found["results"][0]["lead"]["customFields"] == {"plan": "a", "country": "DE"}
    assert await kinds(world) == ["LEAD_CREATED"]


async def test_a_row_about_two_leads_names_them(world: World) -> None:
    one = await world.lead(email="one@x.test")
    two = await world.lead(email="two@x.test", external_source="crm", external_id="2")
    a, b = world.id("Lead", one.id), world.id("Lead", two.id)
    keys = {"email": "one@x.test", "externalSource": "crm", "externalId": "2", "company": "never"}
    for on, message in (
        ("EMAIL", f"The e-mail address is that of lead {a}, the external id that of lead {b}."),
        ("EXTERNAL_ID", f"The external id is that of lead {b}, the e-mail address that of lead {a}."),
    ):
        found = await upsert(world, keys, on=on)
        (result,) = found["results"]
        assert result["errors"][0]["message"] == message
        assert result["errors"][0]["code"] == "MATCHES_TWO_LEADS"
        assert result["conflicts"] == [{"id": a}, {"id": b}]
    found = await upsert(
        world, {"email": "new@x.test", "externalSource": "crm", "externalId": "2"}, {"email": "n@x.test"}
    )
    assert counts(found) == (1, 0, 0, 1)
    assert found["results"][0]["errors"] == [
        {
            "path": ["input", "leads", "0", "externalId"],
            "message": "Another lead has this external id.",
            "code": "DUPLICATE_EXTERNAL_ID",
        }
    ]
    found = await upsert(
        world,
        {"email": "p@x.test", "externalSource": "s", "externalId": "1"},
        {"email": "p@x.test", "externalSource": "s", "externalId": "2"},
        on="EXTERNAL_ID",
    )
    assert found["results"][1]["errors"][0]["message"] == "An earlier row gives another lead this e-mail address."
    assert await world.fetch("SELECT 1 FROM leads WHERE organization_id = $1 AND company = 'never'") == []


async def test_a_deleted_lead_frees_its_address_and_keeps_its_external_id(world: World) -> None:
    lead = await world.lead(email="a@x.test", external_source="crm", external_id="1")
    await world.do("deleteLead", {"id": world.id("Lead", lead.id)}, "lead { id }")
    found = await upsert(world, {"email": "a@x.test"})
    assert counts(found) == (1, 0, 0, 0)
    found = await upsert(world, {"externalSource": "crm", "externalId": "1", "company": "x"}, on="EXTERNAL_ID")
    assert found["results"][0]["errors"] == [
        {
            "path": ["input", "leads", "0", "externalId"],
            "message": "The lead with this external id is deleted; restore it first.",
            "code": "DELETED",
        }
    ]


async def test_what_one_may_not_do_or_see_is_not_done(world: World, owner: Any) -> None:
    denied = await world.do(
        "upsertLeads", {"matchOn": "EMAIL", "leads": [{"email": "a@x.test"}]}, SHOWN, role=Role.VIEWER
    )
    assert (denied["__typename"], denied["permission"]) == ("Denied", "leads.write")
    assert await world.fetch("SELECT 1 FROM leads WHERE organization_id = $1") == []
    await owner.execute(
        """UPDATE organizations SET settings = settings || '{"visibility": {"salesRep": "OWN"}}' WHERE id = $1""",
        world.organization_id,
    )
    await world.lead(email="hidden@x.test", assigned_to_id=world.users[Role.MANAGER])
    found = await upsert(world, {"email": "hidden@x.test", "company": "x"}, {"email": "b@x.test"}, role=Role.SALES_REP)
    assert counts(found) == (1, 0, 0, 1)
    assert (found["results"][0]["errors"][0]["code"], found["results"][0]["conflicts"]) == ("DUPLICATE_EMAIL", [])
    assert await world.fetch("SELECT 1 FROM leads WHERE organization_id = $1 AND company = 'x'") == []


async def test_a_rehearsal_keeps_nothing_and_a_key_is_used_once(world: World) -> None:
    found = await upsert(world, {"email": "a@x.test"}, also={"dryRun": True})
    assert counts(found) == (1, 0, 0, 0)
    assert await world.fetch("SELECT 1 FROM leads WHERE organization_id = $1") == []
    first = await upsert(world, {"email": "a@x.test"}, {"email": "no"}, also={"idempotencyKey": "k"})
    again = await upsert(world, {"email": "a@x.test"}, {"email": "no"}, also={"idempotencyKey": "k"})
    assert first == again
    assert counts(again) == (1, 0, 0, 1)


async def test_callers_who_race_make_one_lead_each(world: World) -> None:
    emails = [f"race{at}@x.test" for at in range(200)]

    async def call(at: int) -> Any:
        mine = emails[at * 40 :] + emails[: at * 40]
        return await upsert(world, *({"email": email, "company": f"c{at}"} for email in mine))

    found = await asyncio.gather(*map(call, range(5)))
    assert sum(one["created"] for one in found) == 200
    assert sum(one["failed"] for one in found) == 0
    assert sum(one["updated"] + one["unchanged"] for one in found) == 800
    rows = await world.fetch("SELECT count(*), count(DISTINCT email_norm) FROM leads WHERE organization_id = $1")
    assert tuple(rows[0]) == (200, 200)
    trail = await world.fetch(
        "SELECT activity_type, count(*)::int FROM activities WHERE organization_id = $1 GROUP BY 1 ORDER BY 1"
    )
    assert dict(trail) == {"FIELD_CHANGE": 800, "LEAD_CREATED": 200}
