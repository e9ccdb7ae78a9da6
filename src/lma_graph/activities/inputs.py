"""What the mutations of activities and notes are given."""

import re
from typing import Any

from lma_graph.activities.models import ActivityRow, ActivityType, LeadNoteRow
from lma_graph.kernel import checks
from lma_graph.kernel.graphql.given import (
    Made,
    Values,
    chosen,
    document,
    flag,
    given,
    key,
    keys,
    member,
    merged,
    moment,
    nested,
    of,
    several,
    text,
    value,
)
from lma_graph.kernel.graphql.scalars import BigInt

LONGEST_CONTENT = 100_000
LONGEST_LABEL = 100
MOST_MENTIONED = 100
MOST_ATTACHMENTS = 50
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")
_DETAILS = "Further details. Names that are absent stay as they are, null removes one."


@given
class ActivityDetails:
    """What can be said of any communication, and changed afterwards."""

    direction = chosen(ActivityRow.direction)
    subject = of(ActivityRow.subject, text)
    content = of(ActivityRow.content, text, limit=LONGEST_CONTENT)
    metadata = document(_DETAILS)
    campaign_id = key("Campaign", "The campaign it is part of.", clears=True)


_details: Made = ActivityDetails


def details_of(given: Values) -> dict[str, Any]:
    """The values of an activity under the names of their columns; everything else that was given is left out."""
    known = {*_details.fields, "activity_type", "scheduled_at", "completed_at"}
    return {name: one for name, one in given.items() if name in known}


_lead = key("Lead", "The lead it is about.", required=True)
_kind = member(
    ActivityType,
    "What kind of communication it is; the types of the audit trail are the server's own.",
    required=True,
)


@merged(ActivityDetails)
class LogActivityInput:
    """Communication that has happened. Forms, visits, opened e-mails and clicks are `INBOUND` by nature."""

    lead_id = _lead
    activity_type = _kind
    completed_at = moment("When it happened; now by default, and never in the future.")


@merged(ActivityDetails)
class ScheduleActivityInput:
    """Communication that is planned."""

    lead_id = _lead
    activity_type = _kind
    scheduled_at = moment("When it is planned for; one in the past is overdue at once.", required=True)


@merged(ActivityDetails)
class ActivityPatch:
    """Values of an activity. What is absent stays as it is; null clears."""

    scheduled_at = moment("When it is planned for; only of an activity still scheduled.")
    completed_at = moment("When it happened; only of a completed activity.")


@given
class UpdateActivityInput:
    """Which activity to change, and how."""

    id = key("Activity", "The activity.", required=True)
    patch = nested(ActivityPatch, "The values to change.", required=True)


@given
class CompleteActivityInput:
    """Which scheduled activity has happened."""

    id = key("Activity", "The activity.", required=True)
    completed_at = moment("When it happened; now by default, and never in the future.")
    content = text("What came of it; replaces the activity's text.", limit=LONGEST_CONTENT)


@given
class CancelActivityInput:
    """Which scheduled activity will not happen."""

    id = key("Activity", "The activity.", required=True)
    reason = text("Why, for the audit trail.")


def _media_type(sent: str) -> str:
    if not _MEDIA_TYPE.fullmatch(sent.strip()):
        raise checks.Refused("INVALID_VALUE", "This is not a media type such as application/pdf .")
    return checks.text(sent.strip(), LONGEST_LABEL)


@given
class AttachmentInput:
    """A file that belongs to a note. The file itself is kept elsewhere."""

    name = text("The file's name.", limit=checks.LONGEST_KEY, required=True)
    url = value(str, lambda sent: checks.url(sent.strip()), "Where it is.", required=True)
    content_type = value(str, _media_type, "Its media type, such as `application/pdf`.")
    size = value(BigInt, lambda sent: checks.integer(sent, 0, 2**53), "Its size in bytes.")


@given
class NotePatch:
    """Values of a note. What is absent stays as it is."""

    note_type = of(LeadNoteRow.note_type, text, limit=LONGEST_LABEL)
    content = of(LeadNoteRow.content, text, limit=LONGEST_CONTENT)
    is_private = of(LeadNoteRow.is_private, flag)
    mentioned_user_ids = keys("User", "Users it mentions: active ones of the organization.", most=MOST_MENTIONED)
    attachments = several(AttachmentInput, "Files that belong to it.", most=MOST_ATTACHMENTS)


def note_of(given: Values) -> dict[str, Any]:
    """The values of a note under the names of their columns; everything else that was given is left out."""
    found = {name: given[name] for name in ("note_type", "content", "is_private") if name in given}
    if "mentioned_user_ids" in given:
        found["mentioned_users"] = given["mentioned_user_ids"]
    if "attachments" in given:
        found["attachments"] = [_attachment(one) for one in given["attachments"]]
    return found


def _attachment(one: Values) -> dict[str, Any]:
    public = {"name": one.name, "url": one.url, "contentType": one.content_type, "size": one.size}
    return {name: sent for name, sent in public.items() if sent is not None}


_patch: Made = NotePatch


@given
class AddNoteInput:
    """A new note about a lead."""

    lead_id = key("Lead", "The lead it is about.", required=True)
    note_type = _patch.fields["note_type"]
    content = of(LeadNoteRow.content, text, limit=LONGEST_CONTENT, required=True)
    is_private = _patch.fields["is_private"]
    mentioned_user_ids = _patch.fields["mentioned_user_ids"]
    attachments = _patch.fields["attachments"]


@given
class UpdateNoteInput:
    """Which note to change, and how."""

    id = key("LeadNote", "The note.", required=True)
    patch = nested(NotePatch, "The values to change.", required=True)


@given
class DeleteNoteInput:
    """Which note to delete."""

    id = key("LeadNote", "The note.", required=True)
