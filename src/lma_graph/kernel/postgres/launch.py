"""Starting the server's process, and the file it writes its log to."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lma_graph.kernel.postgres.account import environment
from lma_graph.kernel.postgres.binaries import Binaries
from lma_graph.kernel.postgres.locks import FileLock
from lma_graph.kernel.postgres.place import SOCKET, Place
from lma_graph.kernel.postgres.processes import quit_all, recorded_pid

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # names the socket only; said here because PGPORT would change it
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "fsync": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "cluster_name": "lma-graph",
}
_LARGEST_LOG = 10_000_000


@dataclass(frozen=True)
class Log:
    """The server's log. At 10 MB a start sets it aside, as `postgres.log.1`, and begins a new one."""

    path: Path

    def size(self) -> int:
        """Its bytes so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def tail(self, began: int) -> str:
        """The last lines written after the first `began` bytes."""
        said = self.path.read_bytes()[began:] if self.path.exists() else b""
        return "\n".join(said.decode(errors="replace").strip().split("\n")[-15:])

    def opened(self, place: Place) -> BinaryIO:
        """The file to append to, made for the account of `place` if it is new."""
        if self.size() > _LARGEST_LOG:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        new = not self.path.exists()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        log = os.fdopen(os.open(self.path, flags, 0o600), "ab")
        if new:
            place.account.own(self.path)
        return log


def launch(place: Place, binaries: Binaries, log: Log) -> subprocess.Popen[bytes] | None:
    """Starts the server in a session of its own, so that no signal to ours reaches it; does not wait for it.

    None if processes of an earlier server are still there; they are told to quit, and the caller tries again.
    Only for a caller that holds `start.lock` and has seen that no postmaster is alive.
    """
    with FileLock(place.root / "server.lock") as lock:
        if not lock.try_acquire():
            quit_all(place.data)
            time.sleep(0.1)
            return None
        settings = SETTINGS | {"unix_socket_directories": str(_cleared(place))}
        with log.opened(place) as output:
            child = subprocess.Popen(  # noqa: S603 - the program and its arguments are ours
                [binaries.postgres, "-D", place.data, *(f"--{k}={v}" for k, v in settings.items())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=_vouched(place.data),
                start_new_session=True,
                pass_fds=[lock.fileno()],
                **place.account.identity,
            )
    # Someone must wait for the child, or it stays a zombie when another process stops it.
    threading.Thread(target=child.wait, name="embedded-postgres", daemon=True).start()
    return child


def _cleared(place: Place) -> Path:
    """Removes what a killed server left; returns the directory for the socket."""
    sockets = place.socket_directory()
    for leftover in (sockets / SOCKET, sockets / f"{SOCKET}.lock"):
        leftover.unlink(missing_ok=True)
    if recorded_pid(place.data) is None:  # broken, as after a power cut; PostgreSQL would refuse to start
        (place.data / "postmaster.pid").unlink(missing_ok=True)
    return sockets


def _vouched(data: Path) -> Mapping[str, str]:
    """An environment in which a stale `postmaster.pid` is no obstacle.

    PostgreSQL does not start while the process named there lives, be it a zombie or a stranger, unless that
    process is called its grandparent. The file stays, and with it the check for shared memory still in use.
    """
    stale = recorded_pid(data)
    return {**environment(), **({"PG_GRANDPARENT_PID": str(stale)} if stale else {})}
