"""Files that long work leaves to be downloaded: exported leads, and rows that an import could not load.

They consist of parts, one of each step. Which parts count is said by the execution's position, so a part of a step
that was never committed is no part of the file. Enter at `download_of` and `find`.
"""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from lma_graph.executions.models import ExecutionStatus, WorkflowExecutionRow
from lma_graph.kernel.files import part_key
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import Reader, Transaction, UnitOfWork
from lma_graph.kernel.viewer import Role, Viewer

IMPORT, EXPORT = "IMPORT", "EXPORT"
FILES_ERASED = "filesErased"
"""The key by which an execution's output says that its files held a person who was erased."""
GET = "download"
_MEDIA = {"CSV": "text/csv; charset=utf-8", "JSONL": "application/jsonl"}
_ROWS = table_of(WorkflowExecutionRow)


@dataclass(frozen=True)
class Download:
    """A file that is ready."""

    name: str
    media_type: str
    keys: tuple[str, ...]
    """Its parts in the store, in their order."""
    size: int


async def keep_part(unit: UnitOfWork, execution_id: int, text: str) -> list[Any]:
    """Keep what a step has written; what the position says of it."""
    content = text.encode("utf-8", "replace")
    # A name of its own each time: a worker that was taken for dead may be at the same step still.
    name = secrets.token_hex(8)

    async def once() -> AsyncIterator[bytes]:
        yield content

    key = part_key(unit.viewer.organization_id, execution_id, name)
    await unit.files.store.put(key, once(), most=len(content))
    return [name, len(content)]


def download_of(row: Any, viewer: Viewer) -> Download | None:
    """The file of an execution, if there is one and it is the viewer's: who asked for it, or an administrator."""
    parts: Sequence[Sequence[Any]] = (row.progress_position or {}).get("parts", ())
    theirs = row.user_id == viewer.user_id or viewer.role is Role.ADMIN
    ready = row.workflow_type == IMPORT or row.status == ExecutionStatus.SUCCEEDED
    erased = FILES_ERASED in (row.output_data or {})
    if row.workflow_type not in {IMPORT, EXPORT} or erased or not (parts and theirs and ready):
        return None
    given: Mapping[str, Any] = row.input_data or {}
    ending = given["format"].lower()
    name = f"{PurePath(given['name']).stem}.bad-rows.{ending}" if row.workflow_type == IMPORT else f"leads.{ending}"
    keys = tuple(part_key(viewer.organization_id, row.id, part) for part, _ in parts)
    return Download(name, _MEDIA[given["format"]], keys, sum(size for _, size in parts))


async def find(reader: Reader, execution_id: int) -> Download | None:
    """The same by the execution's id."""
    statement = sa.select(_ROWS).where(
        *conditions(_ROWS, Scope.of(reader.viewer)), _ROWS.c.id == sa.bindparam("number", type_=sa.BigInteger())
    )
    rows = await reader.rows(statement, {"number": execution_id})
    return download_of(rows[0], reader.viewer) if rows else None


def link_to(transaction: Transaction, execution_id: int) -> Any:
    """A link at which the viewer can download an execution's file without a token."""
    viewer = transaction.viewer
    return transaction.files.link(GET, organization=viewer.organization_id, user=viewer.user_id, execution=execution_id)
