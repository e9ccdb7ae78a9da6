"""How large an operation may be, measured before anything runs. Enter at `Measuring`.

One pass over the selections, in which each fragment is measured once however often it is spread, gives depth,
aliases, fields, directives, root fields and cost. The result is kept with the document; only a cost into
which a variable feeds a page size is computed anew for each request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    value_from_ast_untyped,
)

from lma_graph.kernel.errors import LimitExceeded
from lma_graph.kernel.graphql.cost import SATURATED, Cost, Pricing, Tally, evaluate
from lma_graph.kernel.graphql.documents import Document, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one operation may be at most. The names are those of the settings."""

    max_tokens: int = 4_000
    max_depth: int = 15
    max_aliases: int = 50
    max_fields: int = 2_000
    max_directives: int = 100
    max_root_fields: int = 20
    max_cost: int = 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """The measures of a selection set or of a whole operation; counts stop growing at `SATURATED`.

    `depth` is the number of fields on the longest way down. `roots` are the fields of the outermost level.
    """

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    directives: int = 0
    roots: int = 0
    cost: Cost = 0


@dataclass(frozen=True, slots=True)
class _Measured:
    size: Size
    defaults: Mapping[str, object]


_EMPTY: Final = Size()
_CHECKED: Final = (
    ("depth", "max_depth", "This operation nests fields {found} deep; at most {allowed} are allowed."),
    ("aliases", "max_aliases", "This operation has {found} aliases; at most {allowed} are allowed."),
    ("fields", "max_fields", "This operation selects {found} fields; at most {allowed} are allowed."),
    ("directives", "max_directives", "This operation has {found} directives; at most {allowed} are allowed."),
    ("roots", "max_root_fields", "This operation has {found} root fields; at most {allowed} are allowed."),
    (
        "cost",
        "max_cost",
        "This operation costs {found}; the limit is {allowed}. Ask for smaller pages.",
    ),
)
_PUBLIC_NAMES: Final = {"roots": "rootFields"}


class Measuring:
    """Measures the operations of one schema and holds them against the limits."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._schema = schema
        self._pricing = Pricing(schema)
        self._limits = limits

    def measure(self, document: Document, operation: Operation, variables: Mapping[str, object]) -> Size:
        """The operation's size, its cost being a number under these variables.

        The document must be valid. What does not depend on the variables is kept in the operation's memo.
        """
        measured = operation.memo.get(Measuring)
        if not isinstance(measured, _Measured):
            measured = self._measure(document, operation)
            operation.memo[Measuring] = measured
        if isinstance(measured.size.cost, int):
            return measured.size
        cost = evaluate(measured.size.cost, {**measured.defaults, **variables})
        return replace(measured.size, cost=cost)

    def enforce(self, size: Size) -> None:
        """Raises `LimitExceeded` naming the first limit that the size passes."""
        for name, limit, message in _CHECKED:
            found, allowed = getattr(size, name), getattr(self._limits, limit)
            if found > allowed:
                public = _PUBLIC_NAMES.get(name, name)
                text = message.format(found=found, allowed=allowed)
                raise LimitExceeded(text, limit=public, allowed=allowed, found=found)

    def _measure(self, document: Document, operation: Operation) -> _Measured:
        ast = document.ast
        assert ast is not None, "only valid documents are measured"
        fragments = {each.name.value: each for each in ast.definitions if isinstance(each, FragmentDefinitionNode)}
        measuring = _Pass(self._schema, self._pricing, fragments)
        root = self._schema.get_root_type(operation.type)
        return _Measured(measuring.operation(operation.node, root), _defaults(operation.node))


def _defaults(node: OperationDefinitionNode) -> dict[str, object]:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in node.variable_definitions or ()
        if each.default_value is not None
    }


class _Total:
    """Adds up the sizes of the selections of one set."""

    __slots__ = ("aliases", "cost", "depth", "directives", "fields", "roots")

    def __init__(self) -> None:
        self.depth = self.aliases = self.fields = self.directives = self.roots = 0
        self.cost = Tally()

    def add(self, size: Size, *, below: bool) -> None:
        """Count a nested set: one level `below`, or on the same level (a fragment). Costs are not added."""
        self.depth = max(self.depth, size.depth + below)
        self.aliases += size.aliases
        self.fields += size.fields
        self.directives += size.directives
        if not below:
            self.roots += size.roots

    def size(self) -> Size:
        """What was added up."""
        return Size(
            self.depth,
            min(self.aliases, SATURATED),
            min(self.fields, SATURATED),
            min(self.directives, SATURATED),
            min(self.roots, SATURATED),
            self.cost.total(),
        )


class _Pass:
    """One pass over one operation."""

    def __init__(
        self, schema: GraphQLSchema, pricing: Pricing, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._schema = schema
        self._pricing = pricing
        self._fragments = fragments
        self._measured: dict[str, Size] = {}

    def operation(self, node: OperationDefinitionNode, root: GraphQLNamedType | None) -> Size:
        size = self._selections(node.selection_set, root)
        variables = node.variable_definitions or ()
        own = len(node.directives or ()) + sum(len(each.directives or ()) for each in variables)
        return replace(size, directives=size.directives + own)

    def _selections(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None) -> Size:
        total = _Total()
        for selection in selection_set.selections:
            total.directives += len(selection.directives or ())
            self._selection(selection, parent, total)
        return total.size()

    def _selection(self, node: SelectionNode, parent: GraphQLNamedType | None, total: _Total) -> None:
        if isinstance(node, FieldNode):
            self._field(node, parent, total)
            return
        if isinstance(node, FragmentSpreadNode):
            size = self._fragment(node.name.value)
        else:
            assert isinstance(node, InlineFragmentNode)
            condition = node.type_condition
            kind = self._schema.get_type(condition.name.value) if condition else parent
            size = self._selections(node.selection_set, kind)
        total.add(size, below=False)
        total.cost.add(size.cost)

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, total: _Total) -> None:
        total.fields += 1
        total.roots += 1
        total.aliases += node.alias is not None
        field = self._schema.get_field(parent, node.name.value) if is_composite_type(parent) else None
        kind = get_named_type(field.type) if field is not None else None
        size = self._selections(node.selection_set, kind) if node.selection_set else _EMPTY
        total.add(size, below=True)
        if parent is not None and field is not None:
            price = self._pricing.price(parent, field, node)
            total.cost.add(price.own)
            total.cost.add(price.each, price.factor)
            total.cost.add(size.cost, price.factor)

    def _fragment(self, name: str) -> Size:
        """A fragment has one type condition, so its size is the same wherever it is spread.

        While it is being measured it counts as empty, which ends a cycle.
        """
        known = self._measured.get(name)
        if known is not None:
            return known
        self._measured[name] = _EMPTY
        node = self._fragments.get(name)
        if node is not None:
            kind = self._schema.get_type(node.type_condition.name.value)
            self._measured[name] = self._selections(node.selection_set, kind)
        return self._measured[name]
