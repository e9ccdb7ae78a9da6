"""Leads as text, batch by batch, in constant memory. Enter at `Export`.

A batch begins behind the last lead of the one before, so that an export of any size can stop and go on. What is
created meanwhile has a higher id and may be in it; what changes meanwhile is as it was when its batch was read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.kernel import ids
from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.errors import FieldError, InvalidInput
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, Row, Transaction
from lma_graph.leads.index import at_path
from lma_graph.leads.intake.mapping import CUSTOM
from lma_graph.leads.intake.records import disguised
from lma_graph.leads.intake.sources import FileFormat, delimited
from lma_graph.leads.intake.values import FIELDS
from lma_graph.leads.models import LeadRow

BATCH = 5_000
MOST_COLUMNS = 200
_LEAD = table_of(LeadRow)
_IDS = {"id": "Lead", "assigned_to_id": "User"}
COLUMNS: dict[str, str] = {
    "id": "id",
    **{name: field.column for name, field in FIELDS.items()},
    "assignedToId": "assigned_to_id",
    "updatedAt": "updated_at",
    "version": "version",
}
"""Name in the API → column of the table. Custom fields come on top."""


@dataclass(frozen=True)
class Export:
    """Which leads, which columns, and how they are written."""

    kind: FileFormat
    columns: tuple[str, ...]
    filter: Filter | None = None

    @classmethod
    def of(
        cls, kind: FileFormat, columns: Sequence[str] | None, declared: Sequence[str], chosen: Filter | None
    ) -> "Export":
        """With all columns unless told which.

        Raises `InvalidInput` that names every column there is not.
        """
        if columns is None:
            custom = [CUSTOM] if kind is FileFormat.JSONL else [f"{CUSTOM}.{name}" for name in sorted(declared)]
            return cls(kind, (*COLUMNS, *custom), chosen)
        faults = [fault for at, name in enumerate(columns) for fault in _faults(kind, name, at)]
        if not columns:
            faults.append(FieldError(("columns",), "Name a column at least, or leave this out for all.", "BLANK"))
        if faults:
            raise InvalidInput(faults)
        return cls(kind, tuple(columns), chosen)

    def conditions(self, scope: Scope) -> list[sa.ColumnElement[bool]]:
        """Which leads."""
        chosen = [] if self.filter is None else [self.filter.sql(_LEAD, scope)]
        return [*conditions(_LEAD, scope), *chosen]

    async def count(self, transaction: Transaction) -> int:
        """How many leads there are now."""
        statement = sa.select(sa.func.count()).select_from(_LEAD).where(*self.conditions(Scope.of(transaction.viewer)))
        rows = await transaction.rows(statement.execution_options(**{ANEW: True}))
        return int(rows[0][0])

    async def batch(self, transaction: Transaction, after: int) -> Sequence[Row]:
        """The next leads that the viewer sees, by their ids."""
        needed = {COLUMNS.get(name, "custom_fields") for name in self.columns} | {"id"}
        statement = (
            sa.select(*(_LEAD.c[name] for name in sorted(needed)))
            .where(
                *self.conditions(Scope.of(transaction.viewer)),
                _LEAD.c.id > sa.bindparam("after", type_=sa.BigInteger()),
            )
            .order_by(_LEAD.c.id)
            .limit(BATCH)
        )
        return await transaction.rows(statement.execution_options(**{ANEW: True}), {"after": after})

    def head(self) -> str:
        """What the file begins with."""
        return "" if self.kind is FileFormat.JSONL else "\ufeff" + delimited([disguised(name) for name in self.columns])

    def text(self, rows: Sequence[Row]) -> str:
        """The leads as text."""
        if self.kind is FileFormat.JSONL:
            return "".join(orjson.dumps(self._object(row), option=orjson.OPT_UTC_Z).decode() + "\n" for row in rows)
        return "".join(delimited([_cell(read(row)) for _, read in self._readers]) for row in rows)

    def _object(self, row: Row) -> dict[str, Any]:
        return {name: read(row) for name, read in self._readers}

    @cached_property
    def _readers(self) -> list[tuple[str, Callable[[Row], Any]]]:
        return [(name, _reader(name)) for name in self.columns]


def _faults(kind: FileFormat, name: str, at: int) -> Iterator[FieldError]:
    if name in COLUMNS or (name.startswith(f"{CUSTOM}.") and all(name.split("."))):
        return
    if name != CUSTOM:
        known = ", ".join(COLUMNS)
        message = f"There is no column {name!r}; there are {known}, and {CUSTOM}. with a path."
        yield FieldError(("columns", at), message, "UNKNOWN_FIELD")
    elif kind is not FileFormat.JSONL:
        message = f"Name the fields one by one, such as {CUSTOM}.country; only JSONL has them as a whole."
        yield FieldError(("columns", at), message, "UNKNOWN_FIELD")


def _reader(name: str) -> Callable[[Row], Any]:
    if name == CUSTOM:
        return lambda row: row.custom_fields
    column = COLUMNS.get(name)
    if column is None:
        path = name.split(".")[1:]
        return lambda row: at_path(row.custom_fields, path)
    if column in _IDS:
        node = _IDS[column]
        return lambda row: None if row._mapping[column] is None else ids.encode(node, row._mapping[column])
    return lambda row: row._mapping[column]


def _cell(value: Any) -> Any:
    """A cell; text that a spreadsheet would calculate gets an apostrophe before it."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ",".join(value)
    if not isinstance(value, str):
        value = orjson.dumps(value, option=orjson.OPT_UTC_Z).decode().strip('"')
    return disguised(value)


def kept(export: Export) -> Mapping[str, Any]:
    """The export as JSON, for who goes on with it later."""
    return {
        "format": export.kind.value,
        "columns": list(export.columns),
        "filter": None if export.filter is None else dict(export.filter.tree),
    }
