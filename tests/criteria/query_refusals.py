"""Queries that are refused: where, with which message and code. The queries' own parts are made here as well."""

from typing import Any


def group(*rules: Any, **more: Any) -> dict[str, Any]:
    """A group joined by `and`."""
    return {"combinator": "and", "rules": list(rules), **more}


def rule(field: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """A rule."""
    return {"field": field, "operator": operator, "value": value, **more}


a, b = (rule("score", "=", number) for number in (1, 2))
NUMBERS = "=, !=, <, >, <=, >=, notNull, null, in, notIn, between, notBetween"
OF_ONE = "is for lists; of one related row, ask with all, some or none"
WHOLE = "must be a whole number from 0; shares of the related rows are not counted"
REFUSED: list[tuple[Any, str, str, str]] = [
    (None, "", "must be a group of rules: { combinator, rules }", "INVALID_TYPE"),
    ([a], "", "must be a group of rules: { combinator, rules }", "INVALID_TYPE"),
    (a, "", "must be a group of rules: { combinator, rules }", "INVALID_TYPE"),
    (group(**{"not": "yes"}), "not", "must be true or false", "INVALID_VALUE"),
    ({"combinator": "xor", "rules": [a, b]}, "combinator", "must be “and” or “or”", "UNKNOWN_OPERATOR"),
    ({"rules": [a, "nor", b]}, "rules.1", "must be “and” or “or”", "UNKNOWN_OPERATOR"),
    ({"rules": [a, "and"]}, "rules", "must not end with a combinator", "INVALID_VALUE"),
    ({"rules": [a, b]}, "rules.1", "must be “and” or “or”", "UNKNOWN_OPERATOR"),
    (group(a, "and", b), "rules.1", "must be a rule or a group", "INVALID_TYPE"),
    (group(a, group()), "rules.1.rules", "hold no rule that counts; take the group out", "MISSING_VALUE"),
    (group({**a, "muted": True}), "rules", "hold no rule that counts; take the group out", "MISSING_VALUE"),
    (group(a, negate=True), "negate", "is not a property of a group", "UNKNOWN_FIELD"),
    (group({**a, "lhs": {}}), "rules.0.lhs", "is not a property of a rule", "UNKNOWN_FIELD"),
    (
        group({**a, "valueSource": "field"}),
        "rules.0.valueSource",
        "must be value; one field is not compared with another",
        "INVALID_VALUE",
    ),
    (
        group({**a, "valueSource": []}),
        "rules.0.valueSource",
        "must be value; one field is not compared with another",
        "INVALID_VALUE",
    ),
    (group(rule("shoeSize", "=", 9)), "rules.0.field", "is not a field of LeadFilter", "UNKNOWN_FIELD"),
    (group(rule("~", "=", 9)), "rules.0.field", "is not a field of LeadFilter", "UNKNOWN_FIELD"),
    (group({"operator": "=", "value": 9}), "rules.0.field", "must be the name of a field", "UNKNOWN_FIELD"),
    (
        group(rule("assignedTo.shoeSize", "=", 9)),
        "rules.0.field",
        "is not a field of UserFilter: shoeSize",
        "UNKNOWN_FIELD",
    ),
    (
        group(rule("customFields", "=", 9)),
        "rules.0.field",
        "names no key of the document; write customFields.KEY",
        "UNKNOWN_FIELD",
    ),
    (group(rule("score.x", "=", 9)), "rules.0.field", "leads through score, which is a value", "UNKNOWN_FIELD"),
    (
        group(rule("notes.content", "=", "x")),
        "rules.0.field",
        "leads through notes, which is a list: give it a match, and a group of rules as its value",
        "UNKNOWN_FIELD",
    ),
    (
        group(rule("score", "contains", 9)),
        "rules.0.operator",
        f"is not an operator of score, which has {NUMBERS}",
        "UNKNOWN_OPERATOR",
    ),
    (
        group(rule("score", [], 9)),
        "rules.0.operator",
        f"is not an operator of score, which has {NUMBERS}",
        "UNKNOWN_OPERATOR",
    ),
    (
        group(rule("notes", "=", "x")),
        "rules.0.operator",
        "is not an operator of notes, which has notNull, null or a match",
        "UNKNOWN_OPERATOR",
    ),
    (group(rule("score", "=", "many")), "rules.0.value", "must be a whole number", "INVALID_VALUE"),
    (group(rule("score", "=", 2**31)), "rules.0.value", "must lie between -2147483648 and 2147483647", "INVALID_VALUE"),
    (
        group(rule("score", "=")),
        "rules.0.value",
        "is missing; the operators null and notNull take none",
        "MISSING_VALUE",
    ),
    (
        group({"field": "customFields.a", "operator": "="}),
        "rules.0.value",
        "is missing; the operators null and notNull take none",
        "MISSING_VALUE",
    ),
    (group(a, rule("score", "in", [1, "x"])), "rules.1.value.1", "must be a whole number", "INVALID_VALUE"),
    (group(rule("score", "in", "1,x")), "rules.0.value", "must be a whole number", "INVALID_VALUE"),
    (group(rule("score", "in", [])), "rules.0.value", "names no value", "MISSING_VALUE"),
    (group(rule("company", "in", " , ")), "rules.0.value", "names no value", "MISSING_VALUE"),
    (group(rule("score", "between", [1])), "rules.0.value", "must be two bounds, the lower one first", "INVALID_VALUE"),
    (group(rule("score", "between", [1, "x"])), "rules.0.value.1", "must be a whole number", "INVALID_VALUE"),
    (group(rule("score", "between", [9, 1])), "rules.0.value", "must have the lower bound first", "INVALID_VALUE"),
    (
        group(rule("customFields.a", "between", [9, 1])),
        "rules.0.value",
        "must have the lower bound first",
        "INVALID_VALUE",
    ),
    (
        group(rule("customFields.a", "=", {})),
        "rules.0.value",
        "must be text, a number, true, false or null",
        "INVALID_VALUE",
    ),
    (
        group(rule("status", "=", "OLD")),
        "rules.0.value",
        "must be one of NEW, CONTACTED, WORKING, NURTURING, QUALIFIED, CONVERTED, UNQUALIFIED, LOST",
        "INVALID_VALUE",
    ),
    (
        group(rule("createdAt", ">", "2026-01-31T12:00")),
        "rules.0.value",
        "must be a time with its offset, such as 2026-01-31T12:00:00Z",
        "INVALID_VALUE",
    ),
    (group(rule("assignedToId", "=", "x")), "rules.0.value", "is not an id of type User", "INVALID_VALUE"),
    (group(rule("tags", "contains", 5)), "rules.0.value", "must be text", "INVALID_VALUE"),
    (group(rule("search", "contains", "a b c d e f g h i")), "rules.0.value", "holds more than 8 words", "TOO_LARGE"),
    (
        group(rule("score", "=", 5, match={"mode": "some"})),
        "rules.0.match",
        "is for relations; this field has values",
        "INVALID_TYPE",
    ),
    (
        group(rule("notes", "=", group(), match={"mode": "most"})),
        "rules.0.match.mode",
        "must be one of all, some, none, atLeast, atMost, exactly",
        "UNKNOWN_OPERATOR",
    ),
    (
        group(rule("notes", "=", group(), match="some")),
        "rules.0.match.mode",
        "must be one of all, some, none, atLeast, atMost, exactly",
        "UNKNOWN_OPERATOR",
    ),
    (
        group(rule("notes", "=", group(), match={"mode": "atLeast", "threshold": 0.5})),
        "rules.0.match.threshold",
        WHOLE,
        "INVALID_VALUE",
    ),
    (group(rule("notes", "=", group(), match={"mode": "atMost"})), "rules.0.match.threshold", WHOLE, "INVALID_VALUE"),
    (
        group(rule("assignedTo", "=", group(), match={"mode": "exactly", "threshold": 2})),
        "rules.0.match.mode",
        OF_ONE,
        "UNKNOWN_OPERATOR",
    ),
    (
        group(rule("notes", "=", "x", match={"mode": "some"})),
        "rules.0.value",
        "must be a group of rules: { combinator, rules }",
        "INVALID_TYPE",
    ),
    (
        group(rule("notes", "=", group(rule("score", "=", 1)), match={"mode": "some"})),
        "rules.0.value.rules.0.field",
        "is not a field of LeadNoteFilter",
        "UNKNOWN_FIELD",
    ),
]
