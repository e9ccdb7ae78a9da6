"""Writing one chunk of imported leads in a unit of work; bad rows do not spoil the others. Enter at `write`."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.errors import FieldError
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.inserting import Prepared
from lma_graph.leads.intake.loading import find_taken, write_leads
from lma_graph.leads.intake.mapping import Mapping as Map
from lma_graph.leads.intake.refusing import Refusal, duplicate, email_key, external_key, keys_of, refusal
from lma_graph.leads.intake.rows import Candidate, RowError, row_error
from lma_graph.leads.service import upserting
from lma_graph.leads.service.upserting import MatchOn

# What is wrong with values and not with the database.
UNFIT = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)


_NEEDED = {MatchOn.EMAIL: {"email": "email"}, MatchOn.EXTERNAL_ID: {"externalId": "external_id"}}


_FOLLOWING = frozenset({"score", "lead_temperature", "created_at", "last_engagement_date"})
"""Columns that follow from a lead's history."""


_CHANGE = (
    "They change the lead, as `upsertLeads` does; blank values change nothing. `score`, `leadTemperature`, "
    "`createdAt` and `lastEngagementDate` are not taken over."
)


class ImportMode(Choice):
    """What becomes of rows whose lead is there already."""

    CREATE = "CREATE", "They fail: an import creates leads and never changes one."
    UPSERT = "UPSERT", _CHANGE


@dataclass(frozen=True)
class Manner:
    """How rows are written."""

    mode: ImportMode = ImportMode.CREATE
    match_on: MatchOn = MatchOn.EMAIL

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Manner":
        """As it was kept."""
        return cls(ImportMode[document["mode"]], MatchOn[document["matchOn"]])

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {"mode": self.mode.value, "matchOn": self.match_on.value}


@dataclass(frozen=True)
class Outcome:
    """What became of the rows of a chunk."""

    counts: dict[str, int]
    refused: list[Refusal]


async def write(
    unit: UnitOfWork,
    rows: Sequence[Candidate],
    manner: Manner,
    mapping: Map,
    file: str,
    *,
    prepared: Prepared | None = None,
) -> Outcome:
    """Write the leads; those that cannot be written are given back with their reasons."""
    none = {"created": 0, "updated": 0, "unchanged": 0}
    if not rows:
        return Outcome(none, [])
    if manner.mode is ImportMode.UPSERT:
        outcome = await _upsert(unit, rows, manner, mapping)
        return Outcome(none | outcome.counts, outcome.refused)
    refused = await _create(unit, rows, mapping, file, prepared)
    return Outcome(none | {"created": len(rows) - len(refused)}, refused)


async def _upsert(unit: UnitOfWork, rows: Sequence[Candidate], manner: Manner, mapping: Map) -> Outcome:
    try:
        async with _savepoint(unit):
            given = await upserting.upsert(unit, manner.match_on, [(_patch(row.lead), ()) for row in rows])
    except UNFIT as error:
        if len(rows) == 1:
            return Outcome({}, [refusal(rows[0], "REFUSED", f"The database refuses the row: {error}")])
        half = len(rows) // 2
        parts = [await _upsert(unit, part, manner, mapping) for part in (rows[:half], rows[half:])]
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(part.counts)
        return Outcome(dict(counts), [one for part in parts for one in part.refused])
    counts = Counter(dict(upserting.counted([row.outcome() for row in given])))
    del counts["failed"]
    headers = headers_of(mapping)
    refused = []
    for row, found in zip(rows, given, strict=True):
        if found.faults:
            refused.append((row.record, [_fault(row, fault, headers) for fault in found.faults]))
    return Outcome(dict(counts), refused)


def _patch(lead: Mapping[str, Any]) -> dict[str, Any]:
    """What a row may change of a lead that is there."""
    return {name: value for name, value in lead.items() if name not in _FOLLOWING and value != {}}


def _fault(row: Candidate, fault: FieldError, headers: Mapping[str, str]) -> RowError:
    place = str(fault.path[0]) if fault.path else ""
    return row_error(row.record, fault.code, fault.message, headers.get(place))


async def _create(
    unit: UnitOfWork, rows: Sequence[Candidate], mapping: Map, file: str, prepared: Prepared | None = None
) -> list[Refusal]:
    try:
        async with _savepoint(unit):
            lines = [row.record.line for row in rows]
            written = await write_leads(unit, [row.lead for row in rows], lines, file, prepared)
    except UNFIT as error:
        if len(rows) == 1:
            return [refusal(rows[0], "REFUSED", f"The database refuses the row: {error}")]
        half = len(rows) // 2
        first = await _create(unit, rows[:half], mapping, file)
        return [*first, *await _create(unit, rows[half:], mapping, file)]
    return await _duplicates(unit, rows, written, mapping)


@asynccontextmanager
async def _savepoint(unit: UnitOfWork) -> AsyncIterator[None]:
    await unit.execute("SAVEPOINT chunk")
    try:
        yield
    except UNFIT:
        await unit.execute("ROLLBACK TO SAVEPOINT chunk")
        raise
    await unit.execute("RELEASE SAVEPOINT chunk")


async def _duplicates(unit: UnitOfWork, rows: Sequence[Candidate], written: set[int], mapping: Map) -> list[Refusal]:
    left = [row for at, row in enumerate(rows) if at not in written]
    if not left:
        return []
    lines = {key: rows[at].record.line for at in sorted(written) for key in keys_of(rows[at])}
    taken = await find_taken(unit, [row.lead for row in left])
    return [_duplicate(row, taken.get(at), lines, mapping) for at, row in enumerate(left)]


def _duplicate(row: Candidate, by_email: bool | None, lines: Mapping[str, int], mapping: Map) -> Refusal:  # noqa: FBT001
    key = email_key(row) if by_email else external_key(row)
    return duplicate(row, by_email=by_email, line=lines.get(key or ""), headers=headers_of(mapping))


def headers_of(mapping: Map) -> dict[str, str]:
    """Which column fills which field."""
    named = {rule.field: header for header, rule in mapping.columns.items() if rule.field}
    return {"email": "email", "externalId": "externalId"} | named if mapping.by_name else named


async def refused_by_others(unit: UnitOfWork, rows: Sequence[Candidate], manner: Manner, mapping: Map) -> list[Refusal]:
    """The first rows of a file that would be refused because of leads that are there, or of each other."""
    if manner.mode is ImportMode.UPSERT:
        return [
            refusal(
                row, "MISSING_VALUE", "The lead is matched by this, so it must be there.", headers_of(mapping).get(name)
            )
            for row in rows
            for name, column in _NEEDED[manner.match_on].items()
            if row.lead.get(column) is None
        ]
    taken = await find_taken(unit, [row.lead for row in rows])
    lines: dict[str, int] = {}
    found = []
    for at, row in enumerate(rows):
        by_email = taken.get(at)
        if by_email is None and (met := [key for key in keys_of(row) if key in lines]):
            by_email = email_key(row) in met
        if by_email is None:
            lines |= dict.fromkeys(keys_of(row), row.record.line)
        else:
            found.append(_duplicate(row, by_email, lines, mapping))
    return found
