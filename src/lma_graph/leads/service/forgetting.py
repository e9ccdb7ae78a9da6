"""What a person who is erased has left outside their own rows: notes and runs that name their address, and files.

Enter at `forget_elsewhere`, in the transaction that erases; `forget_files` is the job that follows it. Files are no
part of a transaction, so the runs they belong to say at once that they are gone, and a job removes them. A run that is
at work keeps its files until it has ended.
"""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from lma_graph.kernel.files import part_key, upload_key
from lma_graph.kernel.jobs import enqueue
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.service.downloads import EXPORT, FILES_ERASED, IMPORT

FORGET_FILES = "leads.forget_files"
AGAIN = dt.timedelta(minutes=1)
"""When to look again after a run that is at work."""
_BATCH = 200
_OPEN = ("PENDING", "RUNNING", "WAITING")

_NOTES = """
UPDATE lead_notes SET content = regexp_replace(content, $3, 'erased', 'gi'), updated_at = now()
WHERE organization_id = $1 AND strpos(lower(content), lower($2)) > 0 AND content ~* $3
"""
# In JSON's own text: neither the address nor the word that takes its place needs escaping there.
_RUNS = """
UPDATE workflow_executions
SET input_data = regexp_replace(input_data::text, $3, 'erased', 'gi')::jsonb,
    output_data = regexp_replace(output_data::text, $3, 'erased', 'gi')::jsonb,
    error_message = regexp_replace(error_message, $3, 'erased', 'gi')
WHERE organization_id = $1 AND strpos(lower(concat(input_data, output_data, error_message)), lower($2)) > 0
"""
# An export that had ended before the leads were there cannot hold them; a file to import can name anybody.
_HIDE = f"""
UPDATE workflow_executions SET output_data = coalesce(output_data, '{{}}') || '{{"{FILES_ERASED}": true}}'
WHERE organization_id = $1 AND workflow_type = ANY($2) AND NOT status = ANY($3)
  AND (workflow_type = '{IMPORT}' OR completed_at IS NULL
       OR completed_at >= (SELECT min(created_at) FROM leads WHERE organization_id = $1 AND id = ANY($4)))
  AND NOT coalesce(output_data ? '{FILES_ERASED}', false)
"""  # noqa: S608 - of our own words
_AT_WORK = """
SELECT id FROM workflow_executions WHERE organization_id = $1 AND workflow_type = ANY($2) AND status = ANY($3)
"""
_HIDDEN = f"""
SELECT id, workflow_type, input_data ->> 'upload' AS upload, progress_position -> 'parts' AS parts
FROM workflow_executions
WHERE organization_id = $1 AND workflow_type = ANY($2) AND output_data ? '{FILES_ERASED}'
  AND NOT coalesce(progress_position ? '{FILES_ERASED}', false)
ORDER BY id LIMIT {_BATCH} FOR UPDATE
"""  # noqa: S608 - of our own words
_GONE = f"""
UPDATE workflow_executions
SET progress_position = (coalesce(progress_position, '{{}}') - 'parts') || '{{"{FILES_ERASED}": true}}'
WHERE organization_id = $1 AND id = ANY($2)
"""  # noqa: S608 - of our own words
_ENDED = f"""
UPDATE workflow_executions SET output_data = coalesce(output_data, '{{}}') || '{{"{FILES_ERASED}": true}}'
WHERE organization_id = $1 AND id = $2 AND NOT status = ANY($3) RETURNING id
"""  # noqa: S608 - of our own words
_KINDS = [IMPORT, EXPORT]


async def forget_elsewhere(unit: UnitOfWork, numbers: Sequence[int], addresses: Sequence[str]) -> None:
    """Take the addresses out of what names them, and have the files removed that can hold the leads."""
    organization = unit.viewer.organization_id
    for address in {one.strip() for one in addresses}:
        await unit.execute(_NOTES, organization, address, standing_alone(address))
        await unit.execute(_RUNS, organization, address, standing_alone(address))
    await unit.execute(_HIDE, organization, _KINDS, list(_OPEN), list(numbers))
    await enqueue(unit, FORGET_FILES, dedupe=FORGET_FILES)
    for row in await unit.fetch(_AT_WORK, organization, _KINDS, list(_OPEN)):
        await enqueue(unit, FORGET_FILES, execution_id=row["id"])


def standing_alone(address: str) -> str:
    """A pattern for the address where it is not a part of another one."""
    return rf"(?<![\w.%+-]){re.escape(address)}(?![\w-]|\.\w)"


async def forget_files(unit: UnitOfWork, execution_id: int | None) -> bool:
    """Remove the files of runs that say they are gone, a batch at a time; whether there may be more.

    With an id, of that run once it has ended.
    """
    organization = unit.viewer.organization_id
    if execution_id is not None and not await unit.fetch(_ENDED, organization, execution_id, list(_OPEN)):
        later = dt.datetime.now(dt.UTC) + AGAIN
        await enqueue(unit, FORGET_FILES, at=later, execution_id=execution_id)
        return False
    runs = await unit.fetch(_HIDDEN, organization, _KINDS)
    for run in runs:
        for key in _keys(organization, run):
            await unit.files.store.remove(key)
    await unit.execute(_GONE, organization, [run["id"] for run in runs])
    return len(runs) == _BATCH


def _keys(organization: int, run: Any) -> list[str]:
    parts = [part_key(organization, run["id"], name) for name, _ in run["parts"] or ()]
    upload = upload_key(organization, run["upload"] or "")
    return parts if upload is None else [*parts, upload]
