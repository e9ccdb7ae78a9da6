"""Connections: the generated function that makes the response objects of a level's pages, and what it needs to know."""

import datetime as dt
from collections.abc import Callable, Container, Sequence
from typing import Any

from lma_graph.kernel.cursors import write_cursors
from lma_graph.kernel.graphql.execution.shapes import Shape, Source, Values
from lma_graph.kernel.order import Order
from lma_graph.kernel.paging import Page

Object = dict[str, Any]
Pages = list[Object]
Span = tuple[int, int, bool]
"""From and up to which row the rows of one page stand, and whether there is more behind them."""
Spans = Sequence[Span]
Totals = Sequence[int]
Cursors = Sequence[str | None]
_PAGE_INFO = {
    "hasNextPage": "has_next",
    "hasPreviousPage": "has_previous",
    "startCursor": "start",
    "endCursor": "end",
}
_PARAMETERS = "shapes, cursors, spans, starts, ends, totals, bounded"
_LOOP = "start, end, total in zip(spans, starts, ends, totals)"


class ConnectionShape:
    """One selection on a connection. `edges` and `nodes` may each occur under several keys."""

    def __init__(self, source: Source, order: Order, moments: Container[str]) -> None:
        self.source = source
        self.order = order
        self._moments = moments
        """The names of the columns that hold moments."""
        self.shapes: list[Shape] = []
        """The selections on nodes, all on the rows of one source."""
        self.entries: dict[str, str] = {}
        """Response key → Python expression over one page: `i` and `j` are where its rows begin and end."""
        self._lists: list[str] = []
        """Python expressions over all rows of the level, of which each page has a part."""
        self._used: set[str] = set()
        self._keys: list[int] = []
        self._texts: list[int] = []
        """Which of the keys are texts of moments."""
        self._makers: dict[bool, Callable[..., Pages]] = {}

    def constant(self, key: str, value: str) -> None:
        """The same value in every page."""
        self.entries[key] = repr(value)

    def nodes(self, key: str, shape: Shape) -> None:
        """The rows alone."""
        self.entries[key] = f"shapes[{self._add(shape)}][i:j]"

    def edges(self, key: str, parts: Sequence[tuple[str, Shape | str | None]]) -> None:
        """The rows with their positions: per response key a node's shape, a constant, or None for the cursor."""
        body: list[str] = []
        targets: list[str] = []
        inputs: list[str] = []
        for name, part in parts:
            if isinstance(part, str):
                body.append(f"{name!r}: {part!r}")
                continue
            variable = f"e{len(targets)}"
            targets.append(variable)
            inputs.append("cursors" if part is None else f"shapes[{self._add(part)}]")
            body.append(f"{name!r}: {variable}")
            if part is None:
                self._use("cursors")
        made = f"{{{', '.join(body)}}}"
        if not targets:
            self.entries[key] = f"[{made} for _ in range(i, j)]"
            return
        rows = inputs[0] if len(inputs) == 1 else f"zip({', '.join(inputs)})"
        self.entries[key] = f"list{len(self._lists)}[i:j]"
        self._lists.append(f"[{made} for {', '.join(targets)} in {rows}]")

    def page_info(self, key: str, parts: Sequence[tuple[str, str | None, str]]) -> None:
        """Where the page lies: (response key, field, type name); a field of None is the type's name."""
        body = []
        for name, field, type_name in parts:
            body.append(f"{name!r}: {repr(type_name) if field is None else _PAGE_INFO[field]}")
            if field is not None:
                self._use(_PAGE_INFO[field])
        self.entries[key] = f"{{{', '.join(body)}}}"

    def total_count(self, key: str) -> None:
        """How many rows the whole list has."""
        self.entries[key] = "total"
        self._used.add("total")

    def _add(self, shape: Shape) -> int:
        self.shapes.append(shape)
        return len(self.shapes) - 1

    def _use(self, name: str) -> None:
        self._used.add(name)
        if name in {"cursors", "start", "end"} and not self._keys:
            moments = [sort.column in self._moments for sort in self.order]
            needed = zip(self.order, moments, strict=True)
            self._keys = [self.source.need(sort.column, is_moment=is_moment) for sort, is_moment in needed]
            self._texts = [at for at, is_moment in enumerate(moments) if is_moment]

    @property
    def counts(self) -> bool:
        """Whether the length of the whole list is asked for."""
        return "total" in self._used

    @property
    def is_parent(self) -> bool:
        """Whether much hangs on each row, so that none must be fetched for nothing."""
        return any(shape.is_parent for shape in self.shapes)

    @property
    def looks_ahead(self) -> bool:
        """Whether one more row than the page holds must be fetched, to know if there is more."""
        return bool({"has_next", "has_previous"} & self._used)

    def pages(self, page: Page, values: Values, objects: Sequence[list[Object]], spans: Spans, totals: Totals) -> Pages:
        """The response objects of all pages of a level; `totals` are the lengths of the whole lists, if asked for."""
        columns = [values[at] for at in self._keys]
        if page.backward:  # the rows were fetched from the end
            rows = len(values[0])
            columns = [column[::-1] for column in columns]
            objects = [made[::-1] for made in objects]
            spans = [(rows - end, rows - begin, more) for begin, end, more in spans]
        cursors = self._written(page, columns) if "cursors" in self._used else ()
        starts = self._ends(page, columns, "start", [begin if end > begin else None for begin, end, _ in spans])
        ends = self._ends(page, columns, "end", [end - 1 if end > begin else None for begin, end, _ in spans])
        return self._maker(backward=page.backward)(objects, cursors, spans, starts, ends, totals, page.bounded)

    def _written(self, page: Page, columns: Sequence[Sequence[Any]]) -> Cursors:
        values = list(columns)
        for at in self._texts:
            values[at] = [None if text is None else dt.datetime.fromisoformat(text) for text in columns[at]]
        return write_cursors(page.of, page.order, values)

    def _ends(self, page: Page, columns: Sequence[Sequence[Any]], name: str, rows: Sequence[int | None]) -> Cursors:
        """The cursors of the first or last rows of all pages, if asked for; None for a page without any."""
        if name not in self._used:
            return [None] * len(rows)
        there = [row for row in rows if row is not None]
        written = self._written(page, [[column[row] for row in there] for column in columns])
        if len(there) == len(rows):
            return written
        following = iter(written)
        return [None if row is None else next(following) for row in rows]

    def _maker(self, *, backward: bool) -> Callable[..., Pages]:
        made = self._makers.get(backward)
        if made is None:
            made = self._makers[backward] = self._generate(backward=backward)
        return made

    def _generate(self, *, backward: bool) -> Callable[..., Pages]:
        body = ", ".join(f"{key!r}: {expression}" for key, expression in self.entries.items())
        more, other = ("has_previous", "has_next") if backward else ("has_next", "has_previous")
        lines = [f"list{at} = {rows}" for at, rows in enumerate(self._lists)]
        lines += [f"{other} = bounded", f"return [{{{body}}} for (i, j, {more}), {_LOOP}]"]
        scope: dict[str, Any] = {}
        source = "\n    ".join([f"def make({_PARAMETERS}):", *lines])
        exec(source, scope)  # noqa: S102  # nothing of it comes from a client but names of the GraphQL grammar
        made: Callable[..., Pages] = scope["make"]
        return made
