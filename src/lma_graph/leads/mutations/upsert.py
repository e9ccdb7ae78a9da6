"""Creating leads or changing those that are there, by what tells them apart."""

from lma_graph.kernel.errors import FieldError
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, shown_all, told, told_each
from lma_graph.kernel.graphql.given import Values
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.refusals import InvalidField
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.inputs import UpsertLeadsInput, columns_of
from lma_graph.leads.loaders import LEAD
from lma_graph.leads.service import upserting
from lma_graph.leads.service.upserting import MatchOn, UpsertAction
from lma_graph.leads.types import Lead


@payload
class UpsertedLead:
    """What became of one row."""

    index = told(int, of="index", description="Which of the given leads it was, from 0.")
    action = told(enum_of(UpsertAction), of="action", description="What became of it.")
    lead = shown(LEAD, Lead, of="lead", description="The lead as it is now; null where nothing was written.")
    conflicts = shown_all(LEAD, Lead, of="conflicts", description="Leads that are in the way, as far as you see them.")
    errors = told_each(
        InvalidField,
        of="errors",
        description="Why nothing was written: a bad value, `DUPLICATE_EMAIL` or `DUPLICATE_EXTERNAL_ID` where another "
        "lead has its other key, `MATCHES_TWO_LEADS` where two have one each, `DELETED` where its lead is deleted.",
    )


@payload
class UpsertLeadsPayload:
    """The leads are there, but for the rows that failed."""

    created = told(int, of="created", description="How many leads were created.")
    updated = told(int, of="updated", description="How many rows changed a lead.")
    unchanged = told(int, of="unchanged", description="How many rows found their lead as they say already.")
    failed = told(int, of="failed", description="How many rows failed; nothing was written of them.")
    results = told_each(UpsertedLead, of="results", description="What became of each row, in their order.")


def _within(fault: FieldError) -> FieldError:
    """A fault by its place in its row, whose own place is `leads` and a number."""
    return FieldError(fault.path[2:], fault.message, fault.code)


@mutations
class UpsertMutations:
    """Creating or changing leads."""

    @command(Permission.LEADS_WRITE, UpsertLeadsInput, UpsertLeadsPayload)
    async def upsert_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Create leads, or change those that are there already; never a second lead, whoever else writes.

        A row that cannot be written fails alone, and `results` says why. Rows about one lead are applied in their
        order. The id of a merged lead finds the lead it was merged into.
        """
        leads = [(columns_of(one), [_within(fault) for fault in one["faults"]]) for one in given.leads]
        rows = await upserting.upsert(unit, MatchOn[given.match_on], leads)
        results = [row.outcome() for row in rows]
        return dict(upserting.counted(results)) | {"results": results}
