"""`previewScoringRule`: what it tells is what scoring then does, and it writes nothing."""

import random
from typing import Any

import orjson
import pytest

from lma_graph.kernel.viewer import Role
from lma_graph.scoring.engine.run import rescore
from lma_graph.scoring.service import previewing
from world import World

TOLD = """
condition leads oneIn matched changed neverMatches alwaysMatches
distribution { from to before after }
temperatureFlow { from to count }
samples(first: 50) {
    lead { id } pointsBefore pointsAfter scoreBefore scoreAfter temperatureBefore temperatureAfter
}
"""
ASKED = f"""query($input: PreviewScoringRuleInput!, $filter: LeadFilter) {{
    previewScoringRule(input: $input, filter: $filter) {{ {TOLD} }}
}}"""
NEW = {"ruleType": "FIRMOGRAPHIC", "criteria": {"value": {"gte": 5}}, "scorePoints": 45}


async def tried(world: World, input_: dict[str, Any], filter_: Any = None, *, role: Role = Role.MANAGER) -> Any:
    """What a preview tells."""
    answer = await world.ask(ASKED, {"input": input_, "filter": filter_}, role=role)
    assert answer.errors == []
    return answer.data["previewScoringRule"]


async def refused(world: World, input_: dict[str, Any], *, role: Role = Role.MANAGER) -> Any:
    """The extensions of the one error, and its message."""
    answer = await world.ask(ASKED, {"input": input_}, role=role)
    assert answer.data is None
    [error] = answer.errors
    return error


async def everything(world: World) -> list[Any]:
    """All that scoring could have written."""
    texts = (
        "SELECT id, score, lead_temperature, version, updated_at FROM leads WHERE organization_id = $1 ORDER BY id",
        "SELECT * FROM lead_score_history WHERE organization_id = $1 ORDER BY id",
        "SELECT * FROM lead_scoring_rules WHERE organization_id = $1 ORDER BY id",
        "SELECT id FROM activities WHERE organization_id = $1 ORDER BY id",
        "SELECT id FROM outbox_events WHERE organization_id = $1 ORDER BY id",
    )
    return [await world.fetch(text) for text in texts]


async def settings(world: World, owner: Any, **scoring: Any) -> None:
    """Set how the organization scores."""
    await owner.execute(
        "UPDATE organizations SET settings = settings || jsonb_build_object('scoring', $2::text::jsonb) WHERE id = $1",
        world.organization_id,
        orjson.dumps(scoring).decode(),
    )


async def scored(world: World) -> None:
    """Give every lead what the rules give."""
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await rescore(unit, None)


async def test_a_new_rule_is_tried_out(world: World) -> None:
    leads = [await world.lead(value=value) for value in (1, 5, 9)]
    before = await everything(world)
    found = await tried(world, NEW)
    assert await everything(world) == before
    samples = found.pop("samples")
    bars, flow = found.pop("distribution"), found.pop("temperatureFlow")
    assert found == {
        "condition": "value is at least 5",
        "leads": 3,
        "oneIn": 1,
        "matched": 2,
        "changed": 2,
        "neverMatches": False,
        "alwaysMatches": False,
    }
    assert bars == [
        {"from": 0, "to": 9, "before": 3, "after": 1},
        *({"from": low, "to": low + 9, "before": 0, "after": 0} for low in (10, 20, 30)),
        {"from": 40, "to": 49, "before": 0, "after": 2},
    ]
    assert [one for one in flow if one["count"]] == [
        {"from": "COLD", "to": "COLD", "count": 1},
        {"from": "COLD", "to": "WARM", "count": 2},
    ]
    assert len(flow) == 9
    assert samples == [
        {
            "lead": {"id": world.id("Lead", lead.id)},
            "pointsBefore": 0,
            "pointsAfter": 45,
            "scoreBefore": 0,
            "scoreAfter": 45,
            "temperatureBefore": "COLD",
            "temperatureAfter": "WARM",
        }
        for lead in leads[1:]
    ]


async def test_rules_that_never_or_always_match_are_told(world: World, other_world: World) -> None:
    await other_world.lead(value=50)
    flags = ("leads", "matched", "neverMatches", "alwaysMatches")
    assert [(await tried(world, NEW))[name] for name in flags] == [0, 0, True, False]
    await world.lead(value=1)
    await world.lead(value=9)
    await world.lead(value=9, deleted_at=(await world.lead()).created_at)
    never = await tried(world, {**NEW, "criteria": {"value": {"gte": 50}}})
    assert [never[name] for name in flags] == [3, 0, True, False]
    assert (never["changed"], never["samples"]) == (0, [])
    always = await tried(world, {**NEW, "criteria": {}})
    assert [always[name] for name in flags] == [3, 3, False, True]
    some = await tried(world, NEW, {"value": {"gte": 2}})
    assert [some[name] for name in flags] == [1, 1, False, True]


async def test_ids_of_another_organization_are_like_ids_never_issued(world: World, other_world: World) -> None:
    own, foreign = await world.lead(), await other_world.lead()
    for row, leads in ((own, 1), (foreign, 0)):
        wanted = {"id": {"eq": world.id("Lead", row.id)}}
        filtered = await tried(world, {**NEW, "criteria": {}}, wanted)
        asked = await tried(world, {**NEW, "criteria": wanted})
        assert (filtered["leads"], asked["matched"]) == (leads, leads)


async def test_scores_far_out_stand_in_open_bars(world: World) -> None:
    await world.lead(score=-5000)
    await world.lead(score=999)
    bars = (await tried(world, {**NEW, "criteria": {}, "scorePoints": 1}))["distribution"]
    assert bars[0] == {"from": None, "to": -991, "before": 1, "after": 1}
    assert bars[-2:] == [
        {"from": 990, "to": 999, "before": 1, "after": 0},
        {"from": 1000, "to": None, "before": 0, "after": 1},
    ]
    assert len(bars) == 201


async def test_of_very_many_leads_an_even_part_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previewing, "MOST_LOOKED_AT", 15)
    for at in range(60):
        await world.lead(value=at % 10)
    found = await tried(world, NEW)
    assert found["oneIn"] == 4
    assert 3 <= found["leads"] <= 30
    assert 0 < found["matched"] == found["changed"] == len(found["samples"]) < found["leads"]
    for counted in (
        sum(bar["before"] for bar in found["distribution"]),
        sum(bar["after"] for bar in found["distribution"]),
        sum(one["count"] for one in found["temperatureFlow"]),
    ):
        assert counted == found["leads"]
    assert [(await tried(world, NEW, {"value": {"gte": 9}}))[name] for name in ("leads", "oneIn")] == [6, 1]


async def test_a_change_of_a_rule_is_tried_out(world: World) -> None:
    lead = await world.lead(value=9)
    rule = await world.rule(score_points=10)
    await scored(world)
    number = world.id("LeadScoringRule", rule.id)
    for patch, after in (
        ({}, 10),
        ({"scorePoints": 3}, 3),
        ({"isActive": False}, 0),
        ({"criteria": {"value": {"lt": 9}}}, 0),
    ):
        found = await tried(world, {"id": number, **patch})
        assert found["changed"] == (after != 10)
        assert [(one["pointsBefore"], one["pointsAfter"]) for one in found["samples"]] == [(10, after)] * (after != 10)
    calls = {"activities": {"some": {"activityType": {"eq": "CALL"}}}}
    for _ in range(3):
        await world.activity(lead)
    found = await tried(world, {"id": number, "criteria": calls, "frequency": "EACH"})
    assert [(one["scoreBefore"], one["scoreAfter"]) for one in found["samples"]] == [(10, 30)]
    limit = {"frequency": "AT_MOST", "frequencyLimit": 2, "frequencyPeriod": "MONTH"}
    found = await tried(world, {"id": number, "criteria": calls, **limit})
    assert [(one["scoreBefore"], one["scoreAfter"]) for one in found["samples"]] == [(10, 20)]


async def test_what_cannot_be_tried_out_is_named(world: World, other_world: World) -> None:
    rule, foreign = await world.rule(), await other_world.rule()
    retired = await world.rule(deleted_at=rule.created_at)
    broken = await world.rule(criteria={"v": 1, "format": "filter", "expr": {"shoeSize": {"eq": 1}}})

    def of(row: Any) -> str:
        return world.id("LeadScoringRule", row.id)

    for input_, message in (
        ({}, "ruleType: Needed by a new rule. (and 2 more)"),
        ({"ruleType": "DEMOGRAPHIC", "criteria": {}}, "scorePoints: Needed by a new rule."),
        ({**NEW, "scorePoints": 0}, "scorePoints: Points are given or taken; 0 would do nothing."),
        ({**NEW, "criteria": {"company": {"eq": None}}}, "criteria.company.eq: is null; ask for isNull instead"),
        ({**NEW, "ruleType": "DECAY"}, "halfLifeDays: Needed by a rule of type DECAY."),
        ({"id": of(rule), "halfLifeDays": 3}, "halfLifeDays: Goes only with a rule of type DECAY."),
        ({"id": of(retired)}, "id: The rule is retired; leave the id out to try out a new one."),
        ({"id": of(broken), "scorePoints": 3}, "criteria.expr.shoeSize: is not a field of LeadFilter"),
        ({"id": of(foreign)}, "There is no such scoring rule."),
        ({"id": "AAAAAAAAAAAA"}, "There is no such scoring rule."),
    ):
        assert (await refused(world, input_))["message"] == message
    assert (await tried(world, {"id": of(broken), "criteria": {}}))["changed"] == 0
    text = ASKED.replace("first: 50", "first: 51")
    [error] = (await world.ask(text, {"input": NEW})).errors
    assert error["message"] == "first: must be between 0 and 50"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SALES_REP])
async def test_trying_out_needs_the_right_to_write_rules(world: World, role: Role) -> None:
    error = await refused(world, NEW, role=role)
    assert error["message"] == "This needs the permission scoring.write, which your role does not have."


async def test_a_preview_takes_few_statements(world: World, owner: Any) -> None:
    rule = await world.rule()
    for _ in range(3):
        await world.lead()
    await settings(world, owner, caps={"DEMOGRAPHIC": 5}, totalCap=3)
    for input_, most in ((NEW, 3), ({"id": world.id("LeadScoringRule", rule.id)}, 4)):
        answer = await world.ask(ASKED, {"input": input_}, role=Role.MANAGER)
        assert answer.errors == []
        assert len(answer.statements) <= most


CRITERIA: list[dict[str, Any]] = [
    {},
    {"value": {"gte": 3}},
    {"or": [{"value": {"lt": 2}}, {"tags": {"containsAny": ["vip"]}}]},
    {"activities": {"some": {"subject": {"eq": "a"}}}},
]


def drawn(draw: random.Random) -> dict[str, Any]:
    """A rule, as its input."""
    kind = draw.choice(["DEMOGRAPHIC", "BEHAVIORAL", "NEGATIVE", "DECAY"])
    criteria = draw.choice(CRITERIA)
    points = draw.choice([-40, -15, 5, 20, 35, 60])
    found = {"ruleType": kind, "criteria": criteria, "scorePoints": points, "frequency": "ONCE"}
    if kind == "DECAY":
        return {**found, "halfLifeDays": 5_000}
    if "activities" in criteria and draw.random() < 0.7:
        return {**found, "frequency": "EACH"}
    return found


@pytest.mark.parametrize("number", range(12))
async def test_what_a_preview_tells_is_what_scoring_then_does(world: World, owner: Any, number: int) -> None:
    draw = random.Random(number)
    caps = {kind: draw.choice([0, 10, 30, 50]) for kind in ("DEMOGRAPHIC", "BEHAVIORAL") if draw.random() < 0.6}
    total = {"totalCap": draw.choice([20, 50, 90])} if draw.random() < 0.6 else {}
    await settings(
        world, owner, thresholds={"warm": 25, "hot": 50}, hysteresis=draw.choice([0, 10]), caps=caps, **total
    )
    for at in range(12):
        engaged = (
            None if at % 3 else (await world.fetch("SELECT now() AS at FROM organizations WHERE id = $1"))[0]["at"]
        )
        opening = draw.choice([0, 0, 15])
        lead = await world.lead(
            value=draw.randrange(6), tags=draw.choice([[], ["vip"]]), score=opening, last_engagement_date=engaged
        )
        if opening:
            await world.score_entry(lead, kind="OPENING", score_change=opening)
        for _ in range(draw.randrange(4)):
            await world.activity(lead, subject=draw.choice("ab"))
    numbers = []
    for at in range(4):
        made = await world.do("createScoringRule", {"name": f"{at}", **drawn(draw)}, "rule { id }")
        numbers.append(made["rule"]["id"])
    lead_id = world.id("Lead", lead.id)
    await world.do("adjustLeadScore", {"leadId": lead_id, "change": 7, "reason": "Met"}, "lead { id }")
    for _ in range(5):
        input_, which = drawn(draw), draw.choice([None, *numbers])
        if which is not None:
            input_ = {"id": which, **input_}
            if draw.random() < 0.2:
                input_ = {"id": which, "isActive": False}
        told = await tried(world, input_)
        if which is None:
            await world.do("createScoringRule", {"name": "new", **input_}, "rule { id }")
        else:
            patch = {name: value for name, value in input_.items() if name != "id"}
            done = await world.do("updateScoringRule", {"id": which, "patch": patch}, "rule { id }")
            assert done["__typename"] == "UpdateScoringRulePayload"
        after = {
            world.id("Lead", row["id"]): (row["score"], row["lead_temperature"])
            for row in await world.fetch("SELECT id, score, lead_temperature FROM leads WHERE organization_id = $1")
        }
        samples = {one["lead"]["id"]: (one["scoreAfter"], one["temperatureAfter"]) for one in told["samples"]}
        assert samples == {lead: after[lead] for lead in samples}
        assert told["changed"] == len(samples)
        spread: dict[int, int] = {}
        for score, _ in after.values():
            spread[score // 10 * 10] = spread.get(score // 10 * 10, 0) + 1
        assert {bar["from"]: bar["after"] for bar in told["distribution"] if bar["after"]} == spread
        warmth = [one for _, one in after.values()]
        for kind in ("COLD", "WARM", "HOT"):
            assert sum(one["count"] for one in told["temperatureFlow"] if one["to"] == kind) == warmth.count(kind)
