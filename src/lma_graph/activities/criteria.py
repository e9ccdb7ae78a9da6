"""What can be asked of activities and notes. The terms on leads come from leads."""

import sqlalchemy as sa

from lma_graph.activities.models import COMMUNICATION_TYPES, ActivityRow, LeadNoteRow
from lma_graph.kernel.criteria import ColumnTerm, OneTerm, Vocabulary, clock
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.kernel.criteria.operators import BOOLEAN
from lma_graph.kernel.scope import Condition
from lma_graph.users.criteria import USER


def is_communication(activity: sa.FromClause) -> Condition:
    """Contact with the lead, not the audit trail. Literal values, so that the partial index is recognised."""
    return activity.c.activity_type.in_([sa.literal_column(f"'{kind.value}'") for kind in COMMUNICATION_TYPES])


def is_assignment(activity: sa.FromClause) -> Condition:
    """The lead was given to a user, or taken from one."""
    return activity.c.activity_type == sa.literal_column("'ASSIGNMENT'")


def is_audit(activity: sa.FromClause) -> Condition:
    """The server's own entries, not contact with the lead."""
    return sa.not_(is_communication(activity))


def is_overdue(activity: sa.FromClause) -> Condition:
    """Planned for a time that has passed. The literal value lets the partial index be recognised."""
    moment = activity.c.scheduled_at
    return sa.and_(activity.c.status == sa.literal_column("'SCHEDULED'"), moment.is_not(None), moment < clock.now())


ACTIVITY = Vocabulary("Activity", ActivityRow, "What an activity must be like.")
ACTIVITY.extend(
    *column_terms(ActivityRow, "Activity", ids={"lead_id": "Lead", "user_id": "User", "campaign_id": "Campaign"}),
    ColumnTerm(
        "isOverdue",
        "Whether it is still scheduled although its time has passed.",
        BOOLEAN,
        lambda activity, _: is_overdue(activity),
    ),
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
