"""Which keys an import has met on which line, for a file of any size. Enter at `SeenKeys`."""

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b


class SeenKeys:
    """Keys and the line each was first met on, in a private temporary file of SQLite that goes away when closed.

    On disk and not in memory, because a file may have millions of rows; SQLite itself holds 2 MB of it.
    """

    def __init__(self) -> None:
        self._store = sqlite3.connect("", isolation_level=None)
        self._store.execute("PRAGMA journal_mode = OFF")
        self._store.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")
        # One transaction for good: nothing is ever committed, nothing has to outlive the import.
        self._store.execute("BEGIN")

    def close(self) -> None:
        """Forget everything."""
        self._store.close()

    def add(self, keys: Iterable[tuple[str, int]]) -> None:
        """Remember keys with their lines; a key that is known keeps its first line."""
        self._store.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?, ?)", ((_digest(key), line) for key, line in keys)
        )

    def line(self, key: str | None) -> int | None:
        """The line a key was first met on, if it was."""
        if key is None:
            return None
        found = self._store.execute("SELECT line FROM seen WHERE key = ?", (_digest(key),)).fetchone()
        return int(found[0]) if found else None


def _digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
