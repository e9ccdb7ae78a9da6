"""Exporting leads: as long work to a file that can be downloaded, or at once to a file here.

Enter at `begin` and `step`, or at `write_leads`.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from lma_graph.executions import service as executions
from lma_graph.executions.engine import Step, Work
from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import Denied
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.kernel.viewer import Permission, Viewer
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.exporting import BATCH, Export, kept
from lma_graph.leads.intake.sources import FileFormat
from lma_graph.leads.service.downloads import EXPORT, keep_part


async def begin(
    unit: UnitOfWork, kind: FileFormat, columns: Sequence[str] | None, chosen: Filter | None, *, rehearsed: bool
) -> int | None:
    """Have leads exported if the unit is committed; the id of the execution, None where it is only rehearsed."""
    export = Export.of(kind, columns, sorted(unit.viewer.indexed_fields), chosen)
    return None if rehearsed else await executions.start(unit, EXPORT, kept(export))


async def step(unit: UnitOfWork, work: Work) -> Step:
    """One batch, as a part of the file. What the viewer sees now is what counts, not when they asked."""
    if not unit.viewer.may(Permission.LEADS_BULK):
        raise Denied(Permission.LEADS_BULK)
    given, position = work.input, dict(work.position)
    tree = given["filter"]
    export = Export(
        FileFormat[given["format"]], tuple(given["columns"]), None if tree is None else LEAD_WORDS.filter(tree)
    )
    total = work.total if position else await export.count(unit)
    rows = await export.batch(unit, position.get("after", 0))
    text = await asyncio.to_thread(export.text, rows)
    first = not position
    parts = position.get("parts", [])
    if rows or first:
        parts = [*parts, await keep_part(unit, work.execution_id, export.head() + text if first else text)]
    position |= {"after": rows[-1].id if rows else position.get("after", 0), "parts": parts}
    last = len(rows) < BATCH
    result = {"leads": work.done + len(rows), "bytes": sum(size for _, size in parts)} if last else None
    return Step(len(rows), position, total=max(total or 0, work.done + len(rows)), result=result)


async def write_leads(
    database: Database,
    viewer: Viewer,
    file: Path,
    *,
    kind: FileFormat,
    columns: Sequence[str] | None = None,
    filter_tree: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write leads to a file, which is replaced; how many there were.

    Raises `Denied` without the permission to do bulk work, `InvalidInput` for columns and filters there are not.
    """
    if not viewer.may(Permission.LEADS_BULK):
        raise Denied(Permission.LEADS_BULK)
    chosen = None if filter_tree is None else LEAD_WORDS.filter(filter_tree)
    export = Export.of(kind, columns, sorted(viewer.indexed_fields), chosen)
    async with database.reader(viewer) as reader:
        total = await export.count(reader)
    done = after = 0
    with await asyncio.to_thread(file.open, "w", encoding="utf-8", newline="") as out:
        await asyncio.to_thread(out.write, export.head())
        while True:
            async with database.reader(viewer) as reader:
                rows = await export.batch(reader, after)
            await asyncio.to_thread(_add, out, export, rows)
            done += len(rows)
            if progress is not None:
                progress(done, max(total, done))
            if len(rows) < BATCH:
                return done
            after = rows[-1].id


def _add(out: TextIO, export: Export, rows: Sequence[Row]) -> None:
    out.write(export.text(rows))
