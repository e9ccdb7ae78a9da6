"""Where features above take part in what is done with activities and notes, which know neither leads nor campaigns."""

from lma_graph.kernel.participants import Occasion

LEADS_NAMED = Occasion(
    "leads_named",
    "Something is about to be hung on leads, or changed there. Whoever knows leads holds them until the unit of work "
    "ends, or raises `NotFound` at `path`. `numbers` are the leads' ids.",
)
CAMPAIGNS_NAMED = Occasion(
    "campaigns_named",
    "Communication is about to be ascribed to campaigns. Whoever knows campaigns raises `NotFound` at `path` where "
    "there is none. `numbers` are the campaigns' ids.",
)
ACTIVITY_RECORDED = Occasion(
    "activity_recorded",
    "Communication has been written, changed, completed or cancelled. `numbers` are the activities' ids.",
)
