"""The GraphQL type of leads, and what leads add to the types below them."""

import datetime as dt

from lma_graph.activities.criteria import ACTIVITY, NOTE
from lma_graph.activities.loaders import LEAD_ACTIVITIES, LEAD_AUDIT_TRAIL, LEAD_NOTES
from lma_graph.activities.models import ActivityRow, LeadNoteRow
from lma_graph.activities.types import Activity, LeadNote
from lma_graph.executions.criteria import EXECUTION
from lma_graph.executions.loaders import LEAD_EXECUTIONS
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.graphql.fields import derived, to_many, to_one
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.loaders import (
    ASSIGNED_LEADS,
    FIRST_CONTACT,
    HOLDER,
    LAST_CONTACT,
    NEXT_ACTIVITY,
    ORGANIZATION_LEADS,
)
from lma_graph.leads.models import LeadRow
from lma_graph.organizations.loaders import ORGANIZATION
from lma_graph.organizations.types import Organization
from lma_graph.users.loaders import USER
from lma_graph.users.types import User


@node(
    LeadRow,
    tag=3,
    ids_of={"organization_id": "Organization", "assigned_to_id": "User", "merged_into_id": "Lead"},
    names={"notes": "notesText"},
    shows={"tags": (list[str], list)},
    hide={"email_norm"},
)
class Lead:
    """A person, usually at a company, who may become a customer."""

    organization = to_one(
        ORGANIZATION, Organization, key=LeadRow.organization_id, description="The lead's organization.", required=True
    )
    assigned_to = to_one(USER, User, key=LeadRow.assigned_to_id, description="The user who owns the lead.")
    activities = to_many(
        LEAD_ACTIVITIES, Activity, ACTIVITY, description="Communication with the lead, newest first; no audit trail."
    )
    audit_trail = to_many(
        LEAD_AUDIT_TRAIL, Activity, ACTIVITY, description="What the server has recorded about the lead, newest first."
    )
    notes = to_many(LEAD_NOTES, LeadNote, NOTE, description="Notes about the lead that you may see, newest first.")
    workflow_executions = to_many(
        LEAD_EXECUTIONS,
        WorkflowExecution,
        EXECUTION,
        description="Runs of workflows, and of the server's own work, about the lead, newest first.",
    )
    first_contacted_at = derived(
        FIRST_CONTACT,
        dt.datetime | None,
        description="When our first communication to the lead was completed.",
    )
    last_contacted_at = derived(
        LAST_CONTACT,
        dt.datetime | None,
        description="When our last communication to the lead was completed.",
    )
    next_activity = derived(
        NEXT_ACTIVITY,
        Activity | None,
        description="The earliest activity still scheduled; overdue ones included.",
    )


@extend(Activity)
class ActivityLead:
    """The lead of an activity."""

    lead = to_one(HOLDER, Lead, key=ActivityRow.lead_id, description="The lead it is about.", required=True)


@extend(LeadNote)
class NoteLead:
    """The lead of a note."""

    lead = to_one(HOLDER, Lead, key=LeadNoteRow.lead_id, description="The lead it is about.", required=True)


@extend(WorkflowExecution)
class ExecutionLead:
    """The lead of an execution."""

    lead = to_one(HOLDER, Lead, key=WorkflowExecutionRow.lead_id, description="The lead it is about.")


@extend(User)
class UserLeads:
    """The leads of a user."""

    assigned_leads = to_many(ASSIGNED_LEADS, Lead, LEAD_WORDS, description="Leads the user owns, newest first.")


@extend(Organization)
class OrganizationLeads:
    """The leads of an organization."""

    leads = to_many(ORGANIZATION_LEADS, Lead, LEAD_WORDS, description="Its leads, newest first.")
