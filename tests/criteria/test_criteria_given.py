"""Criteria at the door in either form, and stored criteria whose term is gone: they never hold."""

from typing import Any

import pytest

from lma_graph.kernel.viewer import Role
from lma_graph.leads.criteria import LEAD
from world import World

RULES = "organization { assignmentRules { name criteria criteriaQuery fault } }"
QUERY: dict[str, Any] = {
    "combinator": "or",
    "rules": [
        {"field": "company", "operator": "doesNotContain", "value": "Acme"},
        {
            "field": "activities",
            "operator": "=",
            "match": {"mode": "none"},
            "value": {"combinator": "and", "rules": []},
        },
    ],
}
FILTER = {"or": [{"not": {"company": {"contains": "Acme"}}}, {"activities": {"none": {}}}]}


async def given(world: World, **criteria: Any) -> Any:
    """Set one assignment rule."""
    rule = {"name": "r", "userIds": [world.id("User", world.users[Role.SALES_REP])], "strategy": "ROUND_ROBIN"}
    return await world.do("setAssignmentRules", {"rules": [{**rule, **criteria}]}, RULES)


async def stored(world: World) -> Any:
    """What the organization has of rules."""
    (row,) = await world.fetch("SELECT settings -> 'assignment' AS rules FROM organizations WHERE id = $1")
    return row["rules"]


async def test_either_form_is_stored_as_the_same_filter_and_given_back_in_both(world: World) -> None:
    wanted = [
        {"name": "r", "criteria": {"v": 1, "format": "filter", "expr": FILTER}, "criteriaQuery": QUERY, "fault": None}
    ]
    found = await given(world, criteriaQuery=QUERY)
    assert found["organization"]["assignmentRules"] == wanted
    assert await given(world, criteria=FILTER) == found


@pytest.mark.parametrize(
    ("criteria", "path", "message", "code"),
    [
        ({}, ["criteria"], "Give either criteria or criteriaQuery; {} as criteria is everything.", "MISSING_VALUE"),
        (
            {"criteria": {}, "criteriaQuery": QUERY},
            ["criteriaQuery"],
            "criteria and criteriaQuery exclude each other: both say the same, in different forms.",
            "CONTRADICTION",
        ),
        ({"criteriaQuery": None}, ["criteriaQuery"], "cannot be null; leave it out instead", "NULL"),
        (
            {"criteriaQuery": {"combinator": "and", "rules": [{"field": "score", "operator": ">", "value": "x"}]}},
            ["criteriaQuery", "rules", "0", "value"],
            "must be a whole number",
            "INVALID_VALUE",
        ),
    ],
)
async def test_a_refused_form_is_named_by_its_path(
    world: World, criteria: Any, path: list[str], message: str, code: str
) -> None:
    found = await given(world, **criteria)
    assert found["__typename"] == "InvalidInput"
    assert found["fields"] == [{"path": ["input", "rules", "0", *path], "message": message, "code": code}]
    assert await stored(world) is None


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Take a term out of the language, as a later version of the server might."""
    return lambda name: monkeypatch.delitem(LEAD.terms, name)


async def test_an_assignment_rule_whose_term_is_gone_never_holds(world: World, forgotten: Any) -> None:
    await given(world, criteria={"or": [{"not": {"jobTitle": {"eq": "x"}}}, {"score": {"gte": 0}}]})
    lead = await world.lead(score=5)
    forgotten("jobTitle")
    fault = "The assignment rule “r” cannot be used: criteria.expr.or.0.not.jobTitle: is not a field of LeadFilter"
    found = await world.do("autoAssignLeads", {"filter": {}, "strategy": "RULES"}, "assigned")
    assert found["fields"] == [{"path": ["input", "strategy"], "message": fault, "code": "INVALID_RULE"}]
    rows = await world.fetch("SELECT assigned_to_id FROM leads WHERE organization_id = $1 AND id = $2", lead.id)
    assert [row["assigned_to_id"] for row in rows] == [None]
    answer = await world.ask("{ organization { assignmentRules { criteriaQuery fault } } }")
    assert answer.data["organization"]["assignmentRules"] == [{"criteriaQuery": None, "fault": fault}]


async def test_what_is_stored_elsewhere_is_shown_as_a_query_while_it_can_be_used(world: World, forgotten: Any) -> None:
    criteria = {"v": 1, "format": "filter", "expr": {"jobTitle": {"contains": "CTO"}}}
    await world.rule(criteria=criteria)
    await world.campaign(target_criteria=criteria)
    await world.campaign(target_criteria=None)
    await world.workflow(trigger_conditions=criteria)
    text = (
        "{ leadScoringRules { nodes { criteriaQuery } } campaigns { nodes { targetCriteriaQuery } } "
        "workflows { nodes { triggerConditionsQuery } } }"
    )
    query = {"combinator": "and", "rules": [{"field": "jobTitle", "operator": "contains", "value": "CTO"}]}

    def shown(query: Any) -> Any:
        return {
            "leadScoringRules": {"nodes": [{"criteriaQuery": query}]},
            "campaigns": {"nodes": [{"targetCriteriaQuery": None}, {"targetCriteriaQuery": query}]},
            "workflows": {"nodes": [{"triggerConditionsQuery": query}]},
        }

    assert (await world.ask(text)).data == shown(query)
    forgotten("jobTitle")
    assert (await world.ask(text)).data == shown(None)
