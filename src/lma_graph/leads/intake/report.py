"""What an import says: how many rows it read, what became of them, what was wrong, and a file of the bad rows.

Enter at `Reporter`, which collects while the import runs; it ends in an `ImportReport`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from lma_graph.leads.intake.records import Record
from lma_graph.leads.intake.rows import RowError
from lma_graph.leads.intake.sources import Source

MOST_ERRORS = 1_000
"""How many faults a report lists; the file of bad rows has all of them."""

Progress = Callable[[int, int], None]
"""Called after every chunk with the bytes read and the bytes there are."""


@dataclass(frozen=True)
class ImportReport:
    """The outcome of an import. `read` = `created` + `failed`."""

    read: int
    created: int
    """Leads written; of a dry run, leads that would be."""
    failed: int
    """Rows refused; one row may have several errors."""
    errors: tuple[RowError, ...]
    """The first 1,000 faults, in the order of the file within each chunk."""
    seconds: float
    encoding: str
    """The encoding the file was read in, found or given."""
    delimiter: str
    bad_rows: Path | None
    """The file of the bad rows, if there were any and it was wanted."""
    dry_run: bool


class Reporter:
    """Counts, and writes bad rows as they come, in the form that `sources.BadRows` describes."""

    def __init__(self, source: Source, bad_rows: Path | None) -> None:
        self._source = source
        self._path = bad_rows
        self._bad = source.bad_rows()
        self._file: TextIO | None = None
        self._errors: list[RowError] = []
        self._started = time.perf_counter()
        self.created = 0
        self.failed = 0

    def __enter__(self) -> Self:
        """The file is made with the first bad row, so that a clean import leaves none."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._file:
            self._file.close()

    def reject(self, record: Record, errors: Sequence[RowError]) -> None:
        """One row that is not loaded, and everything that is wrong with it."""
        self.failed += 1
        self._errors += errors[: MOST_ERRORS - len(self._errors)]
        if self._path is not None:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="", errors="replace")
                self._file.write(self._bad.head())
            self._file.write(self._bad.row(record, errors))

    def finish(self, *, dry_run: bool) -> ImportReport:
        """The report so far."""
        return ImportReport(
            read=self.created + self.failed,
            created=self.created,
            failed=self.failed,
            errors=tuple(self._errors),
            seconds=time.perf_counter() - self._started,
            encoding=self._source.encoding,
            delimiter=self._source.delimiter,
            bad_rows=self._path if self._file else None,
            dry_run=dry_run,
        )
