"""Limits: what is measured, that measuring is quick, and that real clients get in."""

import time
from collections.abc import Mapping

import pytest
from example_graph import W1, make_schema
from graphql import get_introspection_query

from lma_graph.kernel.errors import LimitExceeded
from lma_graph.kernel.graphql.cost import SATURATED
from lma_graph.kernel.graphql.documents import Documents
from lma_graph.kernel.graphql.limits import Limits, Measuring, Size
from lma_graph.kernel.settings import Settings

GRAPH = make_schema()._schema
MEASURING = Measuring(GRAPH, Limits())


def measure(text: str, variables: Mapping[str, object] | None = None) -> Size:
    document, _ = Documents(GRAPH, max_tokens=10_000).get(text)
    assert document.errors == (), document.errors
    return MEASURING.measure(document, document.operation(None), variables or {})


def refusal(text: str, limits: Limits | None = None, variables: Mapping[str, object] | None = None) -> dict:
    document, _ = Documents(GRAPH, max_tokens=10_000).get(text)
    measuring = Measuring(GRAPH, limits or Limits())
    size = measuring.measure(document, document.operation(None), variables or {})
    with pytest.raises(LimitExceeded) as caught:
        measuring.enforce(size)
    return {"message": caught.value.message, **caught.value.extensions()}


def test_the_defaults_are_those_of_the_settings() -> None:
    settings = Settings()
    for name in Limits.__slots__:
        assert getattr(Limits(), name) == getattr(settings, name), name


def test_everything_is_counted_where_it_is_used() -> None:
    text = """
      query($yes: Boolean! = true) @noted { a: hello ...F ...F }
      fragment F on Query { lead @include(if: $yes) { id b: email ...G } }
      fragment G on Lead { assignedTo { id } }
    """.replace("@noted ", "")
    assert measure(text) == Size(depth=3, aliases=3, fields=11, directives=2, roots=3, cost=4)


def test_inline_fragments_count_on_their_own_level() -> None:
    assert measure("{ ... { ... on Query { lead { ... on Lead { id } } } } }") == Size(
        depth=2, fields=2, roots=1, cost=1
    )


@pytest.mark.parametrize(
    ("selection", "cost"),
    [
        ("hello", 0),
        ("lead { id }", 1),
        ("lead { assignedTo { id } }", 2),
        ("leads { edges { cursor } }", 1 + 20),
        ("byDefault { edges { cursor } }", 1 + 7),
        ("lead { notes { edges { cursor } } }", 1 + 1 + 10),
        ("leads(first: 3) { edges { node { id } } }", 1 + 3 * 2),
        ("leads(first: 3) { edges { node { id } } pageInfo { endCursor } }", 1 + 3 * 3),
        ("leads(last: 4) { edges { cursor } }", 1 + 4),
        ("leads(first: 3, last: 4) { edges { cursor } }", 1 + 4),
        ("leads(first: 0) { edges { cursor } }", 1),
        ("leads(first: -5) { edges { cursor } }", 1),
        ("leads(first: null) { edges { cursor } }", 1 + 20),
        ("leads(first: 3) { edges { node { notes(first: 2) { edges { cursor } } } } }", 1 + 3 * (2 + 1 + 2)),
        ('nodes(ids: ["a", "b", "c"]) { notes(first: 2) { edges { cursor } } }', 3 * (1 + 1 + 2)),
    ],
)
def test_cost_of_literals(selection: str, cost: int) -> None:
    assert measure("{" + selection + "}").cost == cost


@pytest.mark.parametrize(
    ("variables", "size"),
    [
        ({"n": 3}, 3),
        ({"n": 3.0}, 3),
        ({}, 5),
        ({"n": None}, 20),
        ({"n": "3"}, 20),
        ({"n": True}, 20),
        ({"n": 1e300 * 10}, SATURATED),
        ({"n": float("inf")}, 20),
        ({"n": -1}, 0),
        ({"n": 10**4_000}, SATURATED),
    ],
)
def test_cost_of_a_page_size_in_a_variable(variables: Mapping[str, object], size: int) -> None:
    text = "query($n: Int = 5) { leads(first: $n) { edges { cursor } } }"
    assert measure(text, variables).cost == min(1 + size, SATURATED)


def test_variables_reach_through_fragments_and_each_request_counts_anew() -> None:
    text = """
      query($n: Int, $m: Int, $ids: [ID!]!) { a: lead { ...F } b: lead { ...F } nodes(ids: $ids) { ...F } }
      fragment F on Lead { notes(first: $n) { edges { node { user { ...U } } } } }
      fragment U on User { leads(first: $m) { edges { cursor } } }
    """
    document, _ = Documents(GRAPH, max_tokens=10_000).get(text)
    for n, m, ids in ((2, 3, ["x"]), (5, 7, []), (1, 1, ["x", "y"])):
        lead = 1 + 1 + n * (1 + 1 + 1 + 1 + m)
        variables = {"n": n, "m": m, "ids": ids}
        size = MEASURING.measure(document, document.operation(None), variables)
        assert size.cost == (2 + len(ids)) * lead


def test_w1_with_full_pages_passes() -> None:
    size = measure(W1.replace("first: 50", "first: 200"))
    MEASURING.enforce(size)
    assert size.depth == 8
    activities, three_others = 1 + 10 * 4, 3 * (1 + 5 * 4)
    edge_node_user_and_page_info = 4
    assert size.cost == 1 + 200 * (edge_node_user_and_page_info + activities + three_others)


def test_the_measuring_is_done_once_per_operation() -> None:
    document, _ = Documents(GRAPH, max_tokens=10_000).get(W1)
    operation = document.operation(None)
    assert MEASURING.measure(document, operation, {}) is MEASURING.measure(document, operation, {"x": 1})


def doubling(levels: int) -> str:
    chain = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(levels))
    return "{ ...F0 } " + chain + f" fragment F{levels} on Query {{ a: hello lead {{ id }} }}"


def test_nested_fragments_are_measured_in_no_time() -> None:
    text = doubling(24)
    assert len(text) < 1_150
    document, _ = Documents(GRAPH, max_tokens=10_000).get(text)
    assert document.errors == ()
    started = time.process_time()
    size = MEASURING.measure(document, document.operation(None), {})
    assert time.process_time() - started < 0.05
    assert size == Size(depth=2, aliases=2**24, fields=3 * 2**24, roots=2 * 2**24, cost=2**24)


def test_counts_stop_growing() -> None:
    size = measure(doubling(120))
    assert (size.fields, size.aliases, size.cost) == (SATURATED, SATURATED, SATURATED)


def test_variables_under_nested_fragments_are_evaluated_once_per_fragment() -> None:
    chain = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(60))
    leaf = "fragment F60 on Query { leads(first: $n) { edges { cursor } } }"
    document, _ = Documents(GRAPH, max_tokens=10_000).get(f"query($n: Int) {{ ...F0 }} {chain} {leaf}")
    assert document.errors == ()
    started = time.process_time()
    size = MEASURING.measure(document, document.operation(None), {"n": 10**30})
    assert time.process_time() - started < 0.05
    assert size.cost == SATURATED


LEAD = "lead { assignedTo { leads { edges { node { id } } } } }"


@pytest.mark.parametrize(
    ("text", "limits", "expected"),
    [
        (
            "{" + LEAD + "}",
            Limits(max_depth=5),
            ("depth", 5, 6, "This operation nests fields 6 deep; at most 5 are allowed."),
        ),
        (
            "{ a: hello b: hello }",
            Limits(max_aliases=1),
            ("aliases", 1, 2, "This operation has 2 aliases; at most 1 are allowed."),
        ),
        (
            "{" + LEAD + "}",
            Limits(max_fields=3),
            ("fields", 3, 6, "This operation selects 6 fields; at most 3 are allowed."),
        ),
        (
            "{ hello @skip(if: false) @include(if: true) }",
            Limits(max_directives=1),
            ("directives", 1, 2, "This operation has 2 directives; at most 1 are allowed."),
        ),
        (
            "{ hello lead { id } }",
            Limits(max_root_fields=1),
            ("rootFields", 1, 2, "This operation has 2 root fields; at most 1 are allowed."),
        ),
        (
            "{ leads { edges { cursor } } }",
            Limits(max_cost=20),
            ("cost", 20, 21, "This operation costs 21; the limit is 20. Ask for smaller pages."),
        ),
    ],
)
def test_each_limit_names_itself(text: str, limits: Limits, expected: tuple[str, int, int, str]) -> None:
    limit, allowed, found, message = expected
    assert refusal(text, limits) == {
        "message": message,
        "code": "LIMIT_EXCEEDED",
        "limit": limit,
        "allowed": allowed,
        "found": found,
    }


def test_five_nested_pages_of_a_hundred_are_refused() -> None:
    text = "edges { node { id } }"
    for _ in range(4):
        text = f"edges {{ node {{ assignedTo {{ leads(first: 100) {{ {text} }} }} }} }}"
    found = refusal(f"{{ leads(first: 100) {{ {text} }} }}", Limits(max_depth=50))
    assert (found["limit"], found["found"] > 10**10) == ("cost", True)


def test_a_deep_chain_through_introspection_is_refused() -> None:
    text = '{ __type(name: "Lead") { name ' + "ofType { " * 60 + "name" + " }" * 60 + " } }"
    assert refusal(text)["message"] == "This operation nests fields 62 deep; at most 15 are allowed."


def test_introspection_repeated_under_aliases_is_refused() -> None:
    one = "__schema { types { fields { args { type { name } } type { fields { name } } } } }"
    many = "{" + " ".join(f"a{i}: {one}" for i in range(20)) + "}"
    MEASURING.enforce(measure("{" + one + "}"))
    found = refusal(many, Limits(max_cost=10_000))
    assert (found["limit"], found["allowed"]) == ("cost", 10_000)


OF_TYPE = "ofType { kind name " * 7 + "}" * 7
WITH_DIRECTIVES = (
    """
query Introspect($descriptions: Boolean!, $deprecated: Boolean!) {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types { ...T }
    directives { name description @include(if: $descriptions) locations args { ...V } }
  }
}
fragment T on __Type {
  kind name description @include(if: $descriptions)
  fields(includeDeprecated: $deprecated) {
    name description @include(if: $descriptions)
    args { ...V } type { ...R }
    isDeprecated @include(if: $deprecated) deprecationReason @include(if: $deprecated)
  }
  inputFields { ...V } interfaces { ...R }
  enumValues(includeDeprecated: $deprecated) {
    name description @include(if: $descriptions)
    isDeprecated @include(if: $deprecated) deprecationReason @include(if: $deprecated)
  }
  possibleTypes { ...R }
}
fragment V on __InputValue {
  name description @include(if: $descriptions) type { ...R } defaultValue
}
fragment R on __Type { kind name """
    + OF_TYPE
    + "}"
)


@pytest.mark.parametrize(
    "text",
    [
        get_introspection_query(),
        get_introspection_query(descriptions=False),
        get_introspection_query(
            descriptions=True,
            specified_by_url=True,
            directive_is_repeatable=True,
            schema_description=True,
            input_value_deprecation=True,
        ),
        WITH_DIRECTIVES,
        "{ __schema { queryType { name } } __typename }",
    ],
    ids=["GraphiQL and Apollo", "urql", "everything", "sgqlc, with directives", "probe"],
)
def test_the_introspection_of_real_clients_passes(text: str) -> None:
    size = measure(text, {"descriptions": True, "deprecated": True})
    MEASURING.enforce(size)
    assert size.depth <= 15
