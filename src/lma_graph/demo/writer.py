"""Getting rows into the database: reserving ids, COPY, statistics. All on the owner's login.

Row security forbids COPY to the application's role; the owner is not subject to it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import asyncpg

from lma_graph.demo.ground import (
    MOST_ACTIVITIES,
    MOST_ENTRIES,
    MOST_MEMBERSHIPS,
    MOST_NOTES,
    MOST_RUNS,
    Blocks,
    Ground,
    organization,
)
from lma_graph.demo.life import live
from lma_graph.demo.sheet import COLUMNS, Sheet
from lma_graph.kernel.db import connect_arguments

_SETTINGS = {"application_name": "lma-graph seed", "timezone": "UTC", "synchronous_commit": "off"}

Slice = tuple[int, int, int]
"""Some leads of one organization: its number, the place of the first, the place after the last."""


async def connect(url: str) -> asyncpg.Connection:
    """A connection of the owner. A commit need not reach the disk at once: what is lost is seeded again."""
    return await asyncpg.connect(connect_arguments(url), server_settings=_SETTINGS)


async def reserve(connection: asyncpg.Connection, wanted: Blocks) -> Blocks:
    """Take as many ids of each table as are wanted; the first of each. No one else is ever given one of them.

    Altering a sequence locks it against `nextval` until the end of the transaction, so a block has no holes.
    """
    first: dict[str, int] = {}
    async with connection.transaction():
        for table, count in asdict(wanted).items():
            name = await connection.fetchval("SELECT pg_get_serial_sequence($1, 'id')", table)
            await connection.execute(f"ALTER SEQUENCE {name} INCREMENT BY 1")
            first[table] = await connection.fetchval("SELECT nextval($1::text::regclass)", name)
            await connection.execute(
                "SELECT setval($1::text::regclass, $2, true)", name, first[table] + max(count, 1) - 1
            )
    return Blocks(**first)


async def copy(connection: asyncpg.Connection, sheet: Sheet) -> Counter[str]:
    """Write the sheet in one transaction; how many rows went into each table."""
    async with connection.transaction():
        for table, columns in COLUMNS.items():
            records: Sequence[tuple[Any, ...]] = sheet.rows[table]
            if records:
                await connection.copy_records_to_table(table, columns=columns, records=records)
    return Counter({table: len(rows) for table, rows in sheet.rows.items()})


def leads(ground: Ground, part: Slice) -> Sheet:
    """All rows of some leads of one organization; the same ones in whatever process they are made."""
    number, begin, end = part
    home, blocks, sheet = organization(ground, number), ground.blocks, Sheet()
    for place in range(begin, end):
        before = home.first + place
        # Every lead has ranges of its own, so that ids do not depend on how the work is divided.
        sheet.number_from(
            activities=blocks.activities + before * MOST_ACTIVITIES,
            lead_notes=blocks.lead_notes + before * MOST_NOTES,
            lead_score_history=blocks.lead_score_history + before * MOST_ENTRIES,
            campaign_leads=blocks.campaign_leads + before * MOST_MEMBERSHIPS,
            workflow_executions=blocks.workflow_executions + before * MOST_RUNS,
        )
        live(ground, home, place, sheet)
    return sheet


async def write(url: str, ground: Ground, parts: Iterable[Slice]) -> Counter[str]:
    """Make and write some leads, each slice committed by itself; how many rows went into each table."""
    connection = await connect(url)
    try:
        written: Counter[str] = Counter()
        for part in parts:
            written.update(await copy(connection, leads(ground, part)))
        return written
    finally:
        await connection.close()


async def analyze(connection: asyncpg.Connection) -> None:
    """Let the planner know what is there now."""
    await connection.execute(f"ANALYZE {', '.join(COLUMNS)}")
