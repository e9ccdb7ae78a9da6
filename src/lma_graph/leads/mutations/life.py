"""Creating, changing, deleting and restoring one lead."""

from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.graphql.nodes import extend
from lma_graph.kernel.graphql.refusals import ConflictType
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.inputs import CreateLeadInput, DeleteLeadInput, RestoreLeadInput, UpdateLeadInput, columns_of
from lma_graph.leads.loaders import HOLDER, LEAD
from lma_graph.leads.service import life
from lma_graph.leads.types import Lead


@extend(ConflictType)
class ConflictLead:
    """The lead that a conflict is about."""

    lead = shown(
        LEAD, Lead, of="lead", description="The lead as it is now, or the other lead that is in the way; if you see it."
    )


@payload
class CreateLeadPayload:
    """The lead was created."""

    lead = shown(LEAD, Lead, of="lead", description="The new lead.")


@payload
class UpdateLeadPayload:
    """The lead is as asked for."""

    lead = shown(LEAD, Lead, of="lead", description="The lead as it is now; null where you no longer see it.")


@payload
class DeleteLeadPayload:
    """The lead was deleted."""

    lead = shown(HOLDER, Lead, of="lead", description="The lead, for the last time.")


@payload
class RestoreLeadPayload:
    """The lead is back."""

    lead = shown(LEAD, Lead, of="lead", description="The lead as it is now.")


@mutations
class LeadMutations:
    """What can be done to leads."""

    @command(Permission.LEADS_WRITE, CreateLeadInput, CreateLeadPayload)
    async def create_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Create a lead.

        Where another lead has the e-mail address or the external id, nothing is written and the result is `Conflict`
        with that lead; `upsertLeads` changes it instead.
        """
        return {"lead": await life.create(unit, columns_of(given))}

    @command(Permission.LEADS_WRITE, UpdateLeadInput, UpdateLeadPayload)
    async def update_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Change values of a lead.

        What is as asked for already is neither changed nor recorded. `LOST` and `UNQUALIFIED` take a `statusReason`;
        any other status clears it.
        """
        patch = columns_of(given.patch)
        return {"lead": await life.update(unit, given.id, patch, expected_version=given.expected_version)}

    @command(Permission.LEADS_DELETE, DeleteLeadInput, DeleteLeadPayload)
    async def delete_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Delete a lead: it and all that hangs on it is hidden, until `restoreLead` brings it back."""
        return {"lead": await life.delete(unit, given.id, expected_version=given.expected_version, reason=given.reason)}

    @command(Permission.LEADS_DELETE, RestoreLeadInput, RestoreLeadPayload)
    async def restore_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Bring a deleted lead back, with all that hangs on it."""
        return {"lead": await life.restore(unit, given.id)}
