"""The GraphQL type of executions. The fields `lead` and `workflow` come from the features that own them."""

from collections.abc import Sequence
from typing import Any

import strawberry

from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import batched, to_one
from lma_graph.kernel.graphql.nodes import node
from lma_graph.users.loaders import USER
from lma_graph.users.types import User


@strawberry.type(description="How much of some work is done.")
class Progress:
    """The value of `WorkflowExecution.progress`."""

    done: int = strawberry.field(description="What is done, in the work's own measure: rows, leads, bytes.")
    total: int | None = strawberry.field(description="What there is to do, if it is known.")


async def _progress(rows: Sequence[Any], context: Context) -> list[Progress]:
    del context
    return [Progress(done=row.progress_done, total=row.progress_total) for row in rows]


@node(
    WorkflowExecutionRow,
    tag=9,
    ids_of={"user_id": "User", "lead_id": "Lead", "workflow_id": "Workflow"},
    hide={"organization_id", "progress_done", "progress_total", "progress_steps", "progress_position"},
)
class WorkflowExecution:
    """One run of an n8n workflow, or of the server's own long work, with its result."""

    user = to_one(USER, User, key=WorkflowExecutionRow.user_id, description="The user who started it.")
    progress = batched(
        _progress,
        Progress,
        reads=[WorkflowExecutionRow.progress_done, WorkflowExecutionRow.progress_total],
        description="How far it has come.",
    )
