"""The outbox: what a unit of work leaves behind for others, kept or lost together with its other changes.

`record` writes an event (a lead was changed); consumers read events in the order of their transactions by `read`.
Jobs have a table of their own, `outbox_jobs`, which `kernel/jobs` writes and empties.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped

from lma_graph.kernel.scope import ORGANIZATION, VIEWER, table_of
from lma_graph.kernel.tables import TenantRow, column, created_at, index, organization_key, tenant_key
from lma_graph.kernel.transactions import Transaction, UnitOfWork
from lma_graph.kernel.writing import written

IDS_OF_ONE_EVENT = 1_000


class Xid8(sa.types.UserDefinedType[int]):
    """Postgres' 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return "xid8"


ischema_names["xid8"] = Xid8


class OutboxEventRow(TenantRow):
    """Something that happened to the organization's data, for those who follow it. Never changed; purged by age."""

    __tablename__ = "outbox_events"

    xid: Mapped[int] = column(
        "The transaction that wrote it. Ids are not committed in order; a position is the pair of both.",
        Xid8(),
        server_default=sa.text("pg_current_xact_id()"),
    )
    name: Mapped[str] = column("What happened, such as `lead.changed`.")
    payload: Mapped[dict[str, Any]] = column(
        "Ids of what it happened to and names of what changed; no personal data.", server_default=sa.text("'{}'::jsonb")
    )
    user_id: Mapped[int | None] = column("Who did it.", sa.BigInteger())
    created_at: Mapped[dt.datetime] = created_at()

    __table_args__ = (
        organization_key(),
        tenant_key("user_id", "users"),
        index("outbox_events", "position", "xid", "id", serves="events after a position, in order"),
        index("outbox_events", "created_at", "created_at", serves="events that are old enough to be purged"),
        index("outbox_events", "user", "user_id", serves="the key"),
    )


class OutboxJobRow(TenantRow):
    """A job on its way from the transaction that asked for it to the queue; deleted when it is there."""

    __tablename__ = "outbox_jobs"

    name: Mapped[str] = column("The job's name, such as `execution.import`.")
    arguments: Mapped[dict[str, Any]] = column("Ids and nothing else.", server_default=sa.text("'{}'::jsonb"))
    lock_key: Mapped[str | None] = column("Jobs of one key run one after the other, in their order.")
    dedupe_key: Mapped[str | None] = column("While a job of this key waits, no other is added.")
    run_at: Mapped[dt.datetime] = column("When it may begin.", server_default=sa.func.now())
    user_id: Mapped[int] = column("For whom it runs: it sees and may do what they do.", sa.BigInteger())
    created_at: Mapped[dt.datetime] = created_at()

    __table_args__ = (
        organization_key(),
        tenant_key("user_id", "users"),
        index("outbox_jobs", "due", "run_at", "id", serves="jobs that are due"),
        index("outbox_jobs", "user", "user_id", serves="the key"),
    )


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in the events of one organization: everything up to and with it has been read."""

    xid: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as it is read."""

    position: Position
    name: str
    payload: Mapping[str, Any]
    user_id: int | None
    created_at: dt.datetime


async def record(
    unit: UnitOfWork, name: str, payload: Mapping[str, Any] | None = None, *, ids: Sequence[int] | None = None
) -> None:
    """Leave an event behind, if the unit of work is committed.

    With `ids` (a bulk command) one row is written for each thousand of them, under `payload["ids"]`.
    """
    chunks: list[Mapping[str, Any]] = [payload or {}]
    if ids is not None:
        pieces = (ids[start : start + IDS_OF_ONE_EVENT] for start in range(0, len(ids), IDS_OF_ONE_EVENT))
        chunks = [{**(payload or {}), "ids": list(piece)} for piece in pieces]
    for chunk in chunks:
        await unit.rows(_RECORD, {"name": name, "payload": dict(chunk)})


async def read(transaction: Transaction, after: Position, limit: int = 500) -> Sequence[Event]:
    """Events of the viewer's organization behind a position, in order.

    Stops before the oldest transaction that is still at work, since it may yet write before what came after it.
    Whether the viewer may see what an event is about is for the reader to ask.
    """
    found = await transaction.rows(_READ, {"xid": str(after.xid), "id": after.id, "limit": limit})
    return [Event(Position(int(row.xid), row.id), row.name, row.payload, row.user_id, row.created_at) for row in found]


_EVENTS = table_of(OutboxEventRow)
_RECORD = written(
    sa.insert(_EVENTS)
    .values(organization_id=ORGANIZATION, user_id=VIEWER, name=sa.bindparam("name"), payload=sa.bindparam("payload"))
    .returning(_EVENTS.c.id)
)
_HORIZON = sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot(), type_=Xid8())
_READ = (
    sa.select(
        _EVENTS.c.id,
        sa.cast(sa.cast(_EVENTS.c.xid, sa.Text), sa.BigInteger).label("xid"),
        _EVENTS.c.name,
        _EVENTS.c.payload,
        _EVENTS.c.user_id,
        _EVENTS.c.created_at,
    )
    .where(
        _EVENTS.c.organization_id == ORGANIZATION,
        sa.text(
            "(outbox_events.xid, outbox_events.id) > (CAST(CAST(:xid AS text) AS xid8), CAST(:id AS bigint))"
        ).bindparams(sa.bindparam("xid", type_=sa.Text()), sa.bindparam("id", type_=sa.BigInteger())),
        _EVENTS.c.xid < _HORIZON,
    )
    .order_by(_EVENTS.c.xid, _EVENTS.c.id)
    .limit(sa.bindparam("limit"))
)
