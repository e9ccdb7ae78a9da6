"""SQL text and parameters: SQLAlchemy's statements compiled once each, and several of them made into one.

A part is one statement whose rows come back as one array per column, because decoding an array costs a fraction of
decoding as many rows. Parts without anything in common are joined to a single statement of one row.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import Compiled

from lma_graph.kernel.graphql.execution.moments import moments_sql, read_moments
from lma_graph.kernel.lru import BoundedLru
from lma_graph.kernel.transactions import ANEW, Transaction

# Parameters by name, so that the texts of several parts can be put together and numbered then.
_DIALECT = PGDialect_asyncpg(paramstyle="pyformat")  # type: ignore[no-untyped-call]
_compiled: BoundedLru[Any, Compiled] = BoundedLru(max_items=500, max_weight=500)
_MOST_COLUMNS = 1_600
"""Postgres takes 1,664 in one statement."""
_SHARED = frozenset({"organization_id", "viewer_id"})
"""Parameters that mean the same in every part."""


Arrays = Sequence[Sequence[Any]]
"""The columns of one part."""
Fill = Callable[[Arrays], None]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a part; JSON is read as text, so that it reaches the client without being decoded."""

    name: str
    as_text: bool = False
    is_moment: bool = False
    """Whether it is read as the texts of moments that clients get."""

    @property
    def sql(self) -> str:
        """Its array."""
        if self.is_moment:
            return moments_sql(f'x."{self.name}"')
        return f'array_agg(x."{self.name}"{"::text" if self.as_text else ""})'


@dataclass(frozen=True, slots=True)
class Part:
    """The text of a statement with its parameters by name, and the values that it was built with."""

    text: str
    values: Mapping[str, Any]
    anew: bool = False
    """Whether it is to be planned anew each time."""
    moments: tuple[int, ...] = ()
    """Which of its columns are texts of moments."""


def part_of(statement: sa.Select[Any], columns: Sequence[Column]) -> Part:
    """Compile a statement; statements that differ in values only share the text."""
    key = statement._generate_cache_key()  # the key that SQLAlchemy's own engine caches by
    assert key is not None
    compiled: Any = _compiled.get(key.key)
    if compiled is None:
        compiled = statement.compile(dialect=_DIALECT, cache_key=key)
        _compiled.put(key.key, compiled, 1)
    # Unchecked: keys, limits and the viewer's own parameters get their values only when the statement runs.
    values = dict(compiled.construct_params(extracted_parameters=key.bindparams, _check=False) or {})
    for name, process in compiled._bind_processors.items():
        if values.get(name) is not None:
            values[name] = process(values[name])
    arrays = ", ".join(column.sql for column in columns)
    anew = statement.get_execution_options().get(ANEW, False)
    moments = tuple(at for at, column in enumerate(columns) if column.is_moment)
    return Part(f"SELECT {arrays} FROM ({compiled.string}) x", values, anew, moments)


class Parts:
    """The parts of one place in a plan, by what they vary with: scope and page.

    Clients choose pages, so all places together keep a bounded number of parts.
    """

    __slots__ = ()

    def get(self, key: Hashable, statement: Callable[[], sa.Select[Any]], columns: Sequence[Column]) -> Part:
        """The part for a key; building SQLAlchemy's statement costs more than running it, so it is done once."""
        part = _parts.get((self, key))
        if part is None:
            part = part_of(statement(), columns)
            _parts.put((self, key), part, _weight(part))
        return part


_parts: BoundedLru[tuple[Parts, Hashable], Part] = BoundedLru(max_items=5_000, max_weight=32_000_000)


def _weight(part: Part) -> int:
    """Roughly what a part and its key occupy, in bytes: operands are held by both."""
    operands = sum(len(value) for value in part.values.values() if isinstance(value, str | list))
    return 2_000 + len(part.text) + 100 * (len(part.values) + operands)


@dataclass(frozen=True, slots=True)
class Together:
    """Several parts as one statement: its text, and which value of which part each parameter is."""

    text: str
    order: tuple[tuple[int, str], ...] = field(default=())

    def arguments(self, values: Sequence[Mapping[str, Any]], shared: Mapping[str, Any]) -> list[Any]:
        """The parameters in order."""
        return [shared[name] if at < 0 else values[at][name] for at, name in self.order]


_together: BoundedLru[tuple[str, ...], Together] = BoundedLru(max_items=1_000, max_weight=16_000_000)


def together(parts: Sequence[Part]) -> Together:
    """One statement for all parts. Its one row holds the arrays of the first part, then of the second, and so on."""
    key = tuple(part.text for part in parts)
    found = _together.get(key)
    if found is None:
        found = _number(parts)
        _together.put(key, found, len(found.text))
    return found


def _number(parts: Sequence[Part]) -> Together:
    numbers: dict[tuple[int, str], int] = {}
    texts = []
    for at, part in enumerate(parts):
        names = {}
        for name in part.values:
            place = (-1 if name in _SHARED else at, name)
            names[name] = f"${numbers.setdefault(place, len(numbers) + 1)}"
        texts.append(part.text % names)
    if len(texts) == 1:
        return Together(texts[0], tuple(numbers))
    joined = " CROSS JOIN ".join(f"({text}) q{at}" for at, text in enumerate(texts))
    return Together(f"SELECT * FROM {joined}", tuple(numbers))


class Statement:
    """The parts of one level, each with what is done with its columns, run as one statement."""

    def __init__(self, reader: Transaction) -> None:
        self._reader = reader
        self._parts: list[tuple[Part, Mapping[str, Any], int, Fill]] = []

    def add(self, part: Part, width: int, fill: Fill, **values: Any) -> None:
        """One part of so many columns."""
        self._parts.append((part, {**part.values, **values}, width, fill))

    async def execute(self) -> None:
        """Fetch everything, then fill in everything."""
        fetched = []
        for parts in self._batches():
            whole = together([part for part, _, _, _ in parts])
            arguments = whole.arguments([values for _, values, _, _ in parts], self._reader.binds())
            anew = any(part.anew for part, _, _, _ in parts)
            fetched.append((parts, await self._reader.arrays(whole.text, arguments, anew=anew)))
        for parts, row in fetched:
            at = 0
            for part, _, width, fill in parts:
                columns = [values or () for values in row[at : at + width]]
                for place in part.moments:
                    columns[place] = read_moments(row[at + place])
                fill(columns)
                at += width

    def _batches(self) -> list[list[tuple[Part, Mapping[str, Any], int, Fill]]]:
        """All parts at once, unless they have more columns than one statement may."""
        batches: list[list[tuple[Part, Mapping[str, Any], int, Fill]]] = []
        room = 0
        for part in self._parts:
            if not batches or part[2] > room:
                batches.append([])
                room = _MOST_COLUMNS
            batches[-1].append(part)
            room -= part[2]
        return batches
