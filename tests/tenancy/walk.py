"""Queries made from the assembled schema: a crawl over the graph, and a question at every place that takes an id.

Enter at `crawl`, `id_arguments` and `id_filters`. What the walk cannot fill in makes it fail, so that whoever adds
such a field teaches it here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from inhabitants import WORD

from world import SCHEMA

GRAPH = SCHEMA._schema
NODES = sorted(kind.name for kind in GRAPH.get_possible_types(GRAPH.type_map["Node"]))
ID_OPERATORS = [
    name for name, field in GRAPH.type_map["IDFilter"].fields.items() if get_named_type(field.type).name == "ID"
]
ASKED_ELSEWHERE = {
    "previewAssignment",
    "findDuplicateLeads",
    "convertLeadFilter",
    "previewCampaignAudience",
    "previewScoringRule",
}
"""Fields with an input that no walk can make up; the tests of their features try them with foreign ids."""


def literal(value: Any) -> str:
    """A value as GraphQL writes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {literal(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)


def _objects() -> Iterator[GraphQLObjectType]:
    for kind in GRAPH.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            yield kind


def _is_connection(kind: Any) -> bool:
    return isinstance(kind, GraphQLObjectType) and {"nodes", "totalCount"} <= set(kind.fields)


def _paths() -> dict[str, list[str]]:
    """A shortest chain of fields from the root to each object type, through fields that need no argument."""
    found: dict[str, list[str]] = {GRAPH.query_type.name: []}
    waiting = [GRAPH.query_type]
    for kind in waiting:
        for name, field in kind.fields.items():
            target = get_named_type(field.type)
            needs = any(is_required_argument(argument) for argument in field.args.values())
            if isinstance(target, GraphQLObjectType) and target.name not in found and not needs:
                found[target.name] = [*found[kind.name], name]
                waiting.append(target)
    return found


PATHS = _paths()


@dataclass(frozen=True)
class Place:
    """A field of an object type."""

    type: str
    name: str

    @property
    def field(self) -> GraphQLField:
        """The field itself."""
        return GRAPH.type_map[self.type].fields[self.name]

    def query(self, *arguments: Mapping[str, Any]) -> str:
        """One query that asks the field once with each of the arguments."""
        shown = _shown(get_named_type(self.field.type))
        calls = (f"a{at}: {self.name}{_call(self.field, given)}{shown}" for at, given in enumerate(arguments))
        text = "{ " + " ".join(calls) + " }"
        for name in reversed(PATHS[self.type]):
            text = "{ " + name + " " + text + " }"
        return text

    def __str__(self) -> str:
        return f"{self.type}.{self.name}"


def _call(field: GraphQLField, given: Mapping[str, Any]) -> str:
    filled = dict(given)
    for name, argument in field.args.items():
        if name not in filled and is_required_argument(argument):
            assert str(argument.type) == "String!", f"the walk cannot fill in {name}: {argument.type}"
            filled[name] = WORD
    return f"({', '.join(f'{name}: {literal(value)}' for name, value in filled.items())})" if filled else ""


def _shown(kind: Any) -> str:
    """What tells two answers apart."""
    if is_leaf_type(kind):
        return ""
    if _is_connection(kind):
        rows = get_named_type(kind.fields["nodes"].type)
        return f" {{ totalCount nodes {{ {'id' if 'id' in rows.fields else '__typename'} }} }}"
    leaves = (
        name for name, field in kind.fields.items() if is_leaf_type(get_named_type(field.type)) and not field.args
    )
    return " { __typename " + " ".join(leaves) + " }"


def _is_list(argument: GraphQLArgument) -> bool:
    kind = argument.type.of_type if isinstance(argument.type, GraphQLNonNull) else argument.type
    return isinstance(kind, GraphQLList)


def id_arguments() -> list[tuple[Place, str, bool]]:
    """Every argument that is an id or a list of ids: where, its name, whether it is a list."""
    return [
        (Place(kind.name, name), key, _is_list(argument))
        for kind in _objects()
        for name, field in kind.fields.items()
        for key, argument in field.args.items()
        if get_named_type(argument.type).name == "ID"
    ]


def filtered_places() -> dict[str, list[Place]]:
    """Every field that takes a filter, by the name of the filter's type."""
    found: dict[str, list[Place]] = {}
    for kind in _objects():
        for name, field in kind.fields.items():
            if "filter" in field.args and name not in ASKED_ELSEWHERE:
                found.setdefault(get_named_type(field.args["filter"].type).name, []).append(Place(kind.name, name))
    return found


def id_filters(kind: GraphQLInputObjectType, relations: int = 1) -> Iterator[tuple[str, ...]]:
    """Every chain of keys that ends at an `IDFilter`, through so many relations: `activities.count.where.userId`."""
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if inner.name == "IDFilter":
            yield (name,)
        elif isinstance(inner, GraphQLInputObjectType) and inner is not kind and name not in {"and", "or", "not"}:
            left = relations - ("not" in inner.fields)
            for rest in id_filters(inner, left) if left >= 0 else ():
                yield (name, *rest)


def at(keys: tuple[str, ...], operator: str, value: Any) -> dict[str, Any]:
    """The filter that asks an operator at the end of a chain of keys."""
    tree: dict[str, Any] = {operator: value}
    for key in reversed(keys):
        tree = {key: tree}
        if key == "where":
            tree["gte"] = 1
    return tree


def crawl(own: Mapping[str, str], deepest: int) -> list[str]:
    """Everything within so many steps of the root, a query for each field there; `own` gives an id of each type."""
    return [f"{{ {field} }}" for field in _crawled(GRAPH.query_type, deepest, own)]


def _crawled(kind: Any, steps: int, own: Mapping[str, str]) -> Iterator[str]:
    for name, field in kind.fields.items():
        target = get_named_type(field.type)
        if name in ASKED_ELSEWHERE:
            continue
        if is_leaf_type(target):
            yield name
        elif steps > 0:
            yield name + _call(field, _own_arguments(field, target, own)) + _inside(target, steps - 1, own)


def _own_arguments(field: GraphQLField, target: Any, own: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {"first": 200} if "first" in field.args else {}
    for key, argument in field.args.items():
        if get_named_type(argument.type).name == "ID":
            given[key] = list(own.values()) if _is_list(argument) else own.get(target.name, own["Lead"])
    return given


def _inside(kind: Any, steps: int, own: Mapping[str, str]) -> str:
    if isinstance(kind, GraphQLInterfaceType):
        return " { __typename id }"
    if _is_connection(kind):
        page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor }"
        return f" {{ totalCount {page} nodes{_inside(get_named_type(kind.fields['nodes'].type), steps, own)} }}"
    return " { __typename " + " ".join(_crawled(kind, steps, own)) + " }"
