"""Input types made from vocabularies: `LeadFilter`, `LeadOrder`, and the operator inputs they use.

They are made when the schema is assembled, after every feature has extended the vocabularies it builds on.
"""

import datetime as dt
import enum
import functools
from collections.abc import Mapping
from typing import Any, Optional

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.criteria import (
    ColumnTerm,
    Family,
    JsonTerm,
    Kind,
    ManyTerm,
    OneTerm,
    Term,
    ValueTerm,
    Vocabulary,
)
from lma_graph.kernel.criteria.operators import COUNT
from lma_graph.kernel.criteria.relations import MANY_KEYS
from lma_graph.kernel.criteria.terms import JSON_OPERATORS
from lma_graph.kernel.graphql.scalars import Duration, Json
from lma_graph.kernel.names import upper
from lma_graph.kernel.order import Sort

_SCALARS: dict[Kind, Any] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.FLOAT: float,
    Kind.BOOLEAN: bool,
    Kind.ID: strawberry.ID,
    Kind.DATE: dt.date,
    Kind.DATETIME: dt.datetime,
    Kind.DURATION: Duration,
    Kind.JSON: Json,
}
_made: dict[str, Any] = {}


class SortDirection(Choice):
    """Which end comes first."""

    ASC = "ASC", "Smallest, earliest or first in the alphabet first."
    DESC = "DESC", "Greatest, latest or last in the alphabet first."


class NullsPlacement(Choice):
    """Where rows without a value stand."""

    FIRST = "FIRST", "Before all others."
    LAST = "LAST", "After all others."


def enum_of(choices: type[Choice]) -> Any:
    """The GraphQL enum of a closed set, with its descriptions."""
    if choices.__name__ not in _made:
        made = strawberry.enum(choices, description=choices.__doc__)
        definition = made.__strawberry_definition__  # type: ignore[attr-defined]
        for value in definition.values:
            value.description = choices.__members__[value.name].description
        _made[choices.__name__] = made
    return _made[choices.__name__]


def plain(value: Any) -> Any:
    """A coerced input as JSON: enums by name, moments as text."""
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, enum.Enum):
        return value.value
    return value.isoformat() if isinstance(value, dt.date) else value


def filter_of(vocabulary: Vocabulary) -> Any:
    """`…Filter` of a vocabulary."""
    name = f"{vocabulary.name}Filter"
    if name not in _made:
        made = _input(name, f"{vocabulary.description} Everything named in one object must hold.")
        several: Any = Optional[list[made]]  # type: ignore[valid-type]
        _add(made, "and", several, "All of these must hold.")
        _add(made, "or", several, "At least one of these must hold; an empty list matches nothing.")
        _add(made, "not", Optional[made], "This must not hold.")
        for term in vocabulary.terms.values():
            _add(made, term.name, Optional[_annotation(term)], term.description)
    return _made[name]


def _annotation(term: Term) -> Any:
    if isinstance(term, ColumnTerm):
        return _family(term.family, term.choices)
    if isinstance(term, OneTerm):
        return filter_of(term.vocabulary)
    if isinstance(term, ManyTerm):
        return _many(term.vocabulary)
    if isinstance(term, JsonTerm):
        return list[_json()]  # type: ignore[misc]
    if isinstance(term, ValueTerm):
        return str
    family: Family = term.family  # type: ignore[attr-defined]  # a term with operators of its own
    return _family(family, None)


def _family(family: Family, choices: type[Choice] | None) -> Any:
    name = f"{choices.__name__}Filter" if choices else family.name
    if name not in _made:
        made = _input(name, f"Which {choices.__name__} it must be." if choices else family.description)
        for operator in family.operators:
            kind = operator.value or family.kind
            one: Any = enum_of(choices) if kind is Kind.CHOICE and choices else _SCALARS[kind]
            value: Any = list[one] if operator.many else one
            _add(made, operator.name, Optional[value], operator.description)
    return _made[name]


def _many(vocabulary: Vocabulary) -> Any:
    name = f"{vocabulary.name}ListFilter"
    if name not in _made:
        made = _input(name, f"Which related rows ({vocabulary.name}) there must be.")
        one = filter_of(vocabulary)
        for key, description in MANY_KEYS.items():
            _add(made, key, Optional[one], description)
        count = _input(f"{vocabulary.name}CountFilter", COUNT.description)
        for operator in COUNT.operators:
            _add(count, operator.name, Optional[list[int] if operator.many else int], operator.description)
        _add(count, "where", Optional[one], "Count only those that are like this.")
        _add(made, "count", Optional[count], "How many there must be.")
    return _made[name]


def _json() -> Any:
    if "JsonFilter" not in _made:
        made = _input("JsonFilter", "What the value at a path of a JSON document must be like.")
        _add(made, "path", list[str], "The keys that lead to the value, outermost first.")
        for name, description in JSON_OPERATORS.items():
            kind = bool if name == "exists" else list[Optional[Json]] if name in {"in", "notIn"} else Json
            _add(made, name, Optional[kind], description)
    return _made["JsonFilter"]


def order_of(vocabulary: Vocabulary) -> Any:
    """`…Order` of a vocabulary: one column to sort by."""
    name = f"{vocabulary.name}Order"
    if name not in _made:
        members = {upper(name): (upper(name), term.description) for name, term in sortable(vocabulary).items()}
        fields = enum_of(
            _choices(f"{vocabulary.name}OrderField", f"What a list of {vocabulary.name} can be sorted by.", members)
        )
        made = _input(name, f"One thing to sort a list of {vocabulary.name} by; ties are broken by id.")
        _add(made, "field", fields, "What to sort by.")
        _add(made, "direction", enum_of(SortDirection), "Which end comes first.", default=SortDirection.ASC)
        _add(made, "nulls", Optional[enum_of(NullsPlacement)], "Where rows without a value stand; last by default.")
    return _made[name]


def order_by_one_of(name: str, fields: type[Choice]) -> Any:
    """An order of what has no vocabulary, such as groups: one of a closed set, the greatest first by default."""
    if name not in _made:
        made = _input(name, "One thing to sort by; ties are broken by the keys.")
        _add(made, "field", enum_of(fields), "What to sort by.")
        _add(made, "direction", enum_of(SortDirection), "Which end comes first.", default=SortDirection.DESC)
    return _made[name]


def sortable(vocabulary: Vocabulary) -> dict[str, ColumnTerm]:
    """The terms a list can be sorted by, by name."""
    return {
        name: term
        for name, term in vocabulary.terms.items()
        if isinstance(term, ColumnTerm)
        and term.column is not None
        and (term.family.kind is not Kind.ID or name == "id")
    }


def read_order(vocabulary: Vocabulary, given: list[Mapping[str, Any]] | None) -> list[Sort]:
    """The order a client asked for, as columns."""
    order: list[Sort] = []
    for one in given or ():
        column = _order_fields(vocabulary)[str(one["field"])].column
        assert column is not None
        if any(sort.column == column.name for sort in order):
            continue  # sorting by the same column again changes nothing
        descending = str(one.get("direction", "ASC")) == "DESC"
        nulls_first = str(one.get("nulls")) == "FIRST"
        order.append(Sort(column.name, descending, nulls_first, bool(column.nullable)))
    return order


@functools.cache
def _order_fields(vocabulary: Vocabulary) -> dict[str, ColumnTerm]:
    """By the names that orders have for them. Requests come when vocabularies are complete, so this may be kept."""
    return {upper(name): term for name, term in sortable(vocabulary).items()}


@functools.cache
def column_types(vocabulary: Vocabulary) -> dict[str, Any]:
    """The Python type of every sortable column, to read cursors with."""
    found = {}
    for term in sortable(vocabulary).values():
        assert term.column is not None
        found[term.column.name] = term.column.type.python_type
    return found


def _choices(name: str, description: str, members: dict[str, tuple[str, str]]) -> type[Choice]:
    made: Any = Choice(name, members)  # type: ignore[arg-type]
    made.__doc__ = description
    kind: type[Choice] = made
    return kind


def _input(name: str, description: str) -> Any:
    made = strawberry.input(type(name, (), {"__annotations__": {}}), name=name, description=description)
    made.__strawberry_definition__.from_input = lambda _cls, value, _context: plain(value)  # type: ignore[attr-defined]
    _made[name] = made
    return made


def _add(made: Any, name: str, annotation: Any, description: str, **options: Any) -> None:
    field = StrawberryField(
        python_name=name,
        graphql_name=name,
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
        default=options.get("default", strawberry.UNSET),
    )
    made.__strawberry_definition__.fields.append(field)
