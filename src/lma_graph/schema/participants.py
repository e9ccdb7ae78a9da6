"""Every feature that takes part in what happens below it: importing these modules registers their participants."""

from lma_graph.campaigns import participation as campaigns
from lma_graph.campaigns.service import following
from lma_graph.campaigns.service import merging as memberships
from lma_graph.leads import participation as leads
from lma_graph.scoring import participation as scoring
from lma_graph.scoring.service import erasing as reasons
from lma_graph.scoring.service import merging as scores

PARTICIPANTS = (leads, scores, reasons, scoring, campaigns, memberships, following)
