"""`docs/benchmarks.md`, written from the results that were kept."""

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ORDER = (
    "w1",
    "timeline",
    "filters",
    "cold",
    "lists",
    "bulk",
    "scoring",
    "stats",
    "seed",
    "upsert",
    "enroll",
    "exchange",
    "codec",
    "memory",
)
_INTRODUCTION = """
# Benchmarks

Written by `python -m bench report` from the last results in `bench/results/`; do not edit. `make bench` runs everything
anew, `python -m bench --help` lists the parts. Data are made once by SQL and by `lma-graph seed` and kept under
`.lma-bench/`: organizations of 1,000, 500,000 and 1,000,000 leads, and 200,000 leads of 10 organizations.

Absolute times depend on the machine and on what else it does. What is judged is either a count or a ratio of two
things that took turns in one run.
"""


def write(results: Path, document: Path) -> None:
    """Write the document."""
    files = {file.stem: file for file in results.glob("*.json")}
    found = [json.loads(files[name].read_text()) for name in _ORDER if name in files]
    parts = [_INTRODUCTION.strip(), _marks(found), *(_part(one) for one in found)]
    document.write_text("\n\n".join(parts) + "\n")


def _marks(found: Sequence[dict[str, Any]]) -> str:
    rows = [
        [verdict["what"], verdict["figure"], verdict["mark"], "met" if verdict["met"] else "**missed**"]
        for one in found
        for verdict in one["verdicts"]
    ]
    return f"## The marks\n\n{_table(('', 'measured', 'mark', ''), rows)}"


def _part(one: dict[str, Any]) -> str:
    host = one["machine"]
    named = (
        f"Measured {one['at'][:10]} on {host['cores']} cores of {host['processor']}, {host['memory']} memory,"
        f" {host['system']}, Python {host['python']}, PostgreSQL {host['postgres']};"
        f" load average over five minutes {host['load']}. Again: `python -m bench {one['name']}`."
    )
    text = textwrap.fill(" ".join(one["method"].split()), 118)
    return f"## {one['title']}\n\n{text}\n\n{_table(one['header'], one['rows'])}\n\n{named}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *("--:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
