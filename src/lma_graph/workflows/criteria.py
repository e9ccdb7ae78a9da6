"""What can be asked of workflows."""

from lma_graph.executions.criteria import EXECUTION
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.kernel.criteria import ManyTerm, OneTerm, Vocabulary
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.users.criteria import USER
from lma_graph.workflows.models import WorkflowRow

WORKFLOW = Vocabulary("Workflow", WorkflowRow, "What a workflow must be like.")
WORKFLOW.extend(
    # The configuration may hold secrets, which a filter could otherwise guess letter by letter.
    *column_terms(WorkflowRow, "Workflow", ids={"created_by": "User"}, without={"trigger_conditions", "configuration"}),
    OneTerm("createdBy", "The user who created it.", USER, key=WorkflowRow.created_by),
    ManyTerm("executions", "Its runs.", EXECUTION, parent=WorkflowExecutionRow.workflow_id),
)
EXECUTION.extend(OneTerm("workflow", "The workflow that ran.", WORKFLOW, key=WorkflowExecutionRow.workflow_id))
