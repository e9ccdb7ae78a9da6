"""Merging leads and separating them: what moves, what counts once, and that everything goes back where it was."""

import datetime as dt
from typing import Any

from lma_graph.kernel.viewer import Role
from world import World

SHOWN = "lead { id version email company phone tags customFields status score } merged { id } changedFields"
SEPARATED = "lead { id company score } leads { id email }"
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
TABLES = {
    "leads": "email, first_name, last_name, company, phone, tags, custom_fields, status, score, deleted_at, "
    "merged_into_id, last_engagement_date",
    "activities": "lead_id, activity_type, subject, updated_at",
    "lead_notes": "lead_id, content, updated_at",
    "workflow_executions": "lead_id",
    "lead_score_history": "lead_id, kind, rule_id, previous_score, new_score",
    "campaign_leads": "campaign_id, lead_id, status, last_contact_at, response_at, conversion_at",
    "lead_terms": "lead_id, term, weight",
    "lead_tags": "lead_id, tag",
}


async def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that a merge may touch, but for the record of it."""
    found = {}
    for table, columns in TABLES.items():
        key = columns if table in {"lead_terms", "lead_tags"} else f"id, {columns}"
        where = "AND activity_type NOT IN ('MERGE', 'FIELD_CHANGE', 'STATUS_CHANGE')" if table == "activities" else ""
        rows = await world.fetch(f"SELECT {key} FROM {table} WHERE organization_id = $1 {where} ORDER BY 1, 2")
        found[table] = [tuple(row) for row in rows]
    return found


async def three(world: World) -> tuple[Any, Any, Any]:
    """Three leads of one person, with all that can hang on them."""
    one = await world.lead(email="one@x.test", company="A", score=15, tags=["a"], custom_fields={"plan": "x"})
    two = await world.lead(
        email="two@x.test", company="B", phone="+4930123456", score=30, tags=["b", "a"],
        custom_fields={"plan": "y", "country": "DE"}, external_source="crm", external_id="2",
    )  # fmt: skip
    three_ = await world.lead(email=None, first_name="Ada", score=0, last_engagement_date=NOON)
    rule = await world.rule(is_active=False)  # so that nothing is scored anew, and all can be as it was
    await world.score_entry(one, rule_id=rule.id, score_change=10)
    await world.score_entry(one, kind="MANUAL", score_change=5, previous_score=10)
    await world.score_entry(two, rule_id=rule.id, score_change=20)
    await world.score_entry(two, kind="MANUAL", score_change=10, previous_score=20)
    shared, other = await world.campaign(), await world.campaign()
    await world.member(shared, one, status="CONTACTED", last_contact_at=NOON)
    await world.member(shared, two, status="RESPONDED", response_at=NOON)
    await world.member(other, two, status="ENROLLED")
    await world.member(other, three_, status="UNSUBSCRIBED")
    for lead in (one, two, three_):
        await world.activity(lead, subject="s")
        await world.note(lead)
        await world.execution(lead_id=lead.id)
    return one, two, three_


async def test_leads_become_one_and_are_separated_as_they_were(world: World) -> None:
    one, two, three_ = await three(world)
    before = await everything(world)
    a, b, c = (world.id("Lead", lead.id) for lead in (one, two, three_))
    merging = {"leadId": a, "duplicateIds": [b, c], "choices": [{"field": "COMPANY", "leadId": b}]}
    rehearsed = await world.do("mergeLeads", {**merging, "dryRun": True}, SHOWN)
    assert await everything(world) == before
    found = await world.do("mergeLeads", merging, SHOWN)
    assert found == rehearsed
    assert found["lead"] == {
        "id": a, "version": 2, "email": "one@x.test", "company": "B", "phone": "+4930123456", "tags": ["a", "b"],
        "customFields": {"plan": "x", "country": "DE"}, "status": "NEW", "score": 25,
    }  # fmt: skip
    assert found["merged"] == [{"id": b}, {"id": c}]
    assert found["changedFields"] == [
        "company", "customFields", "firstName", "lastEngagementDate", "phone", "tags",
    ]  # fmt: skip
    after = await everything(world)
    for table in ("activities", "lead_notes", "workflow_executions", "lead_score_history"):
        assert {row[1] for row in after[table]} == {one.id}, table
    chain = [(0, 10), (10, 15), (15, 35), (35, 45), (45, 25)]
    assert [row[4:] for row in after["lead_score_history"]] == chain
    shown = await world.ask(
        f'{{ lead(id: "{a}") {{ campaignLeads {{ totalCount nodes {{ status responseAt lastContactAt }} }} }} }}'
    )
    assert shown.data["lead"]["campaignLeads"]["totalCount"] == 2
    assert sorted(one["status"] for one in shown.data["lead"]["campaignLeads"]["nodes"]) == [
        "RESPONDED",
        "UNSUBSCRIBED",
    ]
    separated = await world.do("unmergeLeads", {"leadId": c}, SEPARATED)
    assert separated["lead"] == {"id": a, "company": "A", "score": 15}
    assert separated["leads"] == [{"id": b, "email": "two@x.test"}, {"id": c, "email": None}]
    assert await everything(world) == before
    trail = await world.fetch(
        "SELECT metadata FROM activities WHERE organization_id = $1 AND activity_type = 'MERGE' ORDER BY id"
    )
    assert [row[0] for row in trail] == [
        {"merged": [two.id, three_.id], "requestId": "test-request"},
        {"separated": [two.id, three_.id], "requestId": "test-request"},
    ]
    again = await world.do("unmergeLeads", {"leadId": a}, SEPARATED)
    assert (again["__typename"], again["message"]) == ("NotFound", "No lead was merged with this one.")


async def test_an_old_id_leads_to_the_lead_that_survived(world: World) -> None:
    one, two, three_ = await three(world)
    a, b, c = (world.id("Lead", lead.id) for lead in (one, two, three_))
    await world.do("mergeLeads", {"leadId": b, "duplicateIds": [c]}, SHOWN)
    await world.do("mergeLeads", {"leadId": a, "duplicateIds": [b]}, SHOWN)
    shown = await world.ask(f'{{ x: lead(id: "{b}") {{ id }} y: lead(id: "{c}") {{ id }} node(id: "{c}") {{ id }} }}')
    assert shown.data == {"x": {"id": a}, "y": {"id": a}, "node": None}
    found = await world.do(
        "upsertLeads",
        {"matchOn": "EXTERNAL_ID", "leads": [{"externalSource": "crm", "externalId": "2", "jobTitle": "j"}]},
        "updated results { lead { id jobTitle externalId } }",
    )
    assert found["results"] == [{"lead": {"id": a, "jobTitle": "j", "externalId": None}}]
    later = await world.do("unmergeLeads", {"leadId": c}, SEPARATED)
    assert (later["code"], later["message"]) == (
        "MERGED_SINCE",
        "The lead it was merged into has been merged since; separate that first.",
    )
    assert (await world.do("unmergeLeads", {"leadId": b}, SEPARATED))["leads"] == [{"id": b, "email": "two@x.test"}]
    shown = await world.ask(f'{{ x: lead(id: "{b}") {{ id }} y: lead(id: "{c}") {{ id }} }}')
    assert shown.data == {"x": {"id": b}, "y": {"id": b}}
    assert (await world.do("unmergeLeads", {"leadId": c}, SEPARATED))["lead"]["id"] == b


async def test_what_came_after_the_merge_stays(world: World) -> None:
    one, two, _ = await three(world)
    a, b = world.id("Lead", one.id), world.id("Lead", two.id)
    await world.do(
        "mergeLeads", {"leadId": a, "duplicateIds": [b], "choices": [{"field": "EMAIL", "leadId": b}]}, SHOWN
    )
    await world.do("updateLead", {"id": a, "patch": {"phone": "+4940999999"}}, "lead { id }")
    kept = await world.activity(one, subject="later")
    other = await world.lead(email="one@x.test")
    taken = await world.do("unmergeLeads", {"leadId": b}, SEPARATED)
    assert (taken["code"], taken["lead"]["id"]) == ("DUPLICATE_EMAIL", world.id("Lead", other.id))
    await world.do("deleteLead", {"id": world.id("Lead", other.id)}, "lead { id }")
    assert (await world.do("unmergeLeads", {"leadId": b}, SEPARATED))["__typename"] == "UnmergeLeadsPayload"
    rows = await world.fetch("SELECT email, phone FROM leads WHERE organization_id = $1 AND id = $2", one.id)
    assert tuple(rows[0]) == ("one@x.test", "+4940999999")
    rows = await world.fetch("SELECT lead_id FROM activities WHERE organization_id = $1 AND id = $2", kept.id)
    assert rows[0][0] == one.id


async def test_merging_is_refused_and_changes_nothing(world: World, other_world: World) -> None:
    one, two, three_ = await three(world)
    a, b, c = (world.id("Lead", lead.id) for lead in (one, two, three_))
    foreign = await other_world.lead()
    before = await everything(world)
    for role, name in ((Role.SALES_REP, "mergeLeads"), (Role.VIEWER, "mergeLeads")):
        denied = await world.do(name, {"leadId": a, "duplicateIds": [b]}, SHOWN, role=role)
        assert (denied["__typename"], denied["permission"]) == ("Denied", "leads.merge")
    for given in ([world.id("Lead", foreign.id)], [b, world.id("Lead", 10**12)]):
        found = await world.do("mergeLeads", {"leadId": a, "duplicateIds": given}, SHOWN)
        assert (found["__typename"], found["path"]) == ("NotFound", ["input", "duplicateIds"])
    found = await world.do("mergeLeads", {"leadId": a, "duplicateIds": [a]}, SHOWN)
    assert found["fields"][0]["message"] == "Name at least one lead, and not the surviving one."
    choices = [{"field": "EMAIL", "leadId": c}, {"field": "PHONE", "leadId": b}, {"field": "PHONE", "leadId": a}]
    found = await world.do("mergeLeads", {"leadId": a, "duplicateIds": [b], "choices": choices}, SHOWN)
    assert [(".".join(one["path"]), one["message"]) for one in found["fields"]] == [
        ("input.choices.0.leadId", "This lead is not one of those merged."),
        ("input.choices.2.field", "This was chosen already."),
    ]
    found = await world.do("unmergeLeads", {"leadId": world.id("Lead", foreign.id)}, SEPARATED)
    assert found["__typename"] == "NotFound"
    assert await everything(world) == before


async def test_an_owner_who_comes_with_a_merge_is_in_the_history_of_assignments(world: World) -> None:
    one, two = await world.lead(), await world.lead()
    a, b = world.id("Lead", one.id), world.id("Lead", two.id)
    owner = world.id("User", world.users[Role.SALES_REP])
    await world.do("assignLead", {"leadId": b, "userId": owner}, "lead { id }")
    await world.do("mergeLeads", {"leadId": a, "duplicateIds": [b]}, SHOWN)
    history = f'{{ lead(id: "{a}") {{ assignments {{ nodes {{ strategy from {{ id }} to {{ id }} }} }} }} }}'
    (newest, *_) = (await world.ask(history)).data["lead"]["assignments"]["nodes"]
    assert newest == {"strategy": "MERGE", "from": None, "to": {"id": owner}}
    await world.do("unmergeLeads", {"leadId": a}, SEPARATED)
    (newest, *_) = (await world.ask(history)).data["lead"]["assignments"]["nodes"]
    assert newest == {"strategy": "MERGE", "from": {"id": owner}, "to": None}
