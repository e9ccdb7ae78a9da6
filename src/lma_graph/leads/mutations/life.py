"""Creating, changing, converting, deleting, restoring and erasing one lead."""

from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, told
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.graphql.nodes import extend
from lma_graph.kernel.graphql.refusals import ConflictType
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.inputs import (
    ConvertLeadInput,
    CreateLeadInput,
    DeleteLeadInput,
    EraseLeadInput,
    RestoreLeadInput,
    UpdateLeadInput,
    columns_of,
)
from lma_graph.leads.loaders import HOLDER, LEAD
from lma_graph.leads.service import converting, erasing, life
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
class ConvertLeadPayload:
    """The lead is a customer."""

    lead = shown(LEAD, Lead, of="lead", description="The lead as it is now.")


@payload
class EraseLeadPayload:
    """The person is erased."""

    erased = told(int, of="erased", description="How many leads stood for the person: itself, and those merged.")


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

    @command(Permission.LEADS_WRITE, ConvertLeadInput, ConvertLeadPayload)
    async def convert_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Make a customer of a lead: its status becomes `CONVERTED`, which is recorded as a conversion.

        A lead that is converted already is not converted again; only its value may change.
        """
        about = {"value": given.value, "reason": given.reason, "expected_version": given.expected_version}
        return {"lead": await converting.convert(unit, given.id, **about)}

    @command(Permission.LEADS_ERASE, EraseLeadInput, EraseLeadPayload)
    async def erase_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Erase a person for good; nothing brings them back.

        All values and words about them go, also in history, notes and runs, under merged leads, and in files that can
        hold them. What counts stays without a name: activities, points, states, values.
        """
        return await erasing.erase(unit, given.id)

    @command(Permission.LEADS_DELETE, DeleteLeadInput, DeleteLeadPayload)
    async def delete_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Delete a lead: it and all that hangs on it is hidden, until `restoreLead` brings it back."""
        return {"lead": await life.delete(unit, given.id, expected_version=given.expected_version, reason=given.reason)}

    @command(Permission.LEADS_DELETE, RestoreLeadInput, RestoreLeadPayload)
    async def restore_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Bring a deleted lead back, with all that hangs on it."""
        return {"lead": await life.restore(unit, given.id)}
