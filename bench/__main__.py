"""The command `python -m bench`."""

import argparse
import asyncio
import sys

from bench import (
    bulk_bench,
    codec_bench,
    cold_bench,
    enroll_bench,
    exchange_bench,
    filters_bench,
    lists_bench,
    memory_bench,
    report,
    scoring_bench,
    seed_bench,
    stats_bench,
    timeline_bench,
    upsert_bench,
    w1_bench,
)
from bench.place import HOME, RESULTS, ROOT, Place, prepare, say
from lma_graph.kernel.postgres import EmbeddedPostgres

BENCHES = {
    "w1": (w1_bench.run, "W1: statements, and an organization of 1,000,000 leads against one of 1,000"),
    "timeline": (timeline_bench.run, "timelines of 100 leads, against W1 by returned row"),
    "filters": (filters_bench.run, "twelve filters in an organization of 500,000 leads, against a key read"),
    "lists": (lists_bench.run, "root lists and counts in an organization of 1,000,000 leads"),
    "bulk": (bulk_bench.run, "assigning, dealing and changing 100,000 leads, against the bare statements"),
    "scoring": (scoring_bench.run, "scoring 200,000 leads by 20 rules, against the bare statements"),
    "stats": (stats_bench.run, "groups of 500,000 leads against the bare GROUP BY, and what 50 campaigns achieved"),
    "seed": (seed_bench.run, "rows per second of demo data"),
    "upsert": (upsert_bench.run, "`upsertLeads` by 8 callers who race, against bare SQL"),
    "enroll": (enroll_bench.run, "enrolling 100,000 leads by criteria, against bare INSERTs"),
    "exchange": (exchange_bench.run, "import and export of 500,000 leads, against COPY"),
    "codec": (codec_bench.run, "global ids and cursors"),
    "memory": (memory_bench.run, "resident memory after 10,000 distinct documents"),
    "cold": (cold_bench.run, "`make run` in a fresh checkout until W1 is answered"),
}
NEEDS_DATA = {"w1", "timeline", "filters", "lists", "memory"}


def main() -> int:
    """Run what was named, all of it by default; 1 where a mark was missed."""
    listed = "\n".join(f"  {name:9} {what}" for name, (_, what) in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Benchmarks:\n{listed}\n  report    write docs/benchmarks.md from the last results",
        epilog=f"Data are made once and kept under {HOME.name}/ (about 6 GB; delete it freely). Results go to"
        f" {RESULTS.relative_to(ROOT)}/*.json.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="which to run; all of them, then the report, by default"
    )
    names = parser.parse_args().names
    unknown = set(names) - {*BENCHES, "report"}
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    chosen = [name for name in BENCHES if name in names or not names]
    met = asyncio.run(_run(chosen)) if chosen else True
    if "report" in names or not names:
        report.write(RESULTS, ROOT / "docs" / "benchmarks.md")
    return 0 if met else 1


async def _run(chosen: list[str]) -> bool:
    met = True
    server = EmbeddedPostgres(HOME)
    await asyncio.to_thread(server.start)
    try:
        place = Place(server, server.url())
        if NEEDS_DATA & set(chosen):
            await prepare(place)
        for name in chosen:
            run, what = BENCHES[name]
            say(f"{name}: {what}")
            result = await run(place)
            print(flush=True)
            result.show()
            result.keep(RESULTS, server)
            met = met and result.met
    finally:
        await asyncio.to_thread(server.stop)
    return met


if __name__ == "__main__":
    sys.exit(main())
