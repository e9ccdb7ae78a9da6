"""A time limit on a block. Enter at `Deadline`."""

import asyncio
from types import TracebackType
from typing import Self


class Deadline:
    """`asyncio.timeout` for blocks that every request has, in half of its time.

    The task is cancelled when the time is over, and the block raises `TimeoutError` then; a cancellation from elsewhere
    stays one.
    """

    __slots__ = ("_before", "_seconds", "_task", "_timer", "expired")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.expired = False
        """Whether the time was over before the block was."""

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self._task = task
        self._before = task.cancelling()
        self._timer = loop.call_later(self._seconds, self._expire)
        return self

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # As in asyncio's own: somebody else may have cancelled the task too, and that goes on.
        if self.expired and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from error
