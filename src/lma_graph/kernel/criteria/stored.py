"""The stored form of a filter, as rules and campaigns keep it: versioned, checked whenever written or read."""

from collections.abc import Mapping
from typing import Any

from lma_graph.kernel.criteria.language import Filter, Vocabulary
from lma_graph.kernel.errors import InvalidInput, Path

VERSION = 1


def to_stored(criteria: Filter) -> dict[str, Any]:
    """`{"v": 1, "format": "filter", "expr": …}`, ready for a JSON column."""
    return {"v": VERSION, "format": "filter", "expr": dict(criteria.tree)}


def read_stored(vocabulary: Vocabulary, stored: Any, path: Path = ("criteria",)) -> Filter:
    """The filter in a JSON column, checked anew: a term that has vanished is a fault, never silently true."""
    if not isinstance(stored, Mapping) or stored.get("format") != "filter":
        raise InvalidInput.at(path, 'must be an object with "format": "filter"', "UNKNOWN_FORMAT")
    version, expression = stored.get("v"), stored.get("expr")
    if type(version) is not int or version != VERSION:
        raise InvalidInput.at((*path, "v"), f"must be {VERSION}", "UNKNOWN_VERSION")
    if expression is None:
        raise InvalidInput.at((*path, "expr"), f"must be an object: {vocabulary.name}Filter", "INVALID_TYPE")
    return vocabulary.filter(expression, (*path, "expr"))
