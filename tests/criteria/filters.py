"""Random filters over a whole vocabulary, with operands that mostly occur in the data or lie close to it.

Enter at `filters`. What can be asked is read from the vocabulary, so a new term is tried without a word here.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from population import JSON, KEYS, TAGS

from lma_graph.kernel import ids
from lma_graph.kernel.criteria import ColumnTerm, JsonTerm, Kind, ManyTerm, OneTerm, Operator, Term, Vocabulary
from lma_graph.kernel.criteria.operators import COUNT
from lma_graph.kernel.criteria.terms import JSON_OPERATORS

DURATIONS = ("P1D", "P3D", "P7D", "P2W", "P1M", "P1Y", "PT24H", "PT4320M", "P0D")
DURATIONS += ("P1Y2M3W4DT48H", "PT172800S", "P999Y")
PATHS = (*([key] for key in KEYS), ["deep", "er"], ["deep", "er", "e"], ["list", "0"], ["none"])
SEARCHES = (
    "ada",
    "ADA",
    "ad*",
    "ada gra*",
    "émile",
    "emile",
    "ber*",
    "berlin berg",
    "strasse",
    "straße",
    "東京",
    "cto",
)
SEARCHES += ("cto", "", "%", "*", "example.test", "acme inc", "x*", "söhne", "o'hara", "nobody")
Values = Callable[[Vocabulary, str], list[Any]]
"""The values that occur under a plain key of an entity."""
BRANCHES = ("and", "or", "not")


@st.composite
def filters(draw: st.DrawFn, vocabulary: Vocabulary, values: Values, depth: int = 3) -> dict[str, Any]:
    """A filter of up to three keys."""
    plain = [name for name, term in vocabulary.terms.items() if not isinstance(term, OneTerm | ManyTerm)]
    related = [name for name in vocabulary.terms if name not in plain]
    kinds = st.sampled_from(("plain", "plain", "branch", "related") if depth and related else ("plain",))
    tree: dict[str, Any] = {}
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 2, 3, 0)))):
        kind = draw(kinds)
        if kind == "branch":
            key = draw(st.sampled_from(BRANCHES))
            part = filters(vocabulary, values, depth - 1)
            tree[key] = draw(part if key == "not" else st.lists(part, max_size=3))
        else:
            key = draw(st.sampled_from(related if kind == "related" else plain))
            tree[key] = draw(asked(vocabulary, vocabulary.terms[key], values, depth - 1))
    return tree


@st.composite
def asked(draw: st.DrawFn, vocabulary: Vocabulary, term: Term, values: Values, depth: int) -> Any:
    """A value for one term."""
    if isinstance(term, OneTerm):
        return draw(filters(term.vocabulary, values, max(depth, 0)))
    if isinstance(term, ManyTerm):
        return draw(_many(term.vocabulary, values, max(depth, 0)))
    if isinstance(term, JsonTerm):
        return draw(st.lists(_json(), min_size=0, max_size=2) | _json())
    if isinstance(term, ColumnTerm):
        names = st.lists(st.sampled_from(term.family.operators), min_size=1, max_size=2, unique=True)
        found = values(vocabulary, term.name)
        return {operator.name: draw(_operand(term, operator, found)) for operator in draw(names)}
    return draw(st.sampled_from(SEARCHES))


@st.composite
def _many(draw: st.DrawFn, vocabulary: Vocabulary, values: Values, depth: int) -> dict[str, Any]:
    key = draw(st.sampled_from(("some", "none", "every", "every", "count", "count", "")))
    if not key:
        return {}
    tree = draw(filters(vocabulary, values, depth))
    if key != "count":
        return {key: tree}
    count: dict[str, Any] = {}
    for operator in draw(st.lists(st.sampled_from(COUNT.operators), max_size=2, unique=True)):
        number = st.integers(0, 4)
        count[operator.name] = draw(st.lists(number, max_size=3) if operator.many else number)
    return {"count": {**count, "where": tree} if draw(st.booleans()) else count}


@st.composite
def _json(draw: st.DrawFn) -> dict[str, Any]:
    condition: dict[str, Any] = {"path": draw(st.sampled_from(PATHS))}
    one = st.sampled_from([value for value in JSON if not isinstance(value, dict | list)])
    for name in draw(st.lists(st.sampled_from(sorted(JSON_OPERATORS)), min_size=1, max_size=2, unique=True)):
        many = st.lists(one, max_size=3)
        condition[name] = draw(st.booleans() if name == "exists" else many if name in {"in", "notIn"} else one)
    return condition


def _operand(term: ColumnTerm, operator: Operator, found: list[Any]) -> st.SearchStrategy[Any]:
    kind = operator.value or term.family.kind
    if term.name == "tags":
        one: st.SearchStrategy[Any] = st.booleans() if kind is Kind.BOOLEAN else st.sampled_from((*TAGS, "none"))
    else:
        one = _one(kind, term, found)
    return st.lists(one, max_size=3) if operator.many else one


def _one(kind: Kind, term: ColumnTerm, found: list[Any]) -> st.SearchStrategy[Any]:
    if kind is Kind.CHOICE:
        assert term.choices is not None
        return st.sampled_from([str(member.value) for member in term.choices])
    if kind is Kind.ID:
        assert term.node is not None
        node = term.node
        return st.sampled_from([*found, 2**62]).map(lambda number: ids.encode(node, number))
    if kind is Kind.TEXT:
        return _text(found)
    known = st.sampled_from(found) if found else st.nothing()
    whole = st.sampled_from((0, 1, 10, 50, -(2**31), 2**31 - 1))
    moments = st.just(dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC))
    return {
        Kind.BOOLEAN: st.booleans(),
        Kind.INTEGER: known | whole,
        Kind.FLOAT: known | st.sampled_from((0.5, 0.25, 1, -1.5, 1e300)),
        Kind.DURATION: st.sampled_from(DURATIONS),
        Kind.DATE: (known | moments.map(dt.datetime.date)).map(str),
        Kind.DATETIME: (known | moments).map(dt.datetime.isoformat),
    }[kind]


@st.composite
def _text(draw: st.DrawFn, found: list[str]) -> str:
    """A text that occurs, a piece of one, one in other letters, or one that a pattern would take for more."""
    text = draw(st.sampled_from([*found, "%", "_", "\\", "", "a_", "é", "É"]))
    begin, end = draw(st.integers(0, 2)), draw(st.integers(0, 3))
    shape = draw(st.sampled_from(("whole", "whole", "piece", "upper", "lower")))
    piece = text[begin : len(text) - end] if shape == "piece" else text
    return {"upper": piece.upper(), "lower": piece.lower()}.get(shape, piece)
