"""The values of variables, as graphql-core coerces them, but for a fraction of its time. Enter at `Coercers.coerced`.

graphql-core asks each value what type it may have, and each object for every field it might have; a batch of 500
leads spends more on that than on being written. Here each input type is a function, made once. Whatever is out of the
ordinary is not coerced at all: then graphql-core does it, and says what is wrong.
"""

from collections.abc import Callable
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    coerce_input_value,
)

DEEPEST: Final = 32
"""How deep lists and objects may lie in each other; what is deeper is left to graphql-core."""
_AS_THEY_ARE: Final[dict[int, type]] = {id(GraphQLString): str, id(GraphQLBoolean): bool}
"""The types, by identity, whose values of a Python type need no reading."""
Coerce = Callable[[Any, int], Any]
"""Takes a value and how deep it may be yet."""


class _Strange(Exception):
    """The value is for graphql-core."""


class Coercers:
    """Coerces values to the input types of one schema."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, Coerce]] = {}
        """By the identity of a type, which is kept so that no other can have it."""

    def coerced(self, value: Any, kind: GraphQLInputType) -> Any:
        """The value, or `Undefined` where graphql-core has to be asked."""
        try:
            return self._of(kind)(value, DEEPEST)
        except _Strange:
            return Undefined

    def _of(self, kind: Any) -> Coerce:
        found = self._made.get(id(kind))
        if found is None:
            found = self._made[id(kind)] = kind, self._make(kind)
        return found[1]

    def _make(self, kind: Any) -> Coerce:
        if isinstance(kind, GraphQLNonNull):
            return _present(self._of(kind.of_type))
        if isinstance(kind, GraphQLList):
            return _list(self._of(kind.of_type))
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind)
        return _leaf(kind)

    def _object(self, kind: GraphQLInputObjectType) -> Coerce:
        fields = kind.fields
        if kind.is_one_of or any(map(_has_default, fields.values())):
            return _strange
        known = {name: (at, field.out_name or name, field.type) for at, (name, field) in enumerate(fields.items())}
        required = [name for name, field in fields.items() if isinstance(field.type, GraphQLNonNull)]
        # Types refer to themselves, so those of the fields are asked for when they are met.
        coercers: dict[str, Coerce] = {}

        def coerce(value: Any, left: int) -> Any:
            if value is None:
                return None
            if type(value) is not dict or not left or not known.keys() >= value.keys():
                raise _Strange
            for name in required:
                if name not in value:
                    raise _Strange
            found = {}
            for name in sorted(value, key=known.__getitem__) if len(value) > 1 else value:
                one = coercers.get(name)
                if one is None:
                    one = coercers[name] = self._of(known[name][2])
                found[known[name][1]] = one(value[name], left - 1)
            return kind.out_type(found)

        return coerce


def _has_default(field: GraphQLInputField) -> bool:
    return field.default is not None or field.default_value is not Undefined


def _strange(_value: Any, _left: int) -> Any:
    raise _Strange


def _present(inner: Coerce) -> Coerce:
    def coerce(value: Any, left: int) -> Any:
        if value is None:
            raise _Strange
        return inner(value, left)

    return coerce


def _list(inner: Coerce) -> Coerce:
    def coerce(value: Any, left: int) -> Any:
        if value is None:
            return None
        if type(value) is not list or not left:
            raise _Strange
        return [inner(one, left - 1) for one in value]

    return coerce


def _leaf(kind: GraphQLLeafType) -> Coerce:
    plain = _AS_THEY_ARE.get(id(kind))

    def coerce(value: Any, _left: int) -> Any:
        if type(value) is plain or value is None:
            return value
        found = coerce_input_value(value, kind)
        if found is Undefined or value is Undefined:
            raise _Strange
        return found

    return coerce
