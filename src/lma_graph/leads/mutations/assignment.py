"""Giving leads to users: by hand, in turn, by load, and by the organization's rules."""

from lma_graph.executions.loaders import EXECUTION
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, told, told_each
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.inputs import AssignLeadInput, AssignLeadsInput, AutoAssignLeadsInput, SetAssignmentRulesInput
from lma_graph.leads.loaders import LEAD
from lma_graph.leads.service import assigning, dealing, rules
from lma_graph.leads.service.dealing import AssignmentStrategy
from lma_graph.leads.service.rules import Pool, RuleStrategy
from lma_graph.leads.service.selecting import Selection
from lma_graph.leads.types import AssignmentShare, Lead
from lma_graph.organizations.loaders import ORGANIZATION
from lma_graph.organizations.types import Organization

LONG_WORK = "The long work that does it; null where it is done, as it is for up to 10,000 leads."


@payload
class AssignLeadPayload:
    """The lead is whose it was asked to be."""

    lead = shown(LEAD, Lead, of="lead", description="The lead as it is now; null where you no longer see it.")


@payload
class AssignLeadsPayload:
    """The leads are whose they were asked to be."""

    assigned = told(int | None, of="assigned", description="How many leads have got another owner.")
    unchanged = told(int | None, of="unchanged", description="How many leads were the user's already.")
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=LONG_WORK)


@payload
class AutoAssignLeadsPayload:
    """The leads were dealt."""

    assigned = told(int | None, of="assigned", description="How many leads have got another owner.")
    unchanged = told(int | None, of="unchanged", description="How many leads fell to who owned them already.")
    unassigned = told(
        int | None, of="unassigned", description="How many leads no rule was for; they stay as they were."
    )
    by_user = told_each(AssignmentShare, of="by_user", description="The assigned leads by their new owners.")
    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=LONG_WORK)


@payload
class SetAssignmentRulesPayload:
    """The rules hold from now on."""

    organization = shown(ORGANIZATION, Organization, of="organization", description="The organization with its rules.")


@mutations
class AssignmentMutations:
    """How leads get their owners."""

    @command(Permission.LEADS_ASSIGN, AssignLeadInput, AssignLeadPayload)
    async def assign_lead(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Give a lead to a user, or take it from its owner.

        Taking an unowned lead for oneself and passing on one's own needs no more; everything else needs
        `leads.transfer`. Giving it to its owner changes nothing.
        """
        await assigning.assign(unit, Selection.one(given.lead_id), _owner(given), given.reason)
        return {"lead": given.lead_id}

    @command(Permission.LEADS_ASSIGN, AssignLeadsInput, AssignLeadsPayload)
    async def assign_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Give leads to a user, or take them from their owners: all, or none where one is refused.

        More than 10,000 are long work, which is refused chunk by chunk. What `assignLead` says of one lead holds for
        each.
        """
        return await assigning.assign(unit, Selection.given(given), _owner(given), given.reason)

    @command(Permission.LEADS_TRANSFER, AutoAssignLeadsInput, AutoAssignLeadsPayload)
    async def auto_assign_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Deal leads among users: up to 10,000 at once, more as long work.

        Fair at any number of calls at once: among the same users, the leads of all calls together differ by at most
        one.
        """
        strategy = AssignmentStrategy[given.strategy]
        return await dealing.deal(unit, Selection.given(given), strategy, given.user_ids)

    @command(Permission.LEADS_TRANSFER, SetAssignmentRulesInput, SetAssignmentRulesPayload)
    async def set_assignment_rules(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Replace the organization's assignment rules, which `autoAssignLeads` asks with the strategy `RULES`."""
        pools = [
            Pool(tuple(dict.fromkeys(rule.user_ids)), RuleStrategy[rule.strategy], rule.name, rule.criteria)
            for rule in given.rules
        ]
        return {"organization": await rules.store_rules(unit, pools)}


def _owner(given: Values) -> int | None:
    """The user to give leads to; None is nobody, which must be said."""
    if "user_id" not in given:
        text = "Name the user who is to own the leads; null takes them from their owners."
        raise InvalidInput.at(("userId",), text, "MISSING_VALUE")
    owner: int | None = given["user_id"]
    return owner
