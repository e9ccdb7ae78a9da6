"""The kinds of servers, and how each writes the ids that all of them mean. Enter at `Dialect`.

LMA Graph and PostGraphile issue global ids and cursors that say what they belong to; the hand-written schemas give
bare numbers, as the guides they follow do. That is left as it is: it is in favour of the others.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

from lma_graph.kernel import ids
from lma_graph.schema import graph

build_schema = graph.build
"""Importing the graph registers the types of global ids."""


@dataclass(frozen=True)
class Dialect:
    """One way of writing what is asked and answered."""

    name: str
    write_id: Callable[[str, int, int], str]
    """The id of a row, from the type's name, the organization and the number."""
    read_id: Callable[[str], int]
    """The number in an id."""


def _read_lma(text: str) -> int:
    found = ids.decode(text)
    if found is None:
        raise ValueError(f"{text!r} is no global id.")
    return found[1]


def _write_postgraphile(name: str, organization: int, number: int) -> str:
    return base64.b64encode(json.dumps([name, str(organization), str(number)], separators=(",", ":")).encode()).decode()


def _read_postgraphile(text: str) -> int:
    return int(json.loads(base64.b64decode(text))[-1])


LMA = Dialect("lma", lambda name, _, number: ids.encode(name, number), _read_lma)
"""The schema of LMA Graph."""
TAUGHT = Dialect("taught", lambda _, __, number: str(number), int)
"""The hand-written `servers/schema.graphql` of Ariadne and Mercurius, which Strawberry's types repeat."""
POSTGRAPHILE = Dialect("postgraphile", _write_postgraphile, _read_postgraphile)
"""The schema PostGraphile makes of the tables."""
BY_HAND = Dialect("by hand", lambda _, __, number: str(number), int)
"""No GraphQL: the body names the operation."""
