"""The statements by which imported leads are written, a chunk in one unit of work.

Enter at `write_leads` and `find_taken`.
"""

from collections.abc import Iterable, Sequence

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType
from lma_graph.kernel.transactions import Transaction, UnitOfWork
from lma_graph.leads import inserting
from lma_graph.leads.inserting import Prepared
from lma_graph.leads.occasions import LEAD_CREATED
from lma_graph.leads.writing import Lead

# A score is the sum of its history, so a lead that comes with one gets its first entry.
INSERT_OPENING = """
INSERT INTO lead_score_history (organization_id, lead_id, previous_score, new_score, score_change, reason, kind)
SELECT $1, i.lead_id, 0, i.score, i.score, 'Imported with this score.', 'OPENING'
FROM unnest($2::bigint[], $3::int[]) AS i(lead_id, score)
"""

# By the same rules as the two unique keys: a deleted lead frees its e-mail address, but not its external id.
TAKEN = """
SELECT i.ordinal::int, true AS by_email
FROM unnest($2::text[]) WITH ORDINALITY AS i(email, ordinal)
JOIN leads l ON l.organization_id = $1 AND l.email_norm = lower(btrim(i.email)) AND l.deleted_at IS NULL
UNION ALL
SELECT i.ordinal::int, false
FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS i(external_source, external_id, ordinal)
JOIN leads l ON l.organization_id = $1 AND l.external_source = i.external_source AND l.external_id = i.external_id
"""


async def find_taken(transaction: Transaction, leads: Sequence[Lead]) -> dict[int, bool]:
    """Position → whether it is by its e-mail address (else its external id), of the leads that exist already."""
    if not leads:
        return {}
    rows = await transaction.raw.fetch(
        TAKEN,
        transaction.viewer.organization_id,
        *([lead.get(name) for lead in leads] for name in ("email", "external_source", "external_id")),
    )
    found: dict[int, bool] = {}
    for ordinal, by_email in rows:
        found[ordinal - 1] = found.get(ordinal - 1, False) or by_email
    return found


def ready(leads: Iterable[Lead], declared: frozenset[str]) -> Prepared:
    """The leads as they are written, made without the database. One without a source comes from its file."""
    return inserting.prepared(
        [lead if lead.get("source") else {**lead, "source": "IMPORT"} for lead in leads], declared
    )


async def write_leads(
    unit: UnitOfWork, leads: Sequence[Lead], lines: Sequence[int], file: str, prepared: Prepared | None = None
) -> set[int]:
    """Write the leads with their search rows, audit entries and opening scores.

    Returns the positions of those written; the others' e-mail address or external id is taken.
    """
    organization = unit.viewer.organization_id
    if prepared is None or prepared.declared != unit.viewer.indexed_fields:
        prepared = ready(leads, unit.viewer.indexed_fields)
    written = await inserting.insert(unit, prepared)
    # Every lead's trail begins here: the file and line it came from.
    await ledger.record(
        unit,
        [
            Entry(key[0], ActivityType.IMPORT, {"file": file, "line": lines[position]})
            for position, key in written.items()
        ],
    )
    scores = [(key[0], leads[position]["score"]) for position, key in written.items() if leads[position].get("score")]
    if scores:
        await unit.execute(INSERT_OPENING, organization, *map(list, zip(*scores, strict=True)))
    await LEAD_CREATED(unit, sorted(key[0] for key in written.values()))
    return set(written)
