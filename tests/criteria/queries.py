"""Random queries as react-querybuilder writes them, over a whole vocabulary. Enter at `queries`."""

from typing import Any

from filters import PATHS, SEARCHES, Values, _one, _text
from hypothesis import strategies as st
from population import JSON, TAGS

from lma_graph.kernel.criteria import ColumnTerm, JsonTerm, ManyTerm, OneTerm, Term, Vocabulary
from lma_graph.kernel.criteria.querybuilder.words import MATCHES, Word, joined, words_of
from lma_graph.kernel.criteria.values import Kind

SCALARS = [one for one in JSON if not isinstance(one, dict | list)]


@st.composite
def queries(draw: st.DrawFn, vocabulary: Vocabulary, values: Values, depth: int = 2, least: int = 0) -> dict[str, Any]:
    """A group of up to three rules and groups, some with combinators between them."""
    parts = [draw(_part(vocabulary, values, depth)) for _ in range(draw(st.integers(least, 3)))]
    group: dict[str, Any] = {"id": "g"} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        group["not"] = draw(st.booleans())
    if draw(st.booleans()):
        return {**group, "combinator": draw(st.sampled_from(("and", "or", "AND"))), "rules": parts}
    between: list[Any] = []
    for at, part in enumerate(parts):
        between += [draw(st.sampled_from(("and", "or"))), part] if at else [part]
    return {**group, "rules": between}


@st.composite
def _part(draw: st.DrawFn, vocabulary: Vocabulary, values: Values, depth: int) -> dict[str, Any]:
    if depth and draw(st.integers(0, 3)) == 0:
        return draw(queries(vocabulary, values, depth - 1, 1))
    return draw(_rule(vocabulary, values, depth))


@st.composite
def _rule(draw: st.DrawFn, vocabulary: Vocabulary, values: Values, depth: int) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(vocabulary.terms)))
    term = vocabulary.terms[name]
    if isinstance(term, OneTerm) and depth and draw(st.booleans()):
        rule = draw(_rule(term.vocabulary, values, depth - 1))
        return {**rule, "field": f"{name}.{rule['field']}"}
    if isinstance(term, OneTerm | ManyTerm) and depth and draw(st.booleans()):
        modes = MATCHES if isinstance(term, ManyTerm) else ("all", "some", "none")
        match: dict[str, Any] = {"mode": draw(st.sampled_from(modes))}
        if match["mode"] not in {"all", "some", "none"} or draw(st.booleans()):
            match["threshold"] = draw(st.integers(0, 3))
        inner = draw(queries(term.vocabulary, values, depth - 1))
        return {"field": name, "operator": "=", "match": match, "value": inner}
    keys = tuple(draw(st.sampled_from(PATHS))) if isinstance(term, JsonTerm) else ()
    word = draw(st.sampled_from(sorted(words_of(term).values(), key=lambda one: one.name)))
    value = draw(_value(vocabulary, term, word, values))
    return {"field": joined((name, *keys)), "operator": word.name, "value": value, "valueSource": "value"}


@st.composite
def _value(draw: st.DrawFn, vocabulary: Vocabulary, term: Term, word: Word, values: Values) -> Any:
    if word.takes == "none":
        return draw(st.sampled_from((None, "", "left over")))
    one = _single(vocabulary, term, word, values)
    if word.takes == "many":
        return draw(st.lists(one, min_size=1, max_size=3))
    if word.takes == "pair":
        bounds = [draw(one), draw(one)]
        return sorted(bounds) if {type(bound) for bound in bounds} <= {int, float} else [bounds[0], bounds[0]]
    return draw(one)


def _single(vocabulary: Vocabulary, term: Term, word: Word, values: Values) -> st.SearchStrategy[Any]:
    if isinstance(term, JsonTerm):
        return st.booleans() if word.own == "exists" else st.sampled_from(SCALARS)
    if not isinstance(term, ColumnTerm):
        return st.sampled_from(SEARCHES)
    if term.name == "tags":
        return st.sampled_from((*TAGS, "none"))
    operator = term.family.operator(word.own)
    assert operator is not None
    kind, found = operator.value or term.family.kind, values(vocabulary, term.name)
    if kind is Kind.TEXT:
        return _text(found)
    one = _one(kind, term, found)
    if kind in {Kind.INTEGER, Kind.BOOLEAN} and word.takes == "one":
        return one | one.map(lambda value: str(value).lower())
    return one
