"""Connections: the generated function that makes one page's response object, and what it needs to know."""

from collections.abc import Callable, Sequence
from typing import Any

from lma_graph.kernel.graphql.execution.shapes import Shape, Source, Values
from lma_graph.kernel.paging import Order, Page, cursor_writer

Object = dict[str, Any]
MakePage = Callable[[Values, Sequence[list[Object]], int, int, int], Object]
_MOST_PAGES = 32
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
        self._pages: dict[Page, MakePage] = {}

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
    def looks_ahead(self) -> bool:
        """Whether one more row than the page holds must be fetched, to know if there is more."""
        return bool({"has_next", "has_previous"} & self._used)

    def pages(self, page: Page) -> MakePage:
        """A function from columns, objects per shape, the rows from and up to, and the total, to one page."""
        found = self._pages.get(page)
        if found is None:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            found = self._pages[page] = self._page(page)
        return found

    def _page(self, page: Page) -> MakePage:
        make, write, keys, used = self._generate(), cursor_writer(page.order), self._keys, self._used
        step = -1 if page.backward else 1
        single = len(self.shapes) == 1
        wants_cursors, wants_ends = "cursors" in used, bool({"start", "end"} & used)

        def one(values: Values, objects: Sequence[list[Object]], begin: int, end: int, total: int) -> Object:
            more = end - begin > page.limit
            if more:
                end = begin + page.limit
            slices = [objects[0][begin:end]] if single else [rows[begin:end] for rows in objects]
            if step < 0:
                slices = [rows[::-1] for rows in slices]
            cursors = start = finish = None
            if wants_cursors:
                cursors = [write([values[at][row] for at in keys]) for row in range(begin, end)][::step]
            if wants_ends and end > begin:
                first, last = (begin, end - 1) if step > 0 else (end - 1, begin)
                start = write([values[at][first] for at in keys]) if "start" in used else None
                finish = write([values[at][last] for at in keys]) if "end" in used else None
            has_next, has_previous = (page.bounded, more) if step < 0 else (more, page.bounded)
            return make(slices, end - begin, cursors, start, finish, has_next, has_previous, total)

        return one

    def _generate(self) -> Callable[..., Object]:
        body = ", ".join(f"{key!r}: {expression}" for key, expression in self.entries.items())
        scope: dict[str, Any] = {}
        source = f"def make(s, n, cursors, start, end, has_next, has_previous, total): return {{{body}}}"
        exec(source, scope)  # noqa: S102  # nothing of it comes from a client but names of the GraphQL grammar
        made: Callable[..., Object] = scope["make"]
        return made
