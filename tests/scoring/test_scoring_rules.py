"""Scoring rules are made, changed and retired, and the leads' points follow at once."""

from typing import Any

import pytest
from scoring_world import ACME, RULE, a_rule, adds_up, entries, faults, made, scores

from lma_graph.kernel.viewer import Role
from world import World

UPDATE, DELETE = "updateScoringRule", "deleteScoringRule"


async def test_a_new_rule_gives_its_points_at_once(world: World) -> None:
    await world.lead(company="Acme")
    await world.lead(company="Other")
    await world.lead(company="Acme", deleted_at=(await world.lead()).created_at)
    found = await made(world, description="Big ones", priority=7)
    assert found["changed"] == 1
    assert found["execution"] is None
    rule = found["rule"]
    rule.pop("id")
    assert rule == {
        "name": "At Acme",
        "description": "Big ones",
        "ruleType": "FIRMOGRAPHIC",
        "criteria": {"v": 1, "format": "filter", "expr": ACME},
        "scorePoints": 50,
        "priority": 7,
        "isActive": True,
        "frequency": "ONCE",
        "frequencyLimit": None,
        "frequencyPeriod": None,
        "halfLifeDays": None,
        "deletedAt": None,
        "isValid": True,
        "faults": [],
    }
    assert await scores(world) == [(50, "WARM"), (0, "COLD"), (0, "COLD"), (0, "COLD")]
    assert await entries(world) == [("RULE", 50, 50, "At Acme")]


async def test_an_inactive_rule_gives_nothing_until_it_is_switched_on(world: World) -> None:
    await world.lead(company="Acme")
    rule = (await made(world, isActive=False))["rule"]
    assert await entries(world) == []
    found = await world.do(UPDATE, {"id": rule["id"], "patch": {"isActive": True}}, "changed")
    assert found["changed"] == 1
    assert await scores(world) == [(50, "WARM")]
    found = await world.do(UPDATE, {"id": rule["id"], "patch": {"isActive": False}}, "changed")
    assert found["changed"] == 1
    assert await scores(world) == [(0, "COLD")]
    assert [entry[1] for entry in await entries(world)] == [50, -50]


async def test_a_changed_rule_takes_and_gives(world: World) -> None:
    await world.lead(company="Acme")
    await world.lead(company="Other")
    rule = (await made(world))["rule"]
    patch = {"criteria": {"company": {"eq": "Other"}}, "scorePoints": -5, "name": "Elsewhere"}
    found = await world.do(UPDATE, {"id": rule["id"], "patch": patch}, RULE)
    assert (found["changed"], found["rule"]["scorePoints"], found["rule"]["name"]) == (2, -5, "Elsewhere")
    assert await scores(world) == [(0, "COLD"), (-5, "COLD")]
    assert await adds_up(world)


async def test_what_gives_no_other_points_scores_nothing(world: World) -> None:
    await world.lead(company="Acme")
    rule = (await made(world))["rule"]
    before = await world.fetch("SELECT count(*) FROM outbox_jobs WHERE organization_id = $1")
    for patch in ({"name": "Renamed", "priority": 3, "description": None}, {"scorePoints": 50, "criteria": ACME}, {}):
        found = await world.do(UPDATE, {"id": rule["id"], "patch": patch}, RULE)
        assert (found["changed"], found["execution"]) == (0, None)
    assert found["rule"]["name"] == "Renamed"
    assert await world.fetch("SELECT count(*) FROM outbox_jobs WHERE organization_id = $1") == before
    assert len(await entries(world)) == 1


async def test_a_retired_rule_gives_back_and_stays_to_be_named(world: World) -> None:
    await world.lead(company="Acme")
    rule = (await made(world))["rule"]
    found = await world.do(DELETE, {"id": rule["id"]}, RULE)
    assert (found["changed"], found["rule"]["deletedAt"] is None) == (1, False)
    assert await scores(world) == [(0, "COLD")]
    listed = await world.ask(
        "query($id: ID!) { leadScoringRules { totalCount } leadScoringRule(id: $id) { name } }", {"id": rule["id"]}
    )
    assert listed.data == {"leadScoringRules": {"totalCount": 0}, "leadScoringRule": {"name": "At Acme"}}
    for name, given in ((DELETE, {}), (UPDATE, {"patch": {"name": "x"}})):
        again = await world.do(name, {"id": rule["id"], **given}, "changed")
        assert (again["__typename"], again["code"], again["path"]) == ("Conflict", "RULE_RETIRED", ["input", "id"])
        assert again["message"] == "The rule is retired; make a new one."
    assert len(await entries(world)) == 2


async def test_everything_that_is_wrong_with_a_new_rule_is_named_at_once(world: World) -> None:
    criteria = {"company": {"eq": "x"}, "score": {"gt": 5}, "or": [{"scoreHistory": {"some": {}}}]}
    given = a_rule(name=" ", scorePoints=0, criteria=criteria, frequency="EACH", frequencyLimit=3, halfLifeDays=0)
    found = await world.do("createScoringRule", given, "changed")
    assert sorted(faults(found)) == [
        ("criteria.or.0.scoreHistory", "NOT_ALLOWED"),
        ("criteria.score", "NOT_ALLOWED"),
        ("frequency", "NOT_ALLOWED"),
        ("frequencyLimit", "NOT_ALLOWED"),
        ("halfLifeDays", "OUT_OF_RANGE"),
        ("name", "BLANK"),
        ("scorePoints", "OUT_OF_RANGE"),
    ]
    assert await world.fetch("SELECT 1 FROM lead_scoring_rules WHERE organization_id = $1") == []


EACH_CALL = {"activities": {"some": {"activityType": {"eq": "CALL"}}}}
REFUSED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"scorePoints": 1_000_001}, [("scorePoints", "OUT_OF_RANGE")]),
    ({"scorePoints": -1_000_001}, [("scorePoints", "OUT_OF_RANGE")]),
    ({"name": "x" * 201}, [("name", "TOO_LONG")]),
    ({"frequency": "EACH"}, [("frequency", "NOT_ALLOWED")]),
    ({"frequency": "EACH", "criteria": {"and": [EACH_CALL]}}, [("frequency", "NOT_ALLOWED")]),
    (
        {"frequency": "EACH", "criteria": {"activities": {"some": {}, "count": {"gt": 1}}}},
        [("frequency", "NOT_ALLOWED")],
    ),
    (
        {"frequency": "AT_MOST", "criteria": EACH_CALL},
        [("frequencyLimit", "MISSING_VALUE"), ("frequencyPeriod", "MISSING_VALUE")],
    ),
    (
        {"frequency": "AT_MOST", "criteria": EACH_CALL, "frequencyLimit": 0, "frequencyPeriod": "DAY"},
        [("frequencyLimit", "OUT_OF_RANGE")],
    ),
    ({"frequencyPeriod": "DAY"}, [("frequencyPeriod", "NOT_ALLOWED")]),
    ({"ruleType": "DECAY"}, [("halfLifeDays", "MISSING_VALUE")]),
    ({"halfLifeDays": 30}, [("halfLifeDays", "NOT_ALLOWED")]),
    (
        {"ruleType": "DECAY", "halfLifeDays": 30, "frequency": "EACH", "criteria": EACH_CALL},
        [("frequency", "NOT_ALLOWED")],
    ),
    ({"criteria": {"leadTemperature": {"eq": "HOT"}}}, [("criteria.leadTemperature", "NOT_ALLOWED")]),
    ({"criteria": {"updatedAt": {"olderThan": "P1D"}}}, [("criteria.updatedAt", "NOT_ALLOWED")]),
    (
        {"criteria": {"activities": {"some": {"lead": {"not": {"score": {"gt": 1}}}}}}},
        [("criteria.activities.some.lead.not.score", "NOT_ALLOWED")],
    ),
    ({"criteria": {"assignedToId": {"eq": "nobody"}}}, [("criteria.assignedToId.eq", "INVALID_VALUE")]),
]


@pytest.mark.parametrize(("values", "wanted"), REFUSED)
async def test_what_cannot_be_a_rule_is_refused(
    world: World, values: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    found = await world.do("createScoringRule", a_rule(**values), "changed")
    assert faults(found) == wanted
    assert await world.fetch("SELECT 1 FROM lead_scoring_rules WHERE organization_id = $1") == []


async def test_messages_say_what_to_do(world: World) -> None:
    given = a_rule(frequency="AT_MOST", ruleType="DECAY", frequencyLimit=1, criteria={"score": {"gt": 1}})
    found = await world.do("createScoringRule", given, "changed")
    assert {".".join(one["path"][1:]): one["message"] for one in found["fields"]} == {
        "criteria.score": "Rules cannot look at what they change: score, leadTemperature, scoreHistory and updatedAt.",
        "frequencyPeriod": "Needed by a frequency of AT_MOST.",
        "halfLifeDays": "Needed by a rule of type DECAY.",
        "frequency": "A rule of type DECAY gives its points ONCE, and then fewer and fewer of them.",
    }


async def test_calls_count_each_or_at_most(world: World) -> None:
    lead = await world.lead()
    for _ in range(3):
        await world.activity(lead)
    rule = (await made(world, criteria=EACH_CALL, frequency="EACH", scorePoints=4, ruleType="BEHAVIORAL"))["rule"]
    assert await scores(world) == [(12, "COLD")]
    patch: dict[str, Any] = {"frequency": "AT_MOST", "frequencyLimit": 2, "frequencyPeriod": "DAY"}
    found = await world.do(UPDATE, {"id": rule["id"], "patch": patch}, RULE)
    assert (found["changed"], found["rule"]["frequencyLimit"], found["rule"]["frequencyPeriod"]) == (1, 2, "DAY")
    assert await scores(world) == [(8, "COLD")]
    refused = await world.do(UPDATE, {"id": rule["id"], "patch": {"criteria": ACME}}, "changed")
    assert faults(refused) == [("patch.frequency", "NOT_ALLOWED")]
    refused = await world.do(UPDATE, {"id": rule["id"], "patch": {"frequencyLimit": None}}, "changed")
    assert faults(refused) == [("patch.frequencyLimit", "MISSING_VALUE")]
    found = await world.do(UPDATE, {"id": rule["id"], "patch": {"frequency": "ONCE"}}, RULE)
    assert (found["rule"]["frequencyLimit"], found["rule"]["frequencyPeriod"]) == (None, None)
    assert await scores(world) == [(4, "COLD")]


async def test_another_type_lets_the_half_life_go(world: World) -> None:
    rule = (await made(world, ruleType="DECAY", halfLifeDays=14))["rule"]
    found = await world.do(UPDATE, {"id": rule["id"], "patch": {"ruleType": "NEGATIVE"}}, RULE)
    assert (found["rule"]["ruleType"], found["rule"]["halfLifeDays"]) == ("NEGATIVE", None)


async def test_a_rule_whose_term_has_vanished_says_so_and_keeps_its_points(world: World) -> None:
    await world.lead(company="Acme")
    await world.lead(company="Other")
    rule = (await made(world))["rule"]
    sound = (await made(world, name="Sound", criteria={"company": {"eq": "Other"}}, scorePoints=1))["rule"]
    gone = """{"v": 1, "format": "filter", "expr": {"shoeSize": {"eq": 43}, "company": {"is": "Acme"}}}"""
    number = await world.fetch(
        "UPDATE lead_scoring_rules SET criteria = $2::jsonb WHERE organization_id = $1 AND name = 'At Acme'"
        " RETURNING id",
        gone,
    )
    assert world.id("LeadScoringRule", number[0]["id"]) == rule["id"]
    asked = "{ leadScoringRules { nodes { name isValid faults { path message code } } } }"
    listed = (await world.ask(asked)).data["leadScoringRules"]["nodes"]
    assert listed == [
        {"name": "Sound", "isValid": True, "faults": []},
        {
            "name": "At Acme",
            "isValid": False,
            "faults": [
                {
                    "path": ["criteria", "expr", "company", "is"],
                    "message": "is not an operator of TextFilter",
                    "code": "UNKNOWN_OPERATOR",
                },
                {
                    "path": ["criteria", "expr", "shoeSize"],
                    "message": "is not a field of LeadFilter",
                    "code": "UNKNOWN_FIELD",
                },
            ],
        },
    ]
    assert (await world.do("rescoreLeads", {"all": True}, "changed"))["changed"] == 0
    found = await world.do(UPDATE, {"id": rule["id"], "patch": {"scorePoints": 90, "name": "Ill"}}, RULE)
    assert (found["rule"]["scorePoints"], found["rule"]["isValid"], found["changed"]) == (90, False, 0)
    assert await scores(world) == [(50, "WARM"), (1, "COLD")]
    patch = {"criteria": {"company": {"eq": "Other"}}}
    found = await world.do(UPDATE, {"id": rule["id"], "patch": patch}, RULE)
    assert (found["rule"]["isValid"], found["changed"]) == (True, 2)
    assert await scores(world) == [(0, "COLD"), (91, "HOT")]
    assert sound["isValid"]


async def test_a_rehearsal_shows_the_rule_and_keeps_nothing(world: World) -> None:
    await world.lead(company="Acme")
    found = await world.do("createScoringRule", a_rule(dryRun=True), "changed rule { name scorePoints }")
    assert (found["changed"], found["rule"]) == (1, {"name": "At Acme", "scorePoints": 50})
    for table in ("lead_scoring_rules", "lead_score_history", "outbox_jobs", "activities"):
        assert await world.fetch(f"SELECT 1 FROM {table} WHERE organization_id = $1") == []
    assert await scores(world) == [(0, "COLD")]


async def test_a_rule_is_made_once_for_one_key(world: World) -> None:
    await world.lead(company="Acme")
    given = a_rule(idempotencyKey="k")
    first = await world.do("createScoringRule", given, RULE)
    assert await world.do("createScoringRule", given, RULE) == first
    assert len(await entries(world)) == 1


async def test_rules_are_for_managers(world: World) -> None:
    for role in (Role.SALES_REP, Role.VIEWER):
        found = await world.do("createScoringRule", a_rule(), "changed", role=role)
        assert (found["__typename"], found["permission"]) == ("Denied", "scoring.write")
    assert (await world.do("createScoringRule", a_rule(), "changed", role=Role.MANAGER))["changed"] == 0


async def test_validity_is_asked_by_plan(world: World) -> None:
    await made(world)
    answer = await world.ask("{ leadScoringRules { nodes { isValid faults { code } } } }")
    assert answer.errors == []
    assert len(answer.statements) <= 1
