"""Connections over rows of several types, by plan: where the rows stand in one statement, the rows in the next.

`Places` say which rows each page holds; `Entries` are then loaded, type by type, and the pages put together.
"""

from collections.abc import Sequence
from typing import Any

from lma_graph.kernel.graphql.execution.plan import Entries, Found, Members, Places, Run
from lma_graph.kernel.graphql.execution.spans import NO_ROWS, groups_of, without_more
from lma_graph.kernel.graphql.execution.statements import Arrays, Column, Part, Statement
from lma_graph.kernel.mixed import MixedPage
from lma_graph.kernel.scope import Scope

_PARENT = Column("parent_id")
_COUNT = (_PARENT, Column("count"))


def find_places(statement: Statement, run: Run, relation: Places) -> None:
    """Have the places of all pages of a level fetched."""
    connection, spec, keys = relation.connection, relation.field.spec, run.keys(relation.parent, relation.at)
    source = connection.source
    if not keys:
        run.values[source.number] = [()] * len(source.columns)
        return
    scope, page = run.context.scope, relation.page(run.executor)
    assert isinstance(page, MixedPage)
    distinct = list(dict.fromkeys(keys))
    totals: dict[int, int] = {}

    def count(values: Arrays) -> None:
        totals.update(zip(*values, strict=True))

    def fill(values: Arrays) -> None:
        parents, *columns = values
        groups, columns = without_more(groups_of(parents, page.limit), columns)
        run.values[source.number] = columns
        spans = [groups.get(key, NO_ROWS) for key in keys]
        run.found[source.number] = Found(page, spans, [totals.get(key, 0) for key in keys])

    key = (scope, page)
    if connection.counts:
        lengths = relation.counts.get(key, lambda: spec.count(scope, page), _COUNT)
        statement.add(lengths, 2, count, keys=distinct)
    columns = (_PARENT, *source.columns)
    part = relation.rows.get(key, lambda: spec.statement(scope, page), columns)
    statement.add(part, len(columns), fill, keys=distinct, limit=page.limit + connection.looks_ahead)


def load_entries(statement: Statement, run: Run, relation: Entries) -> None:
    """Have the rows fetched, a part for each kind that occurs; the last of them to come completes the pages."""
    source = relation.of.connection.source
    values = run.values[source.number]
    kinds, numbers = values[relation.kind_at], values[relation.id_at]
    waiting: set[int] = {-1}  # so that nothing is completed before every part is there

    def arrived(number: int) -> None:
        waiting.discard(number)
        if not waiting:
            _complete(run, relation, kinds, numbers)

    scope = run.context.scope
    for one in relation.members if relation.of.connection.shapes else ():
        wanted = [number for kind, number in zip(kinds, numbers, strict=True) if kind == one.number]
        if not wanted:
            run.fetched(one.source, one.shapes, [()] * len(one.source.columns))
            continue
        waiting.add(one.number)

        def fill(values: Arrays, one: Members = one) -> None:
            run.fetched(one.source, one.shapes, values)
            arrived(one.number)

        statement.add(_rows_of(one, scope), len(one.source.columns), fill, keys=list(dict.fromkeys(wanted)))
    arrived(-1)


def _rows_of(one: Members, scope: Scope) -> Part:
    return one.rows.get(scope, lambda: one.kind.statement(scope, one.source.names), one.source.columns)


def _complete(run: Run, relation: Entries, kinds: Sequence[int], numbers: Sequence[int]) -> None:
    """Put the rows of all kinds in the order of their places, and make the pages."""
    of, connection = relation.of, relation.of.connection
    found = run.found.get(connection.source.number)
    if found is None:
        return  # there was no parent
    for at, shape in enumerate(connection.shapes):
        made: dict[tuple[int, int], Any] = {}
        for one in relation.members:
            ids, rows = run.keys(one.shapes[at], 0), run.objects[one.shapes[at].number]
            made.update(zip(((one.number, number) for number in ids), rows, strict=True))
        run.objects[shape.number] = [made[place] for place in zip(kinds, numbers, strict=True)]
    objects = [run.objects[shape.number] for shape in connection.shapes]
    columns = run.values[connection.source.number]
    pages = connection.pages(found.page, columns, objects, found.spans, found.totals)
    for parent, page in zip(run.objects[of.parent.number], pages, strict=True):
        parent[of.key] = page
