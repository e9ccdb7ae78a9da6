"""Root fields about workflows."""

from lma_graph.kernel.graphql.fields import by_id, listing
from lma_graph.kernel.graphql.nodes import root
from lma_graph.workflows.criteria import WORKFLOW as WORKFLOW_WORDS
from lma_graph.workflows.loaders import WORKFLOW, WORKFLOWS
from lma_graph.workflows.types import Workflow


@root
class WorkflowQueries:
    """What can be asked about workflows."""

    workflow = by_id(WORKFLOW, Workflow, description="One workflow by id.")
    workflows = listing(WORKFLOWS, Workflow, WORKFLOW_WORDS, description="Workflows, newest first.")
