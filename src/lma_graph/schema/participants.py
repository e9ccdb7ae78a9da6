"""Every feature that takes part in what happens below it: importing these modules registers their participants."""

from lma_graph.campaigns import participation as campaigns
from lma_graph.leads import participation as leads

PARTICIPANTS = (leads, campaigns)
