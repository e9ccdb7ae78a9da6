"""What the operators of react-querybuilder are in the filter language, and how fields are named.

Every operator is a positive condition or the complement of one, so that logic stays two-valued: `doesNotContain` holds
wherever `contains` does not, also where there is no value. Enter at `words_of`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lma_graph.kernel.criteria.language import Term
from lma_graph.kernel.criteria.operators import COUNT
from lma_graph.kernel.criteria.relations import ManyTerm, OneTerm
from lma_graph.kernel.criteria.terms import JSON_OPERATORS, ColumnTerm, JsonTerm, ValueTerm

Operands = Mapping[str, Any]
"""Operators of the filter language with their operands, as a leaf of a filter has them."""


@dataclass(frozen=True)
class Word:
    """An operator as a query names it."""

    name: str
    own: str
    """The operator of the filter language that decides; of `between` the first of two."""
    label: str
    takes: str = "one"
    """`one` value, `many` of them, a `pair` of bounds, or `none`."""
    holds: Operands | None = None
    """For `none`: the positive condition."""
    negated: bool = False
    complement: str | None = None
    """The operator that says the complement of `own` in one word."""
    listed: bool = False
    """Whether the filter language takes a list where the query has one value."""


_PAIRS: tuple[tuple[Word, ...], ...] = (
    (Word("=", "eq", "="), Word("!=", "eq", "!=", negated=True, complement="ne")),
    (Word("<", "lt", "<"),),
    (Word(">", "gt", ">"),),
    (Word("<=", "lte", "<="),),
    (Word(">=", "gte", ">="),),
    (Word("contains", "contains", "contains"), Word("doesNotContain", "contains", "does not contain", negated=True)),
    (
        Word("contains", "containsAll", "contains", listed=True),
        Word("doesNotContain", "containsAll", "does not contain", negated=True, listed=True),
    ),
    (
        Word("beginsWith", "startsWith", "begins with"),
        Word("doesNotBeginWith", "startsWith", "does not begin with", negated=True),
    ),
    (
        Word("endsWith", "endsWith", "ends with"),
        Word("doesNotEndWith", "endsWith", "does not end with", negated=True),
    ),
    (
        Word("notNull", "isNull", "is not null", "none", {"isNull": False}),
        Word("null", "isNull", "is null", "none", {"isNull": False}, negated=True),
    ),
    (
        Word("notNull", "isEmpty", "is not null", "none", {"isEmpty": False}),
        Word("null", "isEmpty", "is null", "none", {"isEmpty": False}, negated=True),
    ),
    (
        Word("notNull", "exists", "is not null", "none", {"exists": True, "ne": None}),
        Word("null", "exists", "is null", "none", {"exists": True, "ne": None}, negated=True),
    ),
    (Word("in", "in", "in", "many"), Word("notIn", "in", "not in", "many", negated=True, complement="notIn")),
    (Word("in", "containsAny", "in", "many"), Word("notIn", "containsAny", "not in", "many", negated=True)),
    (
        Word("between", "gte", "between", "pair"),
        Word("notBetween", "gte", "not between", "pair", negated=True),
    ),
)
"""The default operators; of those with one name, the first whose own operator the field has."""
_SPOKEN = {"ne", "notIn", "containsAny", "isNull", "isEmpty"}
"""Own operators for which a query always has another word."""
SEARCH = Word("contains", "search", "contains")
ANY = Word("notNull", "some", "is not null", "none", {})
"""There is a related row."""
NEGATIVE = {"!=", "doesNotContain", "doesNotBeginWith", "doesNotEndWith", "null", "notIn", "notBetween"}
OPPOSITE = {
    "=": "!=",
    "contains": "doesNotContain",
    "beginsWith": "doesNotBeginWith",
    "endsWith": "doesNotEndWith",
    "notNull": "null",
    "in": "notIn",
    "between": "notBetween",
}
OPPOSITE |= {negative: positive for positive, negative in OPPOSITE.items()}
MATCHES = ("all", "some", "none", "atLeast", "atMost", "exactly")


@lru_cache(maxsize=512)
def words_of(term: Term) -> dict[str, Word]:
    """The operators that a query may use on a term, by name."""
    if isinstance(term, OneTerm | ManyTerm):
        return {"notNull": ANY, "null": Word("null", "some", "is null", "none", {}, negated=True)}
    if isinstance(term, ValueTerm):
        return {
            "contains": SEARCH,
            "doesNotContain": Word("doesNotContain", "search", "does not contain", negated=True),
        }
    known = _own_operators(term)
    found: dict[str, Word] = {}
    for word in (word for pair in _PAIRS for word in pair):
        if word.own in known and word.name not in found:
            found[word.name] = word
    spoken = {word.own for word in found.values() if not word.listed and word.takes != "none"} | _SPOKEN
    for own, label in known.items():
        if own not in spoken:
            found[own] = Word(own, own, label, "many" if _takes_many(term, own) else "one")
    return found


def _own_operators(term: Term) -> dict[str, str]:
    """The operators of the filter language on a term, with words for people."""
    names: tuple[str, ...] = ()
    if isinstance(term, JsonTerm):
        names = tuple(JSON_OPERATORS)
    elif isinstance(term, ColumnTerm):
        names = tuple(operator.name for operator in term.family.operators)
    return {name: _LABELS.get(name, name) for name in names}


def _takes_many(term: Term, own: str) -> bool:
    operator = term.family.operator(own) if isinstance(term, ColumnTerm) else None
    return operator is not None and operator.many


_LABELS = {
    "ieq": "= (ignoring case)",
    "icontains": "contains (ignoring case)",
    "istartsWith": "begins with (ignoring case)",
    "iendsWith": "ends with (ignoring case)",
    "withinLast": "within the last",
    "withinNext": "within the next",
    "olderThan": "longer ago than",
    "containsAll": "contains all of",
}

BOUNDS: dict[str, Callable[[int], tuple[str, int]]] = {
    "gte": lambda bound: ("atLeast", bound),
    "gt": lambda bound: ("atLeast", bound + 1),
    "lte": lambda bound: ("atMost", bound),
    "lt": lambda bound: ("atMost", bound - 1),
    "eq": lambda bound: ("exactly", bound),
}
"""The match mode and the threshold of a bound on how many related rows there are."""
assert BOUNDS.keys() | {"ne", "in", "notIn"} == {operator.name for operator in COUNT.operators}


def joined(steps: tuple[str, ...]) -> str:
    """A field's name in a query: its keys with dots between; a dot within a key is escaped by a backslash."""
    return ".".join(step.replace("\\", "\\\\").replace(".", "\\.") for step in steps)


def split(name: str) -> tuple[str, ...]:
    """The keys of a field's name."""
    found, escaped = [""], False
    for letter in name:
        if escaped or letter not in "\\.":
            found[-1] += letter
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            found.append("")
    return tuple(found)
