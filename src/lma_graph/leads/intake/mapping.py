"""The map of an import: which column of a file fills which field of a lead.

Enter at `Mapping.read`. A map is a TOML or JSON document, checked as a whole before anything is loaded:

    delimiter = ";"                     # optional: found from the header otherwise
    encoding = "cp1252"                 # optional: found from the file otherwise
    disguised = true                    # cells such as '=A1 are meant as =A1: spreadsheets are kept from calculating so
    byName = true                       # columns not named here fill the field of their own name
    blank = ["Select", "n/a"]           # cells that mean "not given", in every column, whatever their case
    unmapped = "customFields"           # or "ignore": what happens to columns the map does not name

    [constants]                         # the same value for every lead
    externalSource = "old-crm"

    [columns]
    "E-mail" = "email"                  # column header = field of the API
    "Town" = "customFields.address.city"

    [columns."Stage"]                   # the long form
    field = "status"
    values = { "Won" = "CONVERTED", "Open" = "WORKING" }   # translation, whatever the case of the cell
    default = "NEW"                     # taken where the cell is blank

A column's other options: `blank` (further markers), `separator` (of tags, default a comma), `format` (of dates, as in
`strptime`), `region` (of telephone numbers, such as `DE`), `ignore = true`.
"""

import codecs
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lma_graph.kernel.checks import LONGEST_KEY, Refused
from lma_graph.kernel.errors import FieldError, InvalidInput
from lma_graph.leads.intake.records import LINE_HEADER, REASON_HEADER
from lma_graph.leads.intake.values import FIELDS, Options

CUSTOM = "customFields"
READ_ONLY = frozenset({"id", "version", "updatedAt", "assignedToId"})
"""What an export has beside the fields: by name it is passed over, so that an export can be imported as it is."""
Scalar = (
    Annotated[str, Field(pattern=r"^[^\x00]*$")]
    | bool
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | Annotated[float, Field(allow_inf_nan=False)]
)
_STRICT = ConfigDict(extra="forbid", frozen=True)
_SHORT = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]


class ColumnRule(BaseModel):
    """What becomes of one column."""

    model_config = _STRICT

    field: str | None = None
    """A field of the API, `customFields`, or `customFields.` and a path. None: `customFields` under the header."""
    ignore: bool = False
    values: dict[str, Scalar] = {}
    blank: tuple[str, ...] = ()
    default: Scalar | None = None
    separator: _SHORT | None = None
    format: _SHORT | None = None
    region: str | None = None

    def options(self, zone: str) -> Options:
        """How cells of this column are read."""
        return Options(self.separator or ",", self.format, self.region, zone)


def _long_form(rule: Any) -> Any:
    return {"field": rule} if isinstance(rule, str) else rule


class Mapping(BaseModel):
    """A valid map. `read` and `parse` raise `InvalidInput` naming every fault by its place in the document."""

    model_config = _STRICT

    columns: dict[str, Annotated[ColumnRule, BeforeValidator(_long_form)]] = {}
    constants: dict[str, Scalar] = {}
    blank: tuple[str, ...] = ()
    unmapped: Literal["customFields", "ignore"] = "customFields"
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    encoding: str | None = None
    disguised: bool = False
    by_name: Annotated[bool, Field(alias="byName")] = False

    @classmethod
    def read(cls, path: Path) -> "Mapping":
        """The map in a `.toml` or `.json` file."""
        try:
            content = path.read_bytes().decode("utf-8-sig")
            document = tomllib.loads(content) if path.suffix == ".toml" else json.loads(content)
        except OSError as error:
            raise InvalidInput.at(("map",), f"The map cannot be read: {error.strerror}.") from None
        except (ValueError, RecursionError) as error:
            kind = "TOML" if path.suffix == ".toml" else "JSON"
            raise InvalidInput.at(("map",), f"The map is not valid {kind}: {error}") from None
        return cls.parse(document)

    @classmethod
    def parse(cls, document: Any) -> "Mapping":
        """The map in a decoded document."""
        try:
            mapping = cls.model_validate(document)
        except ValidationError as error:
            raise InvalidInput([_fault(detail) for detail in error.errors()]) from None
        faults = _faults(mapping)
        if faults:
            raise InvalidInput(faults)
        return mapping

    def check_headers(self, headers: Sequence[str]) -> None:
        """Raise `InvalidInput` naming every column of the map that the file does not have."""
        known = ", ".join(repr(header) for header in headers if header)
        missing = [
            FieldError(("columns", header), f"The file has no column {header!r}; it has {known}.", "MISSING_COLUMN")
            for header in self.columns
            if header not in headers
        ]
        if missing:
            raise InvalidInput(missing)

    def rule(self, header: str) -> ColumnRule:
        """What becomes of the column with this header."""
        if (found := self.columns.get(header)) is not None:
            return found
        if self.by_name and (header in FIELDS or header.startswith(f"{CUSTOM}.")) and header not in self.constants:
            return ColumnRule(field=header)
        ignored = self.unmapped == "ignore" or header in {LINE_HEADER, REASON_HEADER}
        return ColumnRule(ignore=ignored or (self.by_name and header in READ_ONLY))


AUTOMATIC = Mapping.model_validate({"disguised": True, "byName": True})
"""The map of a file whose columns are called like the fields, such as an export."""


def custom_path(field: str | None, header: str) -> tuple[str, ...] | None:
    """Where in `customFields` a column goes; None where it fills a field of the lead itself."""
    if field is None or field == CUSTOM:
        return (header,)
    head, _, path = field.partition(".")
    return tuple(path.split(".")) if head == CUSTOM else None


def _fault(detail: Any) -> FieldError:
    # An empty place means that the document is no table at all.
    code = "UNKNOWN_OPTION" if detail["type"] == "extra_forbidden" else "INVALID"
    return FieldError(tuple(detail["loc"]) or ("map",), f"{detail['msg']}.", code)


def _faults(mapping: Mapping) -> list[FieldError]:
    found: list[FieldError] = []
    if mapping.encoding is not None and not _is_text_encoding(mapping.encoding):
        found.append(FieldError(("encoding",), f"There is no text encoding {mapping.encoding!r}."))
    takers: dict[str, str] = {}
    targets = [(("columns", header, "field"), rule.field, rule) for header, rule in mapping.columns.items()]
    constants = [(("constants", name), name, None) for name in mapping.constants]
    for path, field, rule in [*constants, *targets]:
        if rule is not None and rule.ignore:
            continue
        found += _target_faults(path, field, path[1])
        target = field if field not in {None, CUSTOM} else f"{CUSTOM}.{path[1]}"
        if target in takers:
            message = f"{target} is already filled from {takers[target]!r}."
            found.append(FieldError(path, message, "DUPLICATE_FIELD"))
        takers[str(target)] = path[1]
        if rule is not None:
            found += _option_faults(("columns", path[1]), rule)
    found += _constant_faults(mapping)
    if "externalId" in takers and "externalSource" not in takers:
        message = "externalId needs an externalSource, as a constant or from a column: it is unique within one."
        found.append(FieldError(("constants", "externalSource"), message))
    return found


def _target_faults(path: tuple[str, ...], field: str | None, header: str) -> list[FieldError]:
    place = None if path[-1] == CUSTOM else custom_path(field, header)
    if place is None:
        if field in FIELDS:
            return []
        message = f"There is no field {field!r}; there are {', '.join(FIELDS)}, and {CUSTOM}."
        return [FieldError(path, message, "UNKNOWN_FIELD")]
    if not all(place) or any(len(step) > LONGEST_KEY for step in place):
        return [FieldError(path, f"Every step of a path has 1 to {LONGEST_KEY} characters.", "UNKNOWN_FIELD")]
    return []


def _option_faults(path: tuple[str, ...], rule: ColumnRule) -> list[FieldError]:
    field = FIELDS.get(rule.field or "")
    understood = field.understands if field else frozenset()
    found = [
        FieldError((*path, name), f"{rule.field or CUSTOM} does not take the option {name}.")
        for name in ("separator", "format", "region")
        if getattr(rule, name) is not None and name not in understood
    ]
    if rule.region is not None and rule.region not in phonenumbers.SUPPORTED_REGIONS:
        found.append(FieldError((*path, "region"), f"There is no region {rule.region!r}; it is a code such as IN."))
    if field is None or found:
        return found
    given = [((*path, "values", cell), value) for cell, value in rule.values.items()]
    given += [((*path, "default"), rule.default)] if rule.default is not None else []
    return [
        fault for place, value in given for fault in _value_faults(place, rule.field or "", value, rule.options("UTC"))
    ]


def _constant_faults(mapping: Mapping) -> list[FieldError]:
    return [
        fault
        for name, value in mapping.constants.items()
        if name in FIELDS
        for fault in _value_faults(("constants", name), name, value, Options())
    ]


def _value_faults(path: tuple[str, ...], field: str, value: Scalar, options: Options) -> list[FieldError]:
    # An empty translation means blank.
    if value == "":
        return []
    try:
        FIELDS[field].parse(str(value), options)
    except Refused as refused:
        return [FieldError(path, refused.message, refused.code)]
    return []


def _is_text_encoding(name: str) -> bool:
    try:
        return "a".encode(name).decode(name) == "a" and bool(codecs.lookup(name))
    except (LookupError, UnicodeError, ValueError):
        return False
