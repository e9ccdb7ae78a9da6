"""Advisory locks on files. The operating system drops them when their last holder dies, however it dies."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Self


class FileLock:
    """One holder of a lock on `path`, shared or exclusive.

    This is `flock`, not a POSIX record lock (which `fasteners` uses): record locks belong to a process, so
    two holders in one process would not see each other, and closing either would free both. A `flock` belongs
    to the open file, and so to every process that has inherited it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this holder has the lock, and the file that it locked still stands at `path`."""
        if self._descriptor is None:
            return False
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        return False

    def fileno(self) -> int:
        """The descriptor to hand to a child that is to hold the lock too."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} is not locked")
        return self._descriptor

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Takes the lock if it is free, or changes a lock already held; a change that fails may lose it."""
        descriptor = self._open() if self._descriptor is None else self._descriptor
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if self._descriptor is None:
                os.close(descriptor)
            return False
        self._descriptor = descriptor
        if self.held:
            return True
        self.release()  # the file was removed after it was opened: a lock on it excludes nobody
        return False

    def acquire(self, deadline: float, *, shared: bool = False) -> bool:
        """Takes the lock, waiting until `deadline` on the monotonic clock; False if it stayed taken."""
        while not self.try_acquire(shared=shared):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def release(self) -> None:
        """Lets go. Only closes: to unlock would take the lock from a child that inherited it, too."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        flags = os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(self.path, flags | os.O_RDWR, 0o644)
        except PermissionError:  # made by another user, root perhaps; reading is enough to lock
            return os.open(self.path, flags | os.O_RDONLY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
