"""Scoring leads by rules: entries, scores, temperatures, events."""

from lma_graph.scoring.engine.run import rescore


def stored(expression):
    """Criteria as a rule keeps them."""
    return {"v": 1, "format": "filter", "expr": expression}


async def scored(world, numbers=None, **options):
    """How many leads changed."""
    async with world.database.unit_of_work(await world.viewer()) as unit:
        return await rescore(unit, numbers, **options)


async def test_rules_give_points_once(world):
    one = await world.lead(company="Acme GmbH", tags=["vip"])
    await world.lead(company="Other")
    rule = await world.rule(criteria=stored({"company": {"icontains": "acme"}}), score_points=30, name="Acme")
    await world.rule(criteria=stored({"tags": {"containsAny": ["vip"]}}), score_points=15, name="VIP")
    assert await scored(world) == 1
    rows = await world.fetch("SELECT * FROM lead_score_history WHERE organization_id = $1 ORDER BY id")
    assert [(r["lead_id"], r["previous_score"], r["new_score"], r["score_change"], r["reason"]) for r in rows] == [
        (one.id, 0, 30, 30, "Acme"),
        (one.id, 30, 45, 15, "VIP"),
    ]
    assert rows[0]["rule_id"] == rule.id
    [lead] = await world.fetch("SELECT * FROM leads WHERE organization_id = $1 AND score > 0")
    assert (lead["score"], lead["lead_temperature"], lead["version"]) == (45, "WARM", 1)
    [activity] = await world.fetch("SELECT * FROM activities WHERE organization_id = $1")
    assert activity["activity_type"] == "SCORE_CHANGE"
    [event] = await world.fetch("SELECT * FROM outbox_events WHERE organization_id = $1")
    assert event["name"] == "SCORE_CHANGE"
    assert await scored(world) == 0
    assert len(await world.fetch("SELECT 1 FROM lead_score_history WHERE organization_id = $1")) == 2
