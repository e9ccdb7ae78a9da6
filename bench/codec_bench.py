"""What global ids and cursors cost, one by one and by the column."""

import datetime as dt
import statistics
import timeit
from collections.abc import Callable

from bench.place import Place
from bench.result import Result
from lma_graph.kernel import ids
from lma_graph.kernel.cursors import read_cursor, write_cursors
from lma_graph.leads.loaders import NEWEST
from lma_graph.leads.types import Lead

METHOD = """
Nanoseconds for one global id or one cursor, the median of 15 turns. W1 holds about 2,300 ids and 250 cursors.
"""
_LIST = Lead.__name__
_TYPES = {"created_at": dt.datetime, "id": int}


async def run(_: Place) -> Result:
    """The whole benchmark."""
    at, number = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, dt.UTC), 1_234_567
    column, moments = list(range(number, number + 1000)), [at] * 1000
    [cursor], text = write_cursors(_LIST, NEWEST, [[at], [number]]), ids.encode(_LIST, number)
    measured: dict[str, tuple[Callable[[], object], int]] = {
        "encode an id": (lambda: ids.encode(_LIST, number), 1),
        "encode a column of 1,000 ids, each": (lambda: ids.encode_all(_LIST, column), 1000),
        "decode an id": (lambda: ids.decode(text), 1),
        "write a cursor": (lambda: write_cursors(_LIST, NEWEST, [[at], [number]]), 1),
        "write the cursors of 1,000 rows, each": (lambda: write_cursors(_LIST, NEWEST, [moments, column]), 1000),
        "read a cursor": (lambda: read_cursor(cursor, _LIST, NEWEST, _TYPES, ("after",)), 1),
    }
    result = Result("codec", "Global ids and cursors", METHOD, ("", "ns"))
    turns: dict[str, list[float]] = {name: [] for name in measured}
    for _turn in range(15):
        for name, (call, each) in measured.items():
            times = 20_000 // each
            turns[name].append(timeit.timeit(call, number=times) / times / each * 1e9)
    for name, found in turns.items():
        result.add(name, f"{statistics.median(found):,.0f}")
    return result
