"""What a rule's value is as an operand of the filter language. Enter at `operands_of`.

Editors of react-querybuilder give numbers and truth values as text and lists as one text with commas, depending on
their settings; both forms are taken.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lma_graph.kernel.criteria.operators import Operator
from lma_graph.kernel.criteria.querybuilder.fields import Field
from lma_graph.kernel.criteria.querybuilder.words import Operands, Word
from lma_graph.kernel.criteria.terms import ColumnTerm, JsonTerm, check_json
from lma_graph.kernel.criteria.values import Kind
from lma_graph.kernel.errors import FieldError, Path

_WHOLE = re.compile(r"\s*-?[0-9]{1,20}\s*")
_NUMBER = re.compile(r"\s*-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][-+]?[0-9]{1,3})?\s*")
_COMPARED = {Kind.INTEGER, Kind.FLOAT, Kind.DATE, Kind.DATETIME}
Found = tuple[Operands, list[FieldError]]


def operands_of(field: Field, word: Word, rule: Mapping[str, Any], path: Path) -> Found:
    """The operands of the positive form, and what is wrong with the value at `path`."""
    if word.takes == "none":
        return word.holds or {}, []
    if rule.get("value") is None and not (isinstance(field.term, JsonTerm) and "value" in rule):
        return {}, [FieldError(path, "is missing; the operators null and notNull take none", "MISSING_VALUE")]
    if word.takes == "one":
        return _one(field, word, rule.get("value"), path)
    values = _listed(rule.get("value"))
    if word.takes == "pair":
        return _pair(field, values, path, split=not isinstance(rule.get("value"), list))
    if not values:
        return {}, [FieldError(path, "names no value", "MISSING_VALUE")]
    operand = [_coerced(_kind(field, word.own), one) for one in values]
    faults = list(_wrong(field, word.own, operand, path))
    return {word.own: operand}, faults if isinstance(rule.get("value"), list) else _at(path, faults)


def _one(field: Field, word: Word, value: Any, path: Path) -> Found:
    operand = _coerced(_kind(field, word.own), value)
    operand = [operand] if word.listed and not isinstance(operand, list) else operand
    faults = list(_wrong(field, word.own, operand, path))
    return {word.own: operand}, faults if isinstance(value, list) else _at(path, faults)


def _pair(field: Field, values: list[Any], path: Path, *, split: bool) -> Found:
    """Two bounds, the lower one first."""
    if len(values) != 2:  # bounds come in pairs
        return {}, [FieldError(path, "must be two bounds, the lower one first", "INVALID_VALUE")]
    kind = _kind(field, "gte")
    bounds = {own: _coerced(kind, value) for own, value in zip(("gte", "lte"), values, strict=True)}
    faults = [
        fault
        for at, own in enumerate(bounds)
        for fault in _wrong(field, own, bounds[own], path if split else (*path, at))
    ]
    if not faults and not in_order(field, bounds["gte"], bounds["lte"]):
        faults = [FieldError(path, "must have the lower bound first", "INVALID_VALUE")]
    return bounds, faults


def in_order(field: Field, low: Any, high: Any) -> bool:
    """Whether bounds are not known to be the wrong way round; the order of texts is the database's."""
    if isinstance(field.term, JsonTerm):
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (low, high))
        return bool(low <= high) if numbers else True
    operator = _operator(field, "gte")
    if operator is None or _kind(field, "gte") not in _COMPARED:
        return True
    assert isinstance(field.term, ColumnTerm)
    return bool(field.term.read(operator, low) <= field.term.read(operator, high))


def _operator(field: Field, own: str) -> Operator | None:
    return field.term.family.operator(own) if isinstance(field.term, ColumnTerm) else None


def _kind(field: Field, own: str) -> Kind:
    """What the operand is; values of documents are of whatever kind they are."""
    operator = _operator(field, own)
    if operator is None or not isinstance(field.term, ColumnTerm):
        return Kind.BOOLEAN if own == "exists" else Kind.JSON
    return operator.value or field.term.family.kind


def _coerced(kind: Kind, value: Any) -> Any:
    """Text that stands for a number or a truth value as what it stands for; everything else as it is."""
    if kind is Kind.INTEGER:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value
    if kind is Kind.FLOAT:
        return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
    if kind is Kind.BOOLEAN and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    return value


def _wrong(field: Field, own: str, operand: Any, path: Path) -> Iterator[FieldError]:
    if isinstance(field.term, JsonTerm):
        yield from check_json(own, operand, path)
        return
    operator = _operator(field, own)
    if operator is None or not isinstance(field.term, ColumnTerm):
        yield from field.term.check(operand, path)
    else:
        yield from field.term.check_operand(operator, operand, path)


def _at(path: Path, faults: list[FieldError]) -> list[FieldError]:
    """The faults where the caller can find them: the place in a list that the caller did not write is none."""
    return [FieldError(path, fault.message, fault.code) for fault in faults]


def _listed(value: Any) -> list[Any]:
    """A list of values; of a text those between its commas, blank ones left out, a comma escaped by a backslash."""
    if isinstance(value, list):
        return [one.strip() if isinstance(one, str) else one for one in value]
    if not isinstance(value, str):
        return [value]
    found = [part.replace("\\,", ",").strip() for part in re.split(r"(?<!\\),", value)]
    return [part for part in found if part]
