"""What a vocabulary knows, told to user interfaces: fields, their operators, their values. Enter at `fields_of`.

Everything is read from the terms themselves, so a new term shows up here without a word. Relations are followed as
far as somebody looks, up to `DEEPEST_RELATION`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.criteria.language import Term, Vocabulary
from lma_graph.kernel.criteria.querybuilder.words import MATCHES, Word, joined, words_of
from lma_graph.kernel.criteria.relations import ManyTerm, OneTerm
from lma_graph.kernel.criteria.terms import ColumnTerm, JsonTerm
from lma_graph.kernel.criteria.values import Kind

DEEPEST_RELATION = 3
"""How many relations are followed one after the other."""


class FilterValueType(Choice):
    """What the values of a field, or of an operator, are."""

    TEXT = "TEXT", "Text."
    INTEGER = "INTEGER", "A whole number."
    FLOAT = "FLOAT", "A number."
    BOOLEAN = "BOOLEAN", "True or false."
    ID = "ID", "A global id."
    CHOICE = "CHOICE", "One of `values`."
    DATE = "DATE", "A day such as `2026-01-31`."
    DATETIME = "DATETIME", "A moment with its offset, such as `2026-01-31T12:00:00Z`."
    DURATION = "DURATION", "An ISO 8601 duration such as `P14D`."
    JSON = "JSON", "Text, a number, true, false or null; in a filter a document is asked under a key."
    ROW = "ROW", "A related row: its fields are under `fields`, named so that rules can use them as they are."
    ROWS = "ROWS", "Related rows: a rule has a match, and a group over `fields` as its value."


class FilterOperands(Choice):
    """What an operator takes."""

    NONE = "NONE", "No value."
    ONE = "ONE", "One value."
    MANY = "MANY", "A list of values."
    PAIR = "PAIR", "Two bounds, the lower one first."


_INPUTS = {
    Kind.INTEGER: "number",
    Kind.FLOAT: "number",
    Kind.BOOLEAN: "checkbox",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime-local",
}


@dataclass(frozen=True)
class Value:
    """One of the values that a field can have."""

    type_name: ClassVar[str] = "FilterValue"
    name: str
    label: str
    description: str | None = None


@dataclass(frozen=True)
class Named:
    """An operator of a field."""

    type_name: ClassVar[str] = "FilterOperator"
    name: str
    label: str
    takes: FilterOperands
    value_type: FilterValueType | None
    filter_operators: Sequence[str]
    negated: bool


@dataclass(frozen=True)
class Described:
    """A field; what lies below it is worked out when it is asked for."""

    type_name: ClassVar[str] = "FilterField"
    name: str
    label: str
    description: str
    path: Sequence[str]
    value_type: FilterValueType
    term: Term = field(repr=False)
    level: int
    known: Sequence[Value] = ()
    """Values that the term itself does not know."""
    declared: Sequence["Described"] = ()

    @property
    def id_of(self) -> str | None:
        """The type whose ids the values are."""
        return self.term.node if isinstance(self.term, ColumnTerm) else None

    @property
    def input_type(self) -> str | None:
        """HTML's input type."""
        if self.value_type in {FilterValueType.ROW, FilterValueType.ROWS}:
            return None
        return next((name for kind, name in _INPUTS.items() if kind.name == self.value_type), "text")

    @property
    def value_editor_type(self) -> str | None:
        """react-querybuilder's editor."""
        if self.input_type is None:
            return None
        if self.input_type == "checkbox":
            return "checkbox"
        return "select" if self.value_type == FilterValueType.CHOICE else "text"

    @property
    def operators(self) -> list[Named]:
        """All operators."""
        return [_named(self.term, word) for word in words_of(self.term).values()]

    @property
    def values(self) -> Sequence[Value]:
        """A closed set in its order, or the values that are known otherwise."""
        choices = self.term.choices if isinstance(self.term, ColumnTerm) else None
        if choices is None:
            return self.known
        return [Value(one.value, readable(one.value.lower()), one.description) for one in choices]

    @property
    def match_modes(self) -> Sequence[str]:
        """How related rows can be matched."""
        if isinstance(self.term, ManyTerm):
            return MATCHES
        return ("all", "some", "none") if isinstance(self.term, OneTerm) else ()

    @property
    def fields(self) -> Sequence["Described"]:
        """The fields of related rows, and the declared ones of a document."""
        if not isinstance(self.term, OneTerm | ManyTerm):
            return self.declared
        if self.level >= DEEPEST_RELATION:
            return ()
        through = () if isinstance(self.term, ManyTerm) else self.path
        label = "" if isinstance(self.term, ManyTerm) else f"{self.label}: "
        return list(fields_of(self.term.vocabulary, through, label, self.level + 1))


def fields_of(
    vocabulary: Vocabulary, through: Sequence[str] = (), label: str = "", level: int = 0
) -> Iterable[Described]:
    """The fields of a vocabulary; `through` leads to them from the nearest list."""
    for name, term in vocabulary.terms.items():
        path = (*through, name)
        yield Described(joined(path), label + readable(name), term.description, path, _type(term), term, level)


def _type(term: Term) -> FilterValueType:
    if isinstance(term, OneTerm | ManyTerm):
        return FilterValueType.ROW if isinstance(term, OneTerm) else FilterValueType.ROWS
    if isinstance(term, ColumnTerm):
        return FilterValueType[term.family.kind.name]
    return FilterValueType.JSON if isinstance(term, JsonTerm) else FilterValueType.TEXT


def _named(term: Term, word: Word) -> Named:
    takes = FilterOperands[word.takes.upper()]
    own = ("gte", "lte") if word.takes == "pair" else (word.own,)
    return Named(word.name, word.label, takes, _value_type(term, word), own, word.negated)


def _value_type(term: Term, word: Word) -> FilterValueType | None:
    if word.takes == "none":
        return None
    operator = term.family.operator(word.own) if isinstance(term, ColumnTerm) else None
    if operator is not None and operator.value is not None:
        return FilterValueType[operator.value.name]
    return FilterValueType.BOOLEAN if word.own == "exists" else _type(term)


def readable(name: str) -> str:
    """`First name` of `firstName` and of `first_name`."""
    words = re.sub("([A-Z])", r" \1", name).replace("_", " ").lower().split()
    text = " ".join({"id": "ID", "url": "URL"}.get(word, word) for word in words)
    return text[:1].upper() + text[1:]
