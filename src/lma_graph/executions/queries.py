"""Root fields about executions."""

from lma_graph.executions.criteria import EXECUTION as EXECUTION_WORDS
from lma_graph.executions.loaders import EXECUTION, EXECUTIONS
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.graphql.fields import by_id, listing
from lma_graph.kernel.graphql.nodes import root


@root
class ExecutionQueries:
    """What can be asked about executions."""

    workflow_execution = by_id(EXECUTION, WorkflowExecution, description="One execution by id.")
    workflow_executions = listing(
        EXECUTIONS, WorkflowExecution, EXECUTION_WORDS, description="Executions, newest first."
    )
