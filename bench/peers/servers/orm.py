"""How the Python peers load: SQLAlchemy's async ORM, one function per relation for their data loaders.

Strawberry and Ariadne share these, so that they differ in nothing but themselves. The mapped classes are the
project's own. Children are loaded top N per parent with LATERAL, the cheapest statement there is for it, and a
session lives as long as one load, since a session must not be used by two tasks at once.
"""

import base64
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine  # noqa: TID251
from sqlalchemy.orm import aliased

from lma_graph.activities.models import COMMUNICATION_TYPES, ActivityRow, LeadNoteRow
from lma_graph.campaigns.models import CampaignLeadRow, CampaignRow
from lma_graph.leads.models import LeadRow
from lma_graph.organizations.models import OrganizationRow
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow
from lma_graph.users.models import UserRow

ORGANIZATION = int(os.environ["PEERS_ORGANIZATION"])
_COMMUNICATION = sa.text(f"activity_type IN ({', '.join(repr(str(one)) for one in COMMUNICATION_TYPES)})")
_URL = sa.make_url(os.environ["PEERS_DATABASE_URL"]).set(drivername="postgresql+asyncpg")
session: Callable[[], AsyncSession] = async_sessionmaker(
    create_async_engine(_URL, pool_size=int(os.environ["PEERS_CONNECTIONS"]), max_overflow=0), expire_on_commit=False
)

ChildKey = tuple[int, int]
"""A parent's id, and how many of its children are wanted."""
Load = Callable[[Sequence[Any]], Awaitable[list[Any]]]


def by_id(row: Any) -> Load:
    """Rows of a tenant table by their ids."""

    async def load(keys: Sequence[int]) -> list[Any]:
        statement = sa.select(row).where(row.organization_id == ORGANIZATION, row.id.in_(keys))
        async with session() as opened:
            found = {one.id: one for one in await opened.scalars(statement)}
        return [found.get(key) for key in keys]

    return load


def children(row: Any, parent: Any, moment: Any, *conditions: Any) -> Load:
    """The newest children of every parent, one more than wanted."""

    async def load(keys: Sequence[ChildKey]) -> list[list[Any]]:
        wanted = sa.literal([key for key, _ in keys], sa.ARRAY(sa.BigInteger))
        parents = sa.func.unnest(wanted).table_valued(sa.column("id", sa.BigInteger)).render_derived("parents")
        newest = (
            sa.select(row)
            .where(row.organization_id == ORGANIZATION, parent == parents.c.id, *conditions)
            .order_by(moment.desc(), row.id.desc())
            .limit(max(first for _, first in keys) + 1)
            .lateral()
        )
        child = aliased(row, newest)
        statement = sa.select(parents.c.id, child).select_from(parents).join(newest, sa.true())
        groups: dict[int, list[Any]] = defaultdict(list)
        async with session() as opened:
            for key, one in await opened.execute(statement):
                groups[key].append(one)
        return [groups[key][: first + 1] for key, first in keys]

    return load


LOADERS: dict[str, Load] = {
    "user": by_id(UserRow),
    "rule": by_id(LeadScoringRuleRow),
    "campaign": by_id(CampaignRow),
    "activities": children(ActivityRow, ActivityRow.lead_id, ActivityRow.created_at, _COMMUNICATION),
    "notes": children(LeadNoteRow, LeadNoteRow.lead_id, LeadNoteRow.created_at),
    "scores": children(LeadScoreHistoryRow, LeadScoreHistoryRow.lead_id, LeadScoreHistoryRow.created_at),
    "campaign_leads": children(CampaignLeadRow, CampaignLeadRow.lead_id, CampaignLeadRow.added_at),
    "assigned_leads": children(LeadRow, LeadRow.assigned_to_id, LeadRow.created_at, LeadRow.deleted_at.is_(None)),
    "users": children(UserRow, UserRow.organization_id, UserRow.created_at),
}
"""What the data loaders of a request are made from."""


async def lead(number: int) -> LeadRow | None:
    """One lead."""
    statement = sa.select(LeadRow).where(
        LeadRow.organization_id == ORGANIZATION, LeadRow.id == number, LeadRow.deleted_at.is_(None)
    )
    async with session() as opened:
        return (await opened.scalars(statement)).one_or_none()


async def leads(first: int, after: str | None, status: str | None, assigned_to: str | None) -> list[LeadRow]:
    """The newest leads behind a cursor, one more than wanted."""
    statement = sa.select(LeadRow).where(LeadRow.organization_id == ORGANIZATION, LeadRow.deleted_at.is_(None))
    if status is not None:
        statement = statement.where(LeadRow.status == status)
    if assigned_to is not None:
        statement = statement.where(LeadRow.assigned_to_id == int(assigned_to))
    if after is not None:
        last = aliased(LeadRow)
        position = (
            sa.select(last.created_at, last.id)
            .where(last.organization_id == ORGANIZATION, last.id == read_cursor(after))
            .scalar_subquery()
        )
        statement = statement.where(sa.tuple_(LeadRow.created_at, LeadRow.id) < position)
    statement = statement.order_by(LeadRow.created_at.desc(), LeadRow.id.desc()).limit(first + 1)
    async with session() as opened:
        return list(await opened.scalars(statement))


async def organization() -> OrganizationRow:
    """The organization that is served."""
    async with session() as opened:
        return (await opened.scalars(sa.select(OrganizationRow).where(OrganizationRow.id == ORGANIZATION))).one()


def write_cursor(number: int) -> str:
    """A row's id in base64, as the guides have it."""
    return base64.b64encode(f"row:{number}".encode("ascii")).decode("ascii")


def read_cursor(text: str) -> int:
    """The id in a cursor."""
    return int(base64.b64decode(text).decode("ascii").split(":")[1])
