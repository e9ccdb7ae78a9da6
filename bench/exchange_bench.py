"""Importing and exporting a file of 500,000 leads, against COPY into and out of the same table."""

import asyncio
import csv
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench.place import Place, say
from bench.result import Result, Verdict
from lma_graph.executions.engine import perform_steps
from lma_graph.kernel.db import Database
from lma_graph.kernel.files import Files
from lma_graph.kernel.jobs import JobRun
from lma_graph.leads import jobs
from lma_graph.leads.intake.sources import FileFormat
from lma_graph.leads.service import export_work, import_work
from lma_graph.leads.service.chunks import Manner
from lma_graph.leads.service.import_work import Wanted

LEADS = 500_000
_MARK_SPEED, _MARK_MB = 0.25, 250
_COLUMNS = ("email", "first_name", "last_name", "company", "job_title", "status", "source", "value")
_HEADERS = ("email", "firstName", "lastName", "company", "jobTitle", "status", "source", "value")

METHOD = f"""
A CSV file of {LEADS:,} leads with eight columns. Ours is what a worker does for `importLeads`: rows are checked one by
one and written with their search rows and audit entries, chunk by chunk of 5,000, each with the import's position in one
commit. The bare way is `COPY leads FROM STDIN` of the same columns and rows by the owner's login, into the same table
with the same indexes, without search rows, audit and checks. The export is compared with `COPY (SELECT …) TO STDOUT` of
the same columns. For comparison, all rows that the import writes (leads, words, audit entries) are copied likewise. All begin in an empty database; memory is the highest that the importing process has had.
"""


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result("exchange", "Import and export of a large file", METHOD, ("", "seconds", "leads per second"))
    folder = Path(tempfile.mkdtemp(prefix="lma-bench-"))
    try:
        file = folder / "leads.csv"
        _write(file)
        bare = await _copied(place, file)
        result.add("bare COPY, import", f"{bare:.1f}", f"{LEADS / bare:,.0f}")
        async with place.empty("bench_exchange") as url, place.owner(url) as owner:
            ours, memory = await _imported(url, owner, folder, file)
            result.add("importLeads", f"{ours:.1f}", f"{LEADS / ours:,.0f}")
            whole = await _copied_whole(place, url, folder)
            result.add("bare COPY of all its rows", f"{whole:.1f}", f"{LEADS / whole:,.0f}")
            await owner.execute("VACUUM ANALYZE leads")
            began = time.perf_counter()
            columns = ", ".join(_COLUMNS)
            with (folder / "bare.csv").open("wb") as out:
                await owner.copy_from_query(f"SELECT {columns} FROM leads ORDER BY id", output=out, format="csv")
            bare_out = time.perf_counter() - began
            result.add("bare COPY, export", f"{bare_out:.1f}", f"{LEADS / bare_out:,.0f}")
            ours_out = await _exported(url, folder)
            result.add("exportLeads", f"{ours_out:.1f}", f"{LEADS / ours_out:,.0f}")
    finally:
        shutil.rmtree(folder)
    share, of_all = bare / ours, whole / ours
    result.verdicts.append(
        Verdict("import", f"{share:.2f}", "at least a quarter of COPY's speed", share >= _MARK_SPEED)
    )
    what = "import, against COPY of all rows that it writes"
    result.verdicts.append(Verdict(what, f"{of_all:.2f}", "at least a quarter of its speed", of_all >= _MARK_SPEED))
    result.verdicts.append(Verdict("memory", f"{memory:.0f} MB", f"at most {_MARK_MB} MB", memory <= _MARK_MB))
    return result


def _write(file: Path) -> None:
    say(f"a file of {LEADS:,} leads")
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(_HEADERS)
        for i in range(LEADS):
            name, firm = f"Last{i % 3000}", f"Firm{i % 700} GmbH"
            rows.writerow((f"p{i}@lma.test", f"First{i % 500}", name, firm, "Manager", "NEW", "EVENT", i % 50_000))


async def _organization(owner: asyncpg.Connection) -> int:
    organization: int = await owner.fetchval(
        "INSERT INTO organizations (name, slug) VALUES ('bench', 'bench') RETURNING id"
    )
    await owner.execute(
        "INSERT INTO users (organization_id, email, role) VALUES ($1, 'admin@bench.test', 'ADMIN')", organization
    )
    return organization


async def _copied(place: Place, file: Path) -> float:
    say("bare COPY")
    async with place.empty("bench_copy") as url, place.owner(url) as owner:
        organization = await _organization(owner)
        await owner.execute(f"ALTER TABLE leads ALTER organization_id SET DEFAULT {organization:d}")
        began = time.perf_counter()
        await owner.copy_to_table("leads", source=file, columns=_COLUMNS, format="csv", header=True)
        return time.perf_counter() - began


@dataclass
class _Peak:
    """The most memory this process has had since it was made, in MB."""

    most: float = 0

    async def watch(self) -> None:
        while True:
            status = Path("/proc/self/status").read_text(encoding="utf-8")  # noqa: ASYNC240 - no disk is asked
            self.most = max(self.most, int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024)
            await asyncio.sleep(0.1)


async def _once(content: Path) -> Any:
    with content.open("rb") as file:
        while block := file.read(1_000_000):
            yield block


async def _imported(url: str, owner: asyncpg.Connection, folder: Path, file: Path) -> tuple[float, float]:
    say("importLeads")
    await _organization(owner)
    files = Files.at(folder, b"bench")
    async with Database(url, pool_size=2, statement_timeout_ms=60_000, files=files) as database:
        viewer = await database.viewer("bench", "admin@bench.test")
        upload = "0" * 32
        await files.store.put(f"{viewer.organization_id}/uploads/{upload}", _once(file), most=10**9)
        wanted = Wanted(FileFormat.CSV, Manner(), upload=upload, name="leads.csv")
        async with database.unit_of_work(viewer) as unit:
            begun = await import_work.begin(unit, wanted, rehearsed=False)
        peak = _Peak()
        watch = asyncio.create_task(peak.watch())
        began = time.perf_counter()
        run = JobRun("import", viewer, database, 0, asyncio.Event())
        await perform_steps(run, begun["execution"], jobs.import_step)
        seconds = time.perf_counter() - began
        watch.cancel()
    count = await owner.fetchval("SELECT count(*) FROM leads")
    if count != LEADS:
        raise RuntimeError(f"There are {count:,} leads.")
    return seconds, peak.most


_TABLES = {
    "leads": f"organization_id, id, {', '.join(_COLUMNS)}, created_at",
    "lead_terms": "organization_id, term, created_at, lead_id, weight",
    "activities": "organization_id, lead_id, user_id, activity_type, metadata, completed_at, created_at",
}


async def _copied_whole(place: Place, url: str, folder: Path) -> float:
    """All rows that the import has written, by COPY into an empty database."""
    say("bare COPY of everything")
    async with place.owner(url) as owner:
        for table, columns in _TABLES.items():
            await owner.copy_from_query(f"SELECT {columns} FROM {table} ORDER BY created_at", output=folder / table)
    async with place.empty("bench_copy") as empty, place.owner(empty) as owner:
        await _organization(owner)
        began = time.perf_counter()
        for table, columns in _TABLES.items():
            await owner.copy_to_table(table, source=folder / table, columns=columns.split(", "))
        return time.perf_counter() - began


async def _exported(url: str, folder: Path) -> float:
    say("exportLeads")
    async with Database(url, pool_size=2, statement_timeout_ms=60_000, files=Files.at(folder, b"bench")) as database:
        viewer = await database.viewer("bench", "admin@bench.test")
        async with database.unit_of_work(viewer) as unit:
            execution = await export_work.begin(unit, FileFormat.CSV, _HEADERS, None, rehearsed=False)
        began = time.perf_counter()
        await perform_steps(JobRun("export", viewer, database, 0, asyncio.Event()), execution or 0, jobs.export_step)
        return time.perf_counter() - began
