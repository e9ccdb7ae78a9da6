"""Filters with one fault each: the filter, where the fault lies, what is said of it, and its code."""

from typing import Any

NUL = "must not hold a NUL character or half of a surrogate pair"
DATE = "must be a date such as 2026-01-31"
TIME = "must be a time with its offset, such as 2026-01-31T12:00:00Z"
DURATION = "must be an ISO 8601 duration such as P14D or PT36H"
SMALL = "must lie between -2147483648 and 2147483647"
LARGE = "must lie between -9223372036854775808 and 9223372036854775807"
NULL = "is null; leave it out instead"
SCALAR = "must be text, a number, true, false or null"


STEPS = "must be a list of 1 to 12 keys, outermost first"
NO_FIELD = "is not a field of ActivityFilter"
CONFIDENCE = "filter.workflowExecutions.some.confidenceScore.eq"


def custom(**condition: Any) -> dict[str, Any]:
    return {"customFields": [{"path": ["a"], **condition}]}


REFUSED: list[tuple[Any, str, str, str]] = [
    ([], "filter", "must be an object: LeadFilter", "INVALID_TYPE"),
    (None, "filter", NULL, "NULL"),
    ({"nmae": {"eq": "x"}}, "filter.nmae", "is not a field of LeadFilter", "UNKNOWN_FIELD"),
    ({"organizationId": {"eq": 1}}, "filter.organizationId", "is not a field of LeadFilter", "UNKNOWN_FIELD"),
    ({"deletedAt": {"isNull": True}}, "filter.deletedAt", "is not a field of LeadFilter", "UNKNOWN_FIELD"),
    ({"email": "x"}, "filter.email", "must be an object: TextFilter", "INVALID_TYPE"),
    ({"email": None}, "filter.email", NULL, "NULL"),
    ({"email": {"like": "x"}}, "filter.email.like", "is not an operator of TextFilter", "UNKNOWN_OPERATOR"),
    ({"status": {"lt": "NEW"}}, "filter.status.lt", "is not an operator of LeadStatusFilter", "UNKNOWN_OPERATOR"),
    ({"email": {"eq": None}}, "filter.email.eq", "is null; ask for isNull instead", "NULL"),
    ({"email": {"in": None}}, "filter.email.in", "is null; ask for isNull instead", "NULL"),
    ({"email": {"isNull": None}}, "filter.email.isNull", "is null; ask for isNull instead", "NULL"),
    ({"email": {"eq": 1}}, "filter.email.eq", "must be text", "INVALID_VALUE"),
    ({"email": {"eq": "a\0"}}, "filter.email.eq", NUL, "INVALID_VALUE"),
    ({"email": {"contains": "\ud800"}}, "filter.email.contains", NUL, "INVALID_VALUE"),
    ({"email": {"in": "x"}}, "filter.email.in", "must be a list", "INVALID_TYPE"),
    ({"email": {"in": ["x", 1]}}, "filter.email.in.1", "must be text", "INVALID_VALUE"),
    ({"email": {"in": ["x"] * 1001}}, "filter.email.in", "lists 1001 values; at most 1000 are allowed", "TOO_LARGE"),
    ({"email": {"isNull": 1}}, "filter.email.isNull", "must be true or false", "INVALID_VALUE"),
    ({"score": {"eq": 1.5}}, "filter.score.eq", "must be a whole number", "INVALID_VALUE"),
    ({"score": {"eq": True}}, "filter.score.eq", "must be a whole number", "INVALID_VALUE"),
    ({"score": {"gt": 2**31}}, "filter.score.gt", SMALL, "INVALID_VALUE"),
    ({"score": {"in": [-(2**31) - 1]}}, "filter.score.in.0", SMALL, "INVALID_VALUE"),
    ({"expectedCloseDate": {"eq": "2026-02-30"}}, "filter.expectedCloseDate.eq", DATE, "INVALID_VALUE"),
    ({"expectedCloseDate": {"eq": 20260101}}, "filter.expectedCloseDate.eq", DATE, "INVALID_VALUE"),
    ({"createdAt": {"lt": "2026-01-31T12:00:00"}}, "filter.createdAt.lt", TIME, "INVALID_VALUE"),
    ({"createdAt": {"lt": "0001-01-01T00:00:00+14:00"}}, "filter.createdAt.lt", TIME, "INVALID_VALUE"),
    ({"createdAt": {"lt": "yesterday"}}, "filter.createdAt.lt", TIME, "INVALID_VALUE"),
    (
        {"createdAt": {"in": []}},
        "filter.createdAt.in",
        "is not an operator of DateTimeFilter",
        "UNKNOWN_OPERATOR",
    ),
    *(
        ({"createdAt": {"withinLast": text}}, "filter.createdAt.withinLast", DURATION, "INVALID_VALUE")
        for text in ("14 days", "P", "PT", "P1DT", "P1D\n", "-P1D", "P1.5D", "P१D", "p1d", 14, "")
    ),
    *(
        (
            {"createdAt": {"olderThan": text}},
            "filter.createdAt.olderThan",
            "must be at most a thousand years",
            "INVALID_VALUE",
        )
        for text in ("P1001Y", "P9999Y", "P99999M", "P999999D", "PT9999999H", "PT99999999999S")
    ),
    (
        {"leadTemperature": {"eq": "warm"}},
        "filter.leadTemperature.eq",
        "must be one of COLD, WARM, HOT",
        "INVALID_VALUE",
    ),
    ({"id": {"eq": "x"}}, "filter.id.eq", "is not an id of type Lead", "INVALID_VALUE"),
    ({"id": {"eq": 7}}, "filter.id.eq", "must be text", "INVALID_VALUE"),
    ({"id": {"in": ["AAAAAAAAAAAA"]}}, "filter.id.in.0", "is not an id of type Lead", "INVALID_VALUE"),
    ({"assignedTo": {"x": {}}}, "filter.assignedTo.x", "is not a field of UserFilter", "UNKNOWN_FIELD"),
    ({"assignedTo": []}, "filter.assignedTo", "must be an object: UserFilter", "INVALID_TYPE"),
    ({"activities": []}, "filter.activities", "must be an object: ActivityListFilter", "INVALID_TYPE"),
    (
        {"activities": {"any": {}}},
        "filter.activities.any",
        "is not an operator of ActivityListFilter",
        "UNKNOWN_OPERATOR",
    ),
    ({"activities": {"some": None}}, "filter.activities.some", NULL, "NULL"),
    ({"activities": {"every": {"a": {}}}}, "filter.activities.every.a", NO_FIELD, "UNKNOWN_FIELD"),
    (
        {"activities": {"count": 3}},
        "filter.activities.count",
        "must be an object: ActivityCountFilter",
        "INVALID_TYPE",
    ),
    ({"activities": {"count": None}}, "filter.activities.count", NULL, "NULL"),
    ({"activities": {"count": {"eq": None}}}, "filter.activities.count.eq", NULL, "NULL"),
    (
        {"activities": {"count": {"gte": "3"}}},
        "filter.activities.count.gte",
        "must be a whole number",
        "INVALID_VALUE",
    ),
    (
        {"activities": {"count": {"isNull": True}}},
        "filter.activities.count.isNull",
        "is not an operator of CountFilter",
        "UNKNOWN_OPERATOR",
    ),
    ({"activities": {"count": {"where": None}}}, "filter.activities.count.where", NULL, "NULL"),
    ({"activities": {"count": {"where": {"a": {}}}}}, "filter.activities.count.where.a", NO_FIELD, "UNKNOWN_FIELD"),
    ({"tags": {"containsAny": "vip"}}, "filter.tags.containsAny", "must be a list", "INVALID_TYPE"),
    ({"tags": {"eq": []}}, "filter.tags.eq", "is not an operator of TagsFilter", "UNKNOWN_OPERATOR"),
    ({"tags": {"isEmpty": None}}, "filter.tags.isEmpty", NULL, "NULL"),
    ({"tags": {"containsAll": ["a", 1]}}, "filter.tags.containsAll.1", "must be text", "INVALID_VALUE"),
    ({"search": {"eq": "x"}}, "filter.search", "must be text", "INVALID_VALUE"),
    ({"search": "a\0"}, "filter.search", NUL, "INVALID_VALUE"),
    ({"search": "a b c d e f-g h i"}, "filter.search", "holds more than 8 words", "TOO_LARGE"),
    ({"and": {}}, "filter.and", "must be a list of filters", "INVALID_TYPE"),
    ({"or": None}, "filter.or", "must be a list of filters", "INVALID_TYPE"),
    ({"or": [{}, None]}, "filter.or.1", NULL, "NULL"),
    ({"not": []}, "filter.not", "must be an object: LeadFilter", "INVALID_TYPE"),
    ({"customFields": "a"}, "filter.customFields", "must be an object: JsonFilter", "INVALID_TYPE"),
    ({"customFields": ["a"]}, "filter.customFields.0", "must be an object: JsonFilter", "INVALID_TYPE"),
    ({"customFields": {"path": "a", "eq": 1}}, "filter.customFields.path", STEPS, "INVALID_VALUE"),
    ({"customFields": [{"path": [], "eq": 1}]}, "filter.customFields.0.path", STEPS, "INVALID_VALUE"),
    ({"customFields": [{"path": ["a"] * 13, "eq": 1}]}, "filter.customFields.0.path", STEPS, "INVALID_VALUE"),
    ({"customFields": [{"path": ["a\0"], "eq": 1}]}, "filter.customFields.0.path.0", NUL, "INVALID_VALUE"),
    (
        {"customFields": [{"path": ["a", 0], "eq": 1}]},
        "filter.customFields.0.path.1",
        "must be text",
        "INVALID_VALUE",
    ),
    (custom(), "filter.customFields.0", "asks nothing of the path; give an operator such as eq", "INVALID_VALUE"),
    (custom(like="x"), "filter.customFields.0.like", "is not an operator of JsonFilter", "UNKNOWN_OPERATOR"),
    (custom(eq={"a": 1}), "filter.customFields.0.eq", SCALAR, "INVALID_VALUE"),
    (custom(eq=float("nan")), "filter.customFields.0.eq", SCALAR, "INVALID_VALUE"),
    (custom(lt=10**400), "filter.customFields.0.lt", LARGE, "INVALID_VALUE"),
    (custom(eq="\0"), "filter.customFields.0.eq", NUL, "INVALID_VALUE"),
    (custom(**{"in": [1, [2]]}), "filter.customFields.0.in.1", SCALAR, "INVALID_VALUE"),
    (custom(notIn=None), "filter.customFields.0.notIn", "must be a list", "INVALID_TYPE"),
    (
        custom(**{"in": [1] * 1001}),
        "filter.customFields.0.in",
        "lists 1001 values; at most 1000 are allowed",
        "TOO_LARGE",
    ),
    (custom(exists=1), "filter.customFields.0.exists", "must be true or false", "INVALID_VALUE"),
    (
        {"workflowExecutions": {"some": {"confidenceScore": {"eq": "1"}}}},
        CONFIDENCE,
        "must be a number",
        "INVALID_VALUE",
    ),
    (
        {"workflowExecutions": {"some": {"confidenceScore": {"eq": 10**400}}}},
        CONFIDENCE,
        "must be a number that a double can hold",
        "INVALID_VALUE",
    ),
]
