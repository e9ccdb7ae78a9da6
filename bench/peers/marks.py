"""The marks that LMA Graph is to reach beside its peers, and whether a run reached them. Enter at `verdicts`."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.peers.contestants import LIMITS
from bench.peers.results import Results
from bench.peers.rounds import Cell

CLIENTS = 8
"""The number of clients by which things are judged unless a mark names another."""
Series = Callable[[Cell], Sequence[float]]


@dataclass(frozen=True)
class Verdict:
    """One figure for which there is a mark."""

    what: str
    figure: str
    mark: str
    met: bool


def _server(cell: Cell) -> Sequence[float]:
    return cell.rounds["server_ms"]


def _throughput(cell: Cell) -> Sequence[float]:
    return cell.rounds["throughput"]


def _tail(cell: Cell) -> Sequence[float]:
    return cell.rounds["p99_ms"]


def _ratio(over: Cell, under: Cell, series: Series) -> float:
    """The median of the rounds' ratios, each round's two figures being neighbours in time."""
    return statistics.median(a / b for a, b in zip(series(over), series(under), strict=True))


def limit(results: Results, operation: str, clients: int) -> Cell | None:
    """The cheaper of the hand-written servers."""
    found = [cell for name in LIMITS if (cell := results.cell(name, operation, clients))]
    return min(found, key=lambda cell: statistics.median(cell.total_ms()), default=None)


def verdicts(results: Results) -> Iterator[Verdict]:
    """Every mark for which the run has figures."""
    yield from _w1(results)
    yield from _reference(results)
    yield from _point(results)
    large = results.cell("lma", "w1-200", 32)
    if large:
        found = max(large.rounds["resident_mb"])
        yield Verdict("W1 with `first: 200`, 32 clients: memory", f"{found:.0f} MB", "under 300 MB", found < 300)


def _w1(results: Results) -> Iterator[Verdict]:
    ours = results.cell("lma", "w1", CLIENTS)
    if ours is None:
        return
    for name, title, least in (
        ("strawberry", "Strawberry as documented", 30),
        ("postgraphile", "PostGraphile without row security", 2.5),
        ("mercurius", "Mercurius without row security", 3.5),
    ):
        theirs = results.cell(name, "w1", CLIENTS)
        if theirs:
            found = _ratio(theirs, ours, _server)
            what = f"W1: processor time of the server, {title} over LMA Graph"
            yield Verdict(what, f"{found:.1f}", f"at least {least}", found >= least)
    hand = limit(results, "w1", CLIENTS)
    if hand:
        found = _ratio(ours, hand, Cell.total_ms)
        what = "W1: processor time of server and Postgres, LMA Graph over the hand-written limit"
        yield Verdict(what, f"{found:.2f}", "at most 1.2", found <= 1.2)
    theirs = results.cell("postgraphile", "w1", CLIENTS)
    if theirs:
        found = _ratio(ours, theirs, _tail)
        yield Verdict("W1: p99, LMA Graph over PostGraphile", f"{found:.2f}", "under 0.5", found < 0.5)


def _reference(results: Results) -> Iterator[Verdict]:
    for operation in dict.fromkeys(cell.operation for cell in results.cells):
        ratios = []
        for clients in dict.fromkeys(cell.clients for cell in results.cells):
            ours, theirs = (results.cell(name, operation, clients) for name in ("lma", "lma-reference"))
            if ours and theirs:
                ratios += [a / b for a, b in zip(ours.total_ms(), theirs.total_ms(), strict=True)]
        if ratios:
            found = statistics.median(ratios)
            what = f"{operation}: processor time, batching on over off, {len(ratios)} pairs"
            yield Verdict(what, f"{found:.2f}", "at most 1.1", found <= 1.1)


def _point(results: Results) -> Iterator[Verdict]:
    ours = results.cell("lma", "point", CLIENTS)
    for name, title, least in (("mercurius", "Mercurius", 0.8), ("postgraphile", "PostGraphile", 1.5)):
        theirs = results.cell(name, "point", CLIENTS)
        if ours and theirs:
            found = _ratio(ours, theirs, _throughput)
            what = f"Point read: throughput, LMA Graph over {title}"
            yield Verdict(what, f"{found:.2f}", f"at least {least}", found >= least)
