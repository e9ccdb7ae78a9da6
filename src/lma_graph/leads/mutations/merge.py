"""Merging leads and separating them again."""

from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, shown_all, told
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.inputs import MergeLeadsInput, UnmergeLeadsInput
from lma_graph.leads.loaders import HOLDER, LEAD
from lma_graph.leads.service import merging
from lma_graph.leads.service.merging import MergeField
from lma_graph.leads.types import Lead


@payload
class MergeLeadsPayload:
    """The leads are one."""

    lead = shown(LEAD, Lead, of="lead", description="The surviving lead as it is now.")
    merged = shown_all(HOLDER, Lead, of="merged", description="The leads that were merged into it, hidden from now on.")
    changed_fields = told(list[str], of="fields", description="Which values of the surviving lead the merge changed.")


@payload
class UnmergeLeadsPayload:
    """The leads are separate again."""

    lead = shown(LEAD, Lead, of="lead", description="The lead that had survived, as it is now.")
    leads = shown_all(LEAD, Lead, of="leads", description="The leads that had been merged into it.")


@mutations
class MergeMutations:
    """Merging leads."""

    @command(Permission.LEADS_MERGE, MergeLeadsInput, MergeLeadsPayload)
    async def merge_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Make one lead of several that stand for one person; `unmergeLeads` takes it back.

        The surviving lead keeps its values; gaps are filled, tags and custom fields united, and all that hangs on the
        others becomes its own, points and campaigns once.
        """
        choices = [(MergeField[one.field], one.lead_id) for one in given.choices or ()]
        return await merging.merge(unit, given.lead_id, given.duplicate_ids, choices)

    @command(Permission.LEADS_MERGE, UnmergeLeadsInput, UnmergeLeadsPayload)
    async def unmerge_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Take the last merge of a lead back: everything goes where it was, unless it was changed since.

        `Conflict` with `DUPLICATE_EMAIL` where an address was taken meanwhile, with `MERGED_SINCE` where it was merged
        on.
        """
        return await merging.unmerge(unit, given.lead_id)
