"""Random values of input types, as GraphQL text in which any part may have become a variable. Enter at `Inputs.text`.

What can be asked is read from the schema, so a new argument or filter is tried without a word here.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
)
from hypothesis import strategies as st

ABSENT = object()
TEXTS = ("Ada", "ada", "émile", "ac", "%", "_", "\\", "", "o", "EMAIL", "fi*", "\x00")
SCALARS: dict[str, tuple[Any, ...]] = {
    "String": TEXTS,
    "Int": (0, 1, 2, 5, 10, 50, -1, 2**31 - 1),
    "Float": (0, 0.5, 0.1, 1, -2.5),
    "Boolean": (True, False),
    "JSON": ("text", "", 0, 1, 0.1, True, None, "DE", [1], {"er": 1}),
    "DateTime": ("2026-01-31T12:00:00Z", "2020-02-29T00:00:00+02:00", "2999-01-01T00:00:00Z"),
    "Date": ("2026-01-31", "2020-02-29", "2999-01-01"),
    "Duration": ("P1D", "P7D", "PT36H", "P2W"),
}
_PERCENT = st.integers(0, 99)


class Enum(str):
    """The name of an enum's value: text in a variable, a bare name in a document."""

    __slots__ = ()


def literal(value: Any) -> str:
    """A value as GraphQL writes it."""
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x00", "\\u0000")


@dataclass
class Inputs:
    """Draws input values and remembers the variables that they need."""

    draw: st.DrawFn
    ids: Sequence[str]
    declared: list[str] = field(default_factory=list)
    """`$v1: Int = 3`, and so on."""
    values: list[dict[str, Any]] = field(default_factory=lambda: [{}, {}])
    """What each of two requests sends."""

    def one(self, values: Sequence[Any]) -> Any:
        """One of some values."""
        return values[self.draw(st.integers(0, len(values) - 1))]

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return bool(self.draw(_PERCENT) >= 100 - percent)

    def text(self, kind: GraphQLInputType, name: str, depth: int = 2) -> str:
        """A value of a type; `name` is the argument's or the input field's."""
        if self.chance(12):
            return self.variable(kind, lambda: self.value(kind, name, depth))
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList) and self.chance(80):
            return "[" + ", ".join(self.text(inner.of_type, name, depth) for _ in range(self._length(name))) + "]"
        if isinstance(inner, GraphQLInputObjectType):
            parts = (f"{key}: {self.text(inner.fields[key].type, key, depth - 1)}" for key in self._keys(inner, depth))
            return "{" + ", ".join(parts) + "}"
        return literal(self.value(kind, name, depth))

    def variable(self, kind: GraphQLInputType, value: Callable[[], Any]) -> str:
        """A new variable of a type."""
        name = f"v{len(self.declared)}"
        default = f" = {literal(value())}" if self.chance(25) else ""
        self.declared.append(f"${name}: {kind}{default}")
        for sent in self.values:
            made = value()
            optional = default or not isinstance(kind, GraphQLNonNull)
            if optional and self.chance(20):
                made = None if self.chance(30) and not isinstance(kind, GraphQLNonNull) else ABSENT
            if made is not ABSENT:
                sent[name] = made
        return f"${name}"

    def value(self, kind: GraphQLInputType, name: str, depth: int = 2) -> Any:
        """A value of a type as JSON."""
        if isinstance(kind, GraphQLNonNull):
            return self._present(kind.of_type, name, depth)
        return None if self.chance(4) else self._present(kind, name, depth)

    def _present(self, kind: GraphQLInputType, name: str, depth: int) -> Any:
        if isinstance(kind, GraphQLList):
            if self.chance(10):
                return self.value(kind.of_type, name, depth)
            return [self.value(kind.of_type, name, depth) for _ in range(self._length(name))]
        if isinstance(kind, GraphQLInputObjectType):
            return {key: self.value(kind.fields[key].type, key, depth - 1) for key in self._keys(kind, depth)}
        if isinstance(kind, GraphQLEnumType):
            return Enum(self.one(list(kind.values)))
        if name == "path":
            return self.one(("country", "deep", "er", "list"))
        return self.one(self.ids) if get_named_type(kind).name == "ID" else self.one(SCALARS[get_named_type(kind).name])

    def _length(self, name: str) -> int:
        return int(self.one((1, 1, 2) if name in {"orderBy", "path"} else (0, 1, 1, 2)))

    def _keys(self, kind: GraphQLInputObjectType, depth: int) -> list[str]:
        """Some keys of an input object: what it requires, and one or two more."""
        needed = [key for key, one in kind.fields.items() if isinstance(one.type, GraphQLNonNull)]
        free = [key for key in kind.fields if key not in needed]
        if depth <= 0:
            free = [key for key in free if not _is_filter(kind.fields[key].type)] or free[:1]
        found = list(dict.fromkeys(self.one(free) for _ in range(self.one((0, 1, 1, 1, 2))))) if free else []
        if "path" in free and self.chance(90):
            needed.append("path")
        return [*needed, *(key for key in found if key not in needed)]


def _is_filter(kind: GraphQLInputType) -> bool:
    """Whether a filter is a filter of rows, which can hold itself, and not of one value."""
    named = get_named_type(kind)
    return isinstance(named, GraphQLInputObjectType) and any(key in named.fields for key in ("and", "some", "where"))
