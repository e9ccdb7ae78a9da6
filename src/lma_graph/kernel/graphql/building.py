"""graphql-core's executor for one request. Enter at `Building.build`.

What of it does not depend on the request is worked out once and kept with the operation: the fragments, and what type
each variable has. For a point read that is most of the work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    Undefined,
    default_field_resolver,
    default_type_resolver,
    is_non_null_type,
)
from graphql.execution import Executor, VariableValues, get_variable_values
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.get_variable_signature import GraphQLVariableSignature
from graphql.execution.values import VariableValueSource
from strawberry.execution import optimized_is_awaitable

from lma_graph.kernel.graphql.coercing import Coercers
from lma_graph.kernel.graphql.documents import Document, Operation
from lma_graph.kernel.graphql.exchange import GraphQLRequest

_MOST_ERRORS: Final = 50


@dataclass(frozen=True, slots=True)
class _Kept:
    fragment_definitions: dict[str, FragmentDefinitionNode]
    fragments: dict[str, FragmentDetails]
    signatures: tuple[GraphQLVariableSignature, ...]


class Building:
    """Makes executors for the operations of one schema."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._graph = schema._schema
        self._class: Any = schema.execution_context_class
        self._coercers = Coercers()

    def build(
        self, request: GraphQLRequest, document: Document, operation: Operation
    ) -> Executor[Any] | list[GraphQLError]:
        """An executor without a context, its variables coerced; or what is wrong with them."""
        kept = operation.memo.get(Building)
        if not isinstance(kept, _Kept):
            return self._first(request, document, operation)
        values = self._coerced(kept.signatures, request.variables)
        if values is None:
            nodes = operation.node.variable_definitions or ()
            found = get_variable_values(
                self._graph, nodes, dict(request.variables), max_errors=_MOST_ERRORS, hide_suggestions=True
            )
            if isinstance(found, list):
                return found
            values = found
        made: Executor[Any] = self._class(
            self._graph,
            kept.fragment_definitions,
            kept.fragments,
            None,
            None,
            operation.node,
            values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=True,
            operation_extensions=request.extensions,
        )
        return made

    def _first(
        self, request: GraphQLRequest, document: Document, operation: Operation
    ) -> Executor[Any] | list[GraphQLError]:
        """As graphql-core's `execute` makes it."""
        made: Executor[Any] | list[GraphQLError] = self._class.build(
            self._graph,
            document.ast,
            raw_variable_values=dict(request.variables),
            operation_name=operation.name,
            max_coercion_errors=_MOST_ERRORS,
            is_awaitable=cast("Any", optimized_is_awaitable),
            hide_suggestions=True,
            operation_extensions=request.extensions,
        )
        if not isinstance(made, list):
            signatures = tuple(source.signature for source in made.variable_values.sources.values())
            operation.memo[Building] = _Kept(made.fragment_definitions, made.fragments, signatures)
        return made

    def _coerced(
        self, signatures: tuple[GraphQLVariableSignature, ...], given: Mapping[str, object]
    ) -> VariableValues | None:
        """The values of variables, as graphql-core coerces them; None where that is its own task.

        That is so for defaults, and for whatever is wrong.
        """
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature in signatures:
            name = signature.name
            value = given.get(name, Undefined)
            if value is Undefined:
                if signature.default is not None or is_non_null_type(signature.type):
                    return None
                sources[name] = VariableValueSource(signature)
                continue
            found = self._coercers.coerced(value, signature.type)
            if found is Undefined:
                return None
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = found
        return VariableValues(sources, coerced)
