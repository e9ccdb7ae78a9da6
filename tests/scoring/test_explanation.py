"""`Lead.scoreExplanation`: what it tells adds up to the score, and shows nothing that the viewer may not see."""

import datetime as dt
from typing import Any

import orjson
import pytest

from lma_graph.kernel.viewer import Role
from lma_graph.scoring.engine.run import rescore
from world import World

EXPLAINED = """
score total
rules { rule { id name priority isValid faults { path message } } points pointsNow matched condition values }
adjustments { kind change reason cap entries createdAt }
"""


NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def stored(**expression: Any) -> dict[str, Any]:
    """Criteria as a rule keeps them."""
    return {"v": 1, "format": "filter", "expr": expression}


def named(world: World, rule: Any, name: str, priority: int) -> dict[str, Any]:
    """A sound rule as it is shown."""
    shown = {"id": world.id("LeadScoringRule", rule.id), "name": name, "priority": priority}
    return {**shown, "isValid": True, "faults": []}


async def scored(world: World) -> None:
    """Give every lead what the rules give."""
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await rescore(unit, None)


async def explained(world: World, lead: Any, arguments: str = "", *, role: Role = Role.ADMIN) -> Any:
    """The explanation of one lead's score."""
    text = f'{{ lead(id: "{world.id("Lead", lead.id)}") {{ scoreExplanation{arguments} {{ {EXPLAINED} }} }} }}'
    answer = await world.ask(text, role=role)
    assert answer.errors == []
    return answer.data["lead"]["scoreExplanation"]


async def settings(world: World, owner: Any, **scoring: Any) -> None:
    """Set how the organization scores."""
    await owner.execute(
        "UPDATE organizations SET settings = settings || jsonb_build_object('scoring', $2::text::jsonb) WHERE id = $1",
        world.organization_id,
        orjson.dumps(scoring).decode(),
    )


async def test_rules_are_told_with_points_condition_and_values(world: World) -> None:
    one = await world.lead(source="REFERRAL", custom_fields={"employees": 300}, tags=["vip"])
    sources = {"source": {"in": ["REFERRAL", "PARTNER"]}}
    big = {"customFields": [{"path": ["employees"], "gte": 250}]}
    first = await world.rule(name="Big", score_points=30, priority=2, criteria=stored(**sources, **big))
    second = await world.rule(
        name="VIP", score_points=-5, priority=1, criteria=stored(tags={"containsAny": ["vip", "top"]})
    )
    other = await world.rule(name="Other", criteria=stored(company={"eq": "Acme"}))
    await scored(world)
    found = await explained(world, one)
    assert (found["score"], found["total"], found["adjustments"]) == (25, 25, [])
    assert found["rules"] == [
        {
            "rule": named(world, second, "VIP", 1),
            "points": -5,
            "pointsNow": -5,
            "matched": True,
            "condition": 'tags include "vip" or "top"',
            "values": {"tags": ["vip"]},
        },
        {
            "rule": named(world, first, "Big", 2),
            "points": 30,
            "pointsNow": 30,
            "matched": True,
            "condition": "employees (custom field) is at least 250 and source is REFERRAL or PARTNER",
            "values": {"source": "REFERRAL", "customFields.employees": 300},
        },
    ]
    every = await explained(world, one, "(all: true)")
    assert every["rules"][:2] == found["rules"]
    assert every["rules"][2:] == [
        {
            "rule": named(world, other, "Other", 100),
            "points": 0,
            "pointsNow": 0,
            "matched": False,
            "condition": 'company is "Acme"',
            "values": {"company": None},
        }
    ]


async def test_what_a_rule_would_give_now_stands_beside_what_it_gave(world: World) -> None:
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=10, hours=1)
    lead = await world.lead(last_engagement_date=ago)
    rule = await world.rule(rule_type="DECAY", score_points=100, half_life_days=10)
    early = dt.datetime.now(dt.UTC) - dt.timedelta(days=10)
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await rescore(unit, None, at=early)
    found = await explained(world, lead)
    assert [(one["points"], one["pointsNow"], one["matched"], one["condition"]) for one in found["rules"]] == [
        (99, 49, True, "anything")
    ]
    assert (found["score"], found["total"]) == (99, 99)
    await world.fetch("UPDATE lead_scoring_rules SET is_active = false WHERE organization_id = $1 RETURNING id")
    [told] = (await explained(world, lead))["rules"]
    assert (told["points"], told["pointsNow"], told["rule"]["id"]) == (99, 0, world.id("LeadScoringRule", rule.id))
    await world.fetch("UPDATE lead_scoring_rules SET deleted_at = now() WHERE organization_id = $1 RETURNING id")
    assert (await explained(world, lead))["rules"] == [told]
    await scored(world)
    assert await explained(world, lead) == {"score": 0, "total": 0, "rules": [], "adjustments": []}
    assert (await explained(world, lead, "(all: true)"))["rules"] == []


async def test_a_rule_that_cannot_be_read_says_so_and_keeps_what_it_gave(world: World) -> None:
    lead = await world.lead(score=10)
    rule = await world.rule(criteria={"v": 1, "format": "filter", "expr": {"shoeSize": {"eq": 1}}})
    await world.score_entry(lead, rule_id=rule.id)
    [told] = (await explained(world, lead))["rules"]
    assert {name: told[name] for name in told if name != "rule"} == {
        "points": 10,
        "pointsNow": 10,
        "matched": None,
        "condition": None,
        "values": {},
    }
    assert (told["rule"]["isValid"], told["rule"]["faults"]) == (
        False,
        [{"path": ["criteria", "expr", "shoeSize"], "message": "is not a field of LeadFilter"}],
    )


async def test_openings_caps_and_adjustments_by_hand_are_told(world: World, owner: Any) -> None:
    lead = await world.lead(score=20)
    await world.score_entry(lead, kind="OPENING", score_change=20, reason="Imported")
    rule = await world.rule(rule_type="BEHAVIORAL", score_points=50)
    await settings(world, owner, caps={"BEHAVIORAL": 30}, totalCap=45)
    await scored(world)
    for at in range(23):
        async with world.database.unit_of_work(await world.viewer()) as unit:
            await unit.execute(
                "INSERT INTO lead_score_history"
                " (organization_id, lead_id, kind, score_change, previous_score, new_score, reason)"
                " VALUES ($1, $2, 'MANUAL', 1, $3, $3 + 1, $4)",
                world.organization_id,
                lead.id,
                45 + at,
                f"Call {at}",
            )
            await unit.execute("UPDATE leads SET score = score + 1 WHERE organization_id = $1", world.organization_id)
    found = await explained(world, lead)
    assert (found["score"], found["total"]) == (68, 68)
    assert [(one["rule"]["id"], one["points"]) for one in found["rules"]] == [
        (world.id("LeadScoringRule", rule.id), 50)
    ]
    told = [tuple(one[name] for name in ("kind", "change", "reason", "cap", "entries")) for one in found["adjustments"]]
    assert told == [
        ("OPENING", 20, "Imported", None, 1),
        *(("MANUAL", 1, f"Call {at}", None, 1) for at in range(22, 2, -1)),
        ("MANUAL", 3, None, None, 3),
        ("CAP", -20, "At most 30 by rules of the type BEHAVIORAL", "BEHAVIORAL", 1),
        ("CAP", -5, "At most 45 in all", "TOTAL", 1),
    ]


async def test_values_of_other_rows_are_counts_and_fields_by_their_path(world: World) -> None:
    user = world.users[Role.SALES_REP]
    lead = await world.lead(assigned_to_id=user, company="Acme", last_engagement_date=NOON)
    for subject in ("a", "a", "b"):
        await world.activity(lead, subject=subject, user_id=user)
    await world.note(lead, content="open")
    await world.note(lead, content="secret", is_private=True, user_id=user)
    campaign = await world.campaign(name="Spring")
    await world.member(campaign, lead)
    calls = {"activityType": {"eq": "CALL"}, "subject": {"eq": "a"}}
    await world.rule(
        criteria=stored(
            **{
                "and": [
                    {"activities": {"some": calls}},
                    {"activities": {"count": {"gte": 1, "where": {"subject": {"eq": "b"}}}}},
                    {"activities": {"count": {"lt": 9, "where": calls}}},
                    {"not": {"activities": {"every": calls}}},
                ],
                "assignedTo": {"role": {"eq": "SALES_REP"}, "email": {"isNull": False}},
                "assignedToId": {"isNull": False},
                "notes": {"count": {"lt": 5}},
                "campaignLeads": {"some": {"campaign": {"name": {"eq": "Spring"}}}},
                "search": "acme",
                "lastEngagementDate": {"isNull": False},
                "or": [{"customFields": {"path": ["plan", "x"], "exists": False}}, {"value": {"isNull": False}}],
            }
        )
    )
    expected = {
        "activities": 2,
        "activities#2": 1,
        "activities#3": 1,
        "assignedTo.email": f"sales_rep@{world.slug}.test",
        "assignedTo.role": "SALES_REP",
        "assignedToId": world.id("User", user),
        "campaignLeads": 1,
        "customFields.plan.x": None,
        "lastEngagementDate": "2026-01-31T12:00:00Z",
        "notes": 1,
        "search": f"{lead.email} Acme",
        "value": None,
    }
    for role in Role:
        [told] = (await explained(world, lead, "(all: true)", role=role))["rules"]
        assert (told["matched"], told["values"]) == (True, expected)


async def test_what_hangs_on_hidden_leads_is_not_counted(world: World, owner: Any) -> None:
    await owner.execute(
        """UPDATE organizations SET settings = settings || '{"visibility": {"salesRep": "OWN"}}' WHERE id = $1""",
        world.organization_id,
    )
    mine = await world.lead(assigned_to_id=world.users[Role.SALES_REP])
    hidden = await world.lead(assigned_to_id=world.users[Role.MANAGER])
    campaign = await world.campaign()
    for lead in (mine, hidden):
        await world.member(campaign, lead)
    others = {"campaignLeads": {"count": {"gte": 2, "where": {"lead": {"email": {"isNull": False}}}}}}
    await world.rule(criteria=stored(assignedTo={}, campaignLeads={"some": {"campaign": others}}))
    both = {"assignedTo": True, "campaignLeads": 1}
    assert (await explained(world, mine))["rules"][0]["values"] == both
    [told] = (await explained(world, mine, role=Role.SALES_REP))["rules"]
    assert (told["matched"], told["values"]) == (True, {"assignedTo": True, "campaignLeads": 0})


async def test_many_leads_take_three_statements(world: World) -> None:
    for points in range(1, 6):
        await world.rule(score_points=points, name=f"{points}", criteria=stored(value={"gte": points}))
    leads = [await world.lead(value=at) for at in range(8)]
    await scored(world)
    text = f"{{ leads {{ nodes {{ id value scoreExplanation(all: true) {{ {EXPLAINED} }} }} }} }}"
    answer = await world.ask(text)
    assert answer.errors == []
    assert len(answer.statements) == 4
    for node in answer.data["leads"]["nodes"]:
        told = node["scoreExplanation"]
        assert told["total"] == told["score"] == sum(range(min(node["value"], 5) + 1))
        assert [(one["matched"], one["values"]) for one in told["rules"]] == [
            (node["value"] >= points, {"value": node["value"]}) for points in range(1, 6)
        ]
    assert len(answer.data["leads"]["nodes"]) == len(leads)


@pytest.mark.parametrize("role", list(Role))
async def test_nobody_sees_the_explanation_of_another_organization(
    world: World, other_world: World, role: Role
) -> None:
    lead = await other_world.lead()
    await other_world.rule()
    own = await world.lead()
    found = await explained(world, own, "(all: true)", role=role)
    assert found == {"score": 0, "total": 0, "rules": [], "adjustments": []}
    text = f'{{ lead(id: "{other_world.id("Lead", lead.id)}") {{ scoreExplanation {{ total }} }} }}'
    assert (await world.ask(text, role=role)).data == {"lead": None}


async def test_a_mutation_shows_the_explanation_of_what_it_has_changed(world: World) -> None:
    lead = await world.lead(value=1)
    await world.rule(score_points=8, criteria=stored(value={"gte": 5}))
    for rehearsed in (True, False):
        input_ = {"id": world.id("Lead", lead.id), "patch": {"value": 9}, "dryRun": rehearsed}
        shows = "lead { scoreExplanation { score total rules { points matched values } } }"
        done = await world.do("updateLead", input_, shows)
        told = {"score": 8, "total": 8, "rules": [{"points": 8, "matched": True, "values": {"value": 9}}]}
        assert done == {"__typename": "UpdateLeadPayload", "lead": {"scoreExplanation": told}}
