"""Relay's `node` and `nodes`: any row by its global id, of whatever type it is."""

import asyncio
from collections.abc import Sequence
from typing import Any, Optional

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from lma_graph.kernel import ids
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.loaded import LoadedField, argument
from lma_graph.kernel.graphql.nodes import LOADERS, Node, Typed, root
from lma_graph.kernel.paging import LARGEST_PAGE

Found = tuple[str, int] | None
"""Type and number of a global id; None for one that was never issued."""


async def load(context: Context, found: Found) -> Typed | None:
    """The row of an id, with its type."""
    if found is None:
        return None
    name, number = found
    row = await context.load(LOADERS[name], number)
    return None if row is None else Typed(row, name)


class NodeField(LoadedField):
    """`node(id)`."""

    many = False

    def asked(self, arguments: dict[str, Any]) -> Sequence[Found]:
        """What the arguments name."""
        return [ids.decode(arguments["id"])]

    async def value(self, source: Any, context: Context, **arguments: Any) -> Any:  # noqa: ARG002
        """Null for anything that is not the id of a row the viewer may see."""
        return await load(context, self.asked(arguments)[0])


class NodesField(NodeField):
    """`nodes(ids)`."""

    many = True

    def asked(self, arguments: dict[str, Any]) -> Sequence[Found]:
        """What the arguments name, in their order."""
        if len(arguments["ids"]) > LARGEST_PAGE:
            raise InvalidInput.at(("ids",), f"must be at most {LARGEST_PAGE} ids", "OUT_OF_RANGE")
        return [ids.decode(one) for one in arguments["ids"]]

    async def value(self, source: Any, context: Context, **arguments: Any) -> Any:  # noqa: ARG002
        """One statement per type."""
        return await asyncio.gather(*(load(context, found) for found in self.asked(arguments)))


def _field(kind: type[NodeField], annotation: Any, asked: StrawberryArgument, description: str) -> Any:
    made = kind(type_annotation=StrawberryAnnotation(annotation), description=description)
    made.arguments = [asked]
    return made


@root
class NodeQueries:
    """Relay's way to any row."""

    node = _field(
        NodeField,
        Optional[Node],
        argument("id", strawberry.ID, "A global id.", required=True),
        "Anything by its global id; null where there is none.",
    )
    nodes = _field(
        NodesField,
        list[Optional[Node]],
        argument("ids", list[strawberry.ID], f"Global ids, at most {LARGEST_PAGE}.", required=True),
        "Many by their global ids, in their order; null in place of those that are not there.",
    )
