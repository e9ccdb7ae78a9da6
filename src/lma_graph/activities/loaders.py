"""How activities and notes are loaded, and who may see a private note."""

import sqlalchemy as sa

from lma_graph.activities.criteria import is_assignment, is_audit, is_communication
from lma_graph.activities.models import ActivityRow, LeadNoteRow
from lma_graph.kernel.loaders import All, ById, Children
from lma_graph.kernel.order import Sort
from lma_graph.kernel.scope import VIEWER, Condition, Scope, visible

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))


@visible(LeadNoteRow)
def may_see_note(note: sa.FromClause, scope: Scope) -> Condition | None:
    """A private note exists for its author, those it mentions, and whoever may read private notes."""
    if scope.sees_private_notes:
        return None
    if not scope.sees_mentioned_notes:
        return sa.not_(note.c.is_private)
    return sa.or_(
        sa.not_(note.c.is_private),
        note.c.user_id == VIEWER,
        note.c.mentioned_users.contains(sa.func.to_jsonb(VIEWER)),
    )


@visible(ActivityRow)
def may_see_entry(activity: sa.FromClause, scope: Scope) -> Condition | None:
    """An entry of the audit trail about a private note exists for its `readers`, and whoever may read private notes."""
    if scope.sees_private_notes:
        return None
    readers = activity.c.metadata["readers"]
    others = sa.or_(activity.c.activity_type != sa.literal_column("'NOTE_CHANGE'"), readers.is_(None))
    return sa.or_(others, readers.contains(sa.func.to_jsonb(VIEWER))) if scope.sees_mentioned_notes else others


ACTIVITY = ById(ActivityRow)
ACTIVITIES = All(ActivityRow, NEWEST)
LEAD_ACTIVITIES = Children(ActivityRow, ActivityRow.lead_id, NEWEST, is_communication)
LEAD_ASSIGNMENTS = Children(ActivityRow, ActivityRow.lead_id, NEWEST, is_assignment)
LEAD_AUDIT_TRAIL = Children(ActivityRow, ActivityRow.lead_id, NEWEST, is_audit)
USER_ACTIVITIES = Children(ActivityRow, ActivityRow.user_id, NEWEST)
NOTE = ById(LeadNoteRow)
LEAD_NOTES = Children(LeadNoteRow, LeadNoteRow.lead_id, NEWEST)
