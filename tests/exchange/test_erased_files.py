"""Erasing a person reaches files, runs without a lead, and what others' notes say."""

from typing import Any

import pytest
from exchange_world import done, exported, imported, is_over, uploaded
from job_workers import at_work
from job_world import until

from kept_files import home_of
from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.leads.service import forgetting
from lma_graph.leads.service.forgetting import FORGET_FILES

EMAIL = "zebedee@x.test"


def kept(world: Any, url: str) -> list[str]:
    folder = home_of(url) / "files" / str(world.organization_id)
    return sorted(str(path) for path in folder.rglob("*") if path.is_file())


async def erase(world: Any, lead: Any, **options: Any) -> Any:
    return await world.do("eraseLead", {"id": world.id("Lead", lead.id), **options}, "erased")


async def forgotten(world: Any, url: str, left: int) -> None:
    """A worker does what erasing left to be done, until so many files are left."""

    async def over() -> bool:
        return len(kept(world, url)) <= left

    async with at_work(url, JOBS[FORGET_FILES]):
        await until(over, 20)


async def test_files_that_can_hold_the_person_are_removed(world: Any, http: Any, owner_url: str) -> None:
    await world.lead(email="early@x.test")
    early = await exported(world, owner_url, {})
    lead = await world.lead(email=EMAIL)
    upload = await uploaded(world, http, f"email\n{EMAIL}\nnobody\n".encode())
    bad = await imported(world, owner_url, {"uploadId": upload})
    late = await exported(world, owner_url, {})
    assert EMAIL in (await http.get(bad["file"]["url"])).text
    before = kept(world, owner_url)
    assert len(before) == 4
    assert (await erase(world, lead, dryRun=True))["erased"] == 1
    assert kept(world, owner_url) == before
    assert (await erase(world, lead))["erased"] == 1
    for one in (bad, late):
        assert (await http.get(one["file"]["url"])).status_code == 404
    await forgotten(world, owner_url, 1)
    (left,) = kept(world, owner_url)
    assert EMAIL not in (await http.get(early["file"]["url"])).text
    assert left in before
    rows = await world.fetch("SELECT output_data FROM workflow_executions WHERE organization_id = $1 ORDER BY id")
    assert [row["output_data"].get("filesErased") for row in rows] == [None, True, True]


async def test_a_run_that_is_at_work_ends_first(
    world: Any, http: Any, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "AGAIN", forgetting.dt.timedelta())
    lead = await world.lead(email=EMAIL)
    made = await world.do("exportLeads", {}, "execution { id }")
    await erase(world, lead)
    found = await done(world, owner_url, made["execution"]["id"])
    assert (found["status"], found["outputData"]["leads"]) == ("SUCCEEDED", 0)
    assert await is_over(world, made["execution"]["id"])
    await forgotten(world, owner_url, 0)
    assert kept(world, owner_url) == []
    assert (await http.get(found["file"]["url"])).status_code == 404


async def test_runs_and_notes_of_others_no_longer_name_the_address(world: Any) -> None:
    lead, other = await world.lead(email=EMAIL), await world.lead(email=f"not.{EMAIL}")
    run = {"input_data": {"filter": {"email": {"eq": EMAIL.upper()}}}, "output_data": {"a": f"<{EMAIL}>", "n": 1}}
    await world.execution(workflow_type="BULK_UPDATE", error_message=f"{EMAIL} bounced.", **run)
    await world.execution(input_data={"to": f"not.{EMAIL}"})
    await world.note(other, content=f"Ask {EMAIL}. Not not.{EMAIL} nor {EMAIL}.au")
    await erase(world, lead)
    rows = await world.fetch(
        "SELECT input_data, output_data, error_message FROM workflow_executions WHERE organization_id = $1 ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ({"filter": {"email": {"eq": "erased"}}}, {"a": "<erased>", "n": 1}, "erased bounced."),
        ({"to": f"not.{EMAIL}"}, None, None),
    ]
    (note,) = await world.fetch("SELECT content FROM lead_notes WHERE organization_id = $1")
    assert note["content"] == f"Ask erased. Not not.{EMAIL} nor {EMAIL}.au"
    (found,) = await world.fetch("SELECT count(*) FROM lead_notes WHERE organization_id = $1 AND content ~ 'erased'")
    assert found["count"] == 1
