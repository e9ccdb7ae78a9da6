"""Long work and jobs of campaigns: more members than one transaction enrols or moves, and following by the clock.

Both kinds may be killed anywhere and go on: a chunk of leads is one transaction, and what is so already is not written.
Enter at `step` and `hourly`.
"""

import asyncpg

from lma_graph.campaigns.service import enrolling, following, moving
from lma_graph.executions.engine import Step, Work, long_work
from lma_graph.kernel.errors import Denied
from lma_graph.kernel.jobs import HandBack, JobRun, enqueue_by_the_clock, job, periodic
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission

HOURLY = "campaigns.hourly"
EVERY_HOUR = "campaigns.everyHour"
_STEPS = {
    "enrollLeads": enrolling.step,
    "updateCampaignLeads": moving.step,
    "removeLeadsFromCampaign": moving.step,
    "followCriteria": following.step,
}


@long_work(enrolling.LONG_WORK)
async def step(unit: UnitOfWork, work: Work) -> Step:
    """The next leads, for the viewer as they are now."""
    if not unit.viewer.may(Permission.CAMPAIGNS_WRITE):
        raise Denied(Permission.CAMPAIGNS_WRITE)
    return await _STEPS[work.input["mutation"]](unit, work)


@job(HOURLY)
async def hourly(run: JobRun) -> None:
    """Have members follow the criteria of an organization's campaigns where nobody's change has told of it."""
    async with run.unit_of_work() as unit:
        numbers = await following.followed(unit)
    for number in numbers:
        position: following.Place | None = {}
        while position is not None:
            if run.stopping:
                raise HandBack
            async with run.unit_of_work() as unit:
                _, position = await following.advance(unit, number, position, enrolling.CHUNK)


@periodic(EVERY_HOUR, cron="37 * * * *")
async def every_hour(connection: asyncpg.Connection) -> None:
    """Have it done for every organization with such campaigns, as one of its administrators or managers."""
    for row in await connection.fetch("SELECT * FROM organizations_following()"):
        await enqueue_by_the_clock(connection, row["organization_id"], row["user_id"], HOURLY)
