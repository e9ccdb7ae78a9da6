"""What can be asked of executions. The terms on leads and workflows come from the features that own them."""

from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.kernel.criteria import OneTerm, Vocabulary
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.users.criteria import USER

EXECUTION = Vocabulary("WorkflowExecution", WorkflowExecutionRow, "What an execution must be like.")
EXECUTION.extend(
    *column_terms(
        WorkflowExecutionRow,
        "WorkflowExecution",
        without={"progress_steps", "progress_position"},
        ids={"user_id": "User", "lead_id": "Lead", "workflow_id": "Workflow"},
    ),
    OneTerm("user", "The user who started it.", USER, key=WorkflowExecutionRow.user_id),
)
