"""How fast `lma-graph seed` writes."""

from bench.place import Place, say
from bench.result import Result
from lma_graph.demo.seed import SeedReport, seed

METHOD = """
`lma-graph seed` into an empty, migrated database on this server, by one process and by as many as there are cores.
Rows are those of all tables, search tables included.
"""
_LEADS, _ORGANIZATIONS = 20_000, 4


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result(
        "seed", "Writing demo data", METHOD, ("", "leads", "rows", "seconds", "leads per second", "rows per second")
    )
    for name, processes in (("one process", 1), ("a process per core", None)):
        report = await _seed(place, processes)
        rows = sum(report.rows.values())
        rate = f"{report.leads / report.seconds:,.0f}"
        result.add(
            name, f"{report.leads:,}", f"{rows:,}", f"{report.seconds:.1f}", rate, f"{report.rows_per_second:,.0f}"
        )
    return result


async def _seed(place: Place, processes: int | None) -> SeedReport:
    async with place.empty("bench_seed") as url:
        say(f"{_LEADS:,} leads")
        return await seed(
            url, leads=_LEADS, organizations=_ORGANIZATIONS, processes=processes, progress=lambda _done, _total: None
        )
