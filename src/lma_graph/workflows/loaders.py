"""How workflows are loaded."""

from lma_graph.kernel.loaders import All, ById, Children
from lma_graph.kernel.order import Sort
from lma_graph.workflows.models import WorkflowRow

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))
WORKFLOW = ById(WorkflowRow)
WORKFLOWS = All(WorkflowRow, NEWEST)
ORGANIZATION_WORKFLOWS = Children(WorkflowRow, WorkflowRow.organization_id, NEWEST)
