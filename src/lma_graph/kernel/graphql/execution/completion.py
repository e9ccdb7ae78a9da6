"""Values as clients see them, checked as graphql-core checks them. Enter at `completed`.

What a column holds needs no check where the database guarantees it; what a function or a JSON document gives does.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from graphql import GraphQLBoolean, GraphQLLeafType, GraphQLList, GraphQLNonNull, GraphQLOutputType, GraphQLString
from graphql.execution import Executor

Complete = Callable[[Any], Any]
_AS_THEY_ARE: Final = {id(GraphQLString): str, id(GraphQLBoolean): bool}
"""The types, by identity, whose values of a Python type need no serializing."""


class Surprise(Exception):
    """The run met something that only field by field execution can answer exactly."""


def completed(kind: GraphQLOutputType) -> Complete:
    """A function that completes values of a leaf type or of lists of one; it raises where a field would fail."""
    if isinstance(kind, GraphQLNonNull):
        return _present(completed(kind.of_type))
    inner = _items(kind.of_type) if isinstance(kind, GraphQLList) else _leaf(cast("GraphQLLeafType", kind))

    def complete(value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return None if value is None else inner(value)

    return complete


def given(kind: GraphQLOutputType) -> Complete:
    """A function that lets objects of a type pass; it raises on null where there must be one."""
    return _present(_as_it_is) if isinstance(kind, GraphQLNonNull) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _present(inner: Complete) -> Complete:
    def complete(value: Any) -> Any:
        found = inner(value)
        if found is None:
            raise Surprise("null in a place that must not be null")
        return found

    return complete


def _items(kind: GraphQLOutputType) -> Complete:
    inner = completed(kind)
    plain = {_AS_THEY_ARE.get(id(kind.of_type if isinstance(kind, GraphQLNonNull) else kind))}

    def complete(values: Any) -> Any:
        if not isinstance(values, list | tuple):
            raise Surprise("not a list")
        return list(values) if plain.issuperset(map(type, values)) else [inner(value) for value in values]

    return complete


def _leaf(kind: GraphQLLeafType) -> Complete:
    plain = _AS_THEY_ARE.get(id(kind))
    return lambda value: value if type(value) is plain else Executor.complete_leaf_value(kind, value)
