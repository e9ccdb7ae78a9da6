"""Long work whose every step leaves one lead, so that a step done twice or not at all shows; and a deadly job."""

import asyncio
import os
import signal

import sqlalchemy as sa

from lma_graph.executions.engine import Step, Work, long_work
from lma_graph.kernel.jobs import JobRun, Retry, job
from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.kernel.scope import ORGANIZATION
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.writing import written
from lma_graph.leads.models import LeadRow

LEAD = written(
    sa.insert(LeadRow).values(organization_id=ORGANIZATION, first_name=sa.bindparam("word")).returning(LeadRow.id)
)
COUNT, DEADLY = "COUNT", "DEADLY"


@long_work(COUNT, retry=Retry(attempts=3, first_s=0.05, factor=1))
async def count(unit: UnitOfWork, work: Work) -> Step:
    number = work.position.get("next", 0)
    await unit.rows(LEAD, {"word": f"{number:03}"})
    await asyncio.sleep(work.input.get("pause", 0))
    if number == work.input.get("fails_at"):
        raise RuntimeError("as asked")
    last = number + 1 == work.input["leads"]
    return Step(1, {"next": number + 1}, total=work.input["leads"], result={"created": number + 1} if last else None)


@long_work(DEADLY)
async def deadly(unit: UnitOfWork, work: Work) -> Step:
    del unit, work
    os.kill(os.getpid(), signal.SIGKILL)
    return Step(0)


@job("test.sleepy")
async def sleepy(run: JobRun) -> None:
    await run.stop.wait()


WORK = [JOBS["execution.count"], JOBS["execution.deadly"], JOBS["test.sleepy"]]
