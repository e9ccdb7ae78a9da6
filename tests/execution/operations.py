"""Random operations over the whole schema. Enter at `operations`.

Fields, types and arguments are read from the schema. Selections have aliases, `__typename`, named and inline
fragments with and without type conditions, `@skip` and `@include`, and fields that merge. The operations are nearly
always valid: fields under one response key have the same arguments, and below an interface everything has an alias.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    is_leaf_type,
)
from graphql.type import GraphQLBoolean
from hypothesis import strategies as st
from inputs import Inputs, literal

from lma_graph.kernel.cursors import write_cursors
from lma_graph.kernel.errors import DomainError
from lma_graph.kernel.graphql.figures import ReckonedField
from lma_graph.kernel.graphql.lists import SlicedField
from world import SCHEMA

GRAPH = SCHEMA._schema
assert GRAPH.query_type is not None
QUERY = GRAPH.query_type
ROOTS = tuple(QUERY.fields)
INTROSPECTION = (
    "__schema { queryType { name } }",
    '__type(name: "Lead") { name kind fields(includeDeprecated: true) { name type { kind name } } }',
    '__type(name: "Nothing") { name }',
)
SEARCHES = ("ada", "ad", "émile berg", "acme ad", "", "%", "text", "two lines", "nobody")
SIZES = (0, 1, 1, 2, 2, 3, 5)
SLICES = (("first", None),) * 6 + (("last", None), (None, None), ("first", "after"), ("last", "before"))
SLICES += ((None, "after"), (None, "before"))
MALFORMED = ("", "x", "AAAAAAAAAAAA", "____________", "AwAAAAAAAAAB=", "Lead:1")
SINCE = ("2024-12-31T23:30:00Z", "2025-03-29T12:00:00+01:00", "2025-10-25T22:00:00Z")
UNTIL = ("2026-03-29T01:00:00Z", "2026-10-25T02:30:00+01:00", "2027-01-01T00:00:00Z")
_FIELDS = 40


@dataclass(frozen=True)
class Operation:
    """A document and the variables of two requests with it."""

    text: str
    variables: Sequence[Mapping[str, Any]]


@st.composite
def operations(draw: st.DrawFn, root: str, ids: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> Operation:
    """An operation that asks for a root field, and maybe others; `rows` are those that cursors point at."""
    writer = _Writer(Inputs(draw, [*ids, *MALFORMED]), rows)
    body = writer.query(root)
    declared = writer.inputs.declared
    head = f"query Q({', '.join(declared)}) " if declared else ""
    return Operation("\n".join([f"{head}{body}", *writer.fragments.values()]), writer.inputs.values)


class _Writer:
    """Writes one operation."""

    def __init__(self, inputs: Inputs, rows: Mapping[str, Sequence[Any]]) -> None:
        self.inputs = inputs
        self.fragments: dict[tuple[str, str], str] = {}
        """The text of each, by its name and its type's."""
        self._rows = rows
        self._arguments: dict[tuple[str, str], str] = {}
        self._left = _FIELDS
        self._names = 0

    def query(self, root: str) -> str:
        """The outermost selection set."""
        chance, one = self.inputs.chance, self.inputs.one
        parts = [self._field(QUERY, root, depth=4)]
        parts += [self._field(QUERY, one(ROOTS), depth=3) for _ in range(one((0, 0, 0, 1, 1, 2)))]
        if chance(6):
            parts.append(f"{self._name('i')}: {one(INTROSPECTION)}")
        if chance(10):
            parts.append("... { __typename }" if chance(50) else "... on Query @include(if: true) { t: __typename }")
        return "{ " + " ".join(parts) + " }"

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    # --- selections ---

    def _selections(self, kind: Any, depth: int, *, apart: bool = False) -> str:
        """A selection set. With `apart` every field gets a response key of its own: types beside it differ."""
        count = self.inputs.one((1, 2, 2, 3, 3, 4)) if self._left > 0 else 1
        return "{ " + " ".join(self._selection(kind, depth, apart=apart) for _ in range(count)) + " }"

    def _selection(self, kind: Any, depth: int, *, apart: bool) -> str:
        what = self.inputs.one(("field",) * 10 + ("typename", "inline", "inline", "spread"))
        if what == "typename" or self._left <= 0:
            return f"{self._name('t')}: __typename" if apart or self.inputs.chance(50) else "__typename"
        self._left -= 1
        if what == "inline":
            return self._inline(kind, depth, apart=apart)
        if what == "spread" and not apart:
            return self._spread(kind, depth)
        names = list(kind.fields)
        if isinstance(kind, GraphQLInterfaceType):
            return self._inline(kind, depth, apart=True) if self.inputs.chance(70) else self._field(kind, "id", depth)
        composite = [name for name in names if not is_leaf_type(get_named_type(kind.fields[name].type))]
        wanted = composite if composite and depth > 0 and self.inputs.chance(60) else names
        name = self.inputs.one(wanted)
        if name in composite and depth <= 0:
            return "__typename"
        return self._field(kind, name, depth, apart=apart)

    def _inline(self, kind: Any, depth: int, *, apart: bool) -> str:
        conditions = [None, kind]
        if isinstance(kind, GraphQLInterfaceType):
            conditions = [*GRAPH.get_possible_types(kind), *GRAPH.get_possible_types(kind), kind]
        elif kind.interfaces:
            conditions += kind.interfaces
        target = self.inputs.one(conditions)
        on = "" if target is None else f"on {target.name} "
        apart = apart or (target is not None and target is not kind)
        return f"... {on}{self._directive()}{self._selections(target or kind, depth, apart=apart)}"

    def _spread(self, kind: Any, depth: int) -> str:
        found = [name for name, on in self.fragments if on == kind.name]
        if found and self.inputs.chance(60):
            name = self.inputs.one(found)
        else:
            name = self._name(f"{kind.name}Part")
            body = self._selections(kind, depth, apart=isinstance(kind, GraphQLInterfaceType))
            self.fragments[name, kind.name] = f"fragment {name} on {kind.name} {body}"
        return f"...{name} {self._directive()}"

    def _directive(self) -> str:
        if not self.inputs.chance(12):
            return ""
        kind = GraphQLNonNull(GraphQLBoolean)
        one = self.inputs.one
        value = (
            self.inputs.variable(kind, lambda: one((True, False))) if self.inputs.chance(70) else one(("true", "false"))
        )
        return f"@{one(('skip', 'include'))}(if: {value}) "

    # --- fields ---

    def _field(self, kind: Any, name: str, depth: int, *, apart: bool = False) -> str:
        definition = kind.fields[name]
        alone = apart or (kind is QUERY and bool(definition.args)) or self.inputs.chance(20)
        alias = f"{self._name('a')}: " if alone else ""
        if alone:
            arguments = self._asked(definition)
        else:
            # Under its own name a field has one list of arguments throughout the operation, so that it merges.
            if (kind.name, name) not in self._arguments:
                self._arguments[kind.name, name] = self._asked(definition)
            arguments = self._arguments[kind.name, name]
        target = get_named_type(definition.type)
        below = "" if is_leaf_type(target) else " " + self._selections(target, depth - 1, apart=_is_interface(target))
        return f"{alias}{name}{arguments} {self._directive()}{below}".rstrip()

    def _asked(self, definition: GraphQLField) -> str:
        if not definition.args:
            return ""
        field = definition.extensions.get("strawberry-definition")
        made = self._paged(field, definition) if isinstance(field, SlicedField) else {}
        if isinstance(field, ReckonedField):
            made = self._reckoned(definition)
        for name, argument in definition.args.items():
            needed = isinstance(argument.type, GraphQLNonNull)
            if name not in made and needed and (argument.default_value is Undefined or self.inputs.chance(40)):
                made[name] = self._required(name, argument)
        return f"({', '.join(f'{name}: {text}' for name, text in made.items())})" if made else ""

    def _required(self, name: str, argument: GraphQLArgument) -> str:
        if name == "query":
            text = self.inputs.one(SEARCHES)
            if self.inputs.chance(40):
                return self.inputs.variable(argument.type, lambda: self.inputs.one(SEARCHES))
            return f'"{text}"'
        return self.inputs.text(argument.type, name)

    # --- figures ---

    def _reckoned(self, definition: GraphQLField) -> dict[str, str]:
        """Arguments of groups and series that are hardly ever refused."""
        inputs, args, made = self.inputs, definition.args, {}
        for name, percent in (("groupBy", 80), ("orderBy", 30), ("filter", 30), ("interval", 70), ("measure", 70)):
            if name in args and inputs.chance(percent):
                made[name] = inputs.text(args[name].type, name)
        if "first" in args and inputs.chance(30):
            made["first"] = self._given(args["first"], inputs.one((1, 2, 5, 1000, 0) if inputs.chance(10) else (1, 3)))
        for name, moments in (("from", SINCE), ("to", UNTIL)):
            if name in args and inputs.chance(40):
                made[name] = self._given(args[name], inputs.one(moments))
        return made

    # --- pages ---

    def _paged(self, field: SlicedField, definition: GraphQLField) -> dict[str, str]:
        """Arguments of a connection that go together, most of the time."""
        inputs, args, made = self.inputs, definition.args, {}
        if inputs.chance(1):
            size, bound = inputs.one(("first", "last")), inputs.one(("after", "before"))
        else:
            size, bound = inputs.one(SLICES)
        order: Any = None
        if "orderBy" in args and inputs.chance(35):
            order = inputs.value(args["orderBy"].type, "orderBy")
            made["orderBy"] = (
                self._given(args["orderBy"], order) if bound else inputs.text(args["orderBy"].type, "orderBy")
            )
        if "filter" in args and inputs.chance(25):
            made["filter"] = inputs.text(args["filter"].type, "filter")
        if "kinds" in args and inputs.chance(40):
            made["kinds"] = inputs.text(args["kinds"].type, "kinds")
        if size:
            made[size] = self._given(args[size], inputs.one((201, -1, 200) if inputs.chance(2) else SIZES))
        if bound:
            made[bound] = self._given(args[bound], self._cursor(field, definition, order))
        return made

    def _given(self, argument: GraphQLArgument, value: Any) -> str:
        if self.inputs.chance(25):
            return self.inputs.variable(argument.type, lambda: value)
        return literal(value)

    def _cursor(self, field: SlicedField, definition: GraphQLField, order: Any) -> str:
        """The cursor of some row of the list in the order that is asked for, or of none."""
        if self.inputs.chance(3):
            return str(self.inputs.one(("", "x", "AAAA", "bm90IGEgY3Vyc29y")))
        connection = get_named_type(definition.type)
        assert isinstance(connection, GraphQLObjectType)
        rows = self._rows[get_named_type(connection.fields["nodes"].type).name]
        row = self.inputs.one(rows)
        try:
            page = field.read_page({"order_by": [order] if isinstance(order, dict) else order})
        except DomainError:
            return ""
        values = [[getattr(row, sort.column, 3.5)] for sort in page.order]
        return write_cursors(page.of, page.order, values)[0]


def _is_interface(kind: Any) -> bool:
    return isinstance(kind, GraphQLInterfaceType)
