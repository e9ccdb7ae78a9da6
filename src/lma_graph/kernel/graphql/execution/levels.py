"""Running a plan: one statement for the root fields, then one per level, filling in what the shapes left open."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import orjson
from graphql.pyutils import Path

from lma_graph.kernel.graphql.execution.plan import (
    Batched,
    Computed,
    Fallback,
    FallbackRoot,
    Level,
    ListRoot,
    NodeRoot,
    Plan,
    RowRoot,
    Run,
    Surprise,
    Target,
    ToMany,
    ToOne,
)
from lma_graph.kernel.graphql.execution.shapes import Shape, Values
from lma_graph.kernel.graphql.execution.statements import Column, Part, together
from lma_graph.kernel.loaders import Aggregate
from lma_graph.kernel.paging import Page

Fill = Callable[[Values], None]
"""Takes the columns of one part."""
_PARENT = Column("parent_id")
_COUNT = (Column("parent_id"), Column("count"))


class Statement:
    """The parts of one level, each with what is done with its columns, run as one statement."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._parts: list[Part] = []
        self._values: list[Mapping[str, Any]] = []
        self._fills: list[tuple[int, Fill]] = []

    def add(self, part: Part, width: int, fill: Fill, **values: Any) -> None:
        """One part of so many columns."""
        self._parts.append(part)
        self._values.append({**part.values, **values})
        self._fills.append((width, fill))

    async def execute(self) -> None:
        """Fetch everything, then fill in everything."""
        if not self._parts:
            return
        whole = together(self._parts)
        reader = self._run.context.reader
        arguments = whole.arguments(self._values, reader.binds())
        row = await reader.arrays(whole.text, arguments, anew=any(part.anew for part in self._parts))
        at = 0
        for width, fill in self._fills:
            fill([values or () for values in row[at : at + width]])
            at += width


async def run_plan(plan: Plan, run: Run) -> dict[str, Any]:
    """The data of an operation."""
    data: dict[str, Any] = {root.key: None for root in plan.roots}
    statement = Statement(run)
    for root in plan.roots:
        if isinstance(root, ListRoot):
            _list(statement, run, root, data)
        elif isinstance(root, RowRoot):
            number = root.number(run)
            if number is None:
                run.fetched(root.shape.source, [root.shape], [()] * len(root.shape.source.columns))
            else:
                _row(statement, run, root, number, data)
    await statement.execute()
    await _fill_levels(plan, run)
    for root in plan.roots:
        if isinstance(root, NodeRoot):
            data[root.key] = await _nodes(run, root)
        elif isinstance(root, FallbackRoot):
            data[root.key] = await _fallback_root(run, root)
    return data


async def _fill_levels(plan: Plan, run: Run) -> None:
    for level in plan.levels:
        statement = Statement(run)
        _fill_level(statement, level, run)
        await statement.execute()
        for relation in level.resolved:
            await (_batched(run, relation) if isinstance(relation, Batched) else _fallback(run, relation))


def _fill_level(statement: Statement, level: Level, run: Run) -> None:
    for relation in level.others:
        if isinstance(relation, ToMany):
            _many(statement, run, relation)
        else:
            _computed(statement, run, relation)
    for target in level.ones:
        _ones(statement, run, target)


# --- root fields ---


def _list(statement: Statement, run: Run, root: ListRoot, data: dict[str, Any]) -> None:
    page, connection = root.page(run.executor), root.connection
    scope, arguments, source = run.context.scope, root.arguments(run.executor), connection.source
    total = [0]

    def count(values: Values) -> None:
        total[0] = values[0][0]

    def fill(values: Values) -> None:
        rows = len(values[0])
        if rows > page.limit:  # the row that only tells that there is more
            run.fetched(source, connection.shapes, [column[: page.limit] for column in values])
        else:
            run.fetched(source, connection.shapes, values)
        objects = [run.objects[shape.number] for shape in connection.shapes]
        (data[root.key],) = connection.pages(page, values, objects, [(0, rows)], total)

    # A root list may depend on more than its page, such as the text of a search.
    key = (scope, page, None if root.field.pages_alone else orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS))
    if connection.counts:
        counted = root.counts.get(key, lambda: root.field.count(scope, page, arguments), (Column("count"),))
        statement.add(counted, 1, count)
    names = [name for name in source.names if name != "rank"]
    part = root.rows.get(key, lambda: root.field.rows(scope, page, arguments, names), source.columns)
    statement.add(part, len(source.columns), fill, limit=page.limit + connection.looks_ahead)


def _row(statement: Statement, run: Run, root: RowRoot, number: int, data: dict[str, Any]) -> None:
    shape = root.shape

    def fill(values: Values) -> None:
        run.fetched(shape.source, [shape], values)
        objects = run.objects[shape.number]
        data[root.key] = objects[0] if objects else None

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
    statement = Statement(part_run)
    statement.add(
        _row_part(run, row),
        len(shape.source.columns),
        lambda values: part_run.fetched(shape.source, [shape], values),
        keys=numbers,
    )
    await statement.execute()
    await _fill_levels(plan, part_run)
    return part_run.keys(shape, 0), part_run.objects[shape.number]


async def _fallback_root(run: Run, root: FallbackRoot) -> Any:
    executor = run.executor
    root_type = executor.schema.query_type
    assert root_type is not None
    path = Path(None, root.key, root_type.name)
    value = executor.execute_field(root_type, executor.root_value, root.details, path, None)
    if executor.is_awaitable(value):
        value = await value
    _settle(run)
    return value


# --- relations ---


def _many(statement: Statement, run: Run, relation: ToMany) -> None:
    page, connection, spec = relation.page(run.executor), relation.connection, relation.field.spec
    scope, source = run.context.scope, connection.source
    keys = run.keys(relation.parent, relation.at)
    distinct = list(dict.fromkeys(keys))
    totals: dict[int, int] = {}

    def count(values: Values) -> None:
        totals.update(zip(*values, strict=True))

    def fill(values: Values) -> None:
        parents, *columns = values
        groups = _groups(parents)
        run.fetched(source, connection.shapes, columns)
        objects = [run.objects[shape.number] for shape in connection.shapes]
        spans = [groups.get(key, (0, 0)) for key in keys]
        pages = connection.pages(page, columns, objects, spans, [totals.get(key, 0) for key in keys])
        for parent, made in zip(run.objects[relation.parent.number], pages, strict=True):
            parent[relation.key] = made

    key = (scope, page)
    if connection.counts:
        counted = relation.counts.get(key, lambda: spec.count(scope, page), _COUNT)
        statement.add(counted, 2, count, keys=distinct)
    columns = (_PARENT, *source.columns)
    part = relation.rows.get(key, lambda: spec.statement(scope, page, source.names), columns)
    limit = page.limit + connection.looks_ahead
    statement.add(part, 1 + len(source.columns), fill, keys=distinct, limit=limit)


def _groups(parents: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Where the rows of each parent begin and end; the rows of one parent stand together."""
    found: dict[int, tuple[int, int]] = {}
    begin, last = 0, None
    for at, parent in enumerate(parents):
        if parent != last:
            if last is not None:
                found[last] = (begin, at)
            begin, last = at, parent
    if last is not None:
        found[last] = (begin, len(parents))
    return found


def _ones(statement: Statement, run: Run, target: Target) -> None:
    """All relations to one target: their keys together, and the union of their columns."""
    keys: set[Any] = set()
    lists: dict[int, list[list[int]]] = {}
    for at, relation in enumerate(target.relations):
        column = run.keys(relation.parent, relation.at)
        if relation.each:
            lists[at] = [orjson.loads(text) for text in column]
            keys.update(number for numbers in lists[at] for number in numbers)
        else:
            keys.update(column)
    keys.discard(None)

    def fill(values: Values) -> None:
        for at, (relation, places) in enumerate(zip(target.relations, target.places, strict=True)):
            run.fetched(relation.shape.source, [relation.shape], [values[place] for place in places])
            found = dict(zip(run.keys(relation.shape, 0), run.objects[relation.shape.number], strict=True))
            if relation.each:
                _hand_out_lists(run, relation, found, lists[at])
            else:
                _hand_out(run, relation, found)

    if not keys:
        fill([()] * len(target.columns))
        return
    scope, names = run.context.scope, list(dict.fromkeys(column.name for column in target.columns))
    part = target.rows.get(scope, lambda: target.spec.statement(scope, names), target.columns)
    statement.add(part, len(target.columns), fill, keys=list(keys))


def _hand_out(run: Run, relation: ToOne, found: Mapping[int, Any]) -> None:
    key, get = relation.key, found.get
    parents = run.objects[relation.parent.number]
    for number, parent in zip(run.keys(relation.parent, relation.at), parents, strict=True):
        parent[key] = get(number)
    if relation.required and any(parent[key] is None for parent in parents):
        raise Surprise("null in a place that must not be null")


def _hand_out_lists(run: Run, relation: ToOne, found: Mapping[int, Any], lists: Sequence[Sequence[int]]) -> None:
    for numbers, parent in zip(lists, run.objects[relation.parent.number], strict=True):
        parent[relation.key] = [found[number] for number in numbers if number in found]


def _computed(statement: Statement, run: Run, relation: Computed) -> None:
    keys = run.keys(relation.parent, relation.at)
    distinct = list(dict.fromkeys(keys))
    scope, spec, shape = run.context.scope, relation.spec, relation.shape

    def hand_out(found: Mapping[int, Any]) -> None:
        for key, parent in zip(keys, run.objects[relation.parent.number], strict=True):
            parent[relation.key] = found.get(key)

    if isinstance(spec, Aggregate):
        aggregate = spec
        part = relation.rows.get(scope, lambda: aggregate.statement(scope), (_PARENT, Column("value")))
        statement.add(part, 2, lambda values: hand_out(dict(zip(*values, strict=True))), keys=distinct)
        return
    assert shape is not None
    target, children = shape, spec.children

    def fill(values: Values) -> None:
        run.fetched(target.source, [target], values[1:])
        hand_out(dict(zip(values[0], run.objects[target.number], strict=True)))

    page, columns = Page(limit=0, order=children.order), (_PARENT, *target.source.columns)
    part = relation.rows.get(scope, lambda: children.statement(scope, page, target.source.names), columns)
    statement.add(part, 1 + len(target.source.columns), fill, keys=distinct, limit=1)


# --- resolvers ---


async def _batched(run: Run, relation: Batched) -> None:
    rows = _rows(run, relation.parent, relation.reads)
    if rows:
        values = await relation.field.resolve(rows, run.context, **relation.arguments(run.executor))
        for parent, value in zip(run.objects[relation.parent.number], values, strict=True):
            parent[relation.key] = value


async def _fallback(run: Run, relation: Fallback) -> None:
    """The field's own resolver, row by row; paths are not exact, but an error discards the result anyway."""
    executor, path = run.executor, Path(None, relation.key, relation.parent_type.name)
    parents = run.objects[relation.parent.number]
    rows = _rows(run, relation.parent, relation.reads)
    values = [executor.execute_field(relation.parent_type, row, relation.details, path, None) for row in rows]
    waiting = [at for at, value in enumerate(values) if executor.is_awaitable(value)]
    for at, value in zip(waiting, await asyncio.gather(*(cast("Any", values[at]) for at in waiting)), strict=True):
        values[at] = value
    _settle(run)
    for parent, value in zip(parents, values, strict=True):
        parent[relation.key] = value


def _rows(run: Run, shape: Shape, reads: Sequence[tuple[str, int, bool]]) -> list[Any]:
    """The rows of a shape as objects with the columns that a resolver reads."""
    columns = []
    for _, at, is_json in reads:
        column = run.keys(shape, at)
        columns.append([None if v is None else orjson.loads(v) for v in column] if is_json else column)
    names = [name for name, _, _ in reads]
    return [SimpleNamespace(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def _settle(run: Run) -> None:
    if run.executor.collected_errors.errors:
        raise Surprise("a resolver failed")
