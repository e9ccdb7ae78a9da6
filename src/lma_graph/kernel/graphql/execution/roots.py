"""Running a plan: one statement for the root fields, then one per level. Enter at `run_plan`."""

from typing import Any

import orjson
from graphql.pyutils import Path

from lma_graph.kernel.graphql.execution.completion import Surprise
from lma_graph.kernel.graphql.execution.kept import find, keep
from lma_graph.kernel.graphql.execution.levels import fill_levels
from lma_graph.kernel.graphql.execution.plan import FallbackRoot, FiguresRoot, ListRoot, NodeRoot, Plan, RowRoot, Run
from lma_graph.kernel.graphql.execution.resolvers import settle
from lma_graph.kernel.graphql.execution.statements import Arrays, Column, Part, Statement


async def run_plan(plan: Plan, run: Run) -> dict[str, Any]:
    """The data of an operation."""
    data: dict[str, Any] = {root.key: None for root in plan.roots}
    statement = Statement(run.context.reader)
    nodes = []
    for root in plan.roots:
        if isinstance(root, ListRoot):
            _list(statement, run, root, data)
        elif isinstance(root, RowRoot):
            _row(statement, run, root, data)
        elif isinstance(root, NodeRoot):
            nodes.append(_Nodes(statement, run, root))
    await statement.execute()
    await fill_levels(plan, run)
    for one in nodes:
        data[one.key] = await one.objects()
    for root in plan.roots:
        if isinstance(root, FiguresRoot):
            reckon, arguments = root.field.reckon, root.arguments(run.executor)
            data[root.key] = root.complete(await reckon(run.context, root.names, arguments))
        elif isinstance(root, FallbackRoot):
            data[root.key] = await _fallback_root(run, root)
    return data


def _list(statement: Statement, run: Run, root: ListRoot, data: dict[str, Any]) -> None:
    page, connection = root.page(run.executor), root.connection
    scope, source = run.context.scope, connection.source
    # A root list may depend on more than its page, such as the text of a search.
    arguments = {} if root.field.pages_alone else root.arguments(run.executor)
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

    key = (scope, page, orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS))
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


class _Nodes:
    """Rows whose ids tell their types: a plan of its own for each type."""

    def __init__(self, statement: Statement, run: Run, root: NodeRoot) -> None:
        self.key = root.key
        self._many = root.field.many
        self._asked = root.field.asked(root.arguments(run.executor))
        self._typed: dict[str, tuple[Plan, RowRoot, Run]] = {}
        numbers: dict[str, list[int]] = {}
        for one in dict.fromkeys(self._asked):
            if one is not None:
                numbers.setdefault(one[0], []).append(one[1])
        for name, wanted in numbers.items():
            plan = find((root, name))
            if not isinstance(plan, Plan):
                plan = root.plan(run.executor, name)
                keep((root, name), plan)
            self._add(statement, name, plan, plan.run(run.executor, run.context), wanted)

    def _add(self, statement: Statement, name: str, plan: Plan, run: Run, wanted: list[int]) -> None:
        row = plan.roots[0]
        assert isinstance(row, RowRoot)
        source, shapes = row.shape.source, (row.shape,)
        self._typed[name] = plan, row, run
        part = _row_part(run, row)
        statement.add(part, len(source.columns), lambda values: run.fetched(source, shapes, values), keys=wanted)

    async def objects(self) -> Any:
        """The response objects, in the order that was asked for; the first level has been fetched."""
        found: dict[tuple[str, int], Any] = {}
        for name, (plan, row, run) in self._typed.items():
            await fill_levels(plan, run)
            for number, value in zip(run.keys(row.shape, 0), run.objects[row.shape.number], strict=True):
                found[name, number] = value
        objects = [None if one is None else found.get(one) for one in self._asked]
        return objects if self._many else objects[0]


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
