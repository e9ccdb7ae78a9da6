"""Mutations about executions: stopping long work, and having it go on."""

from lma_graph.executions import service
from lma_graph.executions.loaders import EXECUTION
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown
from lma_graph.kernel.graphql.given import Values, given, key
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission

_AS_IT_IS = "The execution as it is now."


@given
class CancelExecutionInput:
    """Which execution to stop."""

    id = key("WorkflowExecution", "The execution.", required=True)


@given
class RetryExecutionInput:
    """Which execution is to go on."""

    id = key("WorkflowExecution", "The execution, which failed or was cancelled.", required=True)


@payload
class CancelExecutionPayload:
    """The execution was stopped."""

    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=_AS_IT_IS)


@payload
class RetryExecutionPayload:
    """The execution waits for its turn."""

    execution = shown(EXECUTION, WorkflowExecution, of="execution", description=_AS_IT_IS)


@mutations
class ExecutionMutations:
    """What can be done to executions."""

    @command(Permission.WORKFLOWS_WRITE, CancelExecutionInput, CancelExecutionPayload)
    async def cancel_execution(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Stop an execution.

        What it has done so far stays; the step that is under way is undone. One that has ended is a `Conflict`.
        """
        await service.cancel(unit, given.id)
        return {"execution": given.id}

    @command(Permission.WORKFLOWS_WRITE, RetryExecutionInput, RetryExecutionPayload)
    async def retry_execution(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Have an execution that failed or was cancelled go on behind its last finished step, as you.

        One that is at work or has succeeded is a `Conflict`, and so is a run of n8n.
        """
        await service.retry(unit, given.id)
        return {"execution": given.id}
