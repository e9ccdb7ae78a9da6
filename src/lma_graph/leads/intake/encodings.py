"""Which encoding a file is written in, and its text. Enter at `detect_encoding` and `open_text`."""

import codecs
import re
from io import TextIOWrapper
from pathlib import Path

from charset_normalizer import CharsetMatches, from_bytes

DAMAGED = "\udcff"
"""Stands in decoded text for bytes that are no characters; a lone surrogate, which no right text contains."""
_HANDLER = "lma_graph.damaged"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1_000_000
_SAMPLE = 64_000
_UTF8_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")


def _damaged(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return DAMAGED, error.end
    raise error


codecs.register_error(_HANDLER, _damaged)


def detect_encoding(path: Path) -> str:
    """A byte order mark decides; then whether the whole file is UTF-8; then what its bytes look like.

    A file that is UTF-8 but for a few bytes counts as UTF-8: those rows are reported and the others stay right.
    Among single-byte encodings that fit equally well, Windows-1252 is taken, which is what most files are.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
        for mark, name in _BOMS:
            if head.startswith(mark):
                return name
        if head.count(0) > len(head) // 4:
            return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return _guess(block)
    # What is left in the decoder is at most one damaged character at the very end, a fault of the last row.
    return "utf-8"


def open_text(path: Path, encoding: str) -> TextIOWrapper:
    """The text of a file, line ends as they are, `DAMAGED` where bytes are no characters."""
    # This codec takes a byte order mark away and does not need one.
    codec = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    return path.open(encoding=codec, errors=_HANDLER, newline="")


def _guess(block: bytes) -> str:
    characters = len(_UTF8_CHARACTER.findall(block))
    strays = len(_HIGH_BYTE.findall(_UTF8_CHARACTER.sub(b"", block)))
    if characters > 3 * strays:
        return "utf-8"
    # From the beginning of the line with the first byte that tells anything.
    first = _HIGH_BYTE.search(block)
    start = block.rfind(b"\n", 0, first.start()) + 1 if first else 0
    return _best(from_bytes(block[start : start + _SAMPLE]))


def _best(matches: CharsetMatches) -> str:
    best = matches.best()
    if best is None:
        return "cp1252"
    equals = [match for match in matches if match.chaos <= best.chaos and match.coherence >= best.coherence - 0.01]
    if any("cp1252" in {match.encoding, *match.could_be_from_charset} for match in equals):
        return "cp1252"
    return best.encoding
