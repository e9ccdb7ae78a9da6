"""Commands on leads: plain async functions that raise domain errors and know nothing of GraphQL or HTTP."""

import asyncio
import os
from pathlib import Path

from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import Denied, InvalidInput
from lma_graph.kernel.viewer import Permission, Viewer
from lma_graph.leads.intake.mapping import Mapping
from lma_graph.leads.intake.opening import opened
from lma_graph.leads.intake.report import ImportReport, Progress, Reporter
from lma_graph.leads.intake.run import ImportRun
from lma_graph.leads.intake.sources import FileFormat


async def import_leads(
    database: Database,
    viewer: Viewer,
    file: Path,
    mapping: Mapping,
    *,
    kind: FileFormat = FileFormat.CSV,
    dry_run: bool = False,
    bad_rows: Path | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Create a lead from every good row of a file, and report every bad one.

    Rows are written in chunks of about 5,000, each its own transaction. A row whose e-mail address or external id is
    taken is an error: this creates and never changes a lead. Bad rows go to `bad_rows`, by default to
    `NAME.bad-rows.csv` beside the input; it is made, and an earlier one replaced, with the first bad row. A dry run
    checks everything and writes nothing, so it has a file of bad rows only where one is named.

    Raises `Denied` without the permission to do bulk work, `InvalidInput` where file and map do not fit together or
    cannot be read (nothing is written then), `Unavailable` or `TimedOut` where the database fails on the way: chunks
    written before that stay, and importing the file again reports their rows as duplicates.
    """
    if not viewer.may(Permission.LEADS_BULK):
        raise Denied(Permission.LEADS_BULK)
    rejects = await asyncio.to_thread(_rejects, file, bad_rows, dry_run, kind)
    source = await asyncio.to_thread(opened, file, kind, mapping)
    with source, Reporter(source, rejects) as report:
        await ImportRun(database, viewer, file=file, mapping=mapping, source=source, report=report).run(
            progress, dry_run=dry_run
        )
        return report.finish(dry_run=dry_run)


def _rejects(file: Path, bad_rows: Path | None, dry_run: bool, kind: FileFormat) -> Path | None:  # noqa: FBT001 - for to_thread
    """Where bad rows go; `InvalidInput` where they could not be written, before anything is loaded."""
    if bad_rows is None and dry_run:
        return None
    path = bad_rows or file.with_name(f"{file.stem}.bad-rows.{kind.value.lower()}")
    if path.resolve() == file.resolve():
        raise InvalidInput.at(("badRows",), "The file of bad rows would overwrite the file that is imported.")
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        raise InvalidInput.at(("badRows",), f"The file of bad rows cannot be written: {path}")
    return path
