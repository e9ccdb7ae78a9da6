"""The page about a run: `docs/benchmarks-peers.md` and its chart. Enter at `write`."""

import statistics
from collections.abc import Iterator

from bench.peers import chart
from bench.peers.contestants import CONTESTANTS
from bench.peers.ground import LEADS, ORGANIZATIONS, ROOT, say
from bench.peers.marks import CLIENTS, verdicts
from bench.peers.operations import OPERATIONS
from bench.peers.results import Results
from bench.peers.rounds import Cell

PAGE = ROOT / "docs" / "benchmarks-peers.md"
CHART = ROOT / "docs" / "benchmarks-peers.svg"
_HEADER = (
    "| | server ms | Postgres ms | both | requests/s | p50 ms | p99 ms | memory MB |",
    "|---|--:|--:|--:|--:|--:|--:|--:|",
)


def write(results: Results) -> None:
    """Write the page and the chart."""
    PAGE.write_text("\n".join(_page(results)) + "\n", encoding="utf-8")
    CHART.write_text(_chart(results), encoding="utf-8")
    say(f"Wrote {PAGE.relative_to(ROOT)} and {CHART.relative_to(ROOT)}")
    for one in verdicts(results):
        say(f"{'met   ' if one.met else 'MISSED'}  {one.what}: {one.figure} ({one.mark})")


def _judged(results: Results) -> int:
    """The number of clients that tables and chart show: the one that marks are judged by, where it was measured."""
    measured = sorted({cell.clients for cell in results.cells})
    return CLIENTS if CLIENTS in measured else measured[-1]


def _page(results: Results) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    machine = results.machine
    yield "# LMA Graph beside its peers"
    yield ""
    yield (
        "Written by `python -m bench.peers report`; repeat all of it with `make bench-peers`. How each server is set"
        " up, and after which guide, is told in [bench/peers/README.md](../bench/peers/README.md)."
    )
    yield ""
    yield "![Processor time per request](benchmarks-peers.svg)"
    yield ""
    yield (
        f"One process each, all over the same Postgres with the same {LEADS:,} leads of {ORGANIZATIONS}"
        " organizations; every answer was compared with the others' before it was timed, and byte for byte while"
        f" it was. Figures are medians of {results.rounds} interleaved rounds of {results.seconds:g} s, measured"
        f" {results.at} on {machine['cores']} cores of {machine['processor']}, {machine['memory']},"
        f" {machine['system']}. Clients, server and Postgres share these cores, and so may other work (load average"
        f" {machine['load']}): processor time per request says more than throughput and latency do."
    )
    yield ""
    yield f"{versions}."
    yield ""
    yield from _verdicts(results)
    yield from _tables(results)
    yield from _by_clients(results)
    if results.refused:
        yield "## Not timed"
        yield ""
        yield from (f"- {who}: {why}" for who, why in results.refused.items())
        yield ""


def _tables(results: Results) -> Iterator[str]:
    clients = _judged(results)
    for name in dict.fromkeys(cell.operation for cell in results.cells):
        yield f"## {OPERATIONS[name].title}"
        yield ""
        yield f"{clients} clients; milliseconds of processor time per request."
        yield ""
        yield from _HEADER
        for contestant in CONTESTANTS.values():
            cell = results.cell(contestant.name, name, clients)
            if cell:
                yield _row(contestant.title, cell)
        yield ""


def _row(title: str, cell: Cell) -> str:
    both = statistics.median(cell.total_ms())
    figures = [cell.median("server_ms"), cell.median("postgres_ms"), both, cell.median("throughput")]
    figures += [cell.median("p50_ms"), cell.median("p99_ms")]
    return f"| {title} | {' | '.join(_number(one) for one in figures)} | {cell.median('resident_mb'):.0f} |"


def _verdicts(results: Results) -> Iterator[str]:
    found = list(verdicts(results))
    if not found:
        return
    yield "## Marks"
    yield ""
    yield f"Medians of the rounds' ratios, at {CLIENTS} clients unless said otherwise."
    yield ""
    yield "| | found | mark | |"
    yield "|---|--:|--:|---|"
    yield from (f"| {one.what} | {one.figure} | {one.mark} | {'met' if one.met else '**missed**'} |" for one in found)
    yield ""


def _by_clients(results: Results) -> Iterator[str]:
    counts = sorted({cell.clients for cell in results.cells})
    if len(counts) == 1:
        return
    yield "## By number of clients"
    yield ""
    yield "Requests per second, and p50 / p99 in milliseconds."
    yield ""
    for name in dict.fromkeys(cell.operation for cell in results.cells):
        yield f"| {OPERATIONS[name].title.split(':')[0]} | {' | '.join(f'{n} clients' for n in counts)} |"
        yield "|---|" + "--:|" * len(counts)
        for contestant in CONTESTANTS.values():
            cells = [results.cell(contestant.name, name, count) for count in counts]
            if any(cells):
                yield f"| {contestant.title} | {' | '.join(_latency(cell) for cell in cells)} |"
        yield ""


def _latency(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return f"{_number(cell.median('throughput'))} · {_number(cell.median('p50_ms'))} / {_number(cell.median('p99_ms'))}"


def _chart(results: Results) -> str:
    clients = _judged(results)
    panels = []
    for name in ("w1", "point"):
        bars = []
        for contestant in CONTESTANTS.values():
            cell = results.cell(contestant.name, name, clients)
            if cell:
                figures = cell.median("server_ms"), cell.median("postgres_ms")
                bars.append(chart.Bar(contestant.title, *figures, ours=contestant.name == "lma"))
        if bars:
            panels.append(chart.Panel(OPERATIONS[name].title, bars))
    return chart.draw(f"Processor time per request, {clients} clients, one process each; less is better", panels)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
