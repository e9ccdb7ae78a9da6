"""The GraphQL type of leads, and what leads add to the types below them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from strawberry.annotation import StrawberryAnnotation

from lma_graph.activities.criteria import ACTIVITY, NOTE
from lma_graph.activities.loaders import LEAD_ACTIVITIES, LEAD_ASSIGNMENTS, LEAD_AUDIT_TRAIL, LEAD_NOTES
from lma_graph.activities.models import ActivityRow, LeadNoteRow
from lma_graph.activities.types import Activity, LeadNote
from lma_graph.executions.criteria import EXECUTION
from lma_graph.executions.loaders import LEAD_EXECUTIONS
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.criteria.querybuilder import stored_query
from lma_graph.kernel.graphql.commands import Payload, payload, shown, shown_all, told, told_each
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import CRITERIA_QUERY, batched, computed, derived, to_many, to_one
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.loaded import LoadedField
from lma_graph.kernel.graphql.nodes import extend, node, view
from lma_graph.kernel.graphql.scalars import Json
from lma_graph.leads import duplicates
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.duplicates import DuplicateReason
from lma_graph.leads.loaders import (
    ASSIGNED_LEADS,
    FIRST_CONTACT,
    HOLDER,
    LAST_CONTACT,
    NEXT_ACTIVITY,
    ORGANIZATION_LEADS,
)
from lma_graph.leads.models import LeadRow
from lma_graph.leads.service import rules
from lma_graph.leads.service.assigning import AssignedBy
from lma_graph.leads.service.rules import RuleStrategy
from lma_graph.organizations.loaders import ORGANIZATION
from lma_graph.organizations.models import OrganizationRow
from lma_graph.organizations.types import Organization
from lma_graph.users.loaders import USER
from lma_graph.users.types import User


class NamedUser(LoadedField):
    """A user whom the details of an audit entry name."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(
            graphql_name=name, type_annotation=StrawberryAnnotation(Optional[User]), description=description
        )
        self.named = name

    async def value(self, source: Any, context: Context, **_: Any) -> Any:
        """None where the details name nobody."""
        number = source.metadata.get(self.named)
        return await context.load(USER, number) if isinstance(number, int) else None


def _strategy(metadata: Mapping[str, Any]) -> str | None:
    found = metadata.get("strategy")
    return found if found in set(AssignedBy) else None


@view(ActivityRow)
class LeadAssignment:
    """That a lead was given to a user, or taken from one."""

    from_user: Any = NamedUser("from", "The owner before; null where there was none.")
    to_user: Any = NamedUser("to", "The owner since; null where it was taken from its owner.")
    by = to_one(USER, User, key=ActivityRow.user_id, description="Who did it; null for the server.")
    reason = computed(
        ActivityRow.metadata_,
        str | None,
        lambda metadata: metadata.get("reason"),
        description="Why; for an assignment rule its name.",
    )
    strategy = computed(
        ActivityRow.metadata_, enum_of(AssignedBy) | None, _strategy, description="In which way the owner was found."
    )
    assigned_at = computed(ActivityRow.created_at, dt.datetime, lambda at: at, description="When it happened.")


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
    assignments = to_many(
        LEAD_ASSIGNMENTS, LeadAssignment, ACTIVITY, description="Who owned the lead since when, and why, newest first."
    )
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


@payload
class DuplicateLead:
    """A lead that may stand for the same person."""

    lead = shown(
        HOLDER,
        Lead,
        of="lead",
        description="The lead. It may be a deleted one where the e-mail address is the same.",
        required=True,
    )
    score = told(float, of="score", description="How likely it is, above 0 and up to 1.")
    reasons = told(list[enum_of(DuplicateReason)], of="reasons", description="Why.")  # type: ignore[misc]


async def duplicates_of(rows: Sequence[Any], context: Context) -> list[list[Payload]]:
    """Of each lead."""
    names = ("id", "email", "phone", "first_name", "last_name", "company")
    leads = [{name: getattr(row, name) for name in names} for row in rows]
    return [
        [Payload("DuplicateLead", {"lead": one.lead, "score": one.score, "reasons": one.reasons}) for one in found]
        for found in await duplicates.likely(context.reader, context.scope, leads)
    ]


@extend(Lead)
class LeadDuplicates:
    """The likely duplicates of a lead."""

    duplicates = batched(
        duplicates_of,
        list[DuplicateLead],
        reads=(LeadRow.email, LeadRow.phone, LeadRow.first_name, LeadRow.last_name, LeadRow.company),
        description="Leads that may stand for the same person, at most 50, likeliest first: of the same telephone "
        "number, with a name and a company alike, or deleted ones of the same e-mail address. `mergeLeads` makes one "
        "of them.",
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


@payload
class AssignmentShare:
    """How many leads a user gets."""

    user = shown(USER, User, of="user", description="The user.", required=True)
    count = told(int, of="count", description="How many leads.")


@payload
class AssignmentPreview:
    """What `autoAssignLeads` would do at this moment."""

    assigned = told(int, of="assigned", description="How many leads would get another owner.")
    unchanged = told(int, of="unchanged", description="How many leads would fall to who owns them already.")
    unassigned = told(int, of="unassigned", description="How many leads no rule is for.")
    by_user = told_each(AssignmentShare, of="by_user", description="The assigned leads by their new owners.")


@payload
class ConvertedLeadFilter:
    """A filter in both its forms."""

    filter = told(Json, of="filter", description="As `LeadFilter`, ready to be sent as a variable.")
    query = told(Json, of="query", description="As a query of react-querybuilder.")


@payload
class AssignmentRule:
    """Which leads go to whom. The rules are asked in their order, and the first that matches decides."""

    name = told(str | None, of="name", description="Its name.")
    criteria = told(Json | None, of="criteria", description="Which leads it is for, as it is stored.")
    criteria_query = told(Json | None, of="criteria_query", description=CRITERIA_QUERY)
    users = shown_all(USER, User, of="users", description="Among whom they are dealt; inactive users are passed over.")
    strategy = told(enum_of(RuleStrategy) | None, of="strategy", description="How they are dealt.")
    fault = told(
        str | None, of="fault", description="Why it cannot be used, such as a term that is gone; null for a sound one."
    )


async def _rules(organizations: Sequence[Any], _: Context) -> list[list[Payload]]:
    return [[_rule(rule) for rule in rules.stored_in(one.settings)] for one in organizations]


def _rule(stored: Any) -> Payload:
    known = stored if isinstance(stored, Mapping) else {}
    named = {name: known.get(name) for name in ("name", "criteria")}
    strategy = known["strategy"] if known.get("strategy") in set(RuleStrategy) else None
    found = {"users": rules.users_of(stored), "strategy": strategy, "fault": rules.fault_of(stored)}
    query = stored_query(LEAD_WORDS, known.get("criteria"))
    return Payload("AssignmentRule", {**named, **found, "criteria_query": query})


@extend(Organization)
class OrganizationRules:
    """How an organization assigns leads."""

    assignment_rules = batched(
        _rules,
        list[AssignmentRule],
        reads=[OrganizationRow.settings],
        description="Its rules of assignment, the first to be asked first.",
    )
