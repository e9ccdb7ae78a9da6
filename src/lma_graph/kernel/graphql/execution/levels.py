"""Filling in what the shapes have left open, level by level: one statement for all relations of a level."""

from collections.abc import Mapping
from typing import Any

import orjson

from lma_graph.kernel.graphql.execution.completion import Surprise
from lma_graph.kernel.graphql.execution.mixed import find_places, load_entries
from lma_graph.kernel.graphql.execution.plan import (
    Batched,
    Computed,
    Entries,
    Level,
    Places,
    Plan,
    Run,
    Target,
    ToMany,
    ToOne,
)
from lma_graph.kernel.graphql.execution.resolvers import batched, fallback
from lma_graph.kernel.graphql.execution.spans import NO_ROWS, groups_of, without_more
from lma_graph.kernel.graphql.execution.statements import Arrays, Column, Statement
from lma_graph.kernel.loaders import Aggregate
from lma_graph.kernel.paging import Page

_PARENT = Column("parent_id")
_COUNT = (_PARENT, Column("count"))


async def fill_levels(plan: Plan, run: Run) -> None:
    """Fill in everything below the root fields, whose own columns are there."""
    for level in plan.levels:
        statement = Statement(run.context.reader)
        _fill_level(statement, level, run)
        await statement.execute()
        for relation in level.resolved:
            await (batched(run, relation) if isinstance(relation, Batched) else fallback(run, relation))


def _fill_level(statement: Statement, level: Level, run: Run) -> None:
    for relation in level.others:
        if isinstance(relation, ToMany):
            _many(statement, run, relation)
        elif isinstance(relation, Places):
            find_places(statement, run, relation)
        elif isinstance(relation, Entries):
            load_entries(statement, run, relation)
        else:
            _computed(statement, run, relation)
    for target in level.ones:
        _ones(statement, run, target)


def _many(statement: Statement, run: Run, relation: ToMany) -> None:
    connection, spec, keys = relation.connection, relation.field.spec, run.keys(relation.parent, relation.at)
    source = connection.source
    if not keys:
        run.fetched(source, connection.shapes, [()] * len(source.columns))
        return
    scope, page = run.context.scope, relation.page(run.executor)
    distinct = list(dict.fromkeys(keys))
    totals: dict[int, int] = {}

    def count(values: Arrays) -> None:
        totals.update(zip(*values, strict=True))

    def fill(values: Arrays) -> None:
        parents, *columns = values
        groups = groups_of(parents, page.limit)
        if connection.is_parent:
            groups, columns = without_more(groups, columns)
        run.fetched(source, connection.shapes, columns)
        objects = [run.objects[shape.number] for shape in connection.shapes]
        spans = [groups.get(key, NO_ROWS) for key in keys]
        counted = [totals.get(key, 0) for key in keys] if connection.counts else [0] * len(keys)
        pages = connection.pages(page, columns, objects, spans, counted)
        for parent, made in zip(run.objects[relation.parent.number], pages, strict=True):
            parent[relation.key] = made

    key = (scope, page)
    if connection.counts:
        lengths = relation.counts.get(key, lambda: spec.count(scope, page), _COUNT)
        statement.add(lengths, 2, count, keys=distinct)
    columns = (_PARENT, *source.columns)
    part = relation.rows.get(key, lambda: spec.statement(scope, page, source.names), columns)
    statement.add(part, len(columns), fill, keys=distinct, limit=page.limit + connection.looks_ahead)


def _ones(statement: Statement, run: Run, target: Target) -> None:
    """All relations to one target: their keys together, and the union of their columns."""
    asked = [_Asked(run, relation) for relation in target.relations]
    keys = set().union(*(one.numbers for one in asked))

    def fill(values: Arrays) -> None:
        for one, places in zip(asked, target.places, strict=True):
            one.fill([values[place] for place in places])

    if not keys:
        fill([()] * len(target.columns))
        return
    scope, names = run.context.scope, list(dict.fromkeys(column.name for column in target.columns))
    part = target.rows.get(scope, lambda: target.spec.statement(scope, names), target.columns)
    statement.add(part, len(target.columns), fill, keys=list(keys))


class _Asked:
    """What one relation asks of a target that it may share with others."""

    def __init__(self, run: Run, relation: ToOne) -> None:
        self._run = run
        self._relation = relation
        self._keys = run.keys(relation.parent, relation.at)
        self._lists: list[list[int]] = [orjson.loads(text) for text in self._keys] if relation.each else []
        self.numbers: set[int] = {number for numbers in self._lists for number in numbers}
        if not relation.each:
            self.numbers.update(self._keys)
            self.numbers.discard(None)

    def fill(self, columns: Arrays) -> None:
        """Hand the rows to the parents; those that only others asked for are left out, and all that hangs on them."""
        run, relation, wanted = self._run, self._relation, self.numbers
        shape = relation.shape
        if not wanted.issuperset(columns[0]):
            rows = [row for row, number in enumerate(columns[0]) if number in wanted]
            columns = [[column[row] for row in rows] for column in columns]
        run.fetched(shape.source, [shape], columns)
        found = dict(zip(columns[0], run.objects[shape.number], strict=True))
        parents, key = run.objects[relation.parent.number], relation.key
        if relation.each:
            for numbers, parent in zip(self._lists, parents, strict=True):
                parent[key] = [found[number] for number in numbers if number in found]
            return
        for row, parent in zip(map(found.get, self._keys), parents, strict=True):
            parent[key] = row
        if relation.required and (len(found) < len(wanted) or None in self._keys):
            raise Surprise("null in a place that must not be null")


def _computed(statement: Statement, run: Run, relation: Computed) -> None:
    keys = run.keys(relation.parent, relation.at)
    distinct = list(dict.fromkeys(keys))
    scope, spec, shape, complete = run.context.scope, relation.spec, relation.shape, relation.complete

    def hand_out(found: Mapping[int, Any]) -> None:
        for key, parent in zip(keys, run.objects[relation.parent.number], strict=True):
            parent[relation.key] = complete(found.get(key))

    if not distinct:
        if shape is not None:
            run.fetched(shape.source, [shape], [()] * len(shape.source.columns))
        return
    if isinstance(spec, Aggregate):
        aggregate = spec
        part = relation.rows.get(scope, lambda: aggregate.statement(scope), (_PARENT, Column("value")))
        statement.add(part, 2, lambda values: hand_out(dict(zip(*values, strict=True))), keys=distinct)
        return
    assert shape is not None
    target, children = shape, spec.children

    def fill(values: Arrays) -> None:
        run.fetched(target.source, [target], values[1:])
        hand_out(dict(zip(values[0], run.objects[target.number], strict=True)))

    page, columns = Page(limit=0, order=children.order), (_PARENT, *target.source.columns)
    part = relation.rows.get(scope, lambda: children.statement(scope, page, target.source.names), columns)
    statement.add(part, len(columns), fill, keys=distinct, limit=1)
