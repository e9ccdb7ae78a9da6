"""The stored form: the same filter, versioned, and checked whenever it is read."""

from typing import Any

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.dialects import postgresql
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from lma_graph.kernel.criteria import Filter, Vocabulary, read_stored, to_stored
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.graphql.inputs import filter_of
from lma_graph.kernel.graphql.scalars import SCALARS
from lma_graph.kernel.scope import Scope
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.models import LeadRow

EVERYTHING = {
    "status": {"in": ["NEW", "CONTACTED"]},
    "score": {"gte": 50},
    "createdAt": {"gte": "2026-01-31T13:00:00+01:00", "withinLast": "P14D"},
    "expectedCloseDate": {"in": ["2026-01-31"]},
    "tags": {"containsAny": ["vip"]},
    "customFields": [{"path": ["country"], "eq": "DE"}, {"path": ["a", "b"], "in": [1, 1.5, True, None, "x"]}],
    "assignedTo": {"email": {"endsWith": "@demo.test"}},
    "or": [{"company": {"icontains": "acme"}}, {"not": {"source": {"eq": "IMPORT"}}}],
    "activities": {"none": {"activityType": {"eq": "CALL"}, "createdAt": {"withinLast": "P14D"}}},
    "campaignLeads": {"count": {"gte": 1, "where": {"status": {"eq": "RESPONDED"}}}},
    "search": "ada*",
}
FORMAT = 'must be an object with "format": "filter"'
LITERAL = """{
  status: { in: [NEW, CONTACTED] }
  score: { gte: 50 }
  createdAt: { gte: "2026-01-31T13:00:00+01:00", withinLast: "P14D" }
  expectedCloseDate: { in: ["2026-01-31"] }
  tags: { containsAny: ["vip"] }
  customFields: [{ path: ["country"], eq: "DE" }, { path: ["a", "b"], in: [1, 1.5, true, null, "x"] }]
  assignedTo: { email: { endsWith: "@demo.test" } }
  or: [{ company: { icontains: "acme" } }, { not: { source: { eq: IMPORT } } }]
  activities: { none: { activityType: { eq: CALL }, createdAt: { withinLast: "P14D" } } }
  campaignLeads: { count: { gte: 1, where: { status: { eq: RESPONDED } } } }
  search: "ada*"
}"""


def statement(criteria: Filter) -> tuple[str, dict[str, Any]]:
    """The SQL of a filter and its parameters."""
    lead = LEAD.table.alias("t")
    query = sa.select(lead.c.id).where(criteria.sql(lead, Scope(indexed_fields=frozenset({"country"}))))
    compiled = query.compile(dialect=postgresql.asyncpg.dialect())
    return str(compiled), dict(compiled.params)


def coerced(vocabulary: Vocabulary, query: str, variables: dict[str, Any] | None = None) -> Any:
    """The tree that a resolver gets for the `filter` argument of the query's field."""
    got: list[Any] = []

    class Echo(StrawberryField):
        @property
        def is_basic_field(self) -> bool:
            return False

        def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> bool:
            got.append(kwargs["filter"])
            return True

    field = Echo(python_name="echo", type_annotation=StrawberryAnnotation(bool), description="")
    given = StrawberryArgument("filter", None, StrawberryAnnotation(filter_of(vocabulary)))
    field.arguments = [given]
    made = strawberry.type(type("Query", (), {"__annotations__": {}}))
    made.__strawberry_definition__.fields.append(field)
    schema = strawberry.Schema(made, config=strawberry.schema.config.StrawberryConfig(scalar_map=SCALARS))
    result = schema.execute_sync(query, variable_values=variables)
    assert result.errors is None
    return got[0]


@pytest.mark.parametrize("given", ["literal", "variable"])
def test_a_graphql_filter_and_the_stored_one_are_the_same_sql(given: str) -> None:
    if given == "literal":
        tree = coerced(LEAD, f"{{ echo(filter: {LITERAL}) }}")
    else:
        tree = coerced(LEAD, "query Q($f: LeadFilter!) { echo(filter: $f) }", {"f": EVERYTHING})
    asked = LEAD.filter(tree)
    stored = read_stored(LEAD, {"v": 1, "format": "filter", "expr": EVERYTHING})
    assert statement(asked) == statement(stored)


def test_what_is_stored_is_what_is_read() -> None:
    stored = to_stored(LEAD.filter(EVERYTHING))
    assert stored == {"v": 1, "format": "filter", "expr": EVERYTHING}
    again = read_stored(LEAD, stored)
    assert again == LEAD.filter(EVERYTHING)
    assert hash(again) == hash(LEAD.filter(EVERYTHING))
    assert to_stored(again) == stored


def test_equal_filters_are_those_of_one_vocabulary_and_one_tree() -> None:
    other = Vocabulary("Lead", LeadRow, "", dict(LEAD.terms))
    assert LEAD.filter({"score": {"eq": 1}}) == LEAD.filter({"score": {"eq": 1}})
    assert LEAD.filter({"score": {"eq": 1}}) != LEAD.filter({"score": {"eq": 2}})
    assert LEAD.filter({"score": {"eq": 1}}) != other.filter({"score": {"eq": 1}})
    assert LEAD.filter({"customFields": {"path": ["a"], "eq": 1}}) != LEAD.filter(
        {"customFields": {"path": ["a"], "eq": True}}
    )


@pytest.mark.parametrize(
    ("stored", "path", "message", "code"),
    [
        (None, ("criteria",), FORMAT, "UNKNOWN_FORMAT"),
        ([], ("criteria",), FORMAT, "UNKNOWN_FORMAT"),
        ({"v": 1}, ("criteria",), FORMAT, "UNKNOWN_FORMAT"),
        ({"v": 1, "format": "jsonlogic", "expr": {}}, ("criteria",), FORMAT, "UNKNOWN_FORMAT"),
        ({"format": "filter", "expr": {}}, ("criteria", "v"), "must be 1", "UNKNOWN_VERSION"),
        ({"v": 2, "format": "filter", "expr": {}}, ("criteria", "v"), "must be 1", "UNKNOWN_VERSION"),
        ({"v": True, "format": "filter", "expr": {}}, ("criteria", "v"), "must be 1", "UNKNOWN_VERSION"),
        ({"v": 1, "format": "filter"}, ("criteria", "expr"), "must be an object: LeadFilter", "INVALID_TYPE"),
    ],
)
def test_another_format_or_version_is_refused(stored: Any, path: tuple[str, ...], message: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_stored(LEAD, stored)
    assert [(fault.path, fault.message, fault.code) for fault in caught.value.fields] == [(path, message, code)]


def test_a_term_that_has_vanished_is_a_fault_and_never_true() -> None:
    words = Vocabulary("Lead", LeadRow, "", dict(LEAD.terms))
    stored = to_stored(words.filter({"or": [{"company": {"eq": "Acme"}}]}))
    del words.terms["company"]
    with pytest.raises(InvalidInput) as caught:
        read_stored(words, stored, ("targetCriteria",))
    [fault] = caught.value.fields
    assert fault.path == ("targetCriteria", "expr", "or", 0, "company")
    assert (fault.message, fault.code) == ("is not a field of LeadFilter", "UNKNOWN_FIELD")
