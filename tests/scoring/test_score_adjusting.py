"""Points by hand, thresholds of temperature, and caps."""

from typing import Any

import pytest
from scoring_world import adds_up, entries, faults, made, scores

from lma_graph.kernel.viewer import Role
from lma_graph.scoring.engine.rules import Thresholds
from lma_graph.scoring.service.adjusting import temperature
from world import World

ADJUST, SET = "adjustLeadScore", "setScoreThresholds"
SHOWN = "lead { score leadTemperature version } entry { kind previousScore newScore scoreChange reason rule { id } }"


async def test_points_by_hand_are_an_entry_and_the_temperature_follows(world: World) -> None:
    lead = await world.lead(score=0)
    given = {"leadId": world.id("Lead", lead.id), "change": 45, "reason": "Met at the fair"}
    found = await world.do(ADJUST, given, SHOWN, role=Role.MANAGER)
    assert found["lead"] == {"score": 45, "leadTemperature": "WARM", "version": 1}
    assert found["entry"] == {
        "kind": "MANUAL",
        "previousScore": 0,
        "newScore": 45,
        "scoreChange": 45,
        "reason": "Met at the fair",
        "rule": None,
    }
    (activity,) = await world.fetch(
        "SELECT activity_type, metadata, user_id FROM activities WHERE organization_id = $1"
    )
    told = {"from": 0, "to": 45, "reason": "Met at the fair", "requestId": "test-request"}
    assert (activity["activity_type"], activity["metadata"]) == ("SCORE_CHANGE", told)
    assert activity["user_id"] == world.users[Role.MANAGER]
    (event,) = await world.fetch("SELECT name, payload FROM outbox_events WHERE organization_id = $1")
    assert (event["name"], event["payload"]["leads"]) == ("SCORE_CHANGE", [lead.id])
    assert await adds_up(world)


async def test_rules_leave_points_by_hand_alone(world: World) -> None:
    lead = await world.lead(company="Acme")
    await world.do(ADJUST, {"leadId": world.id("Lead", lead.id), "change": -7, "reason": "r"}, SHOWN)
    rule = (await made(world))["rule"]
    assert await scores(world) == [(43, "WARM")]
    await world.do("deleteScoringRule", {"id": rule["id"]}, "changed")
    assert await scores(world) == [(-7, "COLD")]
    assert [entry[:3] for entry in await entries(world)] == [("MANUAL", -7, -7), ("RULE", 50, 43), ("RULE", -50, -7)]


async def test_an_adjustment_that_cannot_be_is_refused(world: World) -> None:
    lead = await world.lead(score=2**31 - 10)
    id_ = world.id("Lead", lead.id)
    for change, wanted in ((0, "OUT_OF_RANGE"), (1_000_001, "OUT_OF_RANGE"), (10, "OUT_OF_RANGE")):
        found = await world.do(ADJUST, {"leadId": id_, "change": change, "reason": "r"}, SHOWN)
        assert faults(found) == [("change", wanted)]
    text = "The score would be 2,147,483,648; it must lie between -2,147,483,648 and 2,147,483,647."
    assert found["fields"][0]["message"] == text
    found = await world.do(ADJUST, {"leadId": id_, "change": 1, "reason": " "}, SHOWN)
    assert faults(found) == [("reason", "BLANK")]
    found = await world.do(ADJUST, {"leadId": world.id("Lead", lead.id + 1), "change": 1, "reason": "r"}, SHOWN)
    assert (found["code"], found["path"]) == ("NOT_FOUND", ["input", "leadId"])
    found = await world.do(ADJUST, {"leadId": id_, "change": 1, "reason": "r", "expectedVersion": 2}, SHOWN)
    assert (found["code"], found["lead"]["version"]) == ("VERSION_CONFLICT", 1)
    assert found["message"] == "The lead has version 1 by now, not 2."
    assert await entries(world) == []
    for role in (Role.SALES_REP, Role.VIEWER):
        found = await world.do(ADJUST, {"leadId": id_, "change": 1, "reason": "r"}, SHOWN, role=role)
        assert found["permission"] == "scores.adjust"


async def test_a_lead_cools_down_later_than_it_warms_up(world: World) -> None:
    lead = await world.lead()
    ends = []
    for change in (79, 1, -5, -1, -39, -1, 5, 1):
        given = {"leadId": world.id("Lead", lead.id), "change": change, "reason": "r"}
        found = await world.do(ADJUST, given, "lead { score leadTemperature }")
        ends.append((found["lead"]["score"], found["lead"]["leadTemperature"]))
    assert ends == [
        (79, "WARM"),
        (80, "HOT"),
        (75, "HOT"),
        (74, "WARM"),
        (35, "WARM"),
        (34, "COLD"),
        (39, "COLD"),
        (40, "WARM"),
    ]


async def test_by_hand_and_by_rules_leads_are_equally_warm(world: World) -> None:
    """The engine's SQL and the service's Python say the same of every case."""
    limits = Thresholds(10, 20, 4)
    given: dict[str, Any] = {"warm": 10, "hot": 20, "hysteresis": 4}
    cases = [(score, was) for score in range(4, 23) for was in ("COLD", "WARM", "HOT")]
    for score, was in cases:
        await world.lead(score=score, lead_temperature=was)
    await world.do(SET, given, "changed")
    assert await scores(world) == [(score, temperature(score, was, limits)) for score, was in cases]


async def test_new_thresholds_judge_every_lead(world: World) -> None:
    await world.lead(score=30)
    await world.lead(score=45, lead_temperature="WARM")
    await world.lead(score=90, lead_temperature="HOT", deleted_at=(await world.lead()).created_at)
    found = await world.do(
        SET, {"warm": 20, "hot": 45}, "changed execution { id } organization { id settings }", role=Role.MANAGER
    )
    assert (found["changed"], found["execution"]) == (2, None)
    assert found["organization"]["settings"]["scoring"] == {"thresholds": {"warm": 20, "hot": 45}}
    assert (await scores(world))[:2] == [(30, "WARM"), (45, "HOT")]
    rows = await world.fetch(
        "SELECT activity_type, metadata ->> 'reason' AS reason FROM activities WHERE organization_id = $1"
    )
    assert [tuple(row) for row in rows] == [("FIELD_CHANGE", "Thresholds or caps were set.")] * 2
    assert await entries(world) == []
    before = await world.fetch("SELECT id FROM outbox_jobs WHERE organization_id = $1")
    assert (await world.do(SET, {"warm": 20, "hot": 45}, "changed"))["changed"] == 0
    assert await world.fetch("SELECT id FROM outbox_jobs WHERE organization_id = $1") == before


async def test_caps_cut_and_let_go(world: World) -> None:
    await world.lead(company="Acme")
    await made(world, ruleType="FIRMOGRAPHIC", scorePoints=50)
    await made(world, ruleType="ENGAGEMENT", scorePoints=60, name="Second")
    caps = [{"ruleType": "ENGAGEMENT", "limit": 10}]
    found = await world.do(
        SET, {"warm": 40, "hot": 80, "caps": caps, "totalCap": 55}, "changed organization { settings }"
    )
    assert found["changed"] == 1
    assert found["organization"]["settings"]["scoring"] == {
        "thresholds": {"warm": 40, "hot": 80},
        "caps": {"ENGAGEMENT": 10},
        "totalCap": 55,
    }
    assert await scores(world) == [(55, "WARM")]
    given = {"leadId": world.id("Lead", (await world.fetch("SELECT id FROM leads WHERE organization_id = $1"))[0][0])}
    await world.do(ADJUST, {**given, "change": 30, "reason": "r"}, SHOWN)
    assert await scores(world) == [(85, "HOT")]
    await world.do(SET, {"warm": 40, "hot": 80, "totalCap": None}, "changed")
    assert await scores(world) == [(90, "HOT")]
    found = await world.do(SET, {"warm": 40, "hot": 80, "caps": []}, "changed organization { settings }")
    assert found["organization"]["settings"]["scoring"] == {"thresholds": {"warm": 40, "hot": 80}}
    assert await scores(world) == [(140, "HOT")]
    assert await adds_up(world)


REFUSED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"warm": 50, "hot": 50}, [("warm", "OVERLAP")]),
    (
        {"warm": 50, "hot": 49, "caps": [{"ruleType": "DECAY", "limit": 1}] * 2},
        [("warm", "OVERLAP"), ("caps.1.ruleType", "DUPLICATE")],
    ),
    ({"warm": 0, "hot": 5}, [("hysteresis", "OUT_OF_RANGE")]),
    ({"warm": 0, "hot": 20, "hysteresis": 20}, [("hysteresis", "OUT_OF_RANGE")]),
    ({"warm": 0, "hot": 20, "hysteresis": -1}, [("hysteresis", "OUT_OF_RANGE")]),
    ({"warm": 0, "hot": 20, "totalCap": -1}, [("totalCap", "OUT_OF_RANGE")]),
    ({"warm": 0, "hot": 20, "caps": [{"ruleType": "DECAY", "limit": -1}]}, [("caps.0.limit", "OUT_OF_RANGE")]),
]


@pytest.mark.parametrize(("given", "wanted"), REFUSED)
async def test_thresholds_that_cannot_be_are_refused(
    world: World, given: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    await world.lead(score=60)
    found = await world.do(SET, given, "changed")
    assert faults(found) == wanted
    (row,) = await world.fetch("SELECT settings FROM organizations WHERE id = $1")
    assert "scoring" not in row["settings"]
    assert await scores(world) == [(60, "COLD")]


async def test_the_overlap_is_named(world: World) -> None:
    found = await world.do(SET, {"warm": 1_000, "hot": 80}, "changed")
    text = "The thresholds overlap: leads are HOT from 80 on, and so must be WARM from a lower score, not from 1,000."
    assert found["message"] == f"warm: {text}"
    found = await world.do(SET, {"warm": 78, "hot": 80, "hysteresis": 2}, "changed")
    text = "The hysteresis must be less than 2, the distance from WARM to HOT; it is 2."
    assert found["message"] == f"hysteresis: {text}"


async def test_other_settings_stay(world: World) -> None:
    await world.do("setAssignmentRules", {"rules": []}, "organization { id }")
    await world.do(SET, {"warm": 1, "hot": 20, "hysteresis": 3}, "changed")
    found = await world.do(SET, {"warm": 2, "hot": 20}, "organization { settings }")
    settings = found["organization"]["settings"]
    assert settings["scoring"] == {"thresholds": {"warm": 2, "hot": 20}, "hysteresis": 3}
    assert settings["assignment"] == {"rules": []}
