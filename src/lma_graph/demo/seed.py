"""Filling a database with demo data. Enter at `seed`.

The parent process writes the organizations, then hands out slices of leads; worker processes make the rows and COPY
them over connections of their own, so that making and storing keep all cores busy.
"""

import asyncio
import datetime as dt
import gc
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg

from lma_graph.demo import writer
from lma_graph.demo.furniture import furnish
from lma_graph.demo.ground import Ground, organization, sizes, slugs
from lma_graph.demo.sheet import Sheet
from lma_graph.demo.writer import Slice
from lma_graph.kernel.errors import Conflict, InvalidInput

SLICE = 1_000
"""Leads made and committed together."""
_TOGETHER = 50
"""Organizations furnished in one transaction."""

Progress = Callable[[int, int], None]
"""Called with the leads written so far and the leads in all."""


@dataclass(frozen=True)
class SeedReport:
    """What was written, and how long it took."""

    organizations: int
    leads: int
    rows: dict[str, int]
    """Rows by table, search tables included."""
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Rows of all tables per second of the whole run."""
        return sum(self.rows.values()) / self.seconds


async def seed(
    url: str,
    *,
    leads: int,
    organizations: int,
    random_seed: int = 1,
    until: dt.date | None = None,
    processes: int | None = None,
    progress: Progress,
) -> SeedReport:
    """Write demo data: `leads` over all `organizations`, the first ones getting one more where it does not divide.

    `url` is the owner's login of a migrated database. `until` is the present of the data, midnight UTC (default:
    today); nothing that has happened is later. The same arguments give the same rows, however many `processes`
    (default: the machine's cores) take part; ids differ by the number at which each table's sequence stands.
    Raises `Conflict` if one of the organizations or users is there already, `InvalidInput` for impossible numbers.
    """
    began = time.perf_counter()
    _check(leads, organizations)
    connection = await writer.connect(url)
    try:
        await _refuse_if_present(connection, slugs(random_seed, organizations))
        midnight = dt.datetime.combine(until or dt.datetime.now(dt.UTC).date(), dt.time(), dt.UTC)
        blocks = await writer.reserve(connection, sizes(leads, organizations))
        ground = Ground(random_seed, int(midnight.timestamp()), leads, organizations, blocks)
        rows = await _furnish(connection, ground)
        progress(0, leads)
        rows.update(await _populate(url, ground, processes or os.cpu_count() or 1, progress))
        await writer.analyze(connection)
    finally:
        await connection.close()
    return SeedReport(organizations, leads, dict(rows), time.perf_counter() - began)


def _check(leads: int, organizations: int) -> None:
    if leads < 0:
        raise InvalidInput.at(("leads",), "There cannot be fewer than 0 leads.")
    if organizations < 1:
        raise InvalidInput.at(("organizations",), "There must be at least 1 organization.")


async def _refuse_if_present(connection: asyncpg.Connection, wanted: tuple[str, ...]) -> None:
    found = await connection.fetchval(
        "SELECT slug FROM organizations WHERE slug = ANY($1) ORDER BY id LIMIT 1", list(wanted)
    )
    if found is not None:
        raise Conflict(
            f"There is demo data already: the organization “{found}” exists. Use it as it is, or seed an empty"
            " database: create one, run `lma-graph migrate` on it, then `lma-graph seed`."
        )


async def _furnish(connection: asyncpg.Connection, ground: Ground) -> Counter[str]:
    rows: Counter[str] = Counter()
    for begin in range(0, ground.organizations, _TOGETHER):
        sheet = Sheet()
        for number in range(begin, min(begin + _TOGETHER, ground.organizations)):
            furnish(ground, organization(ground, number), sheet)
        rows.update(await writer.copy(connection, sheet))
    return rows


def _batches(ground: Ground) -> Iterator[list[Slice]]:
    """The work in portions of about `SLICE` leads: part of a large organization, or several small ones."""
    batch: list[Slice] = []
    held = 0
    for number in range(ground.organizations):
        count = organization(ground, number).count
        for begin in range(0, count, SLICE):
            part = (number, begin, min(begin + SLICE, count))
            batch.append(part)
            held += part[2] - begin
            if held >= SLICE:
                yield batch
                batch, held = [], 0
    if batch:
        yield batch


async def _populate(url: str, ground: Ground, processes: int, progress: Progress) -> Counter[str]:
    rows: Counter[str] = Counter()
    if processes == 1 or ground.leads <= 2 * SLICE:
        # Starting processes would take longer than they save.
        for batch in _batches(ground):
            rows += await writer.write(url, ground, batch)
            progress(rows["leads"], ground.leads)
        return rows
    with _pool(processes) as pool:
        async for written in _in_pool(pool, url, ground, 2 * processes):
            rows += written
            progress(rows["leads"], ground.leads)
    return rows


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes; when the block fails, what has not begun is dropped and what runs is waited for."""
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_settle_worker)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _settle_worker() -> None:
    # Ctrl-C is for the parent, which lets the workers finish what they have begun.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Rows hold no cycles; looking for some would take a sixth of the time.
    gc.disable()


async def _in_pool(pool: ProcessPoolExecutor, url: str, ground: Ground, most: int) -> AsyncIterator[Counter[str]]:
    """Each batch's count of rows as it is done; at most so many batches are handed out at a time."""
    loop = asyncio.get_running_loop()
    running: set[asyncio.Future[Counter[str]]] = set()
    for batch in _batches(ground):
        running.add(loop.run_in_executor(pool, _in_worker, url, ground, batch))
        if len(running) == most:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                yield future.result()
    for rest in asyncio.as_completed(running):
        yield await rest


def _in_worker(url: str, ground: Ground, batch: list[Slice]) -> Counter[str]:
    return asyncio.run(writer.write(url, ground, batch))
