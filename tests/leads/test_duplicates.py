"""Leads that may stand for the same person: who is found, why, and who is not."""

from typing import Any

from lma_graph.kernel.viewer import Role
from world import World

FIND = "query($input: FindDuplicateLeadsInput!) { findDuplicateLeads(input: $input) { lead { id } score reasons } }"


async def find(world: World, role: Role = Role.ADMIN, **given: Any) -> list[tuple[str, float, list[str]]]:
    answer = await world.ask(FIND, {"input": given}, role=role)
    assert answer.errors == []
    return [(one["lead"]["id"], one["score"], one["reasons"]) for one in answer.data["findDuplicateLeads"]]


async def test_duplicates_are_found_by_address_number_and_name(world: World, other_world: World) -> None:
    anna = await world.lead(
        email="Anna@x.test", phone="+491715550123", first_name="Anna", last_name="Schneider", company="Acme GmbH"
    )
    other = await world.lead(email=None, first_name="Anna", last_name="Schneidr", company="ACME")
    await world.lead(email=None, first_name="Bert", last_name="Huber", company="Acme GmbH")
    await other_world.lead(email="anna@x.test", phone="+491715550123", first_name="Anna", last_name="Schneider")
    a, b = world.id("Lead", anna.id), world.id("Lead", other.id)
    assert await find(world, email=" anna@X.test") == [(a, 0.95, ["EMAIL"])]
    assert await find(world, phone="+49 171 5550123") == [(a, 0.8, ["PHONE"])]
    named = await find(world, firstName="Anna", lastName="Schneider", company="Acme")
    assert [(lead, reasons) for lead, _, reasons in named] == [(a, ["NAME"]), (b, ["NAME"])]
    every = await find(world, email="anna@x.test", phone="0049 171 5550123", firstName="Anna", lastName="Schneider")
    assert every[0] == (a, 0.98, ["EMAIL", "NAME"])
    assert await find(world, company="Acme GmbH") == []
    assert await find(world) == []
    shown = await world.ask("{ leads(orderBy: [{ field: ID }]) { nodes { duplicates { lead { id } reasons } } } }")
    assert shown.errors == []
    assert [lead["duplicates"] for lead in shown.data["leads"]["nodes"]] == [
        [{"lead": {"id": b}, "reasons": ["NAME"]}],
        [{"lead": {"id": a}, "reasons": ["NAME"]}],
        [],
    ]
    assert len(shown.statements) == 4


async def test_deleted_leads_are_found_by_address_only_and_merged_ones_not(world: World) -> None:
    gone = await world.lead(email="gone@x.test", phone="+491715550123")
    id_ = world.id("Lead", gone.id)
    await world.do("deleteLead", {"id": id_}, "lead { id }")
    assert await find(world, email="gone@x.test") == [(id_, 0.95, ["EMAIL"])]
    assert await find(world, phone="+491715550123") == []
    one, two = await world.lead(email="one@x.test"), await world.lead(email="two@x.test")
    a, b = world.id("Lead", one.id), world.id("Lead", two.id)
    await world.do("mergeLeads", {"leadId": a, "duplicateIds": [b]}, "lead { id }")
    assert await find(world, email="two@x.test") == []


async def test_what_a_viewer_may_not_see_is_no_duplicate(world: World, owner: Any) -> None:
    await owner.execute(
        """UPDATE organizations SET settings = settings || '{"visibility": {"salesRep": "OWN"}}' WHERE id = $1""",
        world.organization_id,
    )
    await world.lead(email="a@x.test", phone="+491715550123", assigned_to_id=world.users[Role.MANAGER])
    assert await find(world, Role.SALES_REP, email="a@x.test", phone="+491715550123") == []
    assert len(await find(world, email="a@x.test", phone="+491715550123")) == 1


async def test_bad_values_are_named(world: World) -> None:
    answer = await world.ask(FIND, {"input": {"email": "no"}})
    assert [error["message"] for error in answer.errors] == [
        "input.email: This is not an e-mail address: An email address must have an @-sign."
    ]
