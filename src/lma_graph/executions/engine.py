"""Long work in steps, each committed together with how far it has come. Enter at `long_work`.

A step is given a unit of work and where to begin; its changes and the execution's new position are one commit. So work
that was killed goes on behind its last committed step, work that was cancelled keeps the steps it had done, and if two
workers do the same step (one of them was taken for dead), the second to commit is rolled back.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from lma_graph.executions.models import ExecutionStatus, WorkflowExecutionRow
from lma_graph.kernel.jobs import HandBack, JobRun, Outcome, Retry, Troubled, job
from lma_graph.kernel.scope import ORGANIZATION, table_of
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.writing import written

OPEN = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING, ExecutionStatus.WAITING)
_ROWS = table_of(WorkflowExecutionRow)
_THIS = (_ROWS.c.organization_id == ORGANIZATION, _ROWS.c.id == sa.bindparam("execution_id", type_=sa.BigInteger()))
_NOW = sa.func.now()


@dataclass(frozen=True)
class Work:
    """An execution at the beginning of a step."""

    execution_id: int
    input: Mapping[str, Any]
    position: Mapping[str, Any]
    """What the step before gave; empty at the very beginning."""
    done: int
    total: int | None


@dataclass(frozen=True)
class Step:
    """What a step has done. With `result` it was the last one."""

    done: int
    """How much of the work this step did."""
    position: Mapping[str, Any] | None = None
    total: int | None = None
    """How much work there is, if the step has found out."""
    result: Mapping[str, Any] | None = None


Does = Callable[[UnitOfWork, Work], Awaitable[Step]]
F = TypeVar("F", bound=Does)


def job_of(workflow_type: str) -> str:
    """The name of the job that does the work of a type."""
    return f"execution.{workflow_type.lower()}"


def long_work(workflow_type: str, *, retry: Retry | None = None) -> Callable[[F], F]:
    """Register what one step of a type of work does; `service.start` has it done."""

    def apply(step: F) -> F:
        @job(job_of(workflow_type), retry=retry, on_trouble=note_trouble)
        async def perform(run: JobRun, execution_id: int) -> None:
            await perform_steps(run, execution_id, step)

        return step

    return apply


class Overtaken(Exception):
    """The execution was cancelled, or another worker has done this step; nothing of it is kept."""


async def perform_steps(run: JobRun, execution_id: int, step: Does) -> None:
    """Step by step to the end, or to where the worker stops or somebody cancels."""
    async with run.unit_of_work() as unit:
        begun = await unit.rows(_BEGIN, {"execution_id": execution_id})
    if not begun:
        return
    this = {"execution_id": execution_id, "attempt_at_work": begun[0].attempt}
    while not run.stopping:
        try:
            async with run.unit_of_work() as unit:
                found = await unit.rows(_LOOK, this)
                if not found:
                    return
                row = found[0]
                work = Work(
                    execution_id,
                    row.input_data or {},
                    row.progress_position or {},
                    row.progress_done,
                    row.progress_total,
                )
                made = await step(unit, work)
                await _keep(unit, this, row.progress_steps, made)
        except Overtaken:
            continue
        if made.result is not None:
            return
    raise HandBack


async def _keep(unit: UnitOfWork, this: Mapping[str, Any], steps: int, made: Step) -> None:
    values: dict[str, Any] = {
        **this,
        "steps": steps,
        "done": made.done,
        "total": made.total,
        "position": None if made.position is None else dict(made.position),
    }
    if made.result is not None:
        values["result"] = dict(made.result)
    if not await unit.rows(_GO_ON if made.result is None else _FINISH, values):
        raise Overtaken


_BEGIN = written(
    sa.update(_ROWS)
    .where(*_THIS, sa.or_(*(_ROWS.c.status == status.value for status in OPEN)))
    .values(
        status=ExecutionStatus.RUNNING.value,
        started_at=sa.func.coalesce(_ROWS.c.started_at, _NOW),
        next_retry_at=None,
    )
    .returning(_ROWS.c.attempt)
)
_RUNNING = (
    *_THIS,
    _ROWS.c.status == ExecutionStatus.RUNNING.value,
    _ROWS.c.attempt == sa.bindparam("attempt_at_work", type_=sa.Integer()),
)
_LOOK = sa.select(_ROWS).where(*_RUNNING)
_KEEP = (
    sa.update(_ROWS)
    .where(
        *_RUNNING,
        _ROWS.c.progress_steps == sa.bindparam("steps", type_=sa.Integer()),
    )
    .values(
        progress_steps=_ROWS.c.progress_steps + 1,
        progress_done=_ROWS.c.progress_done + sa.bindparam("done", type_=sa.Integer()),
        progress_total=sa.func.coalesce(sa.bindparam("total", type_=sa.Integer()), _ROWS.c.progress_total),
        progress_position=sa.bindparam("position", type_=_ROWS.c.progress_position.type),
    )
    .returning(_ROWS.c.id)
)
_GO_ON = written(_KEEP)
_FINISH = written(
    _KEEP.values(
        status=ExecutionStatus.SUCCEEDED.value,
        output_data=sa.bindparam("result", type_=_ROWS.c.output_data.type),
        error_message=None,
        completed_at=_NOW,
    )
)

_TROUBLE = """
UPDATE workflow_executions
SET status = $3, error_message = $4, next_retry_at = $5, attempt = attempt + $6,
    completed_at = CASE WHEN $5::timestamptz IS NULL THEN now() END
WHERE organization_id = $1 AND id = $2 AND status IN ('PENDING', 'RUNNING', 'WAITING')
"""
_STATUS = {Outcome.RETRIED: ExecutionStatus.WAITING, Outcome.EXHAUSTED: ExecutionStatus.EXHAUSTED}


async def note_trouble(told: Troubled) -> None:
    """Keep why the work stands still, and whether it goes on."""
    status = _STATUS.get(told.outcome, ExecutionStatus.FAILED)
    again = int(told.outcome is Outcome.RETRIED)
    number = told.ids["execution_id"]
    await told.connection.execute(
        _TROUBLE, told.organization_id, number, status.value, told.message, told.retry_at, again
    )
