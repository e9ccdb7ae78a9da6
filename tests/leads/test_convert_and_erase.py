"""A lead becomes a customer; a person is forgotten wherever they were mentioned, and what counts stays."""

from types import SimpleNamespace
from typing import Any

from lma_graph.kernel.viewer import Role
from lma_graph.schema.tables import METADATA
from world import World

ERASED = "erased"
STRINGS = ("zebedee", "quillfeather", "xylotec", "491715550")


async def mentions(world: World) -> set[str]:
    """The columns of any table of the organization in which one of the person's strings stands."""
    found = set()
    for table in METADATA.sorted_tables:
        if "organization_id" not in table.c:
            continue
        for column in table.c:
            for string in STRINGS:
                text = f"SELECT 1 FROM {table.name} WHERE organization_id = $1 AND {column.name}::text ILIKE $2 LIMIT 1"
                if await world.fetch(text, f"%{string}%"):
                    found.add(f"{table.name}.{column.name}")
    return found


async def person(world: World) -> tuple[Any, str]:
    """Somebody about whom everything is known, some of it by way of the API."""
    given = {
        "email": "zebedee@x.test", "firstName": "Zebedee", "lastName": "Quillfeather", "company": "Xylotec",
        "jobTitle": "Zebedee", "phone": "+491715550123", "website": "zebedee.test", "notesText": "zebedee",
        "linkedinUrl": "linkedin.test/zebedee", "tags": ["zebedee"], "status": "LOST", "statusReason": "Zebedee said",
        "customFields": {"country": "zebedee"}, "externalSource": "zebedee", "externalId": "quillfeather",
    }  # fmt: skip
    id_ = (await world.do("createLead", given, "lead { id }"))["lead"]["id"]
    await world.do("updateLead", {"id": id_, "patch": {"lastName": "Quillfeather-Xylotec"}}, "lead { id }")
    rows = await world.fetch("SELECT id FROM leads WHERE organization_id = $1 ORDER BY id LIMIT 1")
    lead = SimpleNamespace(id=rows[0]["id"])
    await world.activity(lead, subject="zebedee", content="zebedee", metadata={"to": "zebedee"})
    await world.note(lead, content="zebedee", note_type="zebedee", attachments=[{"name": "zebedee"}])
    await world.score_entry(lead, reason="zebedee", kind="MANUAL")
    await world.execution(
        lead_id=lead.id, input_data={"a": "zebedee"}, output_data={"b": "zebedee"}, error_message="zebedee"
    )
    upserted = {"matchOn": "EMAIL", "leads": [{"email": "zebedee@x.test", "company": "Xylotec 2"}]}
    await world.do("upsertLeads", {**upserted, "idempotencyKey": "z"}, "updated")
    return lead, id_


async def test_an_erased_person_is_mentioned_nowhere(world: World) -> None:
    lead, id_ = await person(world)
    other = await world.lead(email=None, first_name="Zebedee", last_name="Quillfeather")
    third = await world.lead(email="third@x.test", company="Kept")
    a, b = world.id("Lead", other.id), world.id("Lead", third.id)
    await world.do("mergeLeads", {"leadId": b, "duplicateIds": [a]}, "lead { id }")
    await world.do("unmergeLeads", {"leadId": b}, "lead { id }")
    await world.do("mergeLeads", {"leadId": id_, "duplicateIds": [a]}, "lead { id }")
    assert len(await mentions(world)) > 20
    counts = "SELECT (SELECT count(*) FROM activities WHERE organization_id = $1), (SELECT count(*) FROM lead_notes "
    counts += "WHERE organization_id = $1), (SELECT count(*) FROM workflow_executions WHERE organization_id = $1), "
    counts += "(SELECT sum(score_change) FROM lead_score_history WHERE organization_id = $1)"
    before = tuple((await world.fetch(counts))[0])
    for role in (Role.MANAGER, Role.SALES_REP, Role.VIEWER):
        denied = await world.do("eraseLead", {"id": a}, ERASED, role=role)
        assert (denied["__typename"], denied["permission"]) == ("Denied", "leads.erase")
    mentioned = await mentions(world)
    assert (await world.do("eraseLead", {"id": a, "dryRun": True}, ERASED))["erased"] == 2
    assert await mentions(world) == mentioned
    assert (await world.do("eraseLead", {"id": a}, ERASED))["erased"] == 2
    assert await mentions(world) == set()
    after = tuple((await world.fetch(counts))[0])
    assert after == (before[0] + 2, *before[1:])
    rows = await world.fetch(
        "SELECT status, score, deleted_at IS NOT NULL FROM leads WHERE organization_id = $1 AND id = $2", lead.id
    )
    assert tuple(rows[0]) == ("LOST", 0, True)
    rows = await world.fetch("SELECT email, company FROM leads WHERE organization_id = $1 AND id = $2", third.id)
    assert tuple(rows[0]) == ("third@x.test", "Kept")
    for name, given in (("eraseLead", {"id": a}), ("restoreLead", {"id": id_}), ("unmergeLeads", {"leadId": a})):
        assert (await world.do(name, given, "__typename"))["__typename"] == "NotFound"


async def test_nobody_erases_what_is_not_there(world: World, other_world: World) -> None:
    foreign = await other_world.lead(email="zebedee@x.test")
    for number in (foreign.id, 10**12):
        found = await world.do("eraseLead", {"id": world.id("Lead", number)}, ERASED)
        assert (found["__typename"], found["message"]) == ("NotFound", "There is no such lead.")
    assert await mentions(other_world) != set()


async def test_a_lead_becomes_a_customer_once(world: World) -> None:
    lead = await world.lead(status="LOST", status_reason="budget", value=5)
    given = {"id": world.id("Lead", lead.id), "value": 900, "reason": "signed"}
    denied = await world.do("convertLead", given, "lead { id }", role=Role.VIEWER)
    assert (denied["__typename"], denied["permission"]) == ("Denied", "leads.write")
    shows = "lead { status statusReason value version }"
    rehearsed = await world.do("convertLead", {**given, "dryRun": True}, shows)
    trail = "SELECT activity_type, metadata - 'requestId' FROM activities WHERE organization_id = $1 ORDER BY id"
    assert await world.fetch(trail) == []
    found = await world.do("convertLead", given, shows, role=Role.SALES_REP)
    assert found == rehearsed
    assert found["lead"] == {"status": "CONVERTED", "statusReason": None, "value": 900, "version": 2}
    again = await world.do("convertLead", {"id": given["id"]}, shows)
    assert again["lead"]["version"] == 2
    assert [tuple(row) for row in await world.fetch(trail)] == [
        ("STATUS_CHANGE", {"from": "LOST", "to": "CONVERTED", "reason": None, "version": 2}),
        ("FIELD_CHANGE", {"changes": {"value": {"from": 5, "to": 900}}, "version": 2}),
        ("CONVERSION", {"from": "LOST", "value": 900, "reason": "signed"}),
    ]
    found = await world.do("convertLead", {**given, "expectedVersion": 1}, shows)
    assert (found["__typename"], found["code"]) == ("Conflict", "VERSION_CONFLICT")
    found = await world.do("convertLead", {"id": world.id("Lead", 10**12)}, shows)
    assert (found["__typename"], found["path"]) == ("NotFound", ["input", "id"])
