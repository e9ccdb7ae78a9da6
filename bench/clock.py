"""Measuring: Postgres time as the server counts it, wall time, and ratios of interleaved runs.

This machine may be busy with other things, so nothing is judged by absolute times: what is compared runs in turns,
and each figure is the median of the rounds' ratios.
"""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import asyncpg

from lma_graph.kernel.connections import APPLICATION_ROLE

_SPENT = f"""
SELECT coalesce(sum(calls), 0)::bigint AS calls, coalesce(sum(rows), 0)::bigint AS rows,
       coalesce(sum(total_exec_time), 0) AS running, coalesce(sum(total_plan_time), 0) AS planning
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND userid = '{APPLICATION_ROLE}'::regrole AND query ~ '^SELECT' AND query !~ 'assert_viewer'
"""


@dataclass(frozen=True)
class Spent:
    """What Postgres did: statements, rows, and milliseconds of running and planning them."""

    calls: int
    rows: int
    running: float
    planning: float

    def since(self, earlier: "Spent") -> "Spent":
        """The difference."""
        return Spent(
            self.calls - earlier.calls,
            self.rows - earlier.rows,
            self.running - earlier.running,
            self.planning - earlier.planning,
        )

    def __truediv__(self, by: int) -> "Spent":
        return Spent(self.calls // by, self.rows // by, self.running / by, self.planning / by)


async def spent(owner: asyncpg.Connection) -> Spent:
    """What the application's role has spent on reading so far, by pg_stat_statements; BEGIN and COMMIT left out."""
    row = await owner.fetchrow(_SPENT)
    return Spent(row["calls"], row["rows"], row["running"], row["planning"])


Run = Callable[[], Awaitable[object]]


async def postgres_rounds(
    owner: asyncpg.Connection, runs: Mapping[str, Run], *, rounds: int, times: int, warm_up: int = 8
) -> dict[str, list[Spent]]:
    """Per run and round, what Postgres spent on one call; the runs of a round take turns.

    The warm-up is longer than the five calls after which Postgres chooses between custom and generic plans, so what
    is measured is what a long-lived connection meets.
    """
    for run in runs.values():
        for _ in range(warm_up):
            await run()
    found: dict[str, list[Spent]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            before = await spent(owner)
            for _ in range(times):
                await run()
            found[name].append((await spent(owner)).since(before) / times)
    return found


async def wall_rounds(runs: Mapping[str, Run], *, rounds: int, warm_up: int = 5) -> dict[str, list[float]]:
    """Per run and round, the milliseconds of one call; every other round goes through the runs backwards."""
    for run in runs.values():
        for _ in range(warm_up):
            await run()
    found: dict[str, list[float]] = {name: [] for name in runs}
    for at in range(rounds):
        for name, run in list(runs.items())[:: -1 if at % 2 else 1]:
            began = time.perf_counter()
            await run()
            found[name].append((time.perf_counter() - began) * 1000)
    return found


def ratio(over: list[float], under: list[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))
