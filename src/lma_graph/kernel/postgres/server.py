"""The life of the embedded server: who starts it, shares it and stops it. Enter at `EmbeddedPostgres`.

Three locks beside the data directory carry it, all dropped by the system when their holders die:
`start.lock` (exclusive) is held while anyone starts or leaves, `users.lock` (shared) by every user, and
`server.lock` (exclusive) by the server's own processes, which inherit it: it is free exactly when none of
them is left, whatever `postmaster.pid` says.
"""

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self
from urllib.parse import quote

from lma_graph.kernel.postgres.binaries import Binaries
from lma_graph.kernel.postgres.errors import EmbeddedPostgresError
from lma_graph.kernel.postgres.launch import Log, launch
from lma_graph.kernel.postgres.locks import FileLock
from lma_graph.kernel.postgres.place import SOCKET, STORE, Place
from lma_graph.kernel.postgres.processes import postmaster, quit_all, recorded_socket_directory, shut_down

DATABASE = "lma"
_PATIENCE = 30.0
"""Seconds a fast shutdown may take before the server is told to drop everything."""
_CREATE_DATABASE = """
SELECT format('CREATE DATABASE %I TEMPLATE template0', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
"""


class EmbeddedPostgres:
    """One user of the PostgreSQL server that belongs to a home directory.

    Any number of these, in one process or in many, share one server: the first starts it and the last to
    leave stops it. A user that is killed has left; a server that all its users left that way runs on until
    the next one adopts it. `start` and `stop` block, and may be called from any thread (`asyncio.to_thread`).
    """

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self._mutex = threading.RLock()
        self._log = Log(self.home / "postgres.log")
        self._settled: Place | None = None
        self._users: FileLock | None = None
        self._sockets: Path | None = None

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory; made by the first `start`."""
        return self._place.data

    @property
    def version(self) -> str:
        """The version of the server's binaries, such as `18.6`."""
        return self._binaries.version

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self._log.path

    def url(self, user: str = "postgres", database: str = DATABASE) -> str:
        """The URL for asyncpg, SQLAlchemy and libpq; raises `EmbeddedPostgresError` when not started."""
        if self._sockets is None:
            raise EmbeddedPostgresError(f"The embedded PostgreSQL of {self.home} has not been started.")
        # The port only names the socket, but clients would take another one from PGPORT.
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self._sockets))}&port=5432"

    def start(self, timeout: float = 60) -> None:
        """Joins the server's users; returns once the server answers and has the database `lma`.

        Calling it again is harmless, and brings up a server that has died since. `timeout` is in seconds.
        Raises `EmbeddedPostgresError` with a message for the person at the keyboard.
        """
        deadline = time.monotonic() + timeout
        try:
            with self._mutex, self._alone(deadline):
                before, self._users = self._users, self._joined(deadline)
                try:
                    self._bring_up(deadline)
                except BaseException:
                    if self._users is not before:
                        self._users.release()
                    raise
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL cannot work in {self.home}: {error}. "
                "Choose another LMA_HOME, or set LMA_DATABASE_URL."
            ) from error

    def stop(self) -> bool:
        """Leaves, and stops the server if no other user is left; returns whether it stopped it."""
        with self._mutex:
            users, self._users, self._sockets = self._users, None, None
            if users is None:
                return False
            with users:
                if not users.held:  # the home was deleted; the server will see that, too, and end by itself
                    return False
                with self._alone(time.monotonic() + 2 * _PATIENCE):
                    return users.try_acquire() and self._shut_down()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _place(self) -> Place:
        if self._settled is None or not self._settled.root.exists():
            self._settled = Place.of(self.home)
        return self._settled

    @cached_property
    def _binaries(self) -> Binaries:
        return Binaries.find(self._place.account, STORE)

    @contextlib.contextmanager
    def _alone(self, deadline: float) -> Iterator[None]:
        """Holds off every other user that starts or leaves."""
        with FileLock(self._place.root / "start.lock") as lock:
            if not lock.acquire(deadline):
                raise EmbeddedPostgresError(
                    f"Another process has been starting or stopping the PostgreSQL of {self.home} for too "
                    f"long. See {self.log_file}."
                )
            yield

    def _joined(self, deadline: float) -> FileLock:
        if self._users is not None:
            if self._users.held:
                return self._users
            self._users.release()
        users = FileLock(self._place.root / "users.lock")
        users.acquire(deadline, shared=True)  # taken exclusively only by who is `_alone`, which we are
        return users

    def _bring_up(self, deadline: float) -> None:
        self._place.initialise(self._binaries, max(deadline - time.monotonic(), 0))
        child: subprocess.Popen[bytes] | None = None
        began = self._log.size()
        while not self._answers():
            if child is not None and child.poll() is not None:
                raise self._failure(f"ended with code {child.returncode} while starting", began)
            if child is None and postmaster(self.data) is None:
                began = self._log.size()
                child = launch(self._place, self._binaries, self._log)
            if time.monotonic() > deadline:
                raise self._failure("did not answer in time; it may still be recovering", began)
            time.sleep(0.01)
        self._make_database(max(deadline - time.monotonic(), 1))

    def _answers(self) -> bool:
        """Whether the server accepts connections; remembers at which socket."""
        sockets = recorded_socket_directory(self.data)
        if sockets is None or not (sockets / SOCKET).exists():
            return False
        options = [f"--host={sockets}", "--port=5432", "--username=postgres", "--dbname=postgres"]
        if self._run("pg_isready", "--quiet", *options).returncode != 0:
            return False
        self._sockets = sockets
        return True

    def _make_database(self, timeout: float) -> None:
        options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=name={DATABASE}"]
        options += [f"--host={self._sockets}", "--port=5432", "--username=postgres", "--dbname=postgres"]
        done = self._run("psql", *options, stdin=_CREATE_DATABASE, timeout=timeout)
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"The database {DATABASE} could not be made: {done.stdout.strip()}")

    def _shut_down(self) -> bool:
        process, sockets = postmaster(self.data), recorded_socket_directory(self.data)
        if process is not None:
            shut_down(process)
        if process is None or not self._gone(_PATIENCE):
            quit_all(self.data)
        gone = self._gone(_PATIENCE)
        if gone and sockets is not None:
            with contextlib.suppress(OSError):
                sockets.rmdir()
        return gone

    def _gone(self, patience: float) -> bool:
        """Waits until no process of the server is left, for at most `patience` seconds."""
        deadline = time.monotonic() + patience
        while postmaster(self.data) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        with FileLock(self._place.root / "server.lock") as lock:
            return lock.acquire(deadline) and postmaster(self.data) is None

    def _run(
        self, program: str, *arguments: str, stdin: str = "", timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [self._binaries.directory / program, *arguments]
        return self._place.account.run(command, stdin=stdin, timeout=timeout)

    def _failure(self, what: str, began: int) -> EmbeddedPostgresError:
        said = self._log.tail(began)
        return EmbeddedPostgresError(f"The embedded PostgreSQL of {self.home} {what}. {self.log_file} says:\n{said}")
