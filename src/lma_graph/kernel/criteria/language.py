"""The language itself: vocabularies, the terms they hold, and the walk that checks and compiles a tree."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.kernel.criteria import words
from lma_graph.kernel.criteria.seen import Seen, distinct
from lma_graph.kernel.errors import FieldError, InvalidInput, Path
from lma_graph.kernel.scope import Scope, table_of
from lma_graph.kernel.tables import Base

DEEPEST = 36
"""Levels of objects and lists in one another; room for twelve relations, one within the other."""
MOST_PARTS = 500
"""How many keys, objects and lists a whole filter may hold."""

Tree = Mapping[str, Any]
Sql = sa.ColumnElement[bool]


class Term(ABC):
    """One key of a filter. Subclasses say how its value is checked and what SQL it becomes."""

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.description = description

    @abstractmethod
    def check(self, value: Any, path: Path) -> Iterator[FieldError]:
        """Everything wrong with the value."""

    @abstractmethod
    def sql(self, value: Any, table: sa.FromClause, scope: Scope) -> Sql:
        """The condition on a row of `table`. The value has been checked."""

    @abstractmethod
    def says(self, value: Any) -> list[str]:
        """Clauses in plain words that must all hold; none where nothing is asked. The value has been checked."""

    @abstractmethod
    def seen(self, value: Any, table: sa.FromClause, scope: Scope) -> Iterator[Seen]:
        """What of a row of `table` the condition looks at. The value has been checked."""


class Filter:
    """A checked filter: a tree and the vocabulary it is written in. Equal trees are equal filters."""

    def __init__(self, vocabulary: "Vocabulary", tree: Tree) -> None:
        self.vocabulary = vocabulary
        self.tree = tree

    @cached_property
    def text(self) -> bytes:
        """The tree as canonical JSON."""
        return orjson.dumps(self.tree, option=orjson.OPT_SORT_KEYS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and other.vocabulary is self.vocabulary and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def sql(self, table: sa.FromClause, scope: Scope) -> Sql:
        """The condition on a row of `table`, an alias of the vocabulary's table."""
        return self.vocabulary.compile(self.tree, table, scope)

    @cached_property
    def words(self) -> str:
        """The condition in plain words."""
        return words.sentence(self.vocabulary.says(self.tree))

    def seen(self, table: sa.FromClause, scope: Scope) -> list[Seen]:
        """What of a row the condition looks at, as far as the scope lets it be seen."""
        return distinct(self.vocabulary.seen(self.tree, table, scope))


@dataclass(eq=False)
class Vocabulary:
    """Everything that may be asked of one entity. Features above add their terms with `extend`."""

    name: str
    row: type[Base]
    description: str
    terms: dict[str, Term] = field(default_factory=dict)

    @property
    def table(self) -> sa.Table:
        """The entity's table."""
        return table_of(self.row)

    def extend(self, *terms: Term) -> None:
        """Add terms; a name is taken once."""
        for term in terms:
            if term.name in self.terms or term.name in {"and", "or", "not"}:
                raise ValueError(f"{self.name} has a term {term.name} already.")
            self.terms[term.name] = term

    def filter(self, tree: Any, path: Path = ("filter",)) -> Filter:
        """A checked filter, or `InvalidInput` that names every fault by its path."""
        faults = list(self.faults(tree, path))
        if faults:
            raise InvalidInput(faults)
        return Filter(self, tree)

    def faults(self, tree: Any, path: Path) -> Iterator[FieldError]:
        """Everything wrong with a tree; size and depth are judged first, so that the walk is bounded."""
        parts, depth = measured(tree, MOST_PARTS)
        if parts > MOST_PARTS:
            yield FieldError(
                path, f"is too large; it may hold at most {MOST_PARTS} keys, objects and lists", "TOO_LARGE"
            )
        elif depth > DEEPEST:
            yield FieldError(
                path, f"is nested too deeply; at most {DEEPEST} levels of objects and lists are allowed", "TOO_DEEP"
            )
        else:
            yield from self.check(tree, path)

    def check(self, tree: Any, path: Path) -> Iterator[FieldError]:
        """Everything wrong with a tree of bounded size."""
        if tree is None:
            yield FieldError(path, "is null; leave it out instead", "NULL")
            return
        if not isinstance(tree, Mapping):
            yield FieldError(path, f"must be an object: {self.name}Filter", "INVALID_TYPE")
            return
        for key, value in tree.items():
            here = (*path, key)
            if key in {"and", "or"}:
                if isinstance(value, list):
                    for at, part in enumerate(value):
                        yield from self.check(part, (*here, at))
                else:
                    yield FieldError(here, "must be a list of filters", "INVALID_TYPE")
            elif key == "not":
                yield from self.check(value, here)
            elif key not in self.terms:
                yield FieldError(here, f"is not a field of {self.name}Filter", "UNKNOWN_FIELD")
            elif value is None:
                yield FieldError(here, "is null; leave it out instead", "NULL")
            else:
                yield from self.terms[key].check(value, here)

    def compile(self, tree: Tree, table: sa.FromClause, scope: Scope) -> Sql:
        """The SQL of a checked tree on a row of `table`. Keys of one object are ANDed.

        Keys are taken in alphabetical order, here and in the terms, so that equal filters are one statement.
        """
        parts: list[Sql] = []
        for key, value in sorted(tree.items()):
            if key == "and":
                parts += [self.compile(part, table, scope) for part in value]
            elif key == "or":
                parts.append(sa.or_(sa.false(), *(self.compile(part, table, scope) for part in value)))
            elif key == "not":
                parts.append(self.compile(value, table, scope).is_not(sa.true()))
            else:
                parts.append(self.terms[key].sql(value, table, scope))
        return parts[0] if len(parts) == 1 else sa.and_(sa.true(), *parts)

    def says(self, tree: Tree) -> list[str]:
        """Clauses in plain words, all of which must hold; none where nothing is asked."""
        found: list[str] = []
        for key, value in sorted(tree.items()):
            if key == "and":
                found += [clause for part in value for clause in self.says(part)]
            elif key == "or":
                found += words.either([self.says(part) for part in value])
            elif key == "not":
                found += words.negated(self.says(value))
            else:
                found += self.terms[key].says(value)
        return found

    def seen(self, tree: Tree, table: sa.FromClause, scope: Scope) -> Iterator[Seen]:
        """What of a row a checked tree looks at."""
        for key, value in sorted(tree.items()):
            if key in {"and", "or", "not"}:
                for part in [value] if key == "not" else value:
                    yield from self.seen(part, table, scope)
            else:
                yield from self.terms[key].seen(value, table, scope)


def measured(tree: Any, most: int) -> tuple[int, int]:
    """Parts and depth of a JSON value, without recursion; plain values in lists, as `in` has them, do not count.

    Measuring ends where there are more parts than the most that is allowed.
    """
    parts, deepest = 0, 0
    open_: list[tuple[Any, int]] = [([tree], 0)]
    while open_ and parts <= most:
        value, depth = open_.pop()
        deepest = max(deepest, depth)
        inside = [part for part in _values(value) if isinstance(part, Mapping | list)]
        open_ += [(part, depth + 1) for part in inside]
        parts += len(inside) + (len(value) if isinstance(value, Mapping) else 0)
    return parts, deepest


def _values(value: Any) -> Any:
    return value.values() if isinstance(value, Mapping) else value
