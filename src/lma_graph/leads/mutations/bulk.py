"""Changing many leads at once."""

from lma_graph.executions.loaders import EXECUTION
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, told, told_each
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.inputs import BulkUpdateLeadsInput
from lma_graph.leads.loaders import LEAD
from lma_graph.leads.service import bulk
from lma_graph.leads.service.bulk import Tags
from lma_graph.leads.service.selecting import Selection
from lma_graph.leads.types import Lead


@payload
class BulkUpdateError:
    """Why a lead was left as it is."""

    lead = shown(LEAD, Lead, of="lead", description="The lead.")
    code = told(str, of="code", description="What is wrong, for programs.")
    message = told(str, of="message", description="What is wrong, for people.")


@payload
class BulkUpdateLeadsPayload:
    """The leads are as asked for, but for those that could not take it."""

    updated = told(int | None, of="updated", description="How many leads have changed.")
    unchanged = told(int | None, of="unchanged", description="How many leads were as asked for already.")
    failed = told(int | None, of="failed", description="How many leads could not take the change and stay as they are.")
    errors = told_each(BulkUpdateError, of="errors", description="Why, for the first 100 of those, by id.")
    execution = shown(
        EXECUTION,
        WorkflowExecution,
        of="execution",
        description="The long work that does it; null where it is done, as it is for up to 10,000 leads.",
    )


@mutations
class BulkMutations:
    """What can be done to many leads."""

    @command(Permission.LEADS_BULK, BulkUpdateLeadsInput, BulkUpdateLeadsPayload)
    async def bulk_update_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Change values of leads: of up to 10,000 at once, of more as long work.

        Each changes, and is recorded, as `updateLead` would do it. A lead that cannot take the change stays as it is
        and is told of in `errors`.
        """
        patch = dict(given.patch or {})
        labels = patch.pop("tags", None)
        return await bulk.change(unit, Selection.given(given), patch, _tags(labels))


def _tags(labels: Values | None) -> Tags | None:
    if labels is None:
        return None
    if "set" in labels and ("add" in labels or "remove" in labels):
        text = "Either set all tags, or add and remove some."
        raise InvalidInput.at(("patch", "tags"), text, "NOT_ALLOWED")
    return Tags(labels.get("set"), labels.get("add") or (), labels.get("remove") or ())
