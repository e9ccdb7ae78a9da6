"""Strawberry as its documentation teaches it: types, connections and data loaders by its guides, nothing added.

The guides that were followed are named in the folder's README. Nodes are the ORM's objects, as in the guide to
connections; data loaders are made per request in the ASGI view's context, as in the guide to data loaders.
"""

import datetime as dt
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from bench.peers.servers import orm

Node = TypeVar("Node")


@strawberry.type
class PageInfo:
    """Where a page lies."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Node]):
    """A row and its position."""

    node: Node
    cursor: str


@strawberry.type
class Connection(Generic[Node]):
    """A page of rows."""

    page_info: PageInfo
    edges: list[Edge[Node]]


def connection(rows: list[Any], first: int) -> Any:
    """The page: `rows` has one more than asked for where there are more."""
    edges = [Edge(node=row, cursor=orm.write_cursor(row.id)) for row in rows[:first]]
    end = edges[-1].cursor if edges else None
    return Connection(edges=edges, page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=end))


async def listed(info: strawberry.Info, loader: str, parent: int, first: int) -> Any:
    """A page of children through a data loader."""
    return connection(await info.context[loader].load((parent, first)), first)


@strawberry.type
class User:
    """A user."""

    id: strawberry.ID
    email: str
    first_name: str | None
    last_name: str | None

    @strawberry.field
    async def assigned_leads(self, info: strawberry.Info, first: int) -> Connection["Lead"]:
        """The leads of the user."""
        return await listed(info, "assigned_leads", self.id, first)


@strawberry.type
class Activity:
    """An activity."""

    id: strawberry.ID
    activity_type: str
    subject: str | None
    created_at: dt.datetime
    user_id: strawberry.Private[int | None]

    @strawberry.field
    async def user(self, info: strawberry.Info) -> User | None:
        """Who did it."""
        return None if self.user_id is None else await info.context["user"].load(self.user_id)


@strawberry.type
class LeadNote:
    """A note."""

    id: strawberry.ID
    note_type: str
    content: str
    created_at: dt.datetime
    user_id: strawberry.Private[int]

    @strawberry.field
    async def user(self, info: strawberry.Info) -> User:
        """Its author."""
        return await info.context["user"].load(self.user_id)


@strawberry.type
class LeadScoringRule:
    """A scoring rule."""

    id: strawberry.ID
    name: str


@strawberry.type
class LeadScoreHistory:
    """An entry of the score ledger."""

    id: strawberry.ID
    previous_score: int
    new_score: int
    score_change: int
    reason: str | None
    created_at: dt.datetime
    rule_id: strawberry.Private[int | None]

    @strawberry.field
    async def rule(self, info: strawberry.Info) -> LeadScoringRule | None:
        """The rule that gave the points."""
        return None if self.rule_id is None else await info.context["rule"].load(self.rule_id)


@strawberry.type
class Campaign:
    """A campaign."""

    id: strawberry.ID
    name: str
    status: str


@strawberry.type
class CampaignLead:
    """A lead's membership in a campaign."""

    id: strawberry.ID
    status: str
    added_at: dt.datetime
    campaign_id: strawberry.Private[int]

    @strawberry.field
    async def campaign(self, info: strawberry.Info) -> Campaign:
        """The campaign."""
        return await info.context["campaign"].load(self.campaign_id)


@strawberry.type
class Lead:
    """A lead."""

    id: strawberry.ID
    email: str | None
    first_name: str | None
    last_name: str | None
    company: str | None
    job_title: str | None
    status: str
    source: str
    lead_temperature: str
    score: int
    tags: list[str]
    created_at: dt.datetime
    assigned_to_id: strawberry.Private[int | None]

    @strawberry.field
    async def assigned_to(self, info: strawberry.Info) -> User | None:
        """Its owner."""
        return None if self.assigned_to_id is None else await info.context["user"].load(self.assigned_to_id)

    @strawberry.field
    async def activities(self, info: strawberry.Info, first: int) -> Connection[Activity]:
        """Communication with the lead."""
        return await listed(info, "activities", self.id, first)

    @strawberry.field
    async def notes(self, info: strawberry.Info, first: int) -> Connection[LeadNote]:
        """Notes about the lead."""
        return await listed(info, "notes", self.id, first)

    @strawberry.field
    async def score_history(self, info: strawberry.Info, first: int) -> Connection[LeadScoreHistory]:
        """How the score came about."""
        return await listed(info, "scores", self.id, first)

    @strawberry.field
    async def campaign_leads(self, info: strawberry.Info, first: int) -> Connection[CampaignLead]:
        """Memberships in campaigns."""
        return await listed(info, "campaign_leads", self.id, first)


@strawberry.type
class Organization:
    """An organization."""

    id: strawberry.ID
    name: str

    @strawberry.field
    async def users(self, info: strawberry.Info, first: int) -> Connection[User]:
        """Its users."""
        return await listed(info, "users", self.id, first)


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    async def lead(self, id: strawberry.ID) -> Lead | None:  # noqa: A002
        """One lead."""
        return await orm.lead(int(id))

    @strawberry.field
    async def leads(
        self,
        first: int,
        after: str | None = None,
        status: str | None = None,
        assigned_to_id: strawberry.ID | None = None,
    ) -> Connection[Lead]:
        """Leads, newest first."""
        return connection(await orm.leads(first, after, status, assigned_to_id), first)

    @strawberry.field
    async def organization(self) -> Organization:
        """The organization."""
        return await orm.organization()


class View(GraphQL):
    """The ASGI view, with fresh data loaders for every request."""

    async def get_context(self, request: Any, response: Any = None) -> dict[str, Any]:  # noqa: ARG002
        """The context of one request."""
        return {name: DataLoader(load_fn=load) for name, load in orm.LOADERS.items()}


app = View(strawberry.Schema(query=Query))
