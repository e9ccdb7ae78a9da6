"""react-querybuilder's JSON: what each operator and each shape of a group stands for, and every fault by its place."""

from typing import Any

import pytest
from query_refusals import REFUSED, group, rule

from lma_graph.kernel.criteria import Vocabulary, to_stored
from lma_graph.kernel.criteria.language import MOST_PARTS
from lma_graph.kernel.criteria.querybuilder import stored_query, to_filter, to_query
from lma_graph.kernel.errors import InvalidInput
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.models import LeadRow


def tree(*rules: Any, **more: Any) -> Any:
    """The filter of a group."""
    return to_filter(LEAD, group(*rules, **more)).tree


RULES = [
    (rule("score", "=", 5), {"score": {"eq": 5}}),
    (rule("score", "!=", 5), {"score": {"ne": 5}}),
    (rule("score", "<", 5), {"score": {"lt": 5}}),
    (rule("score", ">", 5), {"score": {"gt": 5}}),
    (rule("score", "<=", 5), {"score": {"lte": 5}}),
    (rule("score", ">=", 5), {"score": {"gte": 5}}),
    (rule("company", "contains", "me"), {"company": {"contains": "me"}}),
    (rule("company", "beginsWith", "Ac"), {"company": {"startsWith": "Ac"}}),
    (rule("company", "endsWith", "me"), {"company": {"endsWith": "me"}}),
    (rule("company", "doesNotContain", "me"), {"not": {"company": {"contains": "me"}}}),
    (rule("company", "doesNotBeginWith", "Ac"), {"not": {"company": {"startsWith": "Ac"}}}),
    (rule("company", "doesNotEndWith", "me"), {"not": {"company": {"endsWith": "me"}}}),
    (rule("company", "null"), {"company": {"isNull": True}}),
    (rule("company", "notNull"), {"company": {"isNull": False}}),
    (rule("status", "in", ["NEW", "LOST"]), {"status": {"in": ["NEW", "LOST"]}}),
    (rule("status", "notIn", ["NEW", "LOST"]), {"status": {"notIn": ["NEW", "LOST"]}}),
    (rule("value", "between", [1, 9]), {"value": {"gte": 1, "lte": 9}}),
    (rule("value", "notBetween", [1, 9]), {"not": {"value": {"gte": 1, "lte": 9}}}),
    (rule("company", "icontains", "ME"), {"company": {"icontains": "ME"}}),
    (rule("createdAt", "withinLast", "P14D"), {"createdAt": {"withinLast": "P14D"}}),
    (rule("tags", "contains", "vip"), {"tags": {"containsAll": ["vip"]}}),
    (rule("tags", "doesNotContain", "vip"), {"not": {"tags": {"containsAll": ["vip"]}}}),
    (rule("tags", "in", ["vip", "hot"]), {"tags": {"containsAny": ["vip", "hot"]}}),
    (rule("tags", "containsAll", ["vip", "hot"]), {"tags": {"containsAll": ["vip", "hot"]}}),
    (rule("tags", "null"), {"tags": {"isEmpty": True}}),
    (rule("search", "contains", "ada*"), {"search": "ada*"}),
    (rule("search", "doesNotContain", "ada*"), {"not": {"search": "ada*"}}),
    (rule("customFields.a.b", "=", True), {"customFields": [{"path": ["a", "b"], "eq": True}]}),
    (rule("customFields.a\\.b", "!=", None), {"customFields": [{"path": ["a.b"], "ne": None}]}),
    (rule("customFields.a", "notNull"), {"customFields": [{"path": ["a"], "exists": True, "ne": None}]}),
    (rule("customFields.a", "null"), {"not": {"customFields": [{"path": ["a"], "exists": True, "ne": None}]}}),
    (rule("customFields.a", "between", [1, 2.5]), {"customFields": [{"path": ["a"], "gte": 1, "lte": 2.5}]}),
    (rule("customFields.a", "exists", False), {"customFields": [{"path": ["a"], "exists": False}]}),
    (rule("assignedTo.email", "endsWith", ".test"), {"assignedTo": {"email": {"endsWith": ".test"}}}),
    (rule("assignedTo.email", "!=", "a@x"), {"not": {"assignedTo": {"email": {"eq": "a@x"}}}}),
    (rule("assignedTo.email", "null"), {"not": {"assignedTo": {"email": {"isNull": False}}}}),
    (rule("assignedTo", "null"), {"not": {"assignedTo": {}}}),
    (rule("activities", "notNull"), {"activities": {"some": {}}}),
    (rule("activities", "null"), {"activities": {"none": {}}}),
]


@pytest.mark.parametrize(("given", "wanted"), RULES, ids=[f"{one['field']} {one['operator']}" for one, _ in RULES])
def test_what_a_rule_stands_for(given: dict[str, Any], wanted: Any) -> None:
    assert tree(given) == wanted


CALL = rule("activityType", "=", "CALL")
CALLS = {"activityType": {"eq": "CALL"}}
MATCHES = [
    ({"mode": "some"}, {"some": CALLS}),
    ({"mode": "none"}, {"none": CALLS}),
    ({"mode": "all"}, {"every": CALLS}),
    ({"mode": "atLeast", "threshold": 3}, {"count": {"gte": 3, "where": CALLS}}),
    ({"mode": "atMost", "threshold": 3.0}, {"count": {"lte": 3, "where": CALLS}}),
    ({"mode": "exactly", "threshold": 3}, {"count": {"eq": 3, "where": CALLS}}),
    ({"mode": "atLeast", "threshold": 1}, {"some": CALLS}),
    ({"mode": "atMost", "threshold": 0}, {"none": CALLS}),
    ({"mode": "exactly", "threshold": 0}, {"none": CALLS}),
    ({"mode": "some", "threshold": None}, {"some": CALLS}),
]


@pytest.mark.parametrize(("match", "wanted"), MATCHES)
def test_how_many_related_rows_must_match(match: dict[str, Any], wanted: Any) -> None:
    assert tree(rule("activities", "=", group(CALL), match=match)) == {"activities": wanted}


def test_related_rows_without_rules_are_all_of_them() -> None:
    assert tree(rule("notes", "=", group(), match={"mode": "atLeast", "threshold": 2})) == {
        "notes": {"count": {"gte": 2}}
    }
    assert tree(rule("notes", "=", group(), match={"mode": "atLeast", "threshold": 0})) == {}


def test_one_related_row_can_be_matched_too() -> None:
    inner = group(rule("email", "!=", "a@x"))
    asked = {"email": {"ne": "a@x"}}
    found = [tree(rule("assignedTo", "=", inner, match={"mode": mode})) for mode in ("some", "none", "all")]
    assert found == [{"assignedTo": asked}, {"not": {"assignedTo": asked}}, {"not": {"assignedTo": {"not": asked}}}]


A, B, C = ({"score": {"eq": number}} for number in (1, 2, 3))
a, b, c = (rule("score", "=", number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (group(), {}),
        (group(a, b), {"and": [A, B]}),
        ({"combinator": "OR", "rules": [a, b], "not": None}, {"or": [A, B]}),
        (group(a, b, **{"not": True}), {"not": {"and": [A, B]}}),
        (group(a, {"combinator": "or", "rules": [b, c]}), {"and": [A, {"or": [B, C]}]}),
        ({"rules": [a, "or", b, "and", c]}, {"or": [A, {"and": [B, C]}]}),
        ({"rules": [a, "and", b, "or", c]}, {"or": [{"and": [A, B]}, C]}),
        ({"rules": [a]}, A),
        ({"rules": []}, {}),
        (group(**{"not": True}), {"not": {}}),
        (group(a, {**b, "muted": True}), A),
        ({"rules": [a, "or", {**b, "muted": True}, "and", c]}, {"and": [A, C]}),
        (group({**a, "id": "1", "path": [0], "disabled": True, "meta": {"x": 1}, "valueSource": "value"}), A),
    ],
)
def test_what_a_group_stands_for(given: dict[str, Any], wanted: Any) -> None:
    assert to_filter(LEAD, given).tree == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (rule("score", "=", "-5"), {"score": {"eq": -5}}),
        (rule("score", "=", 5.0), {"score": {"eq": 5}}),
        (rule("score", "between", "1, 9"), {"score": {"gte": 1, "lte": 9}}),
        (rule("score", "in", "1,2"), {"score": {"in": [1, 2]}}),
        (rule("score", "in", 1), {"score": {"in": [1]}}),
        (rule("company", "in", "Acme\\, Inc., Beta ,"), {"company": {"in": ["Acme, Inc.", "Beta"]}}),
        (rule("activities", "=", group(rule("isOverdue", "=", "True")), match={"mode": "some"}),
         {"activities": {"some": {"isOverdue": {"eq": True}}}}),
        (rule("customFields.a", "=", "5"), {"customFields": [{"path": ["a"], "eq": "5"}]}),
        (rule("expectedCloseDate", ">", "2026-01-31"), {"expectedCloseDate": {"gt": "2026-01-31"}}),
    ],
)  # fmt: skip
def test_values_are_taken_as_editors_give_them(given: dict[str, Any], wanted: Any) -> None:
    assert tree(given) == wanted


def faults(query: Any) -> list[tuple[str, str, str]]:
    """(path, message, code) of everything that is wrong with a query."""
    with pytest.raises(InvalidInput) as caught:
        to_filter(LEAD, query, ("criteria", "query"))
    return [(".".join(map(str, one.path[2:])), one.message, one.code) for one in caught.value.fields]


@pytest.mark.parametrize(("query", "path", "message", "code"), REFUSED)
def test_a_fault_is_named_where_it_stands(query: Any, path: str, message: str, code: str) -> None:
    assert faults(query) == [(path, message, code)]


def test_all_faults_are_named_at_once() -> None:
    inner = {"combinator": "or", "rules": [a, rule("score", "=", "x"), group()]}
    query = group(rule("shoeSize", "=", 9), inner, x=1)
    assert [path for path, _, _ in faults(query)] == [
        "x",
        "rules.0.field",
        "rules.1.rules.1.value",
        "rules.1.rules.2.rules",
    ]


def nested(levels: int) -> dict[str, Any]:
    """A group of that many groups in one another."""
    query = group(a)
    for _ in range(levels):
        query = group(query, b)
    return query


def test_depth_and_size_are_bounded() -> None:
    deep = "is nested too deeply; at most {} levels of objects and lists are allowed"
    assert to_filter(LEAD, nested(15))
    assert faults(nested(20)) == [("", deep.format(36), "TOO_DEEP")]
    assert faults(nested(60)) == [
        ("", "is nested too deeply; at most 72 levels of objects and lists are allowed", "TOO_DEEP")
    ]
    large = "is too large; it may hold at most {} keys, objects and lists"
    assert faults(nested(20_000)) == [("", large.format(2000), "TOO_LARGE")]
    assert faults(group(*[a] * 150)) == [
        ("", f"is too large; it may hold at most {MOST_PARTS} keys, objects and lists", "TOO_LARGE")
    ]


def test_what_a_user_interface_gets_back_is_what_it_has_sent() -> None:
    query = group(
        rule("status", "in", ["NEW", "CONTACTED"]),
        rule("assignedTo.email", "doesNotEndWith", "@x.test"),
        rule("tags", "contains", "vip"),
        rule("customFields.country", "null"),
        rule("value", "notBetween", [1, 9]),
        {
            "combinator": "or",
            "not": True,
            "rules": [
                rule("activities", "=", {"combinator": "or", "rules": [CALL, rule("subject", "contains", "x")]},
                     match={"mode": "atLeast", "threshold": 3}),
                rule("notes", "null"),
            ],
        },
    )  # fmt: skip
    found = to_query(to_filter(LEAD, query))
    found["rules"][-1]["rules"][-1] = rule("notes", "null")  # a match with none of all notes says the same
    assert found == query


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, group()),
        ({"or": []}, group(**{"not": True})),
        ({"score": {"in": []}}, group(**{"not": True})),
        ({"or": [{}, A]}, group()),
        ({"score": {"gte": 1, "lt": 5}}, group(rule("score", ">=", 1), rule("score", "<", 5))),
        ({"score": {"gte": 5, "lte": 1}}, group(rule("score", ">=", 5), rule("score", "<=", 1))),
        ({"not": {"company": {"contains": "x"}}}, group(rule("company", "doesNotContain", "x"))),
        ({"assignedTo": {"email": {"ne": "x"}}},
         group(rule("assignedTo", "=", group(rule("email", "!=", "x")), match={"mode": "some"}))),
        ({"activities": {"count": {"gt": 2}}},
         group(rule("activities", "=", group(), match={"mode": "atLeast", "threshold": 3}))),
        ({"activities": {"count": {"lt": 1}}}, group(rule("activities", "=", group(), match={"mode": "none"}))),
    ],
)  # fmt: skip
def test_what_a_filter_is_in_a_query(given: Any, wanted: Any) -> None:
    assert to_query(LEAD.filter(given)) == wanted


def test_a_stored_rule_whose_term_is_gone_has_no_query() -> None:
    words = Vocabulary("Lead", LeadRow, "", dict(LEAD.terms))
    stored = to_stored(words.filter({"or": [{"company": {"eq": "Acme"}}]}))
    assert stored_query(words, stored) == group(rule("company", "=", "Acme"))
    del words.terms["company"]
    assert stored_query(words, stored) is None
    assert stored_query(words, {"v": 2}) is None
