"""Changes of communication have an audit type of their own.

Revision 0006, after 0005.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BEFORE = (
    "'EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', "
    "'EMAIL_CLICK', 'LEAD_CREATED', 'FIELD_CHANGE', 'STATUS_CHANGE', 'ASSIGNMENT', 'SCORE_CHANGE', 'MERGE', "
    "'CONVERSION', 'CAMPAIGN_ENROLLED', 'CAMPAIGN_RESPONSE', 'NOTE_CHANGE', 'WORKFLOW_RUN', 'SYNC', 'IMPORT', "
    "'LEAD_DELETED', 'LEAD_RESTORED'"
)


def _allow(types: str) -> None:
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE activities DROP CONSTRAINT ck_activities_activity_type"
    )
    op.execute(
        "ALTER TABLE activities ADD CONSTRAINT ck_activities_activity_type"
        f" CHECK (activity_type IN ({types})) NOT VALID"
    )
    # In a transaction of its own, so that nobody waits while the rows are looked at.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE activities VALIDATE CONSTRAINT ck_activities_activity_type")


def upgrade() -> None:
    _allow(f"{BEFORE}, 'ACTIVITY_CHANGE'")


def downgrade() -> None:
    op.execute("DELETE FROM activities WHERE activity_type = 'ACTIVITY_CHANGE'")
    _allow(BEFORE)
