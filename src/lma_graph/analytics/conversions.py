"""When leads became customers: the last entry of the audit trail that says so; otherwise when they were created."""

from typing import Any

import sqlalchemy as sa

from lma_graph.activities.models import ActivityRow
from lma_graph.kernel.scope import Scope, conditions, table_of


def conversions(scope: Scope) -> sa.Subquery:
    """(lead_id, at) of every change of a lead's status to CONVERTED, the last of each lead."""
    activity = table_of(ActivityRow).alias()
    return (
        sa.select(activity.c.lead_id, sa.func.max(activity.c.created_at).label("at"))
        .where(*conditions(activity, scope, child_of="lead_id"))
        .where(activity.c.activity_type == sa.literal_column("'STATUS_CHANGE'"))
        .where(activity.c.metadata["to"].astext == sa.literal_column("'CONVERTED'"))
        .group_by(activity.c.lead_id)
        .subquery("conversions")
    )


def is_converted(lead: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a lead is a customer."""
    return lead.c.status == sa.literal_column("'CONVERTED'")


def converted_at(lead: sa.FromClause, found: sa.FromClause) -> sa.ColumnElement[Any]:
    """The moment, for a converted lead beside which `conversions` has been joined."""
    return sa.func.coalesce(found.c.at, lead.c.created_at)
