"""What failures leave behind: refused rows, races, deadlocks, killed processes and lost connections."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from import_world import NOTHING, Place, faults, many, place_in

from lma_graph.kernel.errors import Unavailable
from lma_graph.kernel.viewer import Role
from lma_graph.leads.intake import run as importing


@pytest.fixture
async def place(owner_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with place_in(owner_url, tmp_path) as found:
        yield found


async def test_a_row_the_database_refuses_does_not_take_its_chunk_along(place: Place) -> None:
    await place.owner.execute(
        "ALTER TABLE leads ADD CONSTRAINT no_p37 CHECK (first_name <> 'P37') NOT VALID",
    )
    try:
        report = await place.run(many(100))
    finally:
        await place.owner.execute("ALTER TABLE leads DROP CONSTRAINT no_p37")
    assert (report.created, report.failed) == (99, 1)
    assert faults(report) == [
        (
            39,
            None,
            "REFUSED",
            'The database refuses the row: new row for relation "leads" violates check constraint "no_p37"',
        )
    ]
    assert await place.counts() == {**NOTHING, "leads": 99, "activities": 99, "lead_terms": 99 * 3}


@pytest.mark.parametrize("backwards", [False, True])
async def test_two_imports_of_the_same_rows_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, backwards: bool
) -> None:
    # In opposite order and one transaction each, they wait for each other until the database ends one of them.
    monkeypatch.setattr(importing, "CHUNK_ROWS", 600 if backwards else 100)
    one, other = place.folder / "one.csv", place.folder / "other.csv"
    one.write_text(many(600))
    other.write_text(many(600, backwards=backwards))
    reports = await asyncio.gather(place.run(one), place.run(other))
    assert sum(report.created for report in reports) == 600
    assert sum(report.failed for report in reports) == 600
    assert {error.code for report in reports for error in report.errors} == {"DUPLICATE_EMAIL"}
    assert sorted(await place.leads()) == sorted(f"p{number}@a.com" for number in range(600))
    assert await place.counts() == {**NOTHING, "leads": 600, "activities": 600, "lead_terms": 1800}


_IMPORT = """
import asyncio, sys
from pathlib import Path
from lma_graph.kernel.db import Database
from lma_graph.kernel.viewer import Role, Viewer
from lma_graph.leads.intake import run as importing
from lma_graph.leads.service.importing import import_leads
from lma_graph.leads.intake.mapping import Mapping

url, file, organization, user, state = sys.argv[1:]
importing.CHUNK_ROWS = 200

async def main():
    async with Database(url) as database:
        viewer = Viewer(int(organization), int(user), Role.MANAGER, state=state)
        mapping = Mapping.parse({"columns": {"email": "email", "name": "firstName"}})
        await import_leads(database, viewer, Path(file), mapping)

asyncio.run(main())
"""


async def test_a_kill_in_the_middle_keeps_whole_chunks_and_a_second_run_does_the_rest(
    place: Place, owner_url: str
) -> None:
    file = place.folder / "leads.csv"
    file.write_text(many(600))
    viewer = place.viewers[Role.MANAGER]
    arguments = (owner_url, file, viewer.organization_id, viewer.user_id, viewer.state)
    # The import stands still inside its second chunk.
    async with place.held("p250@a.com") as holder:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _IMPORT, *map(str, arguments))
        await place.until(f"SELECT count(*) FROM pg_stat_activity WHERE {holder} = ANY (pg_blocking_pids(pid))")
        os.kill(process.pid, signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    assert await place.leads() == [f"p{number}@a.com" for number in range(200)]
    assert await place.counts() == {**NOTHING, "leads": 200, "activities": 200, "lead_terms": 600}
    report = await place.run(file)
    assert (report.created, report.failed) == (400, 200)
    assert faults(report)[0] == (
        2,
        "email",
        "DUPLICATE_EMAIL",
        "There is already a lead with this e-mail address.",
    )
    assert [error.line for error in report.errors] == list(range(2, 202))


async def test_a_lost_connection_is_unavailable_and_the_chunks_before_stay(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 100)
    async with place.held("p150@a.com") as holder:
        running = asyncio.create_task(place.run(many(300)))
        blocked = f"FROM pg_stat_activity WHERE {holder} = ANY (pg_blocking_pids(pid))"
        await place.until(f"SELECT pg_terminate_backend(pid) {blocked}")
        with pytest.raises(Unavailable) as caught:
            await running
    assert caught.value.message == (
        "The connection to the database was lost; the chunks before are written, please try again."
    )
    assert len(await place.leads()) == 100
