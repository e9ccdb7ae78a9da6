"""Variables are coerced as graphql-core coerces them, or left to it."""

from typing import Any

import pytest
from graphql import Undefined, build_schema, coerce_input_value
from graphql.language import parse_type
from graphql.utilities import type_from_ast

from lma_graph.kernel.graphql.coercing import DEEPEST, Coercers

SCHEMA = build_schema(
    """
    enum Colour { RED BLUE }
    input Part { name: String! colour: Colour inner: Part parts: [Part!] }
    input Row { text: String number: Int real: Float id: ID on: Boolean part: Part parts: [Part!] lists: [[Int]] }
    input Sorted { by: String! down: Boolean = false }
    input Choice @oneOf { a: Int b: String }
    type Query { a(row: Row, sorted: Sorted, choice: Choice): Int }
    """
)
COERCERS = Coercers()


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"name": "x"}
    for _ in range(levels):
        value = {"name": "x", "inner": value}
    return value


def both(kind: str, value: Any) -> tuple[Any, Any]:
    found: Any = type_from_ast(SCHEMA, parse_type(kind))
    return COERCERS.coerced(value, found), coerce_input_value(value, found)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Int", 3),
        ("Int", None),
        ("ID!", 3),
        ("Float", 3),
        ("[Int!]!", [1, 2]),
        ("[Part!]", None),
        ("Row!", {}),
        ("Row", {"on": True, "text": "a", "number": None, "real": 1, "id": 7, "lists": [[1, None], None, []]}),
        ("Row", {"parts": [{"colour": "RED", "name": ""}], "part": {"name": "x", "inner": {"name": "y"}}}),
        ("[Row!]!", [{"text": "a"}, {"number": 1}]),
        ("Part", deep(DEEPEST - 1)),
    ],
)
def test_good_values_are_coerced_alike(kind: str, value: Any) -> None:
    ours, theirs = both(kind, value)
    assert ours == theirs
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Int!", None),
        ("Int", "3"),
        ("Int", True),
        ("String", 3),
        ("Boolean", 1),
        ("Row", {"unknown": 1}),
        ("Row", {"part": {}}),
        ("Row", {"part": {"name": None}}),
        ("Row", {"parts": [None]}),
        ("Row", {"part": {"name": "x", "colour": "GREEN"}}),
        ("Row", []),
        ("Choice", {"a": 1, "b": "x"}),
        ("Row", {"text": Undefined, "number": "x"}),
    ],
)
def test_bad_values_are_left_to_graphql_core(kind: str, value: Any) -> None:
    assert both(kind, value) == (Undefined, Undefined)


@pytest.mark.parametrize(
    ("kind", "value", "theirs"),
    [
        ("[Int]", 3, [3]),
        ("Sorted", {"by": "x"}, {"by": "x", "down": False}),
        ("Choice", {"a": 1}, {"a": 1}),
        ("Row", {"text": Undefined}, {}),
        ("Part", deep(DEEPEST), deep(DEEPEST)),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_graphql_core(kind: str, value: Any, theirs: Any) -> None:
    assert both(kind, value) == (Undefined, theirs)


def test_a_value_nested_without_end_is_left_to_graphql_core() -> None:
    kind: Any = SCHEMA.type_map["Part"]
    assert COERCERS.coerced(deep(5_000), kind) is Undefined
