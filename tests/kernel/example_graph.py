"""A small graph of the same shape as the real one, for the tests of documents, limits and the engine."""

import asyncio
import datetime
import enum
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, NewType, TypeVar

import strawberry
import strawberry.extensions
from strawberry.schema.config import StrawberryConfig

from lma_graph.kernel.errors import NotFound

T = TypeVar("T")
EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
Token = NewType("Token", str)


def _parse_token(value: object) -> str:
    if value == "good":
        return "good"
    raise ValueError("Incorrect padding near s3cret")


@strawberry.type
class PageInfo:
    has_next_page: bool = False
    end_cursor: str | None = None


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str = "c"


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


@strawberry.enum
class Direction(enum.Enum):
    ASC = "ASC"
    DESC = "DESC"


@strawberry.enum
class LeadOrderField(enum.Enum):
    CREATED_AT = "CREATED_AT"


@strawberry.input
class LeadOrder:
    field: LeadOrderField
    direction: Direction = Direction.ASC


@strawberry.type
class User:
    id: strawberry.ID = strawberry.ID("u1")
    first_name: str = "Ada"
    last_name: str = "L"
    email: str = "ada@demo.test"

    @strawberry.field
    def leads(self, first: int | None = None) -> "Connection[Lead]":
        return one(Lead())


@strawberry.type
class Activity:
    id: strawberry.ID = strawberry.ID("a1")
    activity_type: str = "CALL"
    subject: str = "s"
    created_at: datetime.datetime = EPOCH
    user: User | None = None


@strawberry.type
class LeadNote:
    id: strawberry.ID = strawberry.ID("n1")
    note_type: str = "t"
    content: str = "c"
    created_at: datetime.datetime = EPOCH
    user: User | None = None


@strawberry.type
class LeadScoringRule:
    id: strawberry.ID = strawberry.ID("r1")
    name: str = "r"


@strawberry.type
class LeadScoreHistory:
    id: strawberry.ID = strawberry.ID("h1")
    previous_score: int = 1
    new_score: int = 2
    score_change: int = 1
    reason: str = "r"
    created_at: datetime.datetime = EPOCH
    rule: LeadScoringRule | None = None


@strawberry.type
class Campaign:
    id: strawberry.ID = strawberry.ID("c1")
    name: str = "c"
    status: str = "ACTIVE"


@strawberry.type
class CampaignLead:
    id: strawberry.ID = strawberry.ID("m1")
    status: str = "ENROLLED"
    added_at: datetime.datetime = EPOCH
    campaign: Campaign | None = None


def one(node: T) -> "Connection[T]":
    return Connection(edges=[Edge(node=node)], page_info=PageInfo())


@strawberry.type
class Lead:
    id: strawberry.ID = strawberry.ID("l1")
    email: str = "e@demo.test"
    first_name: str = "f"
    last_name: str = "l"
    company: str = "c"
    job_title: str = "j"
    status: str = "NEW"
    source: str = "IMPORT"
    lead_temperature: str = "WARM"
    score: int = 7
    tags: list[str] = strawberry.field(default_factory=list)
    created_at: datetime.datetime = EPOCH
    assigned_to: User | None = None

    @strawberry.field
    def activities(self, first: int | None = None) -> Connection[Activity]:
        return one(Activity(user=User()))

    @strawberry.field
    def notes(self, first: int | None = None) -> Connection[LeadNote]:
        return one(LeadNote())

    @strawberry.field
    def score_history(self, first: int | None = None) -> Connection[LeadScoreHistory]:
        return one(LeadScoreHistory())

    @strawberry.field
    def campaign_leads(self, first: int | None = None) -> Connection[CampaignLead]:
        return one(CampaignLead())


@dataclass
class Context:
    """What the resolvers of one operation share; `log` records the life of every context of a test."""

    log: list[str] = field(default_factory=list)
    act: Callable[[], Awaitable[Any]] | None = None

    @asynccontextmanager
    async def open(self, _: object = None) -> AsyncIterator["Context"]:
        self.log.append("open")
        try:
            yield self
        finally:
            self.log.append("close")


Info = strawberry.Info[Context, None]


@strawberry.type
class Query:
    @strawberry.field(metadata={"page": 20})
    def leads(
        self, first: int | None = None, last: int | None = None, order_by: list[LeadOrder] | None = None
    ) -> Connection[Lead]:
        return one(Lead(assigned_to=User()))

    @strawberry.field
    def lead(self) -> Lead:
        return Lead(assigned_to=User())

    @strawberry.field
    def by_default(self, first: int = 7) -> Connection[Lead]:
        return one(Lead())

    @strawberry.field
    def nodes(self, ids: list[strawberry.ID]) -> list[Lead]:
        return [Lead() for _ in ids]

    @strawberry.field
    def hello(self, name: str = "world", times: int = 1) -> str:
        return f"hello {name}" * times

    @strawberry.field
    def token(self, value: Token) -> str:
        return value

    @strawberry.field
    def at(self, when: datetime.datetime) -> str:
        return when.isoformat()

    @strawberry.field
    def huge(self) -> int:
        return 2**40

    @strawberry.field
    async def act(self, info: Info) -> str | None:
        """Whatever the test wants to happen in a resolver."""
        assert info.context.act is not None
        return str(await info.context.act())

    @strawberry.field
    def must_at_once(self) -> str:
        raise NotFound("gone")

    @strawberry.field
    async def must(self, info: Info) -> str:
        assert info.context.act is not None
        return str(await info.context.act())

    @strawberry.field
    async def slow(self, info: Info) -> str:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            info.context.log.append("slow cancelled")
            raise
        return "late"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self, info: Info, name: str = "x") -> str:
        info.context.log.append(f"touch {name}")
        return name


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncIterator[int]:
        yield 1


def make_schema() -> strawberry.Schema:
    scalars: dict[Any, Any] = {Token: strawberry.scalar(name="Token", parse_value=_parse_token, serialize=str)}
    return strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=scalars))


W1 = """
query Timelines {
  leads(first: 50, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
    edges { cursor node {
      id email firstName lastName company jobTitle status source leadTemperature score tags createdAt
      assignedTo { id firstName lastName email }
      activities(first: 10) { edges { node { id activityType subject createdAt user { id firstName lastName } } } pageInfo { hasNextPage endCursor } }
      notes(first: 5) { edges { node { id noteType content createdAt user { id firstName lastName } } } pageInfo { hasNextPage endCursor } }
      scoreHistory(first: 5) { edges { node { id previousScore newScore scoreChange reason createdAt rule { id name } } } pageInfo { hasNextPage endCursor } }
      campaignLeads(first: 5) { edges { node { id status addedAt campaign { id name status } } } pageInfo { hasNextPage endCursor } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}
"""  # noqa: E501 - the dashboard query of the API contract, as clients send it
