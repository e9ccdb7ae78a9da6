"""The GraphQL type of executions. The fields `lead` and `workflow` come from the features that own them."""

from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.kernel.graphql.fields import to_one
from lma_graph.kernel.graphql.nodes import node
from lma_graph.users.loaders import USER
from lma_graph.users.types import User


@node(
    WorkflowExecutionRow,
    tag=9,
    ids_of={"user_id": "User", "lead_id": "Lead", "workflow_id": "Workflow"},
    hide={"organization_id"},
)
class WorkflowExecution:
    """One run of an n8n workflow, or of the server's own long work, with its result."""

    user = to_one(USER, User, key=WorkflowExecutionRow.user_id, description="The user who started it.")
