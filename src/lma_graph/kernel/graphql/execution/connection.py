"""Connections: the generated function that makes one page's response object, and what it needs to know."""

from collections.abc import Callable, Sequence
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
_PAGE_INFO = {
    "hasNextPage": "has_next",
    "hasPreviousPage": "has_previous",
    "startCursor": "start",
    "endCursor": "end",
}


class ConnectionShape:
    """One selection on a connection. `edges` and `nodes` may each occur under several keys."""

    def __init__(self, source: Source, order: Order) -> None:
        self.source = source
        self.order = order
        self.shapes: list[Shape] = []
        """The selections on nodes, all on the rows of one source."""
        self.entries: dict[str, str] = {}
        self._used: set[str] = set()
        self._keys: list[int] = []
        self._make: Callable[..., Object] | None = None

    def constant(self, key: str, value: str) -> None:
        """The same value in every page."""
        self.entries[key] = repr(value)

    def nodes(self, key: str, shape: Shape) -> None:
        """The rows alone."""
        self.entries[key] = f"s[{self._add(shape)}]"

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
            inputs.append("cursors" if part is None else f"s[{self._add(part)}]")
            body.append(f"{name!r}: {variable}")
            if part is None:
                self._use("cursors")
        loop = f"for {', '.join(targets)}, in zip({', '.join(inputs)})" if targets else "for _ in range(n)"
        self.entries[key] = f"[{{{', '.join(body)}}} {loop}]"

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
            self._keys = [self.source.need(sort.column) for sort in self.order]

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
        make, used = self._maker(), self._used
        write = self._cursors(page, values, spans)
        step, lists, single = -1 if page.backward else 1, "cursors" in used, len(objects) == 1
        found = []
        for (begin, end, more), total in zip(spans, totals, strict=True):
            slices = [objects[0][begin:end]] if single else [rows[begin:end] for rows in objects]
            first, last = (begin, end - 1) if step > 0 else (end - 1, begin)
            if step < 0:
                slices = [rows[::-1] for rows in slices]
            cursors = [write[row] for row in range(begin, end)][::step] if lists else None
            start, finish = (write.get(first), write.get(last)) if end > begin else (None, None)
            has_next, has_previous = (page.bounded, more) if step < 0 else (more, page.bounded)
            found.append(make(slices, end - begin, cursors, start, finish, has_next, has_previous, total))
        return found

    def _cursors(self, page: Page, values: Values, spans: Spans) -> dict[int, str]:
        """The cursors that are asked for, by row: those of every row, or of the ends of pages."""
        if "cursors" in self._used:
            rows = [row for begin, end, _ in spans for row in range(begin, end)]
        elif {"start", "end"} & self._used:
            ends = [(begin, end - 1) if page.backward else (end - 1, begin) for begin, end, _ in spans if end > begin]
            rows = [last for last, _ in ends] if "end" in self._used else []
            rows += [first for _, first in ends] if "start" in self._used else []
        else:
            return {}
        columns = [[values[at][row] for row in rows] for at in self._keys]
        return dict(zip(rows, write_cursors(page.of, page.order, columns), strict=True))

    def _maker(self) -> Callable[..., Object]:
        if self._make is None:
            self._make = self._generate()
        return self._make

    def _generate(self) -> Callable[..., Object]:
        body = ", ".join(f"{key!r}: {expression}" for key, expression in self.entries.items())
        scope: dict[str, Any] = {}
        source = f"def make(s, n, cursors, start, end, has_next, has_previous, total): return {{{body}}}"
        exec(source, scope)  # noqa: S102  # nothing of it comes from a client but names of the GraphQL grammar
        made: Callable[..., Object] = scope["make"]
        return made
