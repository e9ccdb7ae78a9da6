"""The run of one import: chunks are read and checked in a thread while the database writes the one before.

Enter at `ImportRun.run`. Every chunk is a transaction of its own, so whatever was written before a failure stays.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import Denied, InvalidInput, TimedOut, Unavailable
from lma_graph.kernel.viewer import Permission, Viewer
from lma_graph.leads.inserting import Prepared
from lma_graph.leads.intake.loading import find_taken, ready, write_leads
from lma_graph.leads.intake.mapping import Mapping
from lma_graph.leads.intake.refusing import Refusal, duplicate, email_key, external_key, keys_of, refusal
from lma_graph.leads.intake.report import Progress, Reporter
from lma_graph.leads.intake.rows import Candidate
from lma_graph.leads.intake.seen import SeenKeys
from lma_graph.leads.intake.sources import Reads, Source

CHUNK_ROWS = 5_000
CHUNK_SIZE = 8_000_000
"""Characters of the file in one chunk: bounds memory where rows are long."""
_ATTEMPTS = 5
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_LOST = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError, OSError)
# What is wrong with values and not with the database.
_UNFIT = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)


@dataclass(slots=True)
class Chunk:
    """Rows read together: those that can be stored, those that cannot, and how far the file has been read."""

    candidates: list[Candidate] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    position: int = 0
    last: bool = False
    prepared: Prepared | None = None
    """The candidates as they are written, if somebody has made it."""

    def prepare(self, declared: frozenset[str]) -> None:
        """Have them ready to be written; declared custom fields are searched by."""
        self.prepared = ready((row.lead for row in self.candidates), declared)


def read_chunks(source: Source, reader: Reads) -> Iterator[Chunk]:
    """The rows of a file, checked, in chunks of up to 5,000 rows and about 8 million characters."""
    chunk, size = Chunk(), 0
    for record in source.records():
        row = reader.read(record)
        if isinstance(row, Candidate):
            chunk.candidates.append(row)
        else:
            chunk.refused.append((record, row))
        size += record.size
        if len(chunk.candidates) + len(chunk.refused) >= CHUNK_ROWS or size >= CHUNK_SIZE:
            chunk.position = source.position
            yield chunk
            chunk, size = Chunk(), 0
    chunk.position, chunk.last = source.position, True
    yield chunk


class ImportRun:
    """Everything one import needs while it runs."""

    def __init__(
        self, database: Database, viewer: Viewer, *, file: Path, mapping: Mapping, source: Source, report: Reporter
    ) -> None:
        self._database = database
        self._viewer = viewer
        self._file = file.name
        self._source = source
        self._report = report
        self._chunks = read_chunks(source, source.reader(mapping, viewer.time_zone))
        self._headers = {rule.field: header for header, rule in mapping.columns.items() if rule.field}
        self._seen = SeenKeys()

    async def run(self, progress: Progress | None, *, dry_run: bool) -> None:
        """Read, check and (unless it is a dry run) write the whole file."""
        settle = self._try_out if dry_run else self._write_all
        pending = asyncio.create_task(asyncio.to_thread(self._next))
        try:
            # Shielded, so that a cancelled import does not close the file under the thread that reads it.
            while chunk := await asyncio.shield(pending):
                pending = asyncio.create_task(asyncio.to_thread(self._next))
                chunk.refused += await settle(chunk) if chunk.candidates else []
                for record, errors in sorted(chunk.refused, key=lambda refusal: refusal[0].line):
                    self._report.reject(record, errors)
                if progress is not None:
                    progress(chunk.position, self._source.total)
        finally:
            await asyncio.gather(pending, return_exceptions=True)
            self._seen.close()

    def _next(self) -> Chunk | None:
        try:
            chunk = next(self._chunks, None)
        except (OSError, UnicodeError) as error:
            raise InvalidInput.at(("file",), f"The file cannot be read any further: {error}.") from error

        if chunk is not None:
            chunk.prepare(self._viewer.indexed_fields)
        return chunk

    async def _write_all(self, chunk: Chunk) -> list[Refusal]:
        return await self._load(chunk.candidates, chunk.prepared)

    async def _load(self, batch: Sequence[Candidate], prepared: Prepared | None = None) -> list[Refusal]:
        """Write the rows; those that cannot be written are given back with the reason, the others stay."""
        for _ in range(_ATTEMPTS):
            try:
                return await self._write(batch, prepared)
            except _AGAIN:
                continue
            except _UNFIT as error:
                if len(batch) == 1:
                    return [refusal(batch[0], "REFUSED", f"The database refuses the row: {error}")]
                break
            except asyncpg.QueryCanceledError:
                if len(batch) == 1:
                    raise TimedOut("A row could not be written within the time a statement may take.") from None
                break
            except _LOST as error:
                message = "The connection to the database was lost; the chunks before are written, please try again."
                raise Unavailable(message) from error
        else:
            raise Unavailable("Other writers kept this import from writing; please try again.")
        half = len(batch) // 2
        return [*await self._load(batch[:half]), *await self._load(batch[half:])]

    async def _write(self, batch: Sequence[Candidate], prepared: Prepared | None) -> list[Refusal]:
        async with self._database.unit_of_work(self._viewer) as unit:
            # The role may have been taken away since the import began.
            if not unit.viewer.may(Permission.LEADS_BULK):
                raise Denied(Permission.LEADS_BULK)
            leads, lines = [row.lead for row in batch], [row.record.line for row in batch]
            written = await write_leads(unit, leads, lines, self._file, prepared)
            left = [row for position, row in enumerate(batch) if position not in written]
            taken = await find_taken(unit, [row.lead for row in left])
        self._report.created += len(written)
        self._seen.add((key, batch[position].record.line) for position in written for key in keys_of(batch[position]))
        return [self._duplicate(row, by_email=taken.get(position)) for position, row in enumerate(left)]

    async def _try_out(self, chunk: Chunk) -> list[Refusal]:
        """What `_load` would refuse, found without writing."""
        batch = chunk.candidates
        try:
            async with self._database.reader(self._viewer) as reader:
                taken = await find_taken(reader, [row.lead for row in batch])
        except asyncpg.QueryCanceledError:
            raise TimedOut("Looking for existing leads took longer than a statement may take.") from None
        except _LOST as error:
            raise Unavailable("The connection to the database was lost; please try again.") from error
        refused = []
        for position, row in enumerate(batch):
            by_email, by_id = email_key(row), external_key(row)
            if position in taken:
                refused.append(self._duplicate(row, by_email=taken[position]))
            elif self._seen.line(by_email) or self._seen.line(by_id):
                refused.append(self._duplicate(row, by_email=self._seen.line(by_email) is not None))
            else:
                self._seen.add((key, row.record.line) for key in keys_of(row))
                self._report.created += 1
        return refused

    def _duplicate(self, row: Candidate, *, by_email: bool | None) -> Refusal:
        line = self._seen.line(email_key(row) if by_email else external_key(row))
        return duplicate(row, by_email=by_email, line=line, headers=self._headers)
