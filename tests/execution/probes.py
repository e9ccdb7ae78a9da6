"""A small schema of its own over the real tables, with every kind of field that a type may have.

`probes` and `keepers` are leads and users; `calls` tells how often each batch resolver ran and with how many rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from lma_graph.activities.criteria import NOTE
from lma_graph.activities.loaders import LEAD_NOTES, NEWEST
from lma_graph.activities.models import LeadNoteRow
from lma_graph.kernel import ids
from lma_graph.kernel.errors import NotFound
from lma_graph.kernel.graphql.context import Context, Info
from lma_graph.kernel.graphql.fields import batched, computed, derived, listing, to_each, to_many, to_one
from lma_graph.kernel.graphql.interface import NodeQueries
from lma_graph.kernel.graphql.loaded import argument
from lma_graph.kernel.graphql.nodes import LOADERS, ROWS, Node, Typed, node, root
from lma_graph.kernel.graphql.scalars import SCALARS
from lma_graph.kernel.loaders import Aggregate, Children
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.loaders import LEADS
from lma_graph.leads.models import LeadRow
from lma_graph.users.criteria import USER as USER_WORDS
from lma_graph.users.loaders import USER, USERS
from lma_graph.users.models import UserRow

calls: list[tuple[str, int, dict[str, Any]]] = []


async def _lengths(rows: Sequence[Any], _: Context, times: int = 1) -> list[int]:
    calls.append(("length", len(rows), {"times": times}))
    return [times * len(row.first_name or "") for row in rows]


async def _ratios(rows: Sequence[Any], context: Context) -> list[float | str]:
    """Floats as text and as numbers: the type serializes them."""
    calls.append(("ratio", len(rows), {"viewer": context.viewer.user_id}))
    return ["0.5" if row.score % 2 else 1 for row in rows]


async def _checked(rows: Sequence[Any], _: Context) -> list[Any]:
    calls.append(("checked", len(rows), {}))
    return [NotFound("No such thing.") if row.first_name == "bad" else row.first_name for row in rows]


async def _needed(rows: Sequence[Any], _: Context) -> list[str | None]:
    calls.append(("needed", len(rows), {}))
    return [None if row.first_name == "bad" else "yes" for row in rows]


async def _labels(rows: Sequence[Any], _: Context) -> list[list[str | None]]:
    return [[*row.tags, None] for row in rows]


async def _short(rows: Sequence[Any], _: Context) -> list[int]:
    return [1] * (len(rows) - 1)


def _length() -> Any:
    made = batched(_lengths, int, reads=[LeadRow.first_name], description="Letters of the name.")
    made.arguments = [argument("times", int, "By how much.")]
    return made


_NOTES = Children(LeadNoteRow, LeadNoteRow.lead_id, NEWEST)
_NUMBER = Aggregate(_NOTES, lambda note: sa.func.max(sa.cast(note.c.content, sa.Integer())))
_SLOW = Aggregate(_NOTES, lambda note: sa.func.max(sa.cast(sa.func.pg_sleep(10), sa.Text())))


@contextmanager
def schema() -> Iterator[strawberry.Schema]:
    """The schema, whose types are known only meanwhile."""
    known = [dict(one) for one in (LOADERS, ROWS, ids._TAGS)]
    try:
        yield _build()
    finally:
        for one, before in zip((LOADERS, ROWS, ids._TAGS), known, strict=True):
            one.clear()
            one.update(before)


def _build() -> strawberry.Schema:
    @node(UserRow, tag=201, ids_of={"organization_id": "Organization"})
    class Keeper:
        """A user."""

        @strawberry.field
        def shout(self) -> str:
            return str(self.email.split("@")[0].upper())  # type: ignore[attr-defined]

    @node(
        LeadNoteRow,
        tag=202,
        ids_of={"lead_id": "Probe", "user_id": "Keeper"},
        names={"mentioned_users": "mentioned"},
        hide={"organization_id"},
    )
    class ProbeNote:
        """A note."""

        readers = to_each(USER, Keeper, key=LeadNoteRow.mentioned_users, description="Those it mentions.")

        @strawberry.field
        def words(self) -> list[str]:
            return [str(word) for word in self.content.split()]  # type: ignore[attr-defined]

    @node(
        LeadRow,
        tag=203,
        ids_of={"organization_id": "Organization", "assigned_to_id": "Keeper", "merged_into_id": "Probe"},
        names={"notes": "text"},
        shows={"tags": (list[str], list)},
        hide={"email_norm"},
    )
    class Probe:
        """A lead."""

        keeper = to_one(USER, Keeper, key=LeadRow.assigned_to_id, description="Its owner.")
        notes = to_many(LEAD_NOTES, ProbeNote, NOTE, description="Its notes.")
        length = _length()
        ratio = batched(_ratios, float, reads=[LeadRow.score], description="Half or whole.")
        checked = batched(_checked, str | None, reads=[LeadRow.first_name], description="Fails for some.")
        needed = batched(_needed, str, reads=[LeadRow.first_name], description="Null for some.")
        labels = batched(_labels, list[str | None], reads=[LeadRow.tags], description="Tags and null.")
        short = batched(_short, int, reads=[], description="One value too few.")
        initial = computed(LeadRow.first_name, str | None, lambda name: name[:1], description="First letter.")

        number = derived(_NUMBER, int | None, description="A note that is a number.")
        slow = derived(_SLOW, str | None, description="Takes ten seconds where there is a note.")

        @strawberry.field
        def greeting(self, info: Info, word: str = "Hello") -> str:
            return f"{word} {self.first_name} of {info.context.viewer.organization_id}"  # type: ignore[attr-defined]

        @strawberry.field
        async def owner(self, info: Info) -> Keeper | None:
            key = self.assigned_to_id  # type: ignore[attr-defined]
            return None if key is None else await info.context.load(USER, key)  # type: ignore[no-any-return]

        @strawberry.field
        async def anything(self, info: Info) -> Node | None:
            key = self.assigned_to_id  # type: ignore[attr-defined]
            if key is None:
                return Typed(self, "Probe")  # type: ignore[return-value]
            return Typed(await info.context.load(USER, key), "Keeper")  # type: ignore[return-value]

        @strawberry.field
        async def divided(self, info: Info) -> int | None:
            rows = await info.context.reader.rows(sa.text("SELECT 1 / 0"))
            return int(rows[0][0])

        @strawberry.field
        async def dozing(self, info: Info) -> str | None:
            rows = await info.context.reader.rows(sa.text("SELECT pg_sleep(10)::text"))
            return str(rows[0][0])

        @strawberry.field
        async def elsewhere(self) -> str | None:
            raise ConnectionRefusedError("another server")

        @strawberry.field
        def picky(self) -> str:
            if self.first_name == "bad":  # type: ignore[attr-defined]
                raise NotFound("Not this one.")
            return "fine"

        @strawberry.field
        async def fussy(self) -> str | None:
            if self.first_name == "bad":  # type: ignore[attr-defined]
                raise ZeroDivisionError
            return "fine"

    @root
    class ProbeQueries:
        """What can be asked."""

        probes = listing(LEADS, Probe, LEAD_WORDS, description="Leads.")
        keepers = listing(USERS, Keeper, USER_WORDS, description="Users.")

    query = merge_types("Query", (ProbeQueries, NodeQueries))
    return strawberry.Schema(query=query, config=StrawberryConfig(scalar_map=SCALARS))
