"""`Campaign.performance`, compared with plain Python over the same rows."""

import statistics
from collections import Counter
from typing import Any

import pytest
from numbers_asking import ENGINE, ask
from numbers_funnel import COSTS, FUNNEL, RATES, funnel
from numbers_ground import Ground, day, touches

from lma_graph.kernel.graphql.limits import Limits, Measuring
from lma_graph.kernel.viewer import Role
from world import SCHEMA, World

SHOWS = f"""
{FUNNEL} {RATES} {COSTS} medianTimeToResponse
perDay {{ date enrolled responded converted }} goals {{ name target actual }}
attribution {{ firstTouch {{ conversions value }} lastTouch {{ conversions value }} }}
"""
QUERY = f"{{ campaigns(orderBy: {{ field: ID }}) {{ nodes {{ name performance {{ {SHOWS} }} }} }} }}"


def _per_day(members: list[Any]) -> list[dict[str, Any]]:
    stamps = {"enrolled": "added_at", "responded": "response_at", "converted": "conversion_at"}
    counts = {
        name: Counter(day(getattr(m, stamp)) for m in members if getattr(m, stamp)) for name, stamp in stamps.items()
    }
    days = sorted(set().union(*counts.values()))
    return [{"date": one.isoformat(), **{name: counts[name][one] for name in stamps}} for one in days]


def _credit(ground: Ground, campaign: Any, role: Role, end: int) -> dict[str, int]:
    customers = [lead for lead in ground.seen(role).values() if lead.status == "CONVERTED"]
    own = [lead for lead in customers if (found := touches(ground, lead)) and found[end][1] == campaign.id]
    return {"conversions": len(own), "value": sum(lead.value or 0 for lead in own)}


def _expected(ground: Ground, campaign: Any, role: Role) -> dict[str, Any]:
    members = [member for member in ground.of(ground.members, role) if member.campaign_id == campaign.id]
    waits = [(m.response_at - m.added_at).total_seconds() for m in members if m.response_at]
    found = funnel(members, campaign.budget_spent)
    return {
        **found,
        "medianTimeToResponse": statistics.median(waits) if waits else None,
        "perDay": _per_day(members),
        "goals": [
            {"name": "responses", "target": 3.0, "actual": found["responded"]},
            {"name": "Conversions", "target": 2.0, "actual": found["converted"]},
            {"name": "x", "target": 1.0, "actual": None},
        ],
        "attribution": {
            "firstTouch": _credit(ground, campaign, role, 0),
            "lastTouch": _credit(ground, campaign, role, -1),
        },
    }


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SALES_REP])
async def test_performance_is_that_of_plain_python(ground: Ground, role: Role) -> None:
    answer = await ask(ground.world, QUERY, role=role)
    assert answer.errors == []
    shown = {one["name"]: one["performance"] for one in answer.data["campaigns"]["nodes"]}
    assert shown == {one.name: _expected(ground, one, role) for one in ground.campaigns}


async def test_every_customer_who_was_touched_is_credited_once_each_way(ground: Ground) -> None:
    answer = await ask(ground.world, QUERY)
    shown = [one["performance"]["attribution"] for one in answer.data["campaigns"]["nodes"]]
    customers = [lead for lead in ground.seen().values() if lead.status == "CONVERTED" and touches(ground, lead)]
    for way in ("firstTouch", "lastTouch"):
        assert sum(credit[way]["conversions"] for credit in shown) == len(customers) > 3
    assert [credit["firstTouch"] for credit in shown] != [credit["lastTouch"] for credit in shown]


async def test_fifty_campaigns_take_two_statements(world: World, owner: Any) -> None:
    await owner.execute(
        "WITH c AS (INSERT INTO campaigns (organization_id, name, campaign_type) SELECT $1, 'c' || n, 'EMAIL' "
        "FROM generate_series(1, 50) n RETURNING id), "
        "l AS (INSERT INTO leads (organization_id, status) SELECT $1, 'CONVERTED' FROM generate_series(1, 40) "
        "RETURNING id) "
        "INSERT INTO campaign_leads (organization_id, campaign_id, lead_id, status, response_at, conversion_at) "
        "SELECT $1, c.id, l.id, 'RESPONDED', now() + interval '1 h', now() FROM c, l",
        world.organization_id,
    )
    answer = await ask(world, QUERY.replace("campaigns(", "campaigns(first: 50, "))
    assert len(answer.statements) == 2
    found = [one["performance"] for one in answer.data["campaigns"]["nodes"]]
    assert [one["responded"] for one in found] == [40] * 50
    assert sum(one["attribution"]["firstTouch"]["conversions"] for one in found) == 0, "answers after the conversion"


async def test_what_is_not_asked_for_is_not_read(world: World) -> None:
    await world.campaign()
    answer = await ask(world, "{ campaigns { nodes { performance { members } } } }")
    assert answer.data["campaigns"]["nodes"] == [{"performance": {"members": 0}}]
    assert len(answer.statements) == 2
    assert not [one for one in answer.statements if "percentile_cont" in one or "activities" in one]


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        # The page, twenty campaigns, and for each its performance: 20 to count it, and 1.
        ("{ campaigns { nodes { performance { members } } } }", 1 + 20 * (1 + 20 + 1)),
        ("{ campaigns(first: 1) { nodes { performance { perDay { date } goals { name } } } } }", 1 + 1 + 21 + 366 + 1),
        ("{ leadStats { count } }", 1000 + 1000),
        ("{ leadStats(first: 3) { count keys { value } } }", 1000 + 3 * 2),
        ("{ a: leadTimeSeries { count } b: scoreTimeSeries { change } }", 4000),
    ],
)
def test_numbers_cost_what_they_may_give(query: str, cost: int) -> None:
    document, _ = ENGINE.documents.get(query)
    measuring = Measuring(SCHEMA._schema, Limits())
    assert measuring.measure(document, document.operation(None), {}).cost == cost
