"""Cursors: the opaque position of a row in one order of one list.

A cursor holds a digest of the list and its order, then the row's values in the order's columns. Where those are whole
numbers and moments that are never null, which they are in every default order, it is packed in bytes of fixed length,
and the cursors of a whole page are written together; otherwise it is JSON.
"""

import base64
import binascii
import datetime as dt
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from lma_graph.kernel.errors import InvalidInput, Path
from lma_graph.kernel.order import Order, Sort

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_EXACT = 2**32 * 1_000_000
"""Up to here, in the year 2106, a timestamp's double is exact to less than half a microsecond."""
_PACKED = {int, dt.datetime}


def write_cursors(of: str, order: Order, columns: Sequence[Sequence[Any]]) -> list[str]:
    """The cursors of rows given by their values column by column, in a list `of` a type."""
    if not columns[0]:
        return []
    if any(sort.nullable for sort in order) or any(type(column[0]) not in _PACKED for column in columns):
        mark = _mark(of, order)
        return [_text(orjson.dumps([mark, *[_pack(value) for value in row]])) for row in zip(*columns, strict=True)]
    numbers = [_all_micros(column) if isinstance(column[0], dt.datetime) else column for column in columns]
    count, size = len(columns[0]), _packed_size(len(columns))
    # Byte by byte of all rows at once, not row by row: each slice below is a loop in C.
    packed = bytearray(struct.pack(">I", _mark(of, order)).ljust(size, b"\0") * count)
    for at, column in enumerate(numbers):
        raw = struct.pack(f">{count}q", *column)
        for byte in range(8):
            packed[4 + 8 * at + byte :: size] = raw[byte::8]
    text, width = base64.urlsafe_b64encode(packed).decode(), size // 3 * 4
    return [text[at : at + width] for at in range(0, len(text), width)]


def read_cursor(text: str, of: str, order: Order, types: dict[str, Any], path: Path) -> tuple[Any, ...]:
    """The values of a cursor of such a list in the same order; anything else is `InvalidInput`."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        packed = base64.b64decode(padded, altchars=b"-_", validate=True)
        mark = _mark(of, order)
        if len(packed) == _packed_size(len(order)) and packed[:4] == struct.pack(">I", mark):
            values = struct.unpack(f">{len(order)}q", packed[4 : 4 + 8 * len(order)])
            return tuple(_unpack(value, sort, types[sort.column]) for sort, value in zip(order, values, strict=True))
        found, *values_ = orjson.loads(packed)
        if found == mark:
            return tuple(_unpack(value, sort, types[sort.column]) for sort, value in zip(order, values_, strict=True))
    except (ValueError, TypeError, OverflowError, binascii.Error):
        pass
    raise InvalidInput.at(path, "is not a cursor of this list in this order", "INVALID_CURSOR")


@lru_cache(maxsize=1_000)
def _mark(of: str, order: Order) -> int:
    """A short digest of a list and its order, so that a cursor of another is noticed."""
    return zlib.crc32(repr((of, [(s.column, s.descending, s.nulls_first) for s in order])).encode())


def _packed_size(columns: int) -> int:
    """Bytes of a packed cursor: a multiple of three, which base64 needs not pad."""
    return -(-(4 + 8 * columns) // 3) * 3


def _text(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def _all_micros(moments: Sequence[dt.datetime]) -> list[int]:
    fast = [round(moment.timestamp() * 1e6) for moment in moments]
    return fast if min(fast) > -_EXACT and max(fast) < _EXACT else [_micros(moment) for moment in moments]


def _micros(moment: dt.datetime) -> int:
    fast = round(moment.timestamp() * 1e6)
    return fast if -_EXACT < fast < _EXACT else (moment - _EPOCH) // _MICROSECOND


def _pack(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return _micros(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _unpack(value: Any, sort: Sort, kind: Any) -> Any:
    if value is None and sort.nullable:
        return None
    if kind is dt.datetime and type(value) is int:
        return _EPOCH + dt.timedelta(microseconds=value)
    if kind is dt.date and type(value) is str:
        return dt.date.fromisoformat(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind or (kind is int and not -(2**63) <= value < 2**63):
        raise TypeError
    if kind is str and "\x00" in value:
        raise ValueError
    return value
