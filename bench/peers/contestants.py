"""Who takes part, and how each is started: one process per contestant. Enter at `CONTESTANTS` and `Running`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.peers.dialects import BY_HAND, LMA, POSTGRAPHILE, TAUGHT, Dialect
from bench.peers.ground import HERE, HOME, ROOT, Ground
from bench.peers.packages import NODE, PYTHON
from lma_graph.activities.models import COMMUNICATION_TYPES

_PATIENCE = 60
_CONNECTIONS = "8"
"""Database connections of each contestant; all of them together stay below what Postgres admits."""
Command = Callable[[int], Sequence[str | Path]]


@dataclass(frozen=True)
class Contestant:
    """One server: its name, what it is, how it is asked, and how it is started on a port."""

    name: str
    title: str
    dialect: Dialect
    command: Command
    row_security: bool
    """Whether it checks the token and reads as the application's role under row security."""
    settings: tuple[tuple[str, str], ...] = ()
    path: str = "/graphql"


def _lma(_: int) -> Sequence[str]:
    return [sys.executable, "-m", "lma_graph", "serve"]


def _python(name: str) -> Command:
    def command(port: int) -> Sequence[str]:
        application = f"bench.peers.servers.{name}:app"
        quiet = ("--no-access-log", "--log-level", "warning")
        return [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port), *quiet]

    return command


def _node(name: str) -> Command:
    return lambda _: [NODE, HERE / "servers" / f"{name}.mjs"]


_GUARDED = (("ROW_SECURITY", "on"),)
CONTESTANTS = {
    one.name: one
    for one in (
        Contestant("lma", "LMA Graph", LMA, _lma, True),
        Contestant("lma-reference", "LMA Graph, batching off", LMA, _lma, True, (("LMA_BATCHED_EXECUTION", "off"),)),
        Contestant("strawberry", "Strawberry as documented", TAUGHT, _python("strawberry_app"), False),
        Contestant("ariadne", "Ariadne, same loaders", TAUGHT, _python("ariadne_app"), False),
        Contestant("postgraphile", "PostGraphile 5", POSTGRAPHILE, _node("postgraphile"), False),
        Contestant(
            "postgraphile-rls", "PostGraphile 5, row security", POSTGRAPHILE, _node("postgraphile"), True, _GUARDED
        ),
        Contestant("mercurius", "Mercurius, JIT and loaders", TAUGHT, _node("mercurius"), False),
        Contestant(
            "mercurius-rls", "Mercurius, JIT, loaders, row security", TAUGHT, _node("mercurius"), True, _GUARDED
        ),
        Contestant("limit-json", "By hand, JSON in SQL", BY_HAND, _python("limit_json"), True),
        Contestant("limit-columns", "By hand, columns", BY_HAND, _python("limit_columns"), True),
    )
}
"""All contestants by name, in the order of their turns."""
LIMITS = ("limit-json", "limit-columns")
"""The two hand-written servers; the cheaper one of them is the limit."""


@dataclass(frozen=True)
class Running:
    """A contestant's server that answers."""

    contestant: Contestant
    process: psutil.Process
    port: int


@contextmanager
def running(names: Sequence[str], ground: Ground) -> Iterator[dict[str, Running]]:
    """The named contestants, all started, for as long as the block runs."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(_started(CONTESTANTS[name], ground)) for name in names}


@contextmanager
def _started(contestant: Contestant, ground: Ground) -> Iterator[Running]:
    port = _free_port()
    log = HOME / f"{contestant.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            contestant.command(port),
            cwd=ROOT,
            env=_environment(contestant, ground, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await_port(port, process, log)
        yield Running(contestant, psutil.Process(process.pid), port)
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(contestant: Contestant, ground: Ground, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LMA_", "PG"))}
    lma = {
        "LMA_DATABASE_URL": ground.url,
        "LMA_JWT_SECRET": ground.secret,
        "LMA_PORT": str(port),
        "LMA_LOG_LEVEL": "warning",
        "LMA_DATABASE_POOL_SIZE": _CONNECTIONS,
        # With batching off, 32 clients wait longer for W1's large form than production would let them.
        "LMA_REQUEST_TIMEOUT_S": "600",
        "LMA_STATEMENT_TIMEOUT_MS": "600000",
        "LMA_HOME": str(HOME),
    }
    peers = {
        "PEERS_DATABASE_URL": ground.url,
        "PEERS_JWT_SECRET": ground.secret,
        "PEERS_ORGANIZATION": str(ground.organization),
        "PEERS_COMMUNICATION": ",".join(COMMUNICATION_TYPES),
        "PEERS_PORT": str(port),
        "PEERS_CONNECTIONS": _CONNECTIONS,
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "PYTHONPATH": os.pathsep.join(str(path) for path in (ROOT, ROOT / "src", PYTHON)),
    }
    return kept | lma | peers | ground.libpq | dict(contestant.settings)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{log.stem} did not start:\n{log.read_text(errors='replace')[-2000:]}")
