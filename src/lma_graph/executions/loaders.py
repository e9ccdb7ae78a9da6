"""How executions are loaded."""

from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.kernel.loaders import All, ById, Children
from lma_graph.kernel.order import Sort

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))
EXECUTION = ById(WorkflowExecutionRow)
EXECUTIONS = All(WorkflowExecutionRow, NEWEST)
LEAD_EXECUTIONS = Children(WorkflowExecutionRow, WorkflowExecutionRow.lead_id, NEWEST)
WORKFLOW_EXECUTIONS = Children(WorkflowExecutionRow, WorkflowExecutionRow.workflow_id, NEWEST)
