"""Which variables a part of a document depends on, and which of them decide what a plan looks like."""

from typing import Any, Final

from graphql import Node
from graphql.execution import Executor
from graphql.language import ArgumentNode, DirectiveNode, VariableNode, Visitor, visit

SHAPING_ARGUMENT: Final = "orderBy"
"""The argument that decides which columns a list needs; the others decide only which rows."""


def has_variable(node: Node) -> bool:
    """Whether a part of a document depends on variables."""
    return bool(_variables(node))


def shaping_variables(executor: Executor[Any]) -> tuple[str, ...]:
    """The variables that decide what a plan looks like: those of `@skip` and `@include`, and of orders."""
    names: set[str] = set()

    class Look(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            names.update(_variables(node))

        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if node.name.value == SHAPING_ARGUMENT:
                names.update(_variables(node))

    look = Look()
    visit(executor.operation, look)
    for fragment in executor.fragments.values():
        visit(fragment.definition, look)
    return tuple(sorted(names))


def _variables(node: Node) -> set[str]:
    names: set[str] = set()

    class Names(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            names.add(node.name.value)

    visit(node, Names())
    return names
