"""What a job is: a function under a name, how often it is tried again, and what it is given when it runs.

Features write `@job("leads.rescore")` above `async def rescore(run: JobRun, execution_id: int)` in their `jobs` module.
"""

import asyncio
import datetime as dt
import enum
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import DomainError, TimedOut, Unavailable
from lma_graph.kernel.transactions import Reader, UnitOfWork
from lma_graph.kernel.viewer import Viewer

F = TypeVar("F", bound=Callable[..., Awaitable[None]])


class HandBack(Exception):
    """The worker is stopping: the job goes back to the queue as it is and goes on elsewhere."""


class Outcome(enum.StrEnum):
    """How one run of a job ended; a label of the metrics."""

    SUCCEEDED = "succeeded"
    RETRIED = "retried"
    """It failed and is tried again later."""
    FAILED = "failed"
    """It failed in a way that would not change."""
    EXHAUSTED = "exhausted"
    """It failed too often."""
    POISONED = "poisoned"
    """The worker died of it too often."""
    HANDED_BACK = "handed_back"


@dataclass(frozen=True)
class Retry:
    """How often a failing job is tried, and how long it waits: each time `factor` longer, at most `most_s` seconds."""

    attempts: int = 5
    first_s: float = 5
    factor: float = 4
    most_s: float = 3600

    def delay(self, failures: int) -> float | None:
        """Seconds until the next attempt after so many failures; None where there is none."""
        if failures >= self.attempts:
            return None
        return float(min(self.first_s * self.factor ** (failures - 1), self.most_s))


@dataclass(frozen=True)
class JobRun:
    """One run of a job: for whom, and the door to the database in their name."""

    name: str
    viewer: Viewer
    database: Database
    failures: int
    """How often it has failed before."""
    stop: asyncio.Event

    @property
    def stopping(self) -> bool:
        """Whether the worker wants to end. A job of many parts raises `HandBack` between two of them."""
        return self.stop.is_set()

    def unit_of_work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A write transaction of the viewer. A job of many parts opens one for each."""
        return self.database.unit_of_work(self.viewer)

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """A read transaction of the viewer."""
        return self.database.reader(self.viewer)


@dataclass(frozen=True)
class Troubled:
    """What a job's `on_trouble` is told, in a transaction of the organization in which no user acts."""

    connection: asyncpg.Connection
    organization_id: int
    ids: dict[str, Any]
    outcome: Outcome
    message: str
    """Why, in words that a user may read."""
    retry_at: dt.datetime | None


@dataclass(frozen=True)
class Job:
    """A name, and what is done under it."""

    name: str
    function: Callable[..., Awaitable[None]]
    retry: Retry = Retry()
    on_trouble: Callable[[Troubled], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Periodic:
    """What is done again and again, for nobody in particular; once at each time, however many workers there are."""

    name: str
    cron: str
    function: Callable[[asyncpg.Connection], Awaitable[None]]


JOBS: dict[str, Job] = {}
PERIODIC: dict[str, Periodic] = {}


def job(
    name: str, *, retry: Retry | None = None, on_trouble: Callable[[Troubled], Awaitable[None]] | None = None
) -> Callable[[F], F]:
    """Register a function as what is done under a name. It may run more than once, so it must bear that.

    It is tried again unless it raises a domain error, which would come again; `Unavailable` and `TimedOut` may pass.
    `on_trouble` is told of every failure, also of one in which the worker itself died.
    """

    def apply(function: F) -> F:
        if name in JOBS:
            raise ValueError(f"There are two jobs of the name {name}.")
        JOBS[name] = Job(name, function, retry or Retry(), on_trouble)
        return function

    return apply


def periodic(name: str, *, cron: str) -> Callable[[F], F]:
    """Register a function that is run by the clock (UTC), on a connection of no organization."""

    def apply(function: F) -> F:
        PERIODIC[name] = Periodic(name, cron, function)
        return function

    return apply


def passes(error: Exception) -> bool:
    """Whether trying again may help."""
    return not isinstance(error, DomainError) or isinstance(error, Unavailable | TimedOut)
