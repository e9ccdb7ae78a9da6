"""Long work on campaigns: more members than one transaction enrols, moves or follows. Enter at `step`."""

from lma_graph.campaigns.service import enrolling, following, moving
from lma_graph.executions.engine import Step, Work, long_work
from lma_graph.kernel.errors import Denied
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission

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
