"""A delimited text file, read as records in constant memory: decoding, delimiter, quoting, line numbers.

Enter at `Intake`. A record that cannot be understood is a `Record` with a fault and never ends the reading; a file
that cannot be understood at all is an `InvalidInput`.
"""

import csv
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Self

from lma_graph.kernel.errors import FieldError, InvalidInput
from lma_graph.leads.intake.encodings import DAMAGED, detect_encoding, open_text

LONGEST_RECORD = 1_000_000
"""Characters of one record; a longer one is a fault, and no more than this of it is ever held."""
DELIMITERS = (",", ";", "\t", "|")
LINE_HEADER, REASON_HEADER = "lma:line", "lma:reason"
"""What a bad-rows file adds to the headers; a file that has them is one, mended, and its cells are unescaped."""
_DISGUISED = re.compile(r"''*[=+\-@\t\r\n＝＋－＠]")
_TOKENS = re.compile(r'"+|[^"]+')


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `line` is the physical line on which it begins, the header's being 1 as a rule."""

    line: int
    values: list[str]
    """The cells; of a record with a fault, its text as one cell."""
    fault: tuple[str, str] | None = None
    """Code and message, where the record cannot be understood."""
    size: int = 0
    """Characters, for whoever bounds what is held at once."""


class Intake:
    """An open file: its `encoding`, `delimiter` and `headers`, then `records`, once. Close it by `with`.

    `wanted` are the headers a map names, by which the delimiter is told; `encoding` and `delimiter` overrule what
    would be found.
    """

    def __init__(
        self,
        path: Path,
        *,
        wanted: Collection[str] = (),
        encoding: str | None = None,
        delimiter: str | None = None,
        disguised: bool = False,
    ) -> None:
        # A limit of the process, which would end the reading; here records are limited, and reading goes on.
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_RECORD + 1))
        try:
            self.total = path.stat().st_size
            self.encoding = encoding or detect_encoding(path)
            self.delimiter = delimiter or _delimiter(path, self.encoding, wanted)
            self._text = open_text(path, self.encoding)
        except OSError as error:
            raise InvalidInput.at(("file",), f"The file cannot be read: {error.strerror}.") from None
        self._lines = _Lines(self._text, self.delimiter)
        self._records = _records(self._lines, self.delimiter)
        try:
            self.headers = _headers(next(self._records, None))
        except BaseException:
            self._text.close()
            raise
        self._mended = disguised or LINE_HEADER in self.headers

    def __enter__(self) -> Self:
        """The file is open from the beginning, since its header had to be read."""
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    @property
    def position(self) -> int:
        """Bytes read so far, of `total`; a little ahead of the records."""
        return os.lseek(self._text.fileno(), 0, os.SEEK_CUR)

    def mark(self) -> dict[str, Any]:
        """Where the next record begins: `go_on` finds it again, in another process too."""
        # More than a number of bytes where a character's bytes or the decoder's state are involved; so it is text.
        return {"at": str(self._text.tell()), "line": self._lines.number}

    def go_on(self, mark: Mapping[str, Any]) -> None:
        """Pass over everything before a mark of the same file."""
        self._text.seek(int(mark["at"]))
        self._lines.number = int(mark["line"])

    def records(self) -> Iterator[Record]:
        """The records behind the header. Empty lines, and rows of nothing but blanks, are passed over."""
        for record in self._records:
            if record.fault or any(cell and not cell.isspace() for cell in record.values):
                yield self._undisguised(record) if self._mended else record

    def _undisguised(self, record: Record) -> Record:
        return replace(record, values=[_plain(cell) for cell in record.values])


def disguised(cell: str) -> str:
    """The cell as a spreadsheet shows it without calculating; a mended bad-rows file is read back to the original."""
    return f"'{cell}" if _DISGUISED.match(f"'{cell}") else cell


def _plain(cell: str) -> str:
    return cell[1:] if _DISGUISED.match(cell) else cell


def _delimiter(path: Path, encoding: str, wanted: Collection[str]) -> str:
    """The delimiter under which the header shows most of the wanted columns, then most columns."""

    def merit(delimiter: str) -> tuple[int, int]:
        with open_text(path, encoding) as text:
            first = next(_records(_Lines(text, delimiter), delimiter), None)
        if first is None or first.fault or len(first.values) == 1:
            return (-1, 0)
        return (len({cell.strip() for cell in first.values} & set(wanted)), len(first.values))

    return max(DELIMITERS, key=merit)


def _headers(record: Record | None) -> list[str]:
    if record is None:
        raise InvalidInput.at(("file",), "The file is empty.", "EMPTY_FILE")
    if record.fault:
        raise InvalidInput.at(("file",), f"The header cannot be read: {record.fault[1]}", record.fault[0])
    headers = [cell.strip() for cell in record.values]
    if LINE_HEADER in headers:
        headers = [_plain(header) for header in headers]
    twice = [header for header in dict.fromkeys(headers) if header and headers.count(header) > 1]
    if twice:
        raise InvalidInput(
            [
                FieldError(
                    ("columns", header),
                    f"The header {header!r} stands over columns "
                    f"{' and '.join(str(at) for at, other in enumerate(headers, 1) if other == header)}.",
                    "DUPLICATE_HEADER",
                )
                for header in twice
            ]
        )
    return headers


def _records(lines: "_Lines", delimiter: str) -> Iterator[Record]:
    # Strict: a stray quotation mark is a fault of its row, not silently another value.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        start = lines.number + 1
        fault = None
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fault = _quoting_fault(lines, start)
        fault = lines.fault or fault
        if fault or values:
            yield Record(start, [lines.raw()] if fault else values, fault, lines.size)


def _quoting_fault(lines: "_Lines", start: int) -> tuple[str, str]:
    if lines.ended:
        return ("UNCLOSED_QUOTE", f"A quotation mark of the record on line {start} is never closed.")
    return ("BAD_QUOTING", "A quotation mark stands inside a value; it must be doubled, and the value quoted.")


class _Lines:
    """Hands physical lines to `csv.reader` and keeps what it does not tell: where a record began, and its faults."""

    def __init__(self, text: TextIOWrapper, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._held: list[str] = []
        self.number = 0
        """Physical lines handed out."""
        self.size = 0
        self.ended = False
        self.fault: tuple[str, str] | None = None

    def begin(self) -> None:
        """The next line begins a record."""
        self._held.clear()
        self.size = 0
        self.fault = None

    def raw(self) -> str:
        """The text of the record, or the beginning of one that is too long."""
        return "".join(self._held).rstrip("\r\n").replace("\0", "\u2400").replace(DAMAGED, "\ufffd")

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_RECORD + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        if self.size + len(line) > LONGEST_RECORD:
            return self._pass_over(line)
        self._check(line)
        self.size += len(line)
        self._held.append(line)
        return line

    def _check(self, line: str) -> None:
        if "\0" in line:
            self.fault = ("NUL_BYTE", "The record contains a NUL byte, which no text has.")
        elif DAMAGED in line:
            self.fault = ("BAD_ENCODING", "The record contains bytes that are no characters in the file's encoding.")

    def _pass_over(self, piece: str) -> str:
        """Read to the end of a record that is too long, and give `csv.reader` a line that ends its own record."""
        hint = "perhaps a quotation mark is never closed"
        self.fault = ("TOO_LONG", f"The record has more than {LONGEST_RECORD:,} characters; {hint}.")
        # A record goes on over a line end only inside quotation marks, so that is where `csv.reader` stands now.
        inside = bool(self._held)
        rest = '"\n' if inside else "x\n"
        if not inside:
            self._held.append(piece[:1_000])
        state = "quoted" if inside else "start"
        while True:
            state = _state_after(state, piece, self._delimiter)
            if piece[-1] in "\r\n":
                if state != "quoted":
                    return rest
                self.number += 1
                state = "quoted"
            piece = self._text.readline(LONGEST_RECORD)
            if not piece:
                self.ended = True
                return rest


def _state_after(state: str, piece: str, delimiter: str) -> str:
    """Where a strict reader of quoted values stands behind a piece of a line.

    At the "start" of a value, in a "plain" or a "quoted" one; "closing" is behind a quotation mark inside quotes,
    which ends the value unless another follows; "broken" is behind anything else that follows, until the line ends.
    """
    for token in _TOKENS.findall(piece.rstrip("\r\n")):
        odd = len(token) % 2 == 1
        if token[0] != '"':
            if state == "closing" and token[0] != delimiter:
                state = "broken"
            elif state not in {"quoted", "broken"}:
                state = "start" if token[-1] == delimiter else "plain"
        elif state == "quoted":
            state = "closing" if odd else "quoted"
        elif state not in {"plain", "broken"}:
            state = "quoted" if odd else "closing"
    return state
