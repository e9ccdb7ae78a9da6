"""A file with a JSON object on each line, read in constant memory. Enter at `JsonLines`.

Keys are what headers are in delimited text: a map says which fills which field. Those it does not name fill the field
of their name, and `customFields` is taken over as it is. Values keep their types where a custom field takes them.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from lma_graph.kernel import checks
from lma_graph.kernel.checks import LONGEST_KEY, Refused
from lma_graph.kernel.errors import InvalidInput
from lma_graph.leads.intake.mapping import CUSTOM, custom_path
from lma_graph.leads.intake.mapping import Mapping as Map
from lma_graph.leads.intake.records import LINE_HEADER, LONGEST_RECORD, REASON_HEADER, Record
from lma_graph.leads.intake.rows import Candidate, RowError, constants_of, put, row_error, sourceless
from lma_graph.leads.intake.sources import BadRows, Reads, reasons
from lma_graph.leads.intake.values import FIELDS, labels

LARGEST_CUSTOM = 100_000
"""Bytes of a lead's custom fields."""
_BOM = b"\xef\xbb\xbf"
_OWN = frozenset({LINE_HEADER, REASON_HEADER})


@dataclass(frozen=True, slots=True)
class JsonRecord(Record):
    """A line with its object."""

    row: Mapping[str, Any] | None = None


class JsonLines:
    """An open file of JSON lines; see `sources.Source`."""

    def __init__(self, path: Path) -> None:
        self.encoding, self.delimiter = "utf-8", ""
        self.headers: list[str] = []
        try:
            self.total = path.stat().st_size
            self._file = path.open("rb")
        except OSError as error:
            raise InvalidInput.at(("file",), f"The file cannot be read: {error.strerror}.") from None
        if self._file.read(len(_BOM)) != _BOM:
            self._file.seek(0)
        self._line = 0

    def __enter__(self) -> Self:
        """It is open."""
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._file.tell()

    def mark(self) -> dict[str, Any]:
        """Where the next record begins."""
        return {"at": str(self._file.tell()), "line": self._line}

    def go_on(self, mark: Mapping[str, Any]) -> None:
        """Pass over everything before a mark of the same file."""
        self._file.seek(int(mark["at"]))
        self._line = int(mark["line"])

    def records(self) -> Iterator[Record]:
        """The records from here on; empty lines are passed over."""
        while line := self._file.readline(LONGEST_RECORD + 1):
            self._line += 1
            whole = len(line) <= LONGEST_RECORD
            if not whole:
                self._pass_over(line)
            if line.strip():
                yield _record(self._line, line) if whole else _too_long(self._line, line)

    def _pass_over(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._file.readline(LONGEST_RECORD)

    def reader(self, mapping: Map, zone: str) -> Reads:
        """What makes leads of the records."""
        return JsonReader(mapping, zone)

    def bad_rows(self) -> BadRows:
        """How its bad rows are written."""
        return _BadLines()


def _record(number: int, line: bytes) -> JsonRecord:
    text = line.strip().decode("utf-8", "replace")
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return JsonRecord(number, [text], ("BAD_JSON", f"The line is not valid JSON: {error}."), len(text))
    if not isinstance(row, dict):
        return JsonRecord(number, [text], ("BAD_JSON", "The line is not a JSON object."), len(text))
    return JsonRecord(number, [text], None, len(text), row)


def _too_long(number: int, line: bytes) -> JsonRecord:
    text = line[:1_000].decode("utf-8", "replace")
    return JsonRecord(number, [text], ("TOO_LONG", f"The line has more than {LONGEST_RECORD:,} bytes."), len(line))


class _BadLines:
    def head(self) -> str:
        return ""

    def row(self, record: Record, errors: Sequence[RowError]) -> str:
        row = record.row if isinstance(record, JsonRecord) else None
        own = {LINE_HEADER: record.line, REASON_HEADER: reasons(errors)}
        return orjson.dumps({**(row or {"text": record.values[0]}), **own}).decode() + "\n"


class JsonReader:
    """Reads the records of one file by one map; see `rows.RowReader`."""

    def __init__(self, mapping: Map, zone: str) -> None:
        self._mapping = mapping.model_copy(update={"by_name": True})
        self._zone = zone
        self._fixed, self._fixed_custom = constants_of(mapping, zone)
        self._defaulted = dict.fromkeys(key for key, rule in mapping.columns.items() if rule.default is not None)
        self._blanks = {marker.strip().casefold() for marker in mapping.blank}

    def read(self, record: Record) -> Candidate | list[RowError]:
        """The lead of a record, or everything that is wrong with it."""
        if record.fault:
            return [row_error(record, *record.fault, value=record.values[0])]
        assert isinstance(record, JsonRecord)
        lead = {**self._fixed, "custom_fields": copy.deepcopy(self._fixed_custom)}
        errors = []
        for key, value in {**self._defaulted, **(record.row or {})}.items():
            try:
                if key not in _OWN:
                    self._take(lead, key, "" if value is None else value)
            except Refused as refused:
                errors.append(row_error(record, refused.code, refused.message, key, _shown(value)))
        try:
            checks.document(lead["custom_fields"], LARGEST_CUSTOM)
        except Refused as refused:
            errors.append(row_error(record, refused.code, refused.message, CUSTOM))
        return [*errors, *sourceless(record, lead)] or Candidate(record, lead)

    def _take(self, lead: dict[str, Any], key: str, value: Any) -> None:
        if key == CUSTOM and key not in self._mapping.columns and value != "":
            if not isinstance(value, dict):
                raise Refused("INVALID_TYPE", "The value must be a JSON object.")
            lead["custom_fields"].update(value)
            return
        rule = self._mapping.rule(key)
        if rule.ignore:
            return
        if isinstance(value, str):
            folded = value.strip().casefold()
            blank = not folded or folded in self._blanks or any(folded == one.casefold() for one in rule.blank)
            translated = {cell.strip().casefold(): other for cell, other in rule.values.items()}
            value = "" if blank else translated.get(folded, value.strip())
        if value == "":
            if rule.default is None:
                return
            value = rule.default
        path = custom_path(rule.field, key)
        if path is not None:
            _put(lead["custom_fields"], path, value)
            return
        field = FIELDS[rule.field or ""]
        if field.column == "tags" and isinstance(value, list) and all(isinstance(one, str) for one in value):
            lead["tags"] = labels(checks.text(one) for one in value)
        elif isinstance(value, bool | list | dict):
            raise Refused("INVALID_TYPE", "The value must be text or a number.")
        else:
            lead[field.column] = field.parse(str(value), rule.options(self._zone))


def _put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    if any(not step or len(step) > LONGEST_KEY for step in path):
        raise Refused("TOO_LONG", f"The name of a custom field has 1 to {LONGEST_KEY} characters.")
    inner: Any = document
    for step in path[:-1]:
        inner = inner.get(step, {})
        if not isinstance(inner, dict):
            raise Refused("DUPLICATE_FIELD", f"The custom field {'.'.join(path)} collides with another one.")
    put(document, path, value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
