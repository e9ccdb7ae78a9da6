"""Criteria in plain words: an example of every operator, how clauses are put together, and any filter at all."""

from typing import Any

import pytest
from filters import filters
from hypothesis import HealthCheck, given, settings

from lma_graph.kernel import ids
from lma_graph.kernel.criteria import ColumnTerm, ManyTerm, Vocabulary
from lma_graph.kernel.criteria.operators import COUNT, Family
from lma_graph.kernel.criteria.terms import JSON_OPERATORS
from lma_graph.leads.criteria import LEAD
from lma_graph.schema.graph import build

build()
USER, OTHER = ids.encode("User", 1), ids.encode("User", 2)
NOON = "2026-01-31T12:00:00Z"

SURE = "has workflow executions where confidence score"


def sure(condition: dict[str, Any]) -> dict[str, Any]:
    """A condition on the one number that is no whole number."""
    return {"workflowExecutions": {"some": {"confidenceScore": condition}}}


OPERATORS: list[tuple[dict[str, Any], str]] = [
    ({"company": {"eq": "Acme"}}, 'company is "Acme"'),
    ({"company": {"ne": "Acme"}}, 'company is not "Acme"'),
    ({"company": {"in": ["Acme", "Bolt"]}}, 'company is "Acme" or "Bolt"'),
    ({"company": {"notIn": ["Acme", "Bolt", "Core"]}}, 'company is not "Acme", "Bolt" or "Core"'),
    ({"company": {"lt": "B"}}, 'company is less than "B"'),
    ({"company": {"lte": "B"}}, 'company is at most "B"'),
    ({"company": {"gt": "B"}}, 'company is more than "B"'),
    ({"company": {"gte": "B"}}, 'company is at least "B"'),
    ({"company": {"isNull": True}}, "company has no value"),
    ({"company": {"isNull": False}}, "company has a value"),
    ({"company": {"contains": "{}"}}, 'company contains "{}"'),
    ({"jobTitle": {"startsWith": "Head"}}, 'job title begins with "Head"'),
    ({"jobTitle": {"endsWith": "IT"}}, 'job title ends with "IT"'),
    ({"jobTitle": {"ieq": "cto"}}, 'job title is "cto" in any case'),
    ({"jobTitle": {"icontains": 'the "best"'}}, 'job title contains "the \\"best\\"" in any case'),
    ({"jobTitle": {"istartsWith": "head"}}, 'job title begins with "head" in any case'),
    ({"email": {"iendsWith": "@acme.test"}}, 'email ends with "@acme.test" in any case'),
    ({"score": {"eq": 5}}, "score is 5"),
    ({"score": {"ne": -5}}, "score is not -5"),
    ({"score": {"in": [1]}}, "score is 1"),
    ({"score": {"notIn": []}}, "score is not nothing"),
    ({"score": {"lt": 5}}, "score is less than 5"),
    ({"score": {"lte": 5}}, "score is at most 5"),
    ({"score": {"gt": 5}}, "score is more than 5"),
    ({"score": {"gte": 5}}, "score is at least 5"),
    ({"score": {"isNull": False}}, "score has a value"),
    (sure({"eq": 1.5}), f"{SURE} is 1.5"),
    (sure({"ne": 1}), f"{SURE} is not 1"),
    (sure({"in": [1.5, 2]}), f"{SURE} is 1.5 or 2"),
    (sure({"notIn": [1.5]}), f"{SURE} is not 1.5"),
    (sure({"lt": 1e300}), f"{SURE} is less than 1e+300"),
    (sure({"lte": 250}), f"{SURE} is at most 250"),
    (sure({"gt": 250}), f"{SURE} is more than 250"),
    (sure({"gte": 250}), f"{SURE} is at least 250"),
    (sure({"isNull": True}), f"{SURE} has no value"),
    ({"expectedCloseDate": {"eq": "2026-01-31"}}, "expected close date is 2026-01-31"),
    ({"expectedCloseDate": {"ne": "2026-01-31"}}, "expected close date is not 2026-01-31"),
    ({"expectedCloseDate": {"in": ["2026-01-31"]}}, "expected close date is 2026-01-31"),
    ({"expectedCloseDate": {"notIn": ["2026-01-31"]}}, "expected close date is not 2026-01-31"),
    ({"expectedCloseDate": {"lt": "2026-01-31"}}, "expected close date is before 2026-01-31"),
    ({"expectedCloseDate": {"lte": "2026-01-31"}}, "expected close date is at or before 2026-01-31"),
    ({"expectedCloseDate": {"gt": "2026-01-31"}}, "expected close date is after 2026-01-31"),
    ({"expectedCloseDate": {"gte": "2026-01-31"}}, "expected close date is at or after 2026-01-31"),
    ({"expectedCloseDate": {"isNull": True}}, "expected close date has no value"),
    ({"expectedCloseDate": {"withinLast": "P1D"}}, "expected close date is within the last 1 day"),
    ({"expectedCloseDate": {"withinNext": "P2W"}}, "expected close date is within the next 2 weeks"),
    ({"expectedCloseDate": {"olderThan": "P1Y2M"}}, "expected close date is more than 1 year 2 months ago"),
    ({"lastEngagementDate": {"eq": NOON}}, f"last engagement date is {NOON}"),
    ({"lastEngagementDate": {"ne": NOON}}, f"last engagement date is not {NOON}"),
    ({"lastEngagementDate": {"lt": NOON}}, f"last engagement date is before {NOON}"),
    ({"lastEngagementDate": {"lte": NOON}}, f"last engagement date is at or before {NOON}"),
    ({"lastEngagementDate": {"gt": NOON}}, f"last engagement date is after {NOON}"),
    ({"lastEngagementDate": {"gte": NOON}}, f"last engagement date is at or after {NOON}"),
    ({"lastEngagementDate": {"isNull": True}}, "last engagement date has no value"),
    ({"lastEngagementDate": {"withinLast": "P14D"}}, "last engagement date is within the last 14 days"),
    ({"lastEngagementDate": {"withinNext": "PT1M"}}, "last engagement date is within the next 1 minute"),
    (
        {"lastEngagementDate": {"olderThan": "P1DT2H30M5S"}},
        "last engagement date is more than 1 day 2 hours 30 minutes 5 seconds ago",
    ),
    ({"source": {"eq": "REFERRAL"}}, "source is REFERRAL"),
    ({"source": {"ne": "REFERRAL"}}, "source is not REFERRAL"),
    ({"source": {"in": ["REFERRAL", "PARTNER"]}}, "source is REFERRAL or PARTNER"),
    ({"source": {"notIn": ["REFERRAL", "PARTNER"]}}, "source is not REFERRAL or PARTNER"),
    ({"source": {"isNull": True}}, "source has no value"),
    ({"assignedToId": {"eq": USER}}, f"assigned to id is {USER}"),
    ({"assignedToId": {"ne": USER}}, f"assigned to id is not {USER}"),
    ({"assignedToId": {"in": [USER, OTHER]}}, f"assigned to id is {USER} or {OTHER}"),
    ({"assignedToId": {"notIn": [USER]}}, f"assigned to id is not {USER}"),
    ({"assignedToId": {"isNull": True}}, "assigned to id has no value"),
    ({"tags": {"containsAny": ["a", "b"]}}, 'tags include "a" or "b"'),
    ({"tags": {"containsAll": ["a", "b", "c"]}}, 'tags include all of "a", "b" and "c"'),
    ({"tags": {"isEmpty": True}}, "tags are empty"),
    ({"tags": {"isEmpty": False}}, "tags are not empty"),
    ({"search": "ada*"}, 'search finds "ada*"'),
    ({"activities": {"some": {"isOverdue": {"eq": True}}}}, "has activities where is overdue is true"),
    ({"activities": {"some": {"isOverdue": {"ne": True}}}}, "has activities where is overdue is not true"),
    ({"activities": {"some": {"isOverdue": {"isNull": True}}}}, "has activities where is overdue has no value"),
    ({"activities": {"count": {"eq": 1}}}, "the number of activities is 1"),
    ({"activities": {"count": {"ne": 1}}}, "the number of activities is not 1"),
    ({"activities": {"count": {"in": [1, 2]}}}, "the number of activities is 1 or 2"),
    ({"activities": {"count": {"notIn": [1, 2]}}}, "the number of activities is not 1 or 2"),
    ({"activities": {"count": {"lt": 3}}}, "the number of activities is less than 3"),
    ({"activities": {"count": {"lte": 3}}}, "the number of activities is at most 3"),
    ({"activities": {"count": {"gt": 3}}}, "the number of activities is more than 3"),
    ({"activities": {"count": {"gte": 3}}}, "the number of activities is at least 3"),
]


def json(**condition: Any) -> dict[str, Any]:
    """A condition on the custom field `a.b`; `_in` stands for `in`."""
    return {"customFields": {"path": ["a", "b"], **{name.strip("_"): value for name, value in condition.items()}}}


JSON: list[tuple[dict[str, Any], str]] = [
    (json(eq="x"), 'a.b (custom field) is "x"'),
    (json(ne=None), "a.b (custom field) is not null"),
    (json(_in=[1, True, "x"]), 'a.b (custom field) is 1, true or "x"'),
    (json(notIn=[1]), "a.b (custom field) is not 1"),
    (json(lt=1), "a.b (custom field) is less than 1"),
    (json(lte=1.5), "a.b (custom field) is at most 1.5"),
    (json(gt="b"), 'a.b (custom field) is more than "b"'),
    (json(gte=250), "a.b (custom field) is at least 250"),
    (json(exists=True), "a.b (custom field) is there"),
    (json(exists=False), "a.b (custom field) is not there"),
]
A, B, C = {"score": {"gte": 1}}, {"status": {"eq": "NEW"}}, {"tags": {"isEmpty": True}}
CALLS = {"activityType": {"eq": "CALL"}}
TOGETHER: list[tuple[dict[str, Any], str]] = [
    ({}, "anything"),
    ({"company": {}}, "anything"),
    ({"customFields": []}, "anything"),
    ({"and": []}, "anything"),
    ({"or": []}, "nothing"),
    ({"or": [A, {}]}, "anything"),
    ({"not": {}}, "not (anything)"),
    ({**B, **A}, "score is at least 1 and status is NEW"),
    ({"score": {"lt": 9, "gte": 1}}, "score is at least 1 and score is less than 9"),
    ({"and": [A, {"and": [B, C]}]}, "score is at least 1 and status is NEW and tags are empty"),
    ({"or": [A]}, "score is at least 1"),
    ({"or": [A, B, C]}, "score is at least 1 or status is NEW or tags are empty"),
    ({"or": [A, {**B, **C}]}, "score is at least 1 or (status is NEW and tags are empty)"),
    ({"or": [A, B], **C}, "(score is at least 1 or status is NEW) and tags are empty"),
    ({"or": [{"or": [A, B]}, C]}, "(score is at least 1 or status is NEW) or tags are empty"),
    ({"not": {"or": [A, B]}}, "not (score is at least 1 or status is NEW)"),
    ({"not": {"not": A}, **B}, "not (not (score is at least 1)) and status is NEW"),
    ({"assignedTo": {}}, "assigned to is one that is there"),
    ({"assignedTo": {"role": {"eq": "ADMIN"}}}, "assigned to is one where role is ADMIN"),
    ({"activities": {}}, "anything"),
    ({"activities": {"some": {}}}, "has activities"),
    ({"activities": {"none": CALLS}}, "has no activities where activity type is CALL"),
    ({"activities": {"every": {}}}, "anything"),
    ({"activities": {"every": CALLS}}, "has only activities where activity type is CALL"),
    (
        {"activities": {"some": {"or": [CALLS, {"subject": {"isNull": True}}]}}},
        "has activities where (activity type is CALL or subject has no value)",
    ),
    (
        {"activities": {"count": {"gte": 3, "where": {**CALLS, "status": {"eq": "COMPLETED"}}}}},
        "the number of activities where (activity type is CALL and status is COMPLETED) is at least 3",
    ),
    (
        {"campaignLeads": {"some": {"campaign": {"name": {"eq": "Spring"}}}}},
        'has campaign leads where campaign is one where name is "Spring"',
    ),
]


@pytest.mark.parametrize(("tree", "text"), [*OPERATORS, *JSON, *TOGETHER])
def test_criteria_are_said_in_words(tree: dict[str, Any], text: str) -> None:
    assert LEAD.filter(tree).words == text


def _families(vocabulary: Vocabulary, seen: set[str]) -> set[tuple[Family, str]]:
    """Every family with its operators, in a vocabulary and all that it leads to."""
    found = set()
    if vocabulary.name not in seen:
        seen.add(vocabulary.name)
        for term in vocabulary.terms.values():
            if isinstance(term, ColumnTerm):
                found |= {(term.family, operator.name) for operator in term.family.operators}
            elif hasattr(term, "vocabulary"):
                found |= _families(term.vocabulary, seen)
    return found


def _tried(vocabulary: Vocabulary, tree: dict[str, Any]) -> set[tuple[Family, str]]:
    found = set()
    for name, value in tree.items():
        term = vocabulary.terms[name]
        if isinstance(term, ColumnTerm):
            found |= {(term.family, operator) for operator in value}
        elif isinstance(term, ManyTerm):
            found |= {(COUNT, operator) for operator in value.get("count", {})}
            found |= _tried(term.vocabulary, value.get("some", {}))
    return found


def test_every_operator_of_every_family_has_an_example() -> None:
    tried = {one for tree, _ in OPERATORS for one in _tried(LEAD, tree)}
    wanted = _families(LEAD, set()) | {(COUNT, operator.name) for operator in COUNT.operators}
    assert {(family.name, operator) for family, operator in wanted - tried} == set()
    assert {name for tree, _ in JSON for name in tree["customFields"]} - {"path"} == set(JSON_OPERATORS)


def test_long_lists_and_texts_are_cut() -> None:
    many = LEAD.filter({"score": {"in": list(range(1000))}}).words
    assert many == "score is 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 or one of 988 others"
    assert LEAD.filter({"company": {"eq": "x" * 81}}).words == f'company is "{"x" * 79}…"'


@given(filters(LEAD, lambda _vocabulary, _name: []))
@settings(max_examples=300, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_any_filter_has_words_and_equal_ones_the_same(tree: dict[str, Any]) -> None:
    found = LEAD.filter(tree)
    assert found.words.strip() == found.words != ""
    assert found.words.count("(") >= found.words.count(" where (")
    assert LEAD.filter(_turned(tree)).words == found.words


def _turned(tree: Any) -> Any:
    """The same with the keys of every object in the reverse order."""
    if isinstance(tree, dict):
        return {name: _turned(tree[name]) for name in reversed(tree)}
    return [_turned(part) for part in tree] if isinstance(tree, list) else tree
