"""The GraphQL types of activities and notes. Their field `lead` comes from leads."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import strawberry

from lma_graph.activities.criteria import ACTIVITY as ACTIVITY_WORDS
from lma_graph.activities.loaders import USER_ACTIVITIES
from lma_graph.activities.models import ActivityRow, ActivityStatus, LeadNoteRow
from lma_graph.kernel import ids
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import batched, to_each, to_many, to_one
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.users.loaders import USER
from lma_graph.users.types import User


async def _overdue(activities: Sequence[Any], _: Context) -> list[bool]:
    now = dt.datetime.now(dt.UTC)
    return [
        one.status == ActivityStatus.SCHEDULED and one.scheduled_at is not None and one.scheduled_at < now
        for one in activities
    ]


@node(
    ActivityRow,
    tag=4,
    ids_of={"lead_id": "Lead", "user_id": "User", "campaign_id": "Campaign"},
    hide={"organization_id"},
)
class Activity:
    """Something done with or by a lead: communication, or an entry of the audit trail."""

    user = to_one(
        USER, User, key=ActivityRow.user_id, description="The user who did it; null when the lead or the server did."
    )
    is_overdue = batched(
        _overdue,
        bool,
        reads=[ActivityRow.status, ActivityRow.scheduled_at],
        description="Whether it is still scheduled although its time has passed.",
    )


def _user_ids(numbers: list[int]) -> list[str]:
    return ids.encode_all("User", numbers)


@node(
    LeadNoteRow,
    tag=5,
    ids_of={"lead_id": "Lead", "user_id": "User"},
    names={"mentioned_users": "mentionedUserIds"},
    shows={"mentioned_users": (list[strawberry.ID], _user_ids)},
    hide={"organization_id"},
)
class LeadNote:
    """A note about a lead. A private one exists only for its author, those it mentions, and administrators."""

    user = to_one(USER, User, key=LeadNoteRow.user_id, description="Its author.", required=True)
    mentioned_users = to_each(USER, User, key=LeadNoteRow.mentioned_users, description="The users it mentions.")


@extend(User)
class UserActivities:
    """What a user has done."""

    activities = to_many(
        USER_ACTIVITIES,
        Activity,
        ACTIVITY_WORDS,
        description="What the user has done, audit trail included, newest first.",
    )
