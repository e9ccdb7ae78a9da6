"""Which terms a checked filter uses, wherever they stand in it. Enter at `walk`."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lma_graph.kernel.criteria.language import Term, Tree, Vocabulary
from lma_graph.kernel.criteria.relations import MANY_KEYS, ManyTerm, OneTerm
from lma_graph.kernel.errors import Path


class Used(NamedTuple):
    """A term of a filter: whose it is, what it is given, and where it stands."""

    vocabulary: Vocabulary
    term: Term
    value: Any
    path: Path


def walk(vocabulary: Vocabulary, tree: Tree, path: Path = ()) -> Iterator[Used]:
    """Every term of a checked tree, those within relations too."""
    for key, value in tree.items():
        here = (*path, key)
        if key in {"and", "or"}:
            for at, part in enumerate(value):
                yield from walk(vocabulary, part, (*here, at))
        elif key == "not":
            yield from walk(vocabulary, value, here)
        else:
            term = vocabulary.terms[key]
            yield Used(vocabulary, term, value, here)
            yield from _within(term, value, here)


def _within(term: Term, value: Mapping[str, Any], path: Path) -> Iterator[Used]:
    if isinstance(term, OneTerm):
        yield from walk(term.vocabulary, value, path)
    elif isinstance(term, ManyTerm):
        for key in MANY_KEYS.keys() & value.keys():
            yield from walk(term.vocabulary, value[key], (*path, key))
        yield from walk(term.vocabulary, value.get("count", {}).get("where", {}), (*path, "count", "where"))
