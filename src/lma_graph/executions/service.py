"""Commands on executions: start long work, cancel it, have it tried again. What it does is said in `engine`."""

from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.executions.engine import OPEN, job_of
from lma_graph.executions.models import ExecutionStatus, WorkflowExecutionRow
from lma_graph.kernel.errors import Conflict, NotFound
from lma_graph.kernel.jobs import enqueue
from lma_graph.kernel.scope import ORGANIZATION, VIEWER, table_of
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.kernel.writing import written

ENDED_BADLY = (ExecutionStatus.FAILED, ExecutionStatus.EXHAUSTED, ExecutionStatus.CANCELLED)
OUTSIDE = "N8N"
"""The type of work that is done by others; to start it again is not a matter of this server's jobs."""

_ROWS = table_of(WorkflowExecutionRow)
_THIS = (_ROWS.c.organization_id == ORGANIZATION, _ROWS.c.id == sa.bindparam("execution_id", type_=sa.BigInteger()))


_START = written(
    sa.insert(_ROWS)
    .values(
        organization_id=ORGANIZATION,
        user_id=VIEWER,
        workflow_type=sa.bindparam("kind"),
        input_data=sa.bindparam("input", type_=_ROWS.c.input_data.type),
        progress_total=sa.bindparam("total"),
    )
    .returning(_ROWS.c.id)
)


async def start(
    unit: UnitOfWork,
    workflow_type: str,
    input_data: Mapping[str, Any],
    *,
    total: int | None = None,
    lock: str | None = None,
) -> int:
    """Have long work done for the viewer, if the unit is committed. The id of its execution.

    Works of one `lock` are done one after the other.
    """
    values = {"kind": workflow_type, "input": dict(input_data), "total": total}
    (made,) = await unit.rows(_START, values)
    execution_id: int = made.id
    await enqueue(unit, job_of(workflow_type), lock=lock, execution_id=execution_id)
    return execution_id


_UNDER_WAY = """
SELECT FROM workflow_executions
WHERE organization_id = $1 AND workflow_type = $2 AND status IN ('PENDING', 'RUNNING', 'WAITING')
  AND input_data @> $3::jsonb AND created_at > now() - interval '1 day' LIMIT 1
"""


async def is_under_way(unit: UnitOfWork, workflow_type: str, input_data: Mapping[str, Any]) -> bool:
    """Whether such work was begun and has not ended; after a day it is no longer believed in."""
    asked = orjson.dumps(dict(input_data)).decode()
    return bool(await unit.fetch(_UNDER_WAY, unit.viewer.organization_id, workflow_type, asked))


async def cancel(unit: UnitOfWork, execution_id: int) -> None:
    """Stop an execution. Steps that are committed stay; one that is under way is rolled back.

    Raises `NotFound`, and `Conflict` where it has ended already.
    """
    row = await _locked(unit, execution_id)
    if row.status not in OPEN:
        raise Conflict(f"The execution has ended already; its status is {row.status}.")
    await _change(
        unit,
        execution_id,
        status=ExecutionStatus.CANCELLED.value,
        next_retry_at=None,
        completed_at=sa.func.now(),
    )


async def retry(unit: UnitOfWork, execution_id: int, *, lock: str | None = None) -> None:
    """Have an execution that failed or was cancelled go on behind its last committed step, for the viewer.

    Raises `NotFound`, and `Conflict` where it is at work, has succeeded, or is not the server's own work.
    """
    row = await _locked(unit, execution_id)
    if row.workflow_type == OUTSIDE:
        raise Conflict("A run of n8n is started again by its workflow.")
    if row.status not in ENDED_BADLY:
        raise Conflict(f"Only an execution that failed or was cancelled can be retried; its status is {row.status}.")
    await _change(
        unit,
        execution_id,
        status=ExecutionStatus.PENDING.value,
        attempt=row.attempt + 1,
        user_id=VIEWER,
        error_message=None,
        next_retry_at=None,
        completed_at=None,
    )
    await enqueue(unit, job_of(row.workflow_type), lock=lock, execution_id=execution_id)


async def _locked(unit: UnitOfWork, execution_id: int) -> Row:
    found = await unit.rows(sa.select(_ROWS).where(*_THIS).with_for_update(), {"execution_id": execution_id})
    if not found:
        raise NotFound("There is no such execution.", path=("id",))
    return found[0]


async def _change(unit: UnitOfWork, execution_id: int, **values: Any) -> None:
    statement = sa.update(_ROWS).where(*_THIS).values(values).returning(_ROWS.c.id)
    await unit.rows(written(statement), {"execution_id": execution_id})
