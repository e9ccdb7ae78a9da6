"""Forgetting a person: what says who they were goes, what counts stays. Enter at `erase`."""

from collections.abc import Sequence
from typing import Any

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType
from lma_graph.kernel.errors import NotFound
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads import writing
from lma_graph.leads.occasions import LEAD_ERASED
from lma_graph.leads.service import life
from lma_graph.leads.service.forgetting import forget_elsewhere

_FAMILY = """
WITH named AS (
    SELECT coalesce(merged_into_id, id) AS id FROM leads WHERE organization_id = $1 AND id = $2
)
SELECT l.id FROM named JOIN leads l ON l.organization_id = $1 AND l.id = named.id
UNION SELECT l.id FROM named JOIN leads l ON l.organization_id = $1 AND l.merged_into_id = named.id
"""
_LEADS = """
UPDATE leads SET email = NULL, first_name = NULL, last_name = NULL, company = NULL, job_title = NULL, phone = NULL,
    website = NULL, linkedin_url = NULL, status_reason = NULL, notes = NULL, external_source = NULL,
    external_id = NULL, tags = '[]', custom_fields = '{}', enrichment_data = '{}',
    deleted_at = coalesce(deleted_at, now()), version = version + 1, updated_at = now()
WHERE organization_id = $1 AND id = ANY($2)
"""
# Of the audit trail only what the server itself has written in numbers and members of closed sets is kept.
_ACTIVITIES = """
UPDATE activities AS a SET subject = NULL, content = NULL, updated_at = now(), metadata = CASE
    WHEN a.activity_type IN ('LEAD_CREATED', 'STATUS_CHANGE', 'ASSIGNMENT', 'SCORE_CHANGE', 'MERGE', 'CONVERSION')
    THEN coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(a.metadata) WHERE key = ANY($3)), '{}')
    ELSE '{}' END
WHERE a.organization_id = $1 AND a.lead_id = ANY($2)
"""
_KEPT = ["from", "to", "strategy", "source", "version", "merged", "separated", "value"]
_NOTES = """
UPDATE lead_notes SET content = '', note_type = 'GENERAL', attachments = '[]', updated_at = now()
WHERE organization_id = $1 AND lead_id = ANY($2)
"""
_RUNS = """
UPDATE workflow_executions SET input_data = NULL, output_data = NULL, error_message = NULL
WHERE organization_id = $1 AND lead_id = ANY($2)
"""
_SEARCH = ("lead_tags", "lead_fields", "lead_terms")
_MERGES = """
DELETE FROM lead_merges WHERE organization_id = $1
AND (lead_id = ANY($2) OR EXISTS (SELECT FROM jsonb_array_elements(merged_ids) AS m(id) WHERE m.id::bigint = ANY($2)))
RETURNING lead_id, created_at, undone_at
"""
# A merge that was taken back has left the person's values in the trail of the lead they were merged into.
_TRAILS = """
UPDATE activities AS a SET metadata = a.metadata - 'changes'
FROM unnest($2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS m(lead_id, merged, separated)
WHERE a.organization_id = $1 AND a.lead_id = m.lead_id AND a.activity_type = 'FIELD_CHANGE'
  AND a.created_at IN (m.merged, m.separated)
"""


async def erase(unit: UnitOfWork, number: int) -> dict[str, Any]:
    """Anonymise a lead and all that were merged into it, deleted ones too, and hide them for good.

    Raises `NotFound`.
    """
    family = [row["id"] for row in await unit.fetch(_FAMILY, unit.viewer.organization_id, number)]
    held = await writing.locked(unit, family, deleted=True)
    rows = [row for row in held.values() if any(getattr(row, name) is not None for name in life.NAMING)]
    if not rows:
        raise NotFound(life.NO_LEAD, path=("id",))
    numbers = sorted(held)
    addresses = {row.email for row in held.values() if row.email}
    await _forget(unit, numbers)
    await forget_elsewhere(unit, numbers, sorted(addresses))
    await LEAD_ERASED(unit, numbers)
    await ledger.record(unit, [Entry(one, ActivityType.LEAD_DELETED, {"erased": True}) for one in numbers])
    return {"erased": len(numbers)}


async def _forget(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    organization = unit.viewer.organization_id
    for table in _SEARCH:
        text = f"DELETE FROM {table} WHERE organization_id = $1 AND lead_id = ANY($2)"  # noqa: S608 - of our own
        await unit.execute(text, organization, numbers)
    await unit.execute(_LEADS, organization, numbers)
    await unit.execute(_ACTIVITIES, organization, numbers, _KEPT)
    await unit.execute(_NOTES, organization, numbers)
    await unit.execute(_RUNS, organization, numbers)
    merges = await unit.fetch(_MERGES, organization, numbers)
    columns = [[row[name] for row in merges] for name in ("lead_id", "created_at", "undone_at")]
    await unit.execute(_TRAILS, organization, *columns)
