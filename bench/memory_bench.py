"""What ten thousand distinct documents leave in the process: nothing, once the caches are full."""

import gc
import re
from pathlib import Path

from bench.asking import Asking
from bench.place import SMALL, Place
from bench.result import Result, Verdict
from lma_graph.kernel.graphql.execution.runner import planned

METHOD = """
Resident memory of one process whose engine is asked 10,000 documents, no two of them alike: each is parsed, validated
and compiled to a plan of its own. What is kept of them (documents, plans, statements) is bounded in number and in bytes
and reaches those bounds within the first 3,000.
"""
_DOCUMENTS, _FULL, _STEP = 10_000, 3_000, 1_000
_MOST_GROWTH_MB = 5


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result("memory", "Memory after many distinct documents", METHOD, ("documents", "resident, MB"))
    found: dict[int, float] = {}
    async with place.database() as database:
        asking = Asking(database, planned)
        for number in range(_DOCUMENTS + 1):
            if number % _STEP == 0:
                found[number] = _resident_mb()
                result.add(f"{number:,}", f"{found[number]:.1f}")
            await asking.ask(SMALL.slug, SMALL.admin, _document(number))
    growth = found[_DOCUMENTS] - found[_FULL]
    mark = f"≤ {_MOST_GROWTH_MB} MB"
    what = f"growth of the process from {_FULL:,} to {_DOCUMENTS:,} distinct documents"
    result.verdicts.append(Verdict(what, f"{growth:.1f} MB", mark, growth <= _MOST_GROWTH_MB))
    return result


def _document(number: int) -> str:
    inner = f"b{number}: id notes(first: {number % 7}) {{ totalCount }}"
    return f"{{ a{number}: leads(first: 1) {{ nodes {{ {inner} }} }} }}"


def _resident_mb() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024
