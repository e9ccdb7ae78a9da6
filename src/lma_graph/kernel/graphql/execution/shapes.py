"""From columns to response objects: the columns a selection needs, and the generated function that builds its dicts.

A `Source` collects the columns that are fetched for one set of rows; a `Shape` is one selection on them. Several
shapes may share a source, as `edges { node { … } }` and `nodes { … }` of one connection do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from orjson import Fragment

from lma_graph.kernel import ids
from lma_graph.kernel.graphql.execution.completion import Complete, Surprise
from lma_graph.kernel.graphql.execution.statements import Column

Values = Sequence[Sequence[Any]]
"""The fetched columns of a source, in the source's order."""
Transform = Callable[[Sequence[Any]], Sequence[Any]]


class Source:
    """The columns of one set of rows."""

    def __init__(self, number: int) -> None:
        self.number = number
        """Its place in the state of a run."""
        self.columns: list[Column] = []

    def need(self, name: str, *, as_text: bool = False, is_moment: bool = False) -> int:
        """The place of a column among those fetched; asks for it where it is not."""
        column = Column(name, as_text, is_moment)
        if column not in self.columns:
            self.columns.append(column)
        return self.columns.index(column)

    @property
    def names(self) -> list[str]:
        """The columns' names, each once."""
        return list(dict.fromkeys(column.name for column in self.columns))


def encoded(node: str) -> Transform:
    """A column of numbers as global ids."""

    def transform(numbers: Sequence[Any]) -> Sequence[Any]:
        if None not in numbers:
            return ids.encode_all(node, numbers)
        made = iter(ids.encode_all(node, [number for number in numbers if number is not None]))
        return [None if number is None else next(made) for number in numbers]

    return transform


def fragments(*, required: bool) -> Transform:
    """A column of JSON texts, to be written as they are."""

    def transform(texts: Sequence[Any]) -> Sequence[Any]:
        if required and "null" in texts:
            raise Surprise("JSON null in a place that must not be null")
        return [None if text is None else Fragment(text) for text in texts]

    return transform


def converted(convert: Callable[[Any], Any] | None, complete: Complete, *, from_json: bool = False) -> Transform:
    """A column of values, each turned into what clients see; `convert` is not asked about nulls."""

    def transform(values: Sequence[Any]) -> Sequence[Any]:
        if from_json:
            values = [None if value is None else orjson.loads(value) for value in values]
        if convert is not None:
            values = [None if value is None else convert(value) for value in values]
        return [complete(value) for value in values]

    return transform


@dataclass
class Shape:
    """One selection on the rows of a source: what each response object holds, key by key."""

    source: Source
    type_name: str
    number: int
    is_parent: bool = False
    """Whether something hangs on each row that costs more than a row to point at."""
    entries: dict[str, str] = field(default_factory=dict)
    """Response key → Python expression over the row's variables."""
    _inputs: list[tuple[int, Transform | None]] = field(default_factory=list)
    _build: Callable[[Values], list[dict[str, Any]]] | None = None

    def column(self, key: str, at: int, transform: Transform | None = None) -> None:
        """The value of a column under a response key."""
        self.entries[key] = f"v{len(self._inputs)}"
        self._inputs.append((at, transform))

    def constant(self, key: str, value: str | None) -> None:
        """The same value in every object; None keeps the place of what is filled in later."""
        self.entries[key] = repr(value)

    def build(self, values: Values) -> list[dict[str, Any]]:
        """The response objects of all rows, in the rows' order."""
        if self._build is None:
            self._build = self._generate()
        return self._build(values)

    def _generate(self) -> Callable[[Values], list[dict[str, Any]]]:
        body = "{" + ", ".join(f"{key!r}: {expression}" for key, expression in self.entries.items()) + "}"
        if not self._inputs:
            # Objects of constants only: as many as there are rows.
            return _function(f"def build(c): return [{body} for _ in c[0]]", {})
        names = {f"t{at}": transform for at, (_, transform) in enumerate(self._inputs) if transform}
        inputs = [
            f"t{at}(c[{place}])" if transform else f"c[{place}]" for at, (place, transform) in enumerate(self._inputs)
        ]
        targets = ", ".join(f"v{at}" for at in range(len(inputs)))
        if len(inputs) == 1:
            return _function(f"def build(c): return [{body} for {targets} in {inputs[0]}]", names)
        return _function(f"def build(c): return [{body} for {targets} in zip({', '.join(inputs)})]", names)


def _function(source: str, names: dict[str, Any]) -> Callable[[Values], list[dict[str, Any]]]:
    """Compile generated source: keys and constants are reprs of names from a validated document."""
    scope = dict(names)
    exec(source, scope)  # noqa: S102  # nothing of it comes from a client but names of the GraphQL grammar
    made: Callable[[Values], list[dict[str, Any]]] = scope["build"]
    return made
