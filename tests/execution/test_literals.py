"""Arguments written in a document: what is read of them equals what graphql-core makes of them."""

from typing import Any

import pytest
from graphql import GraphQLInputType, Undefined, build_schema, parse_type, parse_value
from graphql.execution import VariableValues
from graphql.utilities import type_from_ast
from graphql.utilities.coerce_input_value import coerce_input_literal

from lma_graph.kernel.graphql.execution.literals import Strange, reader_of

SCHEMA = build_schema("""
  type Query { a: Int }
  enum Side { ASC DESC }
  input Inner { eq: Int, in: [Int!], some: [Int] }
  input Outer { a: Inner, b: Inner!, side: Side = ASC, more: [Outer!], text: String! = "x" }
  input One @oneOf { a: Int, b: Int }
""")
LITERALS = [
    ("Int", "$n"),
    ("Int!", "$n"),
    ("Int", "$none"),
    ("Int!", "$none"),
    ("Int", "$missing"),
    ("[Int]", "[1, $n, null]"),
    ("[Int!]", "[1, $n]"),
    ("[Int!]", "[1, $none]"),
    ("[Int]", "[1, $missing]"),
    ("[Int]", "$list"),
    ("[[Int]]", "[$list, [1]]"),
    ("Inner", "{in: [$n], eq: 3}"),
    ("Inner", "{some: [$none], eq: $n}"),
    ("Inner", "{eq: $missing}"),
    ("Inner", "{unknown: $n}"),
    ("Inner", '{eq: "1", some: [$n]}'),
    ("Outer", "{b: {eq: $n}}"),
    ("Outer", "{a: {eq: $n}}"),
    ("Outer!", "{more: [{b: {in: [$n, 2]}, side: DESC}], b: {}, text: $text, side: $side}"),
    ("Outer", "{b: {eq: $n}, side: NEITHER}"),
    ("Outer", "{b: {eq: $n}, text: null}"),
    ("One", "{a: $n}"),
    ("One", "{a: $none}"),
]
VALUES: dict[str, Any] = {"n": 7, "none": None, "list": [1, None], "text": "t", "side": "DESC"}


@pytest.mark.parametrize(("kind", "literal"), LITERALS)
def test_a_literal_is_read_as_graphql_core_coerces_it_or_is_left_to_it(kind: str, literal: str) -> None:
    """Never another value; what is wrong, or has a meaning of its own, is not read at all."""
    wanted_kind, node = type_from_ast(SCHEMA, parse_type(kind)), parse_value(literal)
    assert wanted_kind is not None
    given: GraphQLInputType = wanted_kind  # type: ignore[assignment]
    wanted = coerce_input_literal(node, given, VariableValues(dict.fromkeys(VALUES), VALUES))  # type: ignore[arg-type, misc]
    try:
        found = reader_of(node, given)(VALUES)
    except Strange:
        assert wanted is Undefined or "missing" in literal or kind == "One"
        return
    assert found == wanted
    assert list(found) == list(wanted) if isinstance(found, dict) else True


def test_what_is_read_follows_the_variables() -> None:
    """One reader serves every request."""
    kind: Any = type_from_ast(SCHEMA, parse_type("Inner"))
    read = reader_of(parse_value("{eq: $n, in: [1, 2]}"), kind)
    assert [read({"n": 1}), read({"n": 2})] == [{"eq": 1, "in": [1, 2]}, {"eq": 2, "in": [1, 2]}]
