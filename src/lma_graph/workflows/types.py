"""The GraphQL type of workflows."""

from lma_graph.executions.criteria import EXECUTION
from lma_graph.executions.loaders import WORKFLOW_EXECUTIONS
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.graphql.fields import queried, to_many, to_one
from lma_graph.kernel.graphql.nodes import extend, node
from lma_graph.kernel.graphql.scalars import Json
from lma_graph.kernel.secrets import masked
from lma_graph.leads.criteria import LEAD
from lma_graph.organizations.types import Organization
from lma_graph.users.loaders import USER
from lma_graph.users.types import User
from lma_graph.workflows.criteria import WORKFLOW as WORKFLOW_WORDS
from lma_graph.workflows.loaders import ORGANIZATION_WORKFLOWS, WORKFLOW
from lma_graph.workflows.models import WorkflowRow


@node(
    WorkflowRow,
    tag=8,
    ids_of={"organization_id": "Organization", "created_by": "User"},
    shows={"configuration": (Json, masked)},
    names={"n8n_workflow_id": "n8nWorkflowId"},
)
class Workflow:
    """An n8n workflow and the events that start it."""

    trigger_conditions_query = queried(WorkflowRow.trigger_conditions, LEAD)
    created_by = to_one(USER, User, key=WorkflowRow.created_by, description="The user who created it.")
    executions = to_many(WORKFLOW_EXECUTIONS, WorkflowExecution, EXECUTION, description="Its runs, newest first.")


@extend(WorkflowExecution)
class ExecutionWorkflow:
    """The workflow of an execution."""

    workflow = to_one(
        WORKFLOW,
        Workflow,
        key=WorkflowExecutionRow.workflow_id,
        description="The workflow that ran; null for the server's own work.",
    )


@extend(Organization)
class OrganizationWorkflows:
    """What workflows add to organizations."""

    workflows = to_many(ORGANIZATION_WORKFLOWS, Workflow, WORKFLOW_WORDS, description="Its workflows, newest first.")
