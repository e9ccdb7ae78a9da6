"""`Lead.timeline`, and the interface that the types of its entries share."""

import datetime as dt
from typing import Any

import strawberry

from lma_graph.activities.models import ActivityRow, LeadNoteRow
from lma_graph.activities.types import Activity, LeadNote
from lma_graph.campaigns.models import CampaignLeadRow
from lma_graph.campaigns.types import CampaignLead
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.graphql.fields import shown_as
from lma_graph.kernel.graphql.mixed import to_mixed
from lma_graph.kernel.graphql.nodes import extend, implement
from lma_graph.leads.types import Lead
from lma_graph.scoring.models import LeadScoreHistoryRow
from lma_graph.scoring.types import LeadScoreHistory
from lma_graph.timeline.loaders import TIMELINE, TimelineKind

_WHEN = "When it occurred, which never changes: its place in the timeline."


@strawberry.interface(description="Something that happened with a lead.")
class TimelineEntry:
    """What all entries of a timeline have."""

    id: strawberry.ID = strawberry.field(description="Global id.")
    occurred_at: dt.datetime = strawberry.field(description=_WHEN)


TimelineEntry.__strawberry_definition__.resolve_type = lambda value, _info, _type: value.type_name  # type: ignore[attr-defined]

_MOMENTS: dict[Any, Any] = {
    Activity: ActivityRow.created_at,
    LeadNote: LeadNoteRow.created_at,
    LeadScoreHistory: LeadScoreHistoryRow.created_at,
    CampaignLead: CampaignLeadRow.added_at,
    WorkflowExecution: WorkflowExecutionRow.created_at,
}
"""Type of entry → the column that says when it occurred."""

for _type, _moment in _MOMENTS.items():
    extend(_type)(type("Occurred", (), {"occurred_at": shown_as(_moment, dt.datetime, description=_WHEN)}))
    implement(TimelineEntry, _type)


@extend(Lead)
class LeadTimeline:
    """What the timeline adds to leads."""

    timeline = to_mixed(
        TIMELINE,
        TimelineEntry,
        TimelineKind,
        description="Everything that happened with the lead and that you may see, latest first: activities, notes, "
        "changes of the score, campaigns and executions.",
    )
