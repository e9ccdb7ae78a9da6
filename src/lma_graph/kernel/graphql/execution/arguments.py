"""The arguments of fields: read once where they are constant, for each run where they depend on variables.

Only a few of the variables decide what a plan looks like (`shaping_variables`); the others decide what it is run with.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from graphql import GraphQLError, GraphQLField
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values
from graphql.language import ArgumentNode, DirectiveNode, Visitor, visit
from strawberry.utils.str_converters import to_snake_case

from lma_graph.kernel.errors import DomainError
from lma_graph.kernel.graphql.execution.literals import Strange, reader_of, variables_in
from lma_graph.kernel.graphql.inputs import plain
from lma_graph.kernel.graphql.lists import SlicedField
from lma_graph.kernel.order import Order
from lma_graph.kernel.paging import Page

T = TypeVar("T")
Arguments = Callable[[Executor[Any]], dict[str, Any]]
"""The coerced arguments of a field, under Python's names."""
Pages = Callable[[Executor[Any]], Page]
SHAPING_ARGUMENT: Final = "orderBy"
"""The argument that decides which columns a list needs; the others decide only which rows."""


def arguments_of(definition: GraphQLField, details: FieldDetails) -> Arguments:
    """The arguments that a field is asked with. Reading them raises GraphQLError where variables are missing."""
    node, fragment_values = details.node, details.fragment_variable_values
    quickly = _quickly(definition, details)

    def read(executor: Executor[Any]) -> dict[str, Any]:
        if quickly is not None:
            try:
                return quickly(executor.variable_values.coerced)
            except Strange:
                pass
        found = get_argument_values(definition, node, executor.variable_values, fragment_values, True)
        return {to_snake_case(name): plain(value) for name, value in found.items()}

    return _once(read, details)


def _quickly(definition: GraphQLField, details: FieldDetails) -> Callable[[Mapping[str, Any]], dict[str, Any]] | None:
    """What reads the arguments without looking at the document again; None where it takes graphql-core's own way."""
    if details.fragment_variable_values:
        return None
    given = {argument.name.value: argument.value for argument in details.node.arguments or ()}
    varying = {name for name, value in given.items() if variables_in(value)}
    alone = GraphQLField(definition.type, {n: a for n, a in definition.args.items() if n not in varying})
    try:
        found = get_argument_values(alone, details.node, None, None, True)
        readers = [
            (to_snake_case(kind.out_name or name), reader_of(given[name], kind.type))
            for name, kind in definition.args.items()
            if name in varying
        ]
    except (GraphQLError, Strange):
        return None
    constant = {to_snake_case(name): plain(value) for name, value in found.items()}
    return lambda values: constant | {name: plain(read(values)) for name, read in readers}


def page_of(field: SlicedField, definition: GraphQLField, details: FieldDetails) -> Pages:
    """The page that is asked for; wrong arguments are an error only where there is something to page through."""
    arguments = arguments_of(definition, details)
    return _once(lambda executor: field.read_page(arguments(executor)), details)


def order_of(field: SlicedField, definition: GraphQLField, details: FieldDetails, executor: Executor[Any]) -> Order:
    """The order of a list, which decides what its cursors are made of; the other arguments may be wrong."""
    alone = GraphQLField(definition.type, {n: a for n, a in definition.args.items() if n == SHAPING_ARGUMENT})
    try:
        return field.read_page(arguments_of(alone, details)(executor)).order
    except (GraphQLError, DomainError):
        return field.read_page({}).order  # no page is made in this order: whoever asks for one gets the error


def _once(read: Callable[[Executor[Any]], T], details: FieldDetails) -> Callable[[Executor[Any]], T]:
    """Read for each run, or once for all where no variable is involved."""
    if any(variables_in(argument) for argument in details.node.arguments or ()):
        return read
    found: list[T] = []

    def constant(executor: Executor[Any]) -> T:
        if not found:
            found.append(read(executor))
        return found[0]

    return constant


def shaping_variables(executor: Executor[Any]) -> tuple[str, ...]:
    """The variables that decide what a plan looks like: those of `@skip` and `@include`, and of orders."""
    names: set[str] = set()

    class Look(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            names.update(variables_in(node))

        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if node.name.value == SHAPING_ARGUMENT:
                names.update(variables_in(node))

    look = Look()
    visit(executor.operation, look)
    for fragment in executor.fragments.values():
        visit(fragment.definition, look)
    return tuple(sorted(names))
