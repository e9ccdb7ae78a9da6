"""Long work and jobs of scoring. Enter at `step`.

Both kinds may be killed anywhere and go on: a chunk of leads is one transaction, and the engine writes only what the
ledger does not have yet.
"""

from typing import Any

import asyncpg

from lma_graph.executions.engine import Step, Work, long_work
from lma_graph.kernel import ids
from lma_graph.kernel.errors import Denied
from lma_graph.kernel.jobs import HandBack, JobRun, enqueue_by_the_clock, job, periodic
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.service.selecting import Selection
from lma_graph.scoring.service.rescoring import LONG_WORK, SETTLE, awaited, by_the_clock, chunk, touched

CHUNK = 5_000
"""Leads of one step."""
HOURLY = "scoring.hourly"
EVERY_HOUR = "scoring.everyHour"


@long_work(LONG_WORK)
async def step(unit: UnitOfWork, work: Work) -> Step:
    """The next chunk of leads; after a change of rules, nothing before its time has come."""
    if not unit.viewer.may(Permission.SCORING_WRITE):
        raise Denied(Permission.SCORING_WRITE)
    given, position = work.input, work.position
    if _follows(given) and "after" not in position:
        until = await awaited(unit, position.get("until"))
        if until is not None:
            return Step(0, {"until": until})
    selection = await _selection(unit, given)
    total = await selection.count(unit) if work.total is None else None
    done = await chunk(unit, selection, after=position.get("after", 0), limit=CHUNK, warmth=_warms(given))
    changed = position.get("changed", 0) + done.changed
    if done.after is None:
        return Step(done.seen, total=total, result={"changed": changed})
    return Step(done.seen, {"after": done.after, "changed": changed}, total=total)


def _follows(given: Any) -> bool:
    return "filter" not in given and "schedule" not in given


def _warms(given: Any) -> bool:
    return _follows(given) and "ruleId" not in given


async def _selection(unit: UnitOfWork, given: Any) -> Selection:
    if "filter" in given:
        return Selection(filter=LEAD.filter(given["filter"]))
    return await touched(unit, ids.number_of(given["ruleId"], "LeadScoringRule") if "ruleId" in given else None)


@job(SETTLE)
async def settle(run: JobRun, rule: int | None = None) -> None:
    """Score once more, after a change of rules, the leads that others were writing meanwhile."""
    until, waiting, after = None, True, 0
    while not run.stopping:
        async with run.unit_of_work() as unit:
            if waiting:
                until = await awaited(unit, until)
                waiting = until is not None
                continue
            done = await chunk(unit, await touched(unit, rule), after=after, limit=CHUNK, warmth=rule is None)
        if done.after is None:
            return
        after = done.after
    raise HandBack


@job(HOURLY)
async def hourly(run: JobRun) -> None:
    """Score the leads of an organization anew where time changes what rules give."""
    async with run.unit_of_work() as unit:
        await by_the_clock(unit)


@periodic(EVERY_HOUR, cron="7 * * * *")
async def every_hour(connection: asyncpg.Connection) -> None:
    """Have it done for every organization with rules, as one of its administrators or managers of that moment."""
    for row in await connection.fetch("SELECT * FROM organizations_with_rules()"):
        await enqueue_by_the_clock(connection, row["organization_id"], row["user_id"], HOURLY)
