"""Leads are scored in the transaction that changes them, once, and only where a rule can notice."""

from typing import Any

import pytest

from lma_graph.kernel.errors import NotFound
from lma_graph.leads.service import life
from lma_graph.scoring.engine.run import rescore
from world import World

ENTRIES = "SELECT lead_id, kind, score_change, new_score FROM lead_score_history WHERE organization_id = $1 ORDER BY id"
TRAIL = "SELECT activity_type, metadata FROM activities WHERE organization_id = $1 ORDER BY id"
LEADS = "SELECT score, lead_temperature AS warmth, version FROM leads WHERE organization_id = $1 ORDER BY id"
CALLS = {"activities": {"some": {"activityType": {"eq": "CALL"}}}}
ACME = {"company": {"eq": "Acme"}}


def stored(tree: dict[str, Any]) -> dict[str, Any]:
    """Criteria as a rule keeps them."""
    return {"v": 1, "format": "filter", "expr": tree}


async def changes(world: World) -> list[tuple[Any, ...]]:
    """Kind and points of every entry of the ledger."""
    return [(row["kind"], row["score_change"]) for row in await world.fetch(ENTRIES)]


async def scores(world: World) -> list[int]:
    return [row["score"] for row in await world.fetch(LEADS)]


async def statements(world: World, number: int, **patch: Any) -> int:
    """How many statements it takes to change a lead."""
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await life.update(unit, number, patch)
        await unit.settle()
        return unit.statements


async def test_scoring_takes_few_statements(world: World) -> None:
    lead = await world.lead(company="None")
    bare = await statements(world, lead.id, company="First")
    assert await changes(world) == []
    await world.rule(criteria=stored(ACME), score_points=30)
    await world.rule(criteria=stored(CALLS), score_points=5)
    assert await statements(world, lead.id, website="https://x.test") <= bare  # the rules are read either way
    assert await statements(world, lead.id, company="Acme") == bare + 1
    assert await changes(world) == [("RULE", 30)]


async def test_the_payload_shows_the_new_score(world: World) -> None:
    await world.rule(criteria=stored(ACME), score_points=45)
    shown = "lead { id score leadTemperature version }"
    found = await world.do("createLead", {"company": "Acme"}, shown)
    id_ = found["lead"]["id"]
    assert found["lead"] == {"id": id_, "score": 45, "leadTemperature": "WARM", "version": 1}
    patch = {"id": id_, "patch": {"company": "Other"}}
    rehearsed = await world.do("updateLead", {**patch, "dryRun": True}, shown)
    assert rehearsed["lead"] == {"id": id_, "score": 0, "leadTemperature": "COLD", "version": 2}
    assert await scores(world) == [45]
    assert await world.do("updateLead", patch, shown) == rehearsed
    assert await changes(world) == [("RULE", 45), ("RULE", -45)]
    found = await world.do("updateLead", {**patch, "idempotencyKey": "k"}, shown)
    assert found["lead"]["version"] == 2


async def test_a_lead_that_changes_in_several_ways_is_scored_once(world: World) -> None:
    await world.rule(criteria=stored(CALLS), score_points=10, name="Talked", priority=1)
    decay = {"rule_type": "DECAY", "half_life_days": 7, "score_points": 20, "criteria": stored({})}
    await world.rule(name="Recent", priority=2, **decay)
    lead = await world.lead()
    given = {"leadId": world.id("Lead", lead.id), "activityType": "CALL", "direction": "OUTBOUND"}
    found = await world.do("logActivity", given, "activity { lead { score } }")
    assert found["activity"]["lead"]["score"] == pytest.approx(30, abs=1)
    assert [kind for kind, _ in await changes(world)] == ["RULE", "RULE"]
    trail = [row["activity_type"] for row in await world.fetch(TRAIL)]
    assert trail.count("SCORE_CHANGE") == 1


async def test_what_no_rule_looks_at_is_not_scored(world: World) -> None:
    lead = await world.lead(company="Acme")
    await world.rule(criteria=stored(ACME), score_points=30)
    await world.do("updateLead", {"id": world.id("Lead", lead.id), "patch": {"lastName": "X"}}, "__typename")
    given = {"leadId": world.id("Lead", lead.id), "activityType": "CALL", "direction": "OUTBOUND"}
    await world.do("logActivity", given, "__typename")
    assert await changes(world) == []
    await world.do("updateLead", {"id": world.id("Lead", lead.id), "patch": {"company": "ACME"}}, "__typename")
    assert await changes(world) == []
    await world.do("updateLead", {"id": world.id("Lead", lead.id), "patch": {"company": "Acme"}}, "__typename")
    assert await changes(world) == [("RULE", 30)]


async def test_merged_separated_and_restored_leads_are_scored(world: World) -> None:
    rule = await world.rule(criteria=stored(ACME), score_points=30)
    one, two = await world.lead(first_name="One"), await world.lead(company="Acme")
    async with world.database.unit_of_work(await world.viewer()) as unit:
        assert await rescore(unit, [one.id, two.id]) == 1
    ids = [world.id("Lead", lead.id) for lead in (one, two)]
    shown = "lead { score company }"
    found = await world.do("mergeLeads", {"leadId": ids[0], "duplicateIds": ids[1:]}, shown)
    assert found["lead"] == {"score": 30, "company": "Acme"}
    found = await world.do("unmergeLeads", {"leadId": ids[1]}, "lead { score } leads { score }")
    assert (found["lead"], found["leads"]) == ({"score": 0}, [{"score": 30}])
    await world.do("deleteLead", {"id": ids[1]}, "__typename")
    await world.fetch("UPDATE lead_scoring_rules SET score_points = 20 WHERE organization_id = $1 AND id = $2", rule.id)
    found = await world.do("restoreLead", {"id": ids[1]}, "lead { score }")
    assert found["lead"] == {"score": 20}


async def test_a_rule_that_vanished_keeps_its_points_and_counts_under_caps(world: World, owner: Any) -> None:
    lead = await world.lead(company="Acme", job_title="CTO")
    rule = await world.rule(criteria=stored(ACME), score_points=30, rule_type="FIRMOGRAPHIC")
    await world.rule(criteria=stored({"jobTitle": {"eq": "CTO"}}), score_points=25, rule_type="FIRMOGRAPHIC")
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await rescore(unit, [lead.id])
    vanished = "UPDATE lead_scoring_rules SET criteria = '{}' WHERE organization_id = $1 AND id = $2"
    await world.fetch(vanished, rule.id)
    await owner.execute(
        'UPDATE organizations SET settings = settings || \'{"scoring": {"caps": {"FIRMOGRAPHIC": 40}}}\' WHERE id = $1',
        world.organization_id,
    )
    async with world.database.unit_of_work(await world.viewer()) as unit:
        assert await rescore(unit, None) == 1
    assert await changes(world) == [("RULE", 30), ("RULE", 25), ("CAP", -15)]


async def test_many_leads_are_events_of_a_thousand(world: World) -> None:
    await world.fetch("INSERT INTO leads (organization_id, company) SELECT $1, 'Acme' FROM generate_series(1, 2100)")
    await world.rule(criteria=stored(ACME), score_points=85)
    async with world.database.unit_of_work(await world.viewer()) as unit:
        assert await rescore(unit, None, reason="A test.") == 2_100
    rows = await world.fetch("SELECT name, payload FROM outbox_events WHERE organization_id = $1 ORDER BY id")
    assert {row["name"] for row in rows} == {"SCORE_CHANGE"}
    assert sum(len(row["payload"]["leads"]) for row in rows) == 2_100
    assert max(len(row["payload"]["leads"]) for row in rows) <= 1_000
    trail = await world.fetch(TRAIL)
    assert trail[0]["metadata"] == {"from": 0, "to": 85, "reason": "A test."}
    assert {row["warmth"] for row in await world.fetch(LEADS)} == {"HOT"}


async def test_what_is_left_to_do_is_done_once_and_goes_with_the_unit(world: World) -> None:
    done: list[str] = []

    async def note(_: Any) -> None:
        done.append("done")

    async with world.database.unit_of_work(await world.viewer()) as unit:
        assert unit.leave("a", lambda: note) is unit.leave("a", lambda: note)
        assert done == []
    assert done == ["done"]

    async def refuse(_: Any) -> None:
        raise NotFound("no")

    async def write(fails: bool) -> None:
        async with world.database.unit_of_work(await world.viewer()) as unit:
            await unit.execute("INSERT INTO leads (organization_id, company) VALUES ($1, 'X')", world.organization_id)
            unit.leave("b", lambda: refuse if fails else note)

    with pytest.raises(NotFound):
        await write(fails=True)
    assert await world.fetch("SELECT 1 FROM leads WHERE organization_id = $1") == []
    await write(fails=False)
    assert len(await world.fetch("SELECT 1 FROM leads WHERE organization_id = $1")) == 1

    async def stumble() -> None:
        async with world.database.unit_of_work(await world.viewer()) as unit:
            unit.leave("c", lambda: note)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stumble()
    assert done == ["done", "done"]
