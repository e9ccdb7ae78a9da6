"""Imports whose worker is killed, or that are cancelled: every row once, and none where there should be none."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from exchange_world import STARTED, WORK, execution, is_over, uploaded
from job_workers import at_work
from job_world import until

from lma_graph.executions import service
from lma_graph.leads import jobs
from lma_graph.leads.intake import run

SCRIPT = Path(__file__).parents[1] / "jobs" / "job_process.py"


@asynccontextmanager
async def worker(url: str):
    paths = [str(SCRIPT.parents[1]), *(path for path in sys.path if path.endswith("src"))]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "LMA_TEST_CHUNK_ROWS": "100"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def content(rows: int) -> bytes:
    """Every tenth row is bad; letters of several bytes, so that places in the file are no numbers of characters."""
    lines = ["email,firstName\n"]
    for number in range(rows):
        email = f"broken{number}" if number % 10 == 0 else f"l{number}@kill.test"
        lines.append(f'{email},"Zoë\n{number}"\n')
    return "".join(lines).encode()


async def progress(world, id_: str) -> int:
    return (await execution(world, id_))["progress"]["done"]


async def numbers(world) -> list[int]:
    rows = await world.fetch("SELECT first_name FROM leads WHERE organization_id = $1 ORDER BY id")
    return [int(row["first_name"].split()[1]) for row in rows]


async def test_an_import_goes_on_where_its_worker_was_killed(world, owner_url, http) -> None:
    rows = 6_000
    upload = await uploaded(world, http, content(rows))
    made = await world.do("importLeads", {"uploadId": upload}, STARTED)
    id_ = made["execution"]["id"]
    async with worker(owner_url) as process:
        await until(lambda: _beyond(world, id_, 0), 40)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert not await is_over(world, id_)
    async with worker(owner_url):
        await until(lambda: is_over(world, id_), 60)
    found = await execution(world, id_)
    assert (found["status"], found["errorMessage"]) == ("SUCCEEDED", None)
    assert found["outputData"] == {"created": 5_400, "updated": 0, "unchanged": 0, "failed": 600}
    assert found["progress"] == {"done": len(content(rows)), "total": len(content(rows))}
    assert await numbers(world) == [number for number in range(rows) if number % 10]
    report = (await http.get(found["file"]["url"])).content.decode()
    assert [line for line in report.split("\n") if line.startswith("broken")] == [
        f'broken{number},"Zoë' for number in range(0, rows, 10)
    ]
    assert report.count("lma:reason") == 1


async def _beyond(world, id_: str, seen: int) -> bool:
    return await progress(world, id_) > seen


async def test_a_cancelled_import_keeps_whole_chunks(world, owner_url, http, monkeypatch) -> None:
    monkeypatch.setattr(run, "CHUNK_ROWS", 10)
    upload = await uploaded(world, http, content(3_000))
    made = await world.do("importLeads", {"uploadId": upload}, STARTED)
    id_ = made["execution"]["id"]
    number = (await world.fetch("SELECT id FROM workflow_executions WHERE organization_id = $1"))[0]["id"]
    assert jobs
    async with at_work(owner_url, *WORK):
        await until(lambda: _beyond(world, id_, 0))
        async with world.database.unit_of_work(await world.viewer()) as unit:
            await service.cancel(unit, number)
        cancelled = await numbers(world)
        await asyncio.sleep(0.3)
    found = await execution(world, id_)
    assert found["status"] == "CANCELLED"
    assert await numbers(world) == cancelled
    assert 0 < len(cancelled) < 2_700
    assert len(cancelled) % 9 == 0
    report = (await http.get(found["file"]["url"])).content.decode()
    assert report.count("broken") == len(cancelled) // 9
