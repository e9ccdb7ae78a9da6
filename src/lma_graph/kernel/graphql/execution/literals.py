"""Arguments written in a document, as functions of the variables. Enter at `reader_of`.

graphql-core walks a literal and its type for every request, and asks an object for every field that it might have: for
a list with a filter that takes as long as its SQL. Here the walk is done once, when a plan is made. Whatever is out of
the ordinary, such as a variable without a value, is left to graphql-core, which knows what it means.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
)
from graphql.language import ListValueNode, ObjectValueNode, ValueNode, VariableNode, Visitor, visit
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

Read = Callable[[Mapping[str, Any]], Any]
"""Takes the coerced variables."""


class Strange(Exception):
    """The literal is for graphql-core."""


def variables_in(node: Any) -> set[str]:
    """The names of the variables in a part of a document."""
    names: set[str] = set()

    class Names(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            names.add(node.name.value)

    visit(node, Names())
    return names


def reader_of(node: ValueNode, kind: GraphQLInputType) -> Read:
    """What gives the literal's value as graphql-core coerces it. Raises `Strange`, as may what it gives."""
    if isinstance(node, VariableNode):
        return _variable(node.name.value, required=isinstance(kind, GraphQLNonNull))
    if not variables_in(node):
        return _constant(coerce_input_literal(node, kind))
    if isinstance(kind, GraphQLNonNull):
        return reader_of(node, kind.of_type)
    if isinstance(kind, GraphQLList) and isinstance(node, ListValueNode):
        items = [reader_of(item, kind.of_type) for item in node.values]
        return lambda values: [read(values) for read in items]
    if isinstance(kind, GraphQLInputObjectType) and isinstance(node, ObjectValueNode) and not kind.is_one_of:
        return _object(node, kind)
    raise Strange


def _variable(name: str, *, required: bool) -> Read:
    def read(values: Mapping[str, Any]) -> Any:
        value = values.get(name, Undefined)
        if value is Undefined or (required and value is None):
            raise Strange
        return value

    return read


def _constant(value: Any) -> Read:
    if value is Undefined:
        raise Strange
    return lambda _: value


def _object(node: ObjectValueNode, kind: GraphQLInputObjectType) -> Read:
    given = {field.name.value: field.value for field in node.fields}
    members: list[tuple[str, Read]] = []
    for name, field in kind.fields.items():  # in this order, as graphql-core has them
        default = coerce_default_value(field)
        if name in given:
            members.append((field.out_name or name, reader_of(given[name], field.type)))
        elif default is not Undefined:
            members.append((field.out_name or name, _constant(default)))
        elif isinstance(field.type, GraphQLNonNull):
            raise Strange
    if not given.keys() <= kind.fields.keys():
        raise Strange
    return lambda values: kind.out_type({name: read(values) for name, read in members})
