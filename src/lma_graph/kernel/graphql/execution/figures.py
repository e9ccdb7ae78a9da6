"""Figures in a plan: what a selection makes of objects of plain values. Enter at `figures_of`."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType, get_named_type, is_leaf_type
from graphql.execution.collect_fields import FieldDetails

from lma_graph.kernel.graphql.execution.completion import Complete, Surprise, completed
from lma_graph.kernel.graphql.figures import Names

Details = list[FieldDetails]
Below = Callable[[GraphQLObjectType, Details], Mapping[str, Details]]
"""What is selected of a type, by response key."""


def figures_of(kind: GraphQLOutputType, details: Details, below: Below) -> tuple[Names, Complete]:
    """The names that are asked of the objects, and what turns values into response objects."""
    gtype = cast("GraphQLObjectType", get_named_type(kind))
    grouped = below(gtype, details)
    names = tuple(sorted({one[0].node.name.value for one in grouped.values()}))
    return names, _wrapped(kind, _object(gtype, grouped, below))


def _object(gtype: GraphQLObjectType, grouped: Mapping[str, Details], below: Below) -> Complete:
    members: list[tuple[str, str, Complete]] = []
    for key, details in grouped.items():
        name = details[0].node.name.value
        if name == "__typename":
            members.append((key, name, lambda _: gtype.name))
            continue
        field = gtype.fields[name]
        if is_leaf_type(get_named_type(field.type)):
            members.append((key, field.extensions["strawberry-definition"].python_name, completed(field.type)))
        else:
            _, complete = figures_of(field.type, details, below)
            members.append((key, field.extensions["strawberry-definition"].python_name, complete))
    return lambda value: {key: complete(value.get(name)) for key, name, complete in members}


def _wrapped(kind: GraphQLOutputType, inner: Complete) -> Complete:
    """The completion of a type around objects: lists of them, and places where there must be one."""
    if isinstance(kind, GraphQLNonNull):
        whole = _wrapped(kind.of_type, inner)

        def present(value: Any) -> Any:
            if value is None:
                raise Surprise("null in a place that must not be null")
            return whole(value)

        return present
    if isinstance(kind, GraphQLList):
        one = _wrapped(kind.of_type, inner)
        return lambda values: None if values is None else [one(value) for value in values]
    return lambda value: None if value is None else inner(value)
