"""What the tests of the embedded server stand on: homes, processes that use them, a look at the system."""

import asyncio
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from lma_graph.kernel.postgres import EmbeddedPostgres

SCRIPT = Path(__file__).with_name("postgres_user.py")
SERVER_WORDS = {"postgres", "initdb"}


class UserProcess:
    """Another process that uses the embedded server of a home."""

    def __init__(self, home: Path, *identity: int) -> None:
        command = [sys.executable, str(SCRIPT), str(home), *map(str, identity)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def tell(self, what: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n".encode())

    def said(self, timeout: float = 40) -> Any:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], timeout)
        assert ready, "the other process does not answer"
        reply = json.loads(self._process.stdout.readline())
        return reply["answer"] if "answer" in reply else reply["error"]

    def ask(self, what: str) -> Any:
        self.tell(what)
        return self.said()

    def kill(self) -> None:
        """kill -9, and the end of it."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


class World:
    """A directory that everyone may enter, below which a test has its homes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._processes = ExitStack()

    @property
    def home(self) -> Path:
        return self.root / ".lma"

    def furnish(self, template: Path, home: Path | None = None) -> None:
        """Gives a home the data of another one, which is quicker than to make them."""
        subprocess.run(["cp", "-a", template, home or self.home], check=True)

    def user(self, *identity: int, home: Path | None = None) -> UserProcess:
        process = UserProcess(home or self.home, *identity)
        self._processes.callback(process.close)
        return process

    def processes(self) -> list[psutil.Process]:
        """Everything of PostgreSQL that works below this directory."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def postmasters(self) -> list[int]:
        """The servers among them, by process id."""
        ours = self.processes()
        pids = {process.pid for process in ours}
        return [process.pid for process in ours if _parent(process) not in {None, *pids}]

    def closed(self, name: str = "closed") -> Path:
        """A directory that only its owner can enter."""
        path = self.root / name
        path.mkdir(mode=0o700)
        path.chmod(0o700)
        return path

    def end(self) -> None:
        """Kills what is left, removes everything, and complains about what was left."""
        self._processes.close()
        left = self.processes()
        told = [f"{process.pid} {process.name()}" for process in left]
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        shutil.rmtree(self.root, ignore_errors=True)
        assert told == [], "the test left processes behind"

    def _is_ours(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            if process.name() in SERVER_WORDS:
                places = [process.cwd(), *process.cmdline()]
                return any(place.startswith(f"{self.root}/") for place in places)
        return False


def _base() -> str:
    """Memory, where there is enough of it and programs may run from it: a disk makes these tests wait."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2_000_000_000:
        return "/tmp" if os.statvfs(memory).f_flag & os.ST_NOEXEC else str(memory)
    return "/tmp"


@contextmanager
def world() -> Iterator[World]:
    root = Path(tempfile.mkdtemp(prefix="lma-test-", dir=_base())).resolve()
    root.chmod(0o755)
    made = World(root)
    try:
        yield made
    finally:
        made.end()


@contextmanager
def template() -> Iterator[Path]:
    """A home whose server has been started once and stopped, to copy."""
    with world() as made:
        with EmbeddedPostgres(made.home):
            pass
        yield made.home


def fetch(url: str, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Runs one statement on a connection of its own."""

    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return [tuple(row) for row in await connection.fetch(sql, *arguments)]
        finally:
            await connection.close()

    return asyncio.run(run())


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def kill(pid: int) -> None:
    """kill -9, returning when the process has ended, be it as a zombie."""
    os.kill(pid, signal.SIGKILL)
    until(lambda: _is_over(pid))


def _is_over(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it may go between two looks
        return True


def _parent(process: psutil.Process) -> int | None:
    """The parent's process id; None if the process has just ended."""
    with suppress(psutil.Error):
        return int(process.ppid())
    return None
