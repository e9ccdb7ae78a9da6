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
    errors = told_each(InvalidField, of="errors", description="Why nothing was written; empty where it was.")


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
        """Create leads, or change those that are there already.

        It is safe to call at the same time as anybody else: there is never a second lead. A row that cannot be
        written fails alone, and `results` says why: a bad value, `DUPLICATE_EMAIL` or `DUPLICATE_EXTERNAL_ID` where
        another lead has its other key, `MATCHES_TWO_LEADS` where its two keys belong to two leads, `DELETED` where
        the lead of its external id is deleted. Rows about the same lead are applied in their order, so the later one
        wins. Custom fields are merged. The address by which a lead is matched stays as it was written first. The
        external id of a lead that was merged finds the lead it was merged into.
        """
        leads = [(columns_of(one), [_within(fault) for fault in one["faults"]]) for one in given.leads]
        rows = await upserting.upsert(unit, MatchOn[given.match_on], leads)
        return dict(upserting.counted(rows)) | {"results": [row.outcome() for row in rows]}
