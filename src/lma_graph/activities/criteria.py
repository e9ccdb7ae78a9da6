"""What can be asked of activities and notes. The terms on leads come from leads."""

import sqlalchemy as sa

from lma_graph.activities.models import COMMUNICATION_TYPES, ActivityRow, LeadNoteRow
from lma_graph.kernel.criteria import OneTerm, Vocabulary
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.kernel.scope import Condition
from lma_graph.users.criteria import USER


def is_communication(activity: sa.FromClause) -> Condition:
    """Contact with the lead, not the audit trail. Literal values, so that the partial index is recognised."""
    return activity.c.activity_type.in_([sa.literal_column(f"'{kind.value}'") for kind in COMMUNICATION_TYPES])


def is_assignment(activity: sa.FromClause) -> Condition:
    """The lead was given to a user, or taken from one."""
    return activity.c.activity_type == sa.literal_column("'ASSIGNMENT'")


ACTIVITY = Vocabulary("Activity", ActivityRow, "What an activity must be like.")
ACTIVITY.extend(
    *column_terms(ActivityRow, "Activity", ids={"lead_id": "Lead", "user_id": "User", "campaign_id": "Campaign"}),
    OneTerm("user", "The user who did it.", USER, key=ActivityRow.user_id),
)

NOTE = Vocabulary("LeadNote", LeadNoteRow, "What a note must be like. Notes you may not see are never found.")
NOTE.extend(
    *column_terms(
        LeadNoteRow,
        "LeadNote",
        ids={"lead_id": "Lead", "user_id": "User"},
        without={"search_vector", "mentioned_users", "attachments"},
    ),
    OneTerm("user", "Its author.", USER, key=LeadNoteRow.user_id),
)
