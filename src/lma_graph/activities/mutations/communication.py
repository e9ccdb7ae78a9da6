"""Logging, scheduling, changing, completing and cancelling communication."""

from lma_graph.activities.inputs import (
    CancelActivityInput,
    CompleteActivityInput,
    LogActivityInput,
    ScheduleActivityInput,
    UpdateActivityInput,
    details_of,
)
from lma_graph.activities.loaders import ACTIVITY
from lma_graph.activities.service import communication
from lma_graph.activities.types import Activity
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.graphql.nodes import extend
from lma_graph.kernel.graphql.refusals import ConflictType
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission


@extend(ConflictType)
class ConflictActivity:
    """The activity that a conflict is about."""

    activity = shown(ACTIVITY, Activity, of="activity", description="The activity as it is now; if you see it.")


@payload
class LogActivityPayload:
    """The activity was logged."""

    activity = shown(ACTIVITY, Activity, of="activity", description="The new activity.")


@payload
class ScheduleActivityPayload:
    """The activity is planned."""

    activity = shown(ACTIVITY, Activity, of="activity", description="The new activity.")


@payload
class UpdateActivityPayload:
    """The activity is as asked for."""

    activity = shown(ACTIVITY, Activity, of="activity", description="The activity as it is now.")


@payload
class CompleteActivityPayload:
    """The activity has happened."""

    activity = shown(ACTIVITY, Activity, of="activity", description="The activity as it is now.")


@payload
class CancelActivityPayload:
    """The activity will not happen."""

    activity = shown(ACTIVITY, Activity, of="activity", description="The activity as it is now.")


@mutations
class ActivityMutations:
    """What can be done about communication with leads."""

    @command(Permission.ACTIVITIES_WRITE, LogActivityInput, LogActivityPayload)
    async def log_activity(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Record communication that has happened. It moves the lead's `lastEngagementDate`, never backwards."""
        return {"activity": await communication.log(unit, given.lead_id, details_of(given))}

    @command(Permission.ACTIVITIES_WRITE, ScheduleActivityInput, ScheduleActivityPayload)
    async def schedule_activity(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Plan communication. Once its time has passed it is overdue, until it is completed or cancelled."""
        return {"activity": await communication.schedule(unit, given.lead_id, details_of(given))}

    @command(Permission.ACTIVITIES_WRITE, UpdateActivityInput, UpdateActivityPayload)
    async def update_activity(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Change values of an activity; what differs is recorded in the audit trail."""
        return {"activity": await communication.update(unit, given.id, details_of(given.patch))}

    @command(Permission.ACTIVITIES_WRITE, CompleteActivityInput, CompleteActivityPayload)
    async def complete_activity(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Say that a scheduled activity has happened. It moves the lead's `lastEngagementDate`, never backwards.

        An activity that is completed or cancelled already is a `Conflict` (`NOT_SCHEDULED`).
        """
        return {"activity": await communication.complete(unit, given.id, given)}

    @command(Permission.ACTIVITIES_WRITE, CancelActivityInput, CancelActivityPayload)
    async def cancel_activity(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Say that a scheduled activity will not happen.

        An activity that is completed or cancelled already is a `Conflict` (`NOT_SCHEDULED`).
        """
        return {"activity": await communication.cancel(unit, given.id, given.reason)}
