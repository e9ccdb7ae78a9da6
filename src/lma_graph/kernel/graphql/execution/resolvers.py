"""Fields with a function of their own: batch resolvers, and the standard machinery for single fields."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import orjson
from graphql import GraphQLError
from graphql.pyutils import Path

from lma_graph.kernel.graphql.execution.plan import Batched, Fallback, Run
from lma_graph.kernel.graphql.execution.shapes import Shape


async def batched(run: Run, relation: Batched) -> None:
    """One call for all rows of the level."""
    rows, complete = _rows(run, relation.parent, relation.reads), relation.complete
    if rows:
        values = await relation.field.resolve(rows, run.context, **relation.arguments(run.executor))
        for parent, value in zip(run.objects[relation.parent.number], values, strict=True):
            parent[relation.key] = complete(value)


async def fallback(run: Run, relation: Fallback) -> None:
    """The field's own resolver, row by row; paths are not exact, but an error discards the result anyway."""
    executor, path = run.executor, Path(None, relation.key, relation.parent_type.name)

    def start(row: Any) -> Any:
        try:
            return executor.execute_field(relation.parent_type, row, relation.details, path, None)
        except GraphQLError as error:
            return error

    values = [start(row) for row in _rows(run, relation.parent, relation.reads)]
    waiting = [at for at, value in enumerate(values) if executor.is_awaitable(value)]
    # All are waited for, failed ones as well: what runs on would use the connection beside the next attempt.
    awaited = await asyncio.gather(*(values[at] for at in waiting), return_exceptions=True)
    for at, value in zip(waiting, awaited, strict=True):
        values[at] = value
    settle(run, *values)
    for parent, value in zip(run.objects[relation.parent.number], values, strict=True):
        parent[relation.key] = value


def _rows(run: Run, shape: Shape, reads: Sequence[tuple[str, int, bool]]) -> list[Any]:
    """The rows of a shape as objects with the columns that a resolver reads."""
    columns = []
    for _, at, is_json in reads:
        column = run.keys(shape, at)
        columns.append([None if v is None else orjson.loads(v) for v in column] if is_json else column)
    names = [name for name, _, _ in reads]
    return [SimpleNamespace(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def settle(run: Run, *values: Any) -> None:
    """Raise the first error that resolvers have collected or given, if any."""
    raised = [value for value in values if isinstance(value, BaseException)]
    errors = [*run.executor.collected_errors.errors, *raised]
    if errors:
        raise errors[0]
