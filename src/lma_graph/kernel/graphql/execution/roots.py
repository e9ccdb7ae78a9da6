"""Running a plan: one statement for the root fields, then one per level. Enter at `run_plan`."""

from collections.abc import Sequence
from typing import Any

import orjson
from graphql.pyutils import Path

from lma_graph.kernel.graphql.execution.completion import Surprise
from lma_graph.kernel.graphql.execution.levels import fill_levels
from lma_graph.kernel.graphql.execution.plan import FallbackRoot, ListRoot, NodeRoot, Plan, RowRoot, Run
from lma_graph.kernel.graphql.execution.resolvers import settle
from lma_graph.kernel.graphql.execution.statements import Arrays, Column, Part, Statement


async def run_plan(plan: Plan, run: Run) -> dict[str, Any]:
    """The data of an operation."""
    data: dict[str, Any] = {root.key: None for root in plan.roots}
    statement = Statement(run.context.reader)
    for root in plan.roots:
        if isinstance(root, ListRoot):
            _list(statement, run, root, data)
        elif isinstance(root, RowRoot):
            _row(statement, run, root, data)
    await statement.execute()
    await fill_levels(plan, run)
    for root in plan.roots:
        if isinstance(root, NodeRoot):
            data[root.key] = await _nodes(run, root)
        elif isinstance(root, FallbackRoot):
            data[root.key] = await _fallback_root(run, root)
    return data


def _list(statement: Statement, run: Run, root: ListRoot, data: dict[str, Any]) -> None:
    page, connection = root.page(run.executor), root.connection
    scope, arguments, source = run.context.scope, root.arguments(run.executor), connection.source
    total = [0]

    def count(values: Arrays) -> None:
        total[0] = values[0][0]

    def fill(values: Arrays) -> None:
        more = len(values[0]) > page.limit
        if more:  # the row that only tells so
            values = [column[: page.limit] for column in values]
        run.fetched(source, connection.shapes, values)
        objects = [run.objects[shape.number] for shape in connection.shapes]
        (data[root.key],) = connection.pages(page, values, objects, [(0, len(values[0]), more)], total)

    # A root list may depend on more than its page, such as the text of a search.
    key = (scope, page, None if root.field.pages_alone else orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS))
    if connection.counts:
        counted = root.counts.get(key, lambda: root.field.count(scope, page, arguments), (Column("count"),))
        statement.add(counted, 1, count)
    names = [name for name in source.names if name != "rank"]
    part = root.rows.get(key, lambda: root.field.rows(scope, page, arguments, names), source.columns)
    statement.add(part, len(source.columns), fill, limit=page.limit + connection.looks_ahead)


def _row(statement: Statement, run: Run, root: RowRoot, data: dict[str, Any]) -> None:
    shape, number = root.shape, root.number(run)

    def fill(values: Arrays) -> None:
        run.fetched(shape.source, [shape], values)
        objects = run.objects[shape.number]
        data[root.key] = objects[0] if objects else None
        if root.required and not objects:
            raise Surprise("null in a place that must not be null")

    if number is None:
        fill([()] * len(shape.source.columns))
    else:
        statement.add(_row_part(run, root), len(shape.source.columns), fill, keys=[number])


def _row_part(run: Run, root: RowRoot) -> Part:
    scope, source = run.context.scope, root.shape.source
    return root.rows.get(scope, lambda: root.spec.statement(scope, source.names), source.columns)


async def _nodes(run: Run, root: NodeRoot) -> Any:
    """One plan per type that the ids are of."""
    asked = root.field.asked(root.arguments(run.executor))
    found: dict[tuple[str, int], Any] = {}
    for type_name in dict.fromkeys(one[0] for one in asked if one is not None):
        numbers = list(dict.fromkeys(one[1] for one in asked if one is not None and one[0] == type_name))
        for number, value in zip(*await _typed(run, root, type_name, numbers), strict=True):
            found[type_name, number] = value
    objects = [None if one is None else found.get(one) for one in asked]
    return objects if root.field.many else objects[0]


async def _typed(run: Run, root: NodeRoot, type_name: str, numbers: list[int]) -> tuple[Sequence[Any], Sequence[Any]]:
    plan = root.plans.get(type_name)
    if plan is None:
        plan = root.plans[type_name] = root.plan(run.executor, type_name)
    part_run = plan.run(run.executor, run.context)
    row = plan.roots[0]
    assert isinstance(row, RowRoot)
    shape = row.shape
    statement = Statement(part_run.context.reader)
    statement.add(
        _row_part(run, row),
        len(shape.source.columns),
        lambda values: part_run.fetched(shape.source, [shape], values),
        keys=numbers,
    )
    await statement.execute()
    await fill_levels(plan, part_run)
    return part_run.keys(shape, 0), part_run.objects[shape.number]


async def _fallback_root(run: Run, root: FallbackRoot) -> Any:
    executor = run.executor
    root_type = executor.schema.query_type
    assert root_type is not None
    path = Path(None, root.key, root_type.name)
    value = executor.execute_field(root_type, executor.root_value, root.details, path, None)
    if executor.is_awaitable(value):
        value = await value
    settle(run)
    return value
