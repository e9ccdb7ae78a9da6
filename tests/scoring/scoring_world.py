"""What the tests of scoring's mutations share: rules by mutation, and a look at leads and their ledger."""

from typing import Any

from world import World

RULE = """rule { id name description ruleType criteria scorePoints priority isActive frequency frequencyLimit
    frequencyPeriod halfLifeDays deletedAt isValid faults { path message code } } changed execution { id }"""
ACME = {"company": {"eq": "Acme"}}
MANY = "INSERT INTO leads (organization_id, company) SELECT $1, 'Acme' FROM generate_series(1, $2::int)"


def a_rule(**values: Any) -> dict[str, Any]:
    """The input of a new rule: 50 points for leads at Acme."""
    return {"name": "At Acme", "ruleType": "FIRMOGRAPHIC", "criteria": ACME, "scorePoints": 50, **values}


async def made(world: World, **values: Any) -> Any:
    """What the mutation says of a rule that it makes."""
    found = await world.do("createScoringRule", a_rule(**values), RULE)
    assert found["__typename"] == "CreateScoringRulePayload", found
    return found


async def scores(world: World) -> list[tuple[int, str]]:
    """Score and temperature of every lead, by id."""
    rows = await world.fetch("SELECT score, lead_temperature AS t FROM leads WHERE organization_id = $1 ORDER BY id")
    return [(row["score"], row["t"]) for row in rows]


async def entries(world: World) -> list[tuple[Any, ...]]:
    """The ledger in the order in which it was written: kind, change, score since, reason."""
    rows = await world.fetch(
        "SELECT kind, score_change, new_score, reason FROM lead_score_history WHERE organization_id = $1 ORDER BY id"
    )
    return [tuple(row) for row in rows]


async def adds_up(world: World) -> bool:
    """Whether every score is the sum of its ledger."""
    wrong = await world.fetch(
        "SELECT l.id FROM leads l WHERE l.organization_id = $1 AND l.score <> coalesce((SELECT sum(score_change)"
        " FROM lead_score_history h WHERE h.organization_id = $1 AND h.lead_id = l.id), 0)"
    )
    return not wrong


def faults(found: Any) -> list[tuple[str, str]]:
    """Paths and codes of a refusal."""
    assert found["__typename"] == "InvalidInput", found
    return [(".".join(one["path"][1:]), one["code"]) for one in found["fields"]]
