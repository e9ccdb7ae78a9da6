"""What every kind of file has in common for who imports it. `opening` opens one.

A `Source` gives records, knows where it stands, and says how its rows are read and how its bad rows are written.
`CsvSource` is one over `records.Intake`, `jsonl.JsonLines` another.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

from lma_graph.kernel.choices import Choice
from lma_graph.leads.intake.mapping import Mapping as Map
from lma_graph.leads.intake.records import LINE_HEADER, REASON_HEADER, Intake, Record, disguised
from lma_graph.leads.intake.rows import Candidate, RowError, RowReader


class FileFormat(Choice):
    """How a file of leads is written."""

    CSV = "CSV", "Delimited text with a header; a spreadsheet opens it."
    JSONL = "JSONL", "UTF-8, a JSON object on each line."


class Reads(Protocol):
    """Makes leads of records."""

    def read(self, record: Record) -> Candidate | list[RowError]:
        """The lead of a record, or everything that is wrong with it."""


class BadRows(Protocol):
    """How the rows that were not loaded are given back: mended, the file can be imported as it is.

    Each has its line and the reasons beside what it said, under the names `lma:line` and `lma:reason`. A delimited
    file is UTF-8 with a byte order mark and has the delimiter of the input. Cells that a spreadsheet would take for a
    formula begin with an apostrophe, which an import of the mended file takes away again. Cells without a header stand
    last.
    """

    def head(self) -> str:
        """What the file begins with."""

    def row(self, record: Record, errors: Sequence[RowError]) -> str:
        """One row and everything that is wrong with it."""


class Source(Protocol):
    """An open file."""

    total: int
    encoding: str
    delimiter: str
    headers: list[str]

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    @property
    def position(self) -> int:
        """Bytes read so far, of `total`."""

    def mark(self) -> dict[str, Any]:
        """Where the next record begins."""

    def go_on(self, mark: Mapping[str, Any]) -> None:
        """Pass over everything before a mark."""

    def records(self) -> Iterator[Record]:
        """The records from here on."""

    def reader(self, mapping: Map, zone: str) -> Reads:
        """What makes leads of them. Raises `InvalidInput` where map and file do not fit together."""

    def bad_rows(self) -> BadRows:
        """How its bad rows are written."""


class CsvSource(Intake):
    """Delimited text."""

    def reader(self, mapping: Map, zone: str) -> Reads:
        """See `Source`."""
        return RowReader(mapping, self.headers, zone)

    def bad_rows(self) -> BadRows:
        """See `Source`."""
        return _BadCells(self.headers, self.delimiter)


class _BadCells:
    def __init__(self, headers: list[str], delimiter: str) -> None:
        self._headers = headers
        self._width = headers.index(LINE_HEADER) if LINE_HEADER in headers else len(headers)
        self._delimiter = delimiter

    def head(self) -> str:
        names = [*map(disguised, self._headers[: self._width]), LINE_HEADER, REASON_HEADER]
        return f"\ufeff{self._written(names)}"

    def row(self, record: Record, errors: Sequence[RowError]) -> str:
        cells = [disguised(cell) for cell in record.values]
        kept = cells[: self._width] + [""] * (self._width - len(cells))
        return self._written([*kept, record.line, reasons(errors), *cells[len(self._headers) :]])

    def _written(self, cells: Sequence[Any]) -> str:
        return delimited(cells, self._delimiter)


def delimited(cells: Sequence[Any], delimiter: str = ",") -> str:
    """A line of delimited text."""
    text = io.StringIO()
    # Only characters of the line end make the writer quote; a lone carriage return must be quoted too.
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue()[:-2] + "\n"


def reasons(errors: Sequence[RowError]) -> str:
    """Everything that is wrong with a row, as one sentence after the other."""
    return "; ".join(f"{error.column}: {error.message}" if error.column else error.message for error in errors)
