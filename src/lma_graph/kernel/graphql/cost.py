"""What an operation costs: the objects it may return, pages assumed full. Enter at `Pricing.price`.

A scalar costs 0, an object 1, and a connection multiplies what is below it by its page size. A page size may
come from a variable, so a cost is a number, or a small tree of sums that is evaluated for each request.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
)

SATURATED: Final = 2**53 - 1
"""Numbers stop growing here: the largest integer that every JSON reader holds exactly."""
_DEFAULT_PAGE: Final = 10
_PAGE_ARGUMENTS: Final = ("first", "last")
_COUNTED_ARGUMENT: Final = "ids"
_LONGEST_INT: Final = 16


@dataclass(frozen=True, slots=True)
class FromVariable:
    """A factor that the request decides: the number in a variable, or the length of the list in it."""

    name: str
    default: int


Factor = int | tuple[int | FromVariable, ...]
"""What multiplies a cost: a number, or the largest of several, some of which come from variables."""


@dataclass(frozen=True, eq=False, slots=True)
class Sum:
    """A cost that depends on variables: the constant, and each factor times its cost."""

    constant: int
    terms: tuple[tuple[Factor, "int | Sum"], ...]


Cost = int | Sum


class Tally:
    """Adds up a cost; folds whatever is already known into one number."""

    __slots__ = ("_constant", "_terms")

    def __init__(self) -> None:
        self._constant = 0
        self._terms: list[tuple[Factor, Cost]] = []

    def add(self, cost: Cost, factor: Factor = 1) -> None:
        """Add so many times the cost."""
        if isinstance(cost, int) and isinstance(factor, int):
            self._constant = min(self._constant + factor * cost, SATURATED)
        else:
            self._terms.append((factor, cost))

    def total(self) -> Cost:
        """A number if no variable feeds it."""
        return Sum(self._constant, tuple(self._terms)) if self._terms else self._constant


def evaluate(cost: Cost, variables: Mapping[str, object]) -> int:
    """The cost under these variables, the operation's own defaults among them; at most `SATURATED`."""
    return cost if isinstance(cost, int) else _evaluate(cost, variables, {})


def _evaluate(cost: Sum, variables: Mapping[str, object], done: dict[int, int]) -> int:
    """`done` keeps the sums already evaluated: a fragment's sum is shared by all its spreads."""
    known = done.get(id(cost))
    if known is not None:
        return known
    total = cost.constant
    for factor, each in cost.terms:
        size = factor if isinstance(factor, int) else max(_size(part, variables) for part in factor)
        total += size * (each if isinstance(each, int) else _evaluate(each, variables, done))
    done[id(cost)] = total = min(total, SATURATED)
    return total


def _size(part: int | FromVariable, variables: Mapping[str, object]) -> int:
    if isinstance(part, int):
        return part
    return as_size(variables.get(part.name), part.default)


def as_size(value: object, default: int) -> int:
    """The size a variable's raw value stands for; null, and what coercion will refuse, count as `default`.

    A float is understood because GraphQL's `Int` accepts 200.0.
    """
    if isinstance(value, list):
        return len(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return default
    return min(max(value, 0), SATURATED)


class Price(NamedTuple):
    """What a field costs: `own + factor x (each + what is selected below it)`."""

    own: int
    factor: Factor
    each: int


_OBJECT: Final = Price(0, 1, 1)
_FREE: Final = Price(0, 1, 0)


class Pricing:
    """The price list of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._introspection = _introspection_sizes(schema)

    def price(self, parent: GraphQLNamedType, field: GraphQLField, node: FieldNode) -> Price:
        """Scalars are free, an object is 1, a list asked for by `ids` as long as these, a connection full.

        A field that declares what it costs by itself costs that besides, and a list that says how long it can be is
        taken to be as long.
        """
        named = get_named_type(field.type)
        declared = _declared(field)
        if not is_composite_type(named):
            return _FREE
        if is_introspection_type(named):
            return self._price_introspection(parent, node)
        if named.name.endswith("Connection"):
            return Price(1, _page(field, node), 0)
        if declared:
            return Price(declared.get("cost", 0), _page(field, node) if "page" in declared else 1, 1)
        ids = _argument(node, _COUNTED_ARGUMENT)
        if ids is not None and _is_list(field):
            factor = _factor(ids, _DEFAULT_PAGE)
            return Price(0, factor if isinstance(factor, int) else (factor,), 1)
        return _OBJECT

    def _price_introspection(self, parent: GraphQLNamedType, node: FieldNode) -> Price:
        """Lists count as long as this schema's are on average; `ofType` is nearly always null and free."""
        if node.name.value == "ofType":
            return _FREE
        return Price(0, self._introspection.get((parent.name, node.name.value), 1), 1)


def _is_list(field: GraphQLField) -> bool:
    return is_list_type(field.type.of_type if is_non_null_type(field.type) else field.type)


def _page(field: GraphQLField, node: FieldNode) -> Factor:
    default = _default_page(field)
    given = [argument for name in _PAGE_ARGUMENTS if (argument := _argument(node, name)) is not None]
    factors = [_factor(argument, default) for argument in given]
    sizes = [factor for factor in factors if isinstance(factor, int)]
    if len(sizes) == len(factors):
        return max(sizes, default=default)
    return tuple(factors)


def _default_page(field: GraphQLField) -> int:
    """What the server would use: the argument's own default, else the page the field declares, else 10."""
    for name in _PAGE_ARGUMENTS:
        argument = field.args.get(name)
        if argument is not None and isinstance(argument.default_value, int):
            return argument.default_value
    return _declared(field).get("page", _DEFAULT_PAGE)


def _declared(field: GraphQLField) -> Mapping[str, int]:
    """What the field says of its cost."""
    definition = field.extensions.get("strawberry-definition")
    return getattr(definition, "metadata", None) or {}


def _argument(node: FieldNode, name: str) -> ValueNode | None:
    return next((each.value for each in node.arguments or () if each.name.value == name), None)


def _factor(value: ValueNode, default: int) -> int | FromVariable:
    if isinstance(value, VariableNode):
        return FromVariable(value.name.value, default)
    if isinstance(value, ListValueNode):
        return len(value.values)
    if isinstance(value, IntValueNode):
        return as_size(int(value.value), default) if len(value.value) <= _LONGEST_INT else SATURATED
    return default


def _introspection_sizes(schema: GraphQLSchema) -> dict[tuple[str, str], int]:
    """How long introspection's lists are in this schema: types exactly, the rest by the rounded-up mean."""
    types, directives = list(schema.type_map.values()), schema.directives
    composite = [kind for kind in types if is_composite_type(kind)]
    inputs = [kind for kind in types if is_input_object_type(kind)]
    abstract = [kind for kind in types if is_abstract_type(kind)]
    fields = [field for kind in composite for field in getattr(kind, "fields", {}).values()]
    per_type = {
        "fields": len(fields),
        "inputFields": sum(len(kind.fields) for kind in inputs),
        "interfaces": sum(len(getattr(kind, "interfaces", ())) for kind in composite),
        "possibleTypes": sum(len(schema.get_possible_types(kind)) for kind in abstract),
        "enumValues": sum(len(kind.values) for kind in types if is_enum_type(kind)),
    }
    return {
        **{("__Type", name): _mean(count, len(types)) for name, count in per_type.items()},
        ("__Field", "args"): _mean(sum(len(field.args) for field in fields), len(fields)),
        ("__Directive", "args"): _mean(sum(len(each.args) for each in directives), len(directives)),
        ("__Schema", "types"): len(types),
        ("__Schema", "directives"): len(directives),
    }


def _mean(total: int, count: int) -> int:
    return max(1, math.ceil(total / max(count, 1)))
