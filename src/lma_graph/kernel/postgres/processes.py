"""Which processes serve a data directory.

A process counts by its name and by its working directory, which PostgreSQL makes the data directory: an id in
`postmaster.pid` alone may be stale, and name a zombie or whoever got the number next.
"""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]


def recorded_pid(data: Path) -> int | None:
    """The process id in `postmaster.pid`, true or stale; None if there is none or the file is broken."""
    with contextlib.suppress(OSError, ValueError):
        return abs(int(_lines(data)[0])) or None  # negative: a server in single-user mode
    return None


def recorded_socket_directory(data: Path) -> Path | None:
    """Where the server that wrote `postmaster.pid` listens, once it does."""
    with contextlib.suppress(OSError, IndexError):
        line = _lines(data)[4].strip()
        return Path(line) if line else None
    return None


def postmaster(data: Path) -> psutil.Process | None:
    """The living server of a data directory, whether it is up, starting or stopping."""
    pid = recorded_pid(data)
    if pid is None:
        return None
    with contextlib.suppress(psutil.Error, OSError, ValueError, OverflowError):
        process = psutil.Process(pid)
        return process if _serves(process, data) else None
    return None


def servants(data: Path) -> Iterator[psutil.Process]:
    """Every living process of a data directory's server; without their postmaster they are orphans."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if _serves(process, data):
                yield process


def shut_down(process: psutil.Process) -> None:
    """Asks a postmaster for a fast shutdown: it drops its clients and loses nothing."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGINT)


def quit_all(data: Path) -> None:
    """Tells every process of the server to stop at once, as after a crash; the next start recovers."""
    for process in servants(data):
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGQUIT)


def _serves(process: psutil.Process, data: Path) -> bool:
    return bool(process.name().startswith("postgres") and process.cwd() == str(data))


def _lines(data: Path) -> list[str]:
    return (data / "postmaster.pid").read_text(errors="replace").split("\n")
