"""The operating-system account that the server runs under: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from lma_graph.kernel.postgres.errors import EmbeddedPostgresError

UNPRIVILEGED = "nobody"


class Identity(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change who the child is."""

    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True)
class Account:
    """Who runs the server: this process's own user, or, for root, somebody else."""

    uid: int
    gid: int

    @classmethod
    def default(cls) -> "Account":
        """The current user; for root, `nobody`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        entry = pwd.getpwnam(UNPRIVILEGED)
        return cls(entry.pw_uid, entry.pw_gid)

    @classmethod
    def owner_of(cls, data: Path) -> "Account":
        """The account a data directory belongs to, if this process may act as it.

        Raises `EmbeddedPostgresError` if it may not: another user's directory, or one that belongs to root.
        """
        status = data.stat()
        if status.st_uid == 0:
            raise EmbeddedPostgresError(
                f"The data directory {data} belongs to root, and PostgreSQL does not run as root. "
                f"Give it back to its user, for example with `chown -R {UNPRIVILEGED} '{data}'`."
            )
        if os.geteuid() not in {0, status.st_uid}:
            raise EmbeddedPostgresError(
                f"The data directory {data} belongs to {_name(status.st_uid)}, and this process runs as "
                f"{_name(os.geteuid())}. Run as {_name(status.st_uid)} or as root, choose another LMA_HOME, "
                "or set LMA_DATABASE_URL."
            )
        return cls(status.st_uid, status.st_gid)

    @property
    def identity(self) -> Identity:
        """What makes a child process run as this account; nothing, where this process already does."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def run(
        self, command: Sequence[str | Path], *, stdin: str = "", timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end and captures what it prints, errors included.

        Raises `OSError` if it cannot be run, `EmbeddedPostgresError` if `timeout` seconds are not enough.
        """
        try:
            return subprocess.run(  # noqa: S603 - the programs are ours, the arguments are no shell's
                command,
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                cwd="/",
                env=environment(),
                timeout=timeout,
                check=False,
                **self.identity,
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedPostgresError(f"{command[0]} did not end within {timeout:.1f} s.") from error

    def reaches(self, directory: Path) -> bool:
        """Whether the account can enter `directory`; asked of the system, which knows more than mode bits."""
        try:
            return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", directory]).returncode == 0
        except OSError as error:
            raise EmbeddedPostgresError(
                f"PostgreSQL does not run as root, and this process cannot become {_name(self.uid)} "
                f"({error}). Run as an ordinary user, or set LMA_DATABASE_URL."
            ) from error

    def own(self, path: Path) -> None:
        """Gives a file that this process has just made to the account."""
        if self.identity:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def environment() -> Mapping[str, str]:
    """The variables the programs get: no PG… that would change their settings, and none of our secrets."""
    kept = {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
    return {name: value for name, value in os.environ.items() if name in kept} | {"LC_ALL": "C", "TZ": "UTC"}


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"
