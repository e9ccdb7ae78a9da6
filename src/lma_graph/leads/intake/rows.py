"""From a record of a file to a lead that can be stored, or to the reasons why it cannot.

Enter at `RowReader`. Every fault of a row is found at once; nothing here knows the database.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lma_graph.kernel.checks import LONGEST_KEY, Refused
from lma_graph.kernel.errors import FieldError, InvalidInput
from lma_graph.leads.intake.mapping import ColumnRule, Mapping, Scalar, custom_path
from lma_graph.leads.intake.records import Record
from lma_graph.leads.intake.values import FIELDS, Options, custom

LONGEST_SHOWN = 80
"""Characters of a bad value that a report repeats."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One fault of one row. `line` is the physical line of the file on which its record begins."""

    line: int
    column: str | None
    """Header of the column; None where the whole row is at fault."""
    value: str
    """The bad value, shortened."""
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A valid row: the lead by column names of its table, and the record it came from."""

    record: Record
    lead: dict[str, Any]


def row_error(record: Record, code: str, message: str, column: str | None = None, value: str = "") -> RowError:
    """A fault of this record, its value cut to what a report shows."""
    shown = value if len(value) <= LONGEST_SHOWN else f"{value[: LONGEST_SHOWN - 1]}…"
    return RowError(record.line, column, shown, message, code)


def sourceless(record: Record, lead: dict[str, Any]) -> list[RowError]:
    """What is wrong with a lead that has an external id and no source."""
    if lead.get("external_id") is None or lead.get("external_source") is not None:
        return []
    return [row_error(record, "MISSING_VALUE", "An external id needs an external source beside it.")]


@dataclass(frozen=True, slots=True)
class _Column:
    header: str
    read: Callable[[str], Any]
    column: str | None
    path: tuple[str, ...]
    blanks: frozenset[str]
    values: dict[str, Scalar]
    default: Any


class RowReader:
    """Reads the records of one file by one map. Made once; raises `InvalidInput` where the two do not fit."""

    def __init__(self, mapping: Mapping, headers: Sequence[str], zone: str) -> None:
        mapping.check_headers(headers)
        self._width = len(headers)
        self._columns = [_column(mapping, header, zone) if header else None for header in headers]
        _check_paths([*self._columns, *(_constant(name) for name in mapping.constants)])
        self._fixed, self._fixed_custom = constants_of(mapping, zone)

    def read(self, record: Record) -> Candidate | list[RowError]:
        """The lead of a record, or everything that is wrong with it."""
        if record.fault:
            return [row_error(record, *record.fault, value="".join(record.values[:1]))]
        surplus = self._surplus(record)
        if surplus:
            return [surplus]
        lead = {**self._fixed, "custom_fields": copy.deepcopy(self._fixed_custom) if self._fixed_custom else {}}
        errors = []
        for column, cell in zip(self._columns, record.values, strict=False):
            if column is not None:
                try:
                    _take(lead, column, cell.strip())
                except Refused as refused:
                    errors.append(row_error(record, refused.code, refused.message, column.header, cell.strip()))
        return [*errors, *sourceless(record, lead)] or Candidate(record, lead)

    def _surplus(self, record: Record) -> RowError | None:
        count = len(record.values)
        if count < self._width:
            message = f"The row has {count} values, the header {self._width}."
            return row_error(record, "TOO_FEW_VALUES", message)
        for position, cell in enumerate(record.values):
            if (position >= self._width or self._columns[position] is None) and cell.strip():
                message = f"Value {position + 1} stands under no header."
                return row_error(record, "TOO_MANY_VALUES", message, value=cell.strip())
        return None


def constants_of(mapping: Mapping, zone: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What every lead of a map has: values by column names, and custom fields."""
    fixed: dict[str, Any] = {}
    custom_fields: dict[str, Any] = {}
    for name, value in mapping.constants.items():
        path = custom_path(name, name)
        if path:
            put(custom_fields, path, value)
        elif value != "":
            fixed[FIELDS[name].column] = FIELDS[name].parse(str(value), Options(zone=zone))
    return fixed, custom_fields


def _take(lead: dict[str, Any], column: _Column, cell: str) -> None:
    value: Any = cell
    if cell:
        folded = cell.casefold()
        value = "" if folded in column.blanks else column.values.get(folded, cell)
    if value == "":
        if column.default is None:
            return
        value = column.default
    if column.column is not None:
        lead[column.column] = column.read(str(value))
    elif column.path:
        put(lead["custom_fields"], column.path, column.read(value) if isinstance(value, str) else value)


def _column(mapping: Mapping, header: str, zone: str) -> _Column:
    rule = mapping.rule(header)
    blanks = frozenset(marker.strip().casefold() for marker in (*mapping.blank, *rule.blank))
    values = {cell.strip().casefold(): value for cell, value in rule.values.items()}
    path = custom_path(rule.field, header)
    if rule.ignore or path is not None:
        return _Column(header, custom, None, () if rule.ignore else path or (), blanks, values, rule.default)
    return _Column(header, _reader(rule, zone), FIELDS[rule.field or ""].column, (), blanks, values, rule.default)


def _reader(rule: ColumnRule, zone: str) -> Callable[[str], Any]:
    parse, options = FIELDS[rule.field or ""].parse, rule.options(zone)
    return lambda cell: parse(cell, options)


def _constant(name: str) -> _Column:
    return _Column(name, custom, None, custom_path(name, name) or (), frozenset(), {}, None)


def _check_paths(columns: Sequence[_Column | None]) -> None:
    """No custom field may be both a value and the parent of another, and none may be filled twice."""
    faults = []
    taken: dict[tuple[str, ...], str] = {}
    for column in columns:
        if column is None or not column.path:
            continue
        if any(len(step) > LONGEST_KEY for step in column.path):
            message = f"The name of a custom field has at most {LONGEST_KEY} characters."
            faults.append(FieldError(("columns", column.header), message, "TOO_LONG"))
        for path, header in taken.items():
            shorter = min(len(path), len(column.path))
            if path[:shorter] == column.path[:shorter]:
                message = f"The custom field {'.'.join(column.path)} collides with that of {header!r}."
                faults.append(FieldError(("columns", column.header), message, "DUPLICATE_FIELD"))
        taken[column.path] = column.header
    if faults:
        raise InvalidInput(faults)


def put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at a path of a document."""
    for step in path[:-1]:
        document = document.setdefault(step, {})
    document[path[-1]] = value
