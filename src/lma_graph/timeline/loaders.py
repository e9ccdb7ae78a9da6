"""What a lead's timeline is made of."""

import sqlalchemy as sa

from lma_graph.activities.loaders import LEAD_NOTES
from lma_graph.activities.models import ActivityRow, ActivityType
from lma_graph.campaigns.loaders import LEAD_MEMBERSHIPS
from lma_graph.executions.loaders import LEAD_EXECUTIONS
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.loaders import Children
from lma_graph.kernel.mixed import Kind, Mixed
from lma_graph.kernel.order import Sort
from lma_graph.kernel.scope import Condition
from lma_graph.scoring.loaders import LEAD_SCORE_ENTRIES

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))
SHOWN_OTHERWISE = (
    ActivityType.SCORE_CHANGE,
    ActivityType.CAMPAIGN_ENROLLED,
    ActivityType.CAMPAIGN_RESPONSE,
    ActivityType.WORKFLOW_RUN,
)
"""Entries of the audit trail about what has a kind of its own in the timeline."""


class TimelineKind(Choice):
    """What an entry of a timeline can be."""

    ACTIVITY = "ACTIVITY", "Communication and the audit trail, but for what has a kind of its own: `Activity`."
    NOTE = "NOTE", "A note that you may see: `LeadNote`."
    SCORE = "SCORE", "A change of the score: `LeadScoreHistory`."
    CAMPAIGN = "CAMPAIGN", "Joining a campaign: `CampaignLead`."
    EXECUTION = "EXECUTION", "A run of a workflow or of the server's own work: `WorkflowExecution`."


def _has_no_other_kind(activity: sa.FromClause) -> Condition:
    return activity.c.activity_type.not_in([sa.literal_column(f"'{kind.value}'") for kind in SHOWN_OTHERWISE])


_ACTIVITIES = Children(ActivityRow, ActivityRow.lead_id, NEWEST, _has_no_other_kind)
TIMELINE = Mixed(
    (
        Kind("ACTIVITY", "Activity", _ACTIVITIES, "created_at"),
        Kind("NOTE", "LeadNote", LEAD_NOTES, "created_at"),
        Kind("SCORE", "LeadScoreHistory", LEAD_SCORE_ENTRIES, "created_at"),
        Kind("CAMPAIGN", "CampaignLead", LEAD_MEMBERSHIPS, "added_at"),
        Kind("EXECUTION", "WorkflowExecution", LEAD_EXECUTIONS, "created_at"),
    )
)
