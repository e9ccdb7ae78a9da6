"""Leads are scored anew: chosen ones at once, many as long work, and after a change of rules whoever else works."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from job_workers import at_work
from job_world import until, waiting
from scoring_world import ACME, MANY, a_rule, adds_up, entries, faults, made, scores

from lma_graph.executions.engine import job_of
from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.kernel.viewer import Role
from lma_graph.leads.service import life, selecting
from lma_graph.scoring import jobs
from lma_graph.scoring.service.rescoring import LONG_WORK, SETTLE
from world import World

SCRIPT = Path(__file__).with_name("scoring_process.py")
TESTS = SCRIPT.parents[1]
WORK = [JOBS[job_of(LONG_WORK)], JOBS[SETTLE], JOBS[jobs.HOURLY]]
SHOWN = "changed execution { id status workflowType progress { done total } inputData }"
LONG_S = 60
"""A process takes its time to begin on a busy machine."""
ROW = "SELECT * FROM workflow_executions WHERE organization_id = $1 ORDER BY id DESC LIMIT 1"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer leads are many."""
    monkeypatch.setattr(selecting, "AT_ONCE", 30)
    monkeypatch.setattr(jobs, "CHUNK", 20)


async def execution(world: World) -> Any:
    (row,) = await world.fetch(ROW)
    return row


async def has_ended(world: World) -> bool:
    return (await execution(world))["status"] not in {"PENDING", "RUNNING"}


async def settled(world: World, owner: asyncpg.Connection) -> bool:
    """Whether every job of the organization is done."""
    open_ = "SELECT 1 FROM procrastinate.procrastinate_jobs WHERE (args ->> 'organization')::bigint = $1"
    return not await waiting(owner, world) and not await owner.fetch(
        f"{open_} AND status IN ('todo', 'doing')", world.organization_id
    )


async def test_leads_are_rescored_by_ids_by_a_filter_and_all(world: World) -> None:
    leads = [await world.lead(company=company) for company in ("Acme", "Acme", "Other", "Acme")]
    rule = await world.rule(name="At Acme", criteria={"v": 1, "format": "filter", "expr": ACME}, score_points=50)
    chosen = {"leadIds": [world.id("Lead", lead.id) for lead in (leads[0], leads[2], leads[0])]}
    found = await world.do("rescoreLeads", chosen, SHOWN, role=Role.MANAGER)
    assert (found["changed"], found["execution"]) == (1, None)
    assert [score for score, _ in await scores(world)] == [50, 0, 0, 0]
    found = await world.do("rescoreLeads", {"filter": {"id": {"eq": world.id("Lead", leads[3].id)}}}, SHOWN)
    assert found["changed"] == 1
    assert (await world.do("rescoreLeads", {"all": True, "dryRun": True}, SHOWN))["changed"] == 1
    assert (await world.do("rescoreLeads", {"all": True}, SHOWN))["changed"] == 1
    assert (await world.do("rescoreLeads", {"all": True}, SHOWN))["changed"] == 0
    assert await entries(world) == [("RULE", 50, 50, "At Acme")] * 3
    assert await waiting_jobs(world) == []
    assert rule.name == "At Acme"


async def waiting_jobs(world: World) -> list[Any]:
    return await world.fetch("SELECT name FROM outbox_jobs WHERE organization_id = $1")


async def test_leads_are_chosen_in_one_way(world: World) -> None:
    lead = await world.lead()
    id_ = world.id("Lead", lead.id)
    for given in ({}, {"all": False}, {"all": True, "filter": {}}, {"leadIds": [id_], "filter": {}}):
        found = await world.do("rescoreLeads", given, SHOWN)
        assert (found["code"], found["fields"][0]["code"]) == ("INVALID_INPUT", "ONE_SELECTOR")
        assert found["message"] == "Selectors exclude each other: give one of leadIds, filter and all: true."
    found = await world.do("rescoreLeads", {"leadIds": [id_, world.id("Lead", lead.id + 1)]}, SHOWN)
    assert (found["code"], found["path"]) == ("NOT_FOUND", ["input", "leadIds", "1"])
    found = await world.do("rescoreLeads", {"leadIds": [id_] * 10_001}, SHOWN)
    assert faults(found) == [("leadIds", "TOO_MANY_VALUES")]
    for role in (Role.SALES_REP, Role.VIEWER):
        assert (await world.do("rescoreLeads", {"all": True}, SHOWN, role=role))["permission"] == "scoring.write"


@pytest.mark.usefixtures("small_chunks")
async def test_many_leads_are_rescored_in_steps(world: World, owner_url: str) -> None:
    await world.fetch(MANY, 70)
    await world.rule(criteria={"v": 1, "format": "filter", "expr": ACME}, score_points=50)
    found = await world.do("rescoreLeads", {"filter": ACME}, SHOWN)
    assert found["changed"] is None
    shown = found["execution"]
    assert (shown["status"], shown["workflowType"], shown["progress"]) == (
        "PENDING",
        "RESCORE",
        {"done": 0, "total": 70},
    )
    assert shown["inputData"] == {"mutation": "rescoreLeads", "filter": ACME}
    async with at_work(owner_url, *WORK):
        await until(lambda: has_ended(world))
    row = await execution(world)
    assert (row["status"], row["progress_done"], row["output_data"]) == ("SUCCEEDED", 70, {"changed": 70})
    assert row["progress_steps"] == 4
    assert await scores(world) == [(50, "WARM")] * 70
    assert await adds_up(world)


@pytest.mark.usefixtures("small_chunks")
async def test_a_rule_of_a_large_organization_is_long_work(world: World, owner_url: str) -> None:
    await world.fetch(MANY, 50)
    for _ in range(3):
        await world.lead(company="Other")
    found = await world.do("createScoringRule", a_rule(), f"rule {{ id }} {SHOWN}")
    assert (found["changed"], found["execution"]["status"]) == (None, "PENDING")
    rule = found["rule"]["id"]
    assert found["execution"]["inputData"] == {"mutation": "createScoringRule", "ruleId": rule}
    async with at_work(owner_url, *WORK):
        await until(lambda: has_ended(world))
        row = await execution(world)
        assert (row["progress_done"], row["progress_total"], row["output_data"]) == (50, 50, {"changed": 50})
        await world.do("setScoreThresholds", {"warm": 51, "hot": 60}, SHOWN)
        await until(lambda: has_ended(world))
        row = await execution(world)
        assert (row["input_data"], row["progress_done"]) == ({"mutation": "setScoreThresholds"}, 53)
        assert row["output_data"] == {"changed": 0}
        await world.do("deleteScoringRule", {"id": rule}, SHOWN)
        await until(lambda: has_ended(world))
    assert (await execution(world))["output_data"] == {"changed": 50}
    assert await scores(world) == [(0, "COLD")] * 53
    assert len(await entries(world)) == 100


@asynccontextmanager
async def writing(world: World, company: str) -> AsyncIterator[None]:
    """A lead that another transaction has written and scored already, which is committed at the end of the block."""
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await life.create(unit, {"company": company})
        await unit.settle()
        yield


async def test_a_lead_that_was_scored_by_the_old_rules_is_scored_once_more(
    world: World, owner: asyncpg.Connection, owner_url: str
) -> None:
    await world.lead(company="Acme")
    async with writing(world, "Acme"):
        assert (await made(world))["changed"] == 1
        async with at_work(owner_url, *WORK):
            await until(lambda: nothing_waits(world, owner))
    assert await scores(world) == [(50, "WARM"), (0, "COLD")]
    async with at_work(owner_url, *WORK):
        await until(lambda: settled(world, owner))
    assert await scores(world) == [(50, "WARM"), (50, "WARM")]
    assert len(await entries(world)) == 2


async def nothing_waits(world: World, owner: asyncpg.Connection) -> bool:
    """Whether the worker has taken what there is."""
    return not await waiting(owner, world)


async def test_new_thresholds_hold_for_a_lead_that_was_judged_by_the_old_ones(
    world: World, owner: asyncpg.Connection, owner_url: str
) -> None:
    await made(world)
    async with writing(world, "Acme"):
        assert (await world.do("setScoreThresholds", {"warm": 10, "hot": 20}, "changed"))["changed"] == 0
    assert await scores(world) == [(50, "WARM")]
    async with at_work(owner_url, *WORK):
        await until(lambda: settled(world, owner))
    assert await scores(world) == [(50, "HOT")]


@pytest.mark.usefixtures("small_chunks")
async def test_long_work_begins_when_transactions_of_the_old_rules_have_ended(world: World, owner_url: str) -> None:
    await world.fetch(MANY, 40)
    async with at_work(owner_url, *WORK):
        async with writing(world, "Acme"):
            await made(world)
            await until(lambda: waits(world))
            assert await scores(world) == [(0, "COLD")] * 40
        await until(lambda: has_ended(world))
    assert (await execution(world))["output_data"] == {"changed": 41}
    assert await scores(world) == [(50, "WARM")] * 41


async def waits(world: World) -> bool:
    position = (await execution(world))["progress_position"]
    return position is not None and list(position) == ["until"]


async def test_two_changes_of_a_rule_at_once_end_with_the_points_of_the_later(world: World) -> None:
    for _ in range(5):
        await world.lead(company="Acme")
    rule = (await made(world))["rule"]
    patches = [{"id": rule["id"], "patch": {"scorePoints": points}} for points in (10, 20, 30, 40)]
    found = await asyncio.gather(*(world.do("updateScoringRule", patch, "changed") for patch in patches))
    assert [one["__typename"] for one in found] == ["UpdateScoringRulePayload"] * 4
    (row,) = await world.fetch("SELECT score_points FROM lead_scoring_rules WHERE organization_id = $1")
    assert {score for score, _ in await scores(world)} == {row["score_points"]}
    assert await adds_up(world)


async def test_adjustments_at_once_are_a_chain(world: World) -> None:
    lead = await world.lead(company="Acme")
    given = {"leadId": world.id("Lead", lead.id), "change": 1, "reason": "r"}
    await asyncio.gather(*(world.do("adjustLeadScore", given, "__typename") for _ in range(20)), made(world))
    rows = await world.fetch(
        "SELECT previous_score, new_score FROM lead_score_history WHERE organization_id = $1 ORDER BY created_at, id"
    )
    assert [row["previous_score"] for row in rows] == [0, *(row["new_score"] for row in rows[:-1])]
    assert await scores(world) == [(70, "WARM")]


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as a process of its own, with small chunks; killed at the end unless it has ended."""
    paths = [str(TESTS), str(TESTS / "jobs"), *(path for path in sys.path if path.endswith("src"))]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def beyond(world: World, done: int) -> bool:
    return bool((await execution(world))["progress_done"] > done)


@pytest.mark.usefixtures("small_chunks")
async def test_rescoring_of_killed_workers_goes_on_and_the_ledger_is_right(world: World, owner_url: str) -> None:
    await world.fetch(MANY, 600)
    await made(world)
    for done in (20, 160):
        async with worker(owner_url) as process:
            await until(lambda done=done: beyond(world, done), LONG_S)
            process.send_signal(signal.SIGKILL)
            await process.wait()
    row = await execution(world)
    assert (row["status"], row["progress_done"] < 600) == ("RUNNING", True)
    assert await adds_up(world)
    async with at_work(owner_url, *WORK):
        await until(lambda: has_ended(world))
    row = await execution(world)
    assert (row["status"], row["progress_done"], row["output_data"]) == ("SUCCEEDED", 600, {"changed": 600})
    assert await scores(world) == [(50, "WARM")] * 600
    assert await entries(world) == [("RULE", 50, 50, "At Acme")] * 600
    (count,) = await world.fetch("SELECT count(*) AS n FROM activities WHERE organization_id = $1")
    assert count["n"] == 600


@pytest.mark.usefixtures("small_chunks")
async def test_cancelled_rescoring_keeps_what_is_done_and_goes_on_when_retried(world: World, owner_url: str) -> None:
    await world.fetch(MANY, 600)
    id_ = (await made(world))["execution"]["id"]
    async with worker(owner_url):
        await until(lambda: beyond(world, 20), LONG_S)
        await world.do("cancelExecution", {"id": id_}, "execution { status }")
    row = await execution(world)
    done = row["progress_done"]
    assert (row["status"], 20 < done < 600) == ("CANCELLED", True)
    assert sum(score == 50 for score, _ in await scores(world)) == done
    assert await adds_up(world)
    await world.do("retryExecution", {"id": id_}, "execution { status }")
    async with at_work(owner_url, *WORK):
        await until(lambda: has_ended(world))
    assert (await execution(world))["output_data"] == {"changed": 600}
    assert len(await entries(world)) == 600


@pytest.mark.usefixtures("small_chunks")
async def test_long_work_of_somebody_who_may_no_longer_ends(
    world: World, owner: asyncpg.Connection, owner_url: str
) -> None:
    await world.fetch(MANY, 40)
    await world.do("createScoringRule", a_rule(), "changed", role=Role.MANAGER)
    await owner.execute("UPDATE users SET role = 'VIEWER' WHERE id = $1", world.users[Role.MANAGER])
    async with at_work(owner_url, *WORK):
        await until(lambda: has_ended(world))
    row = await execution(world)
    refused = "This needs the permission scoring.write, which your role does not have."
    assert (row["status"], row["error_message"]) == ("FAILED", refused)
    assert await entries(world) == []
