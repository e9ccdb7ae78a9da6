"""What a run found, as it is kept in `results.json` between measuring and reporting."""

import datetime as dt
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.peers.ground import HERE, Ground
from bench.peers.packages import NODE, PYTHON
from bench.peers.rounds import Cell

FILE = HERE / "results.json"
_PYTHON_PACKAGES = ("strawberry-graphql", "graphql-core", "SQLAlchemy", "asyncpg", "uvicorn", "uvloop", "httptools")
_NODE_PACKAGES = ("postgraphile", "mercurius", "fastify", "graphql-jit", "graphql", "pg")


@dataclass(frozen=True)
class Results:
    """The figures of one run, and all that is needed to judge them."""

    at: str
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    rounds: int
    seconds: float
    refused: Mapping[str, str]
    """Contestants that were not timed, and why."""
    cells: Sequence[Cell]

    def cell(self, contestant: str, operation: str, clients: int) -> Cell | None:
        """The figures of one contestant; None where it was not measured."""
        wanted = (contestant, operation, clients)
        return next((one for one in self.cells if (one.contestant, one.operation, one.clients) == wanted), None)

    def write(self) -> None:
        """Keep them."""
        FILE.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls) -> "Results":
        """What the last run kept."""
        kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
        return cls(**(kept | {"cells": [Cell(**one) for one in kept["cells"]]}))


def now() -> str:
    """The moment, in UTC."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "load": f"{os.getloadavg()[1]:.1f}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def versions(ground: Ground) -> dict[str, str]:
    """The versions of everything that takes part."""
    node = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")
    found = {"Python": platform.python_version(), "PostgreSQL": ground.version, "Node": node}
    found |= {name: importlib.metadata.version(name) for name in _PYTHON_PACKAGES}
    ariadne = next(iter(importlib.metadata.distributions(name="ariadne", path=[str(PYTHON)])))
    found["ariadne"] = ariadne.version
    for name in _NODE_PACKAGES:
        manifest = json.loads((HERE / "node_modules" / name / "package.json").read_text(encoding="utf-8"))
        found[name] = manifest["version"]
    return found
