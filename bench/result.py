"""What a benchmark found, and how it is kept: one JSON file per benchmark, from which the report is written."""

import datetime as dt
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lma_graph.kernel.postgres import EmbeddedPostgres


@dataclass(frozen=True)
class Verdict:
    """One figure for which there is a mark."""

    what: str
    figure: str
    mark: str
    met: bool


@dataclass
class Result:
    """A table of figures, how they were measured, and which marks they meet."""

    name: str
    title: str
    method: str
    header: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """One line of the table."""
        self.rows.append(list(cells))

    @property
    def met(self) -> bool:
        """Whether every mark is met."""
        return all(verdict.met for verdict in self.verdicts)

    def show(self) -> None:
        """Print the table and the verdicts."""
        widths = [max(len(row[at]) for row in (self.header, *self.rows)) for at in range(len(self.header))]
        for row in (self.header, *self.rows):
            print("  ".join(cell.rjust(w) if at else cell.ljust(w) for at, (cell, w) in enumerate(zip(row, widths))))
        for one in self.verdicts:
            print(f"{'met   ' if one.met else 'MISSED'}  {one.what}: {one.figure} ({one.mark})")

    def keep(self, directory: Path, server: EmbeddedPostgres) -> None:
        """Write it to the directory."""
        directory.mkdir(exist_ok=True)
        kept = asdict(self) | {
            "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "machine": machine(server),
        }
        (directory / f"{self.name}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def machine(server: EmbeddedPostgres) -> dict[str, Any]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[1]
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "postgres": server.version,
        "load": f"{load:.1f}",
    }


def _processor() -> str:
    """The processor's name as the kernel gives it, else the architecture."""
    try:
        listed = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        done = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False)
        return done.stdout.strip() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in listed.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
