"""Root fields about activities and notes."""

from lma_graph.activities.criteria import ACTIVITY as ACTIVITY_WORDS
from lma_graph.activities.loaders import ACTIVITIES, ACTIVITY, NOTE
from lma_graph.activities.types import Activity, LeadNote
from lma_graph.kernel.graphql.fields import by_id, listing
from lma_graph.kernel.graphql.nodes import root


@root
class ActivityQueries:
    """What can be asked about activities and notes."""

    activity = by_id(ACTIVITY, Activity, description="One activity by id.")
    activities = listing(
        ACTIVITIES,
        Activity,
        ACTIVITY_WORDS,
        description="Activities of all leads, audit trail included, newest first.",
    )
    lead_note = by_id(NOTE, LeadNote, description="One note by id; null where it is not for you.")
