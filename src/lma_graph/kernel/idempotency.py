"""Doing a thing once however often it is asked: results of mutations by the key their caller chose.

A row is written in the mutation's own transaction, so it exists exactly where the change does. A twin that comes at the
same time waits at the unique key for the first to end, and then finds its result. Kept are ids and counts, never what
a client sent nor a secret; refusals are not kept. Enter at `claim` and `keep`.
"""

import datetime as dt
import hashlib
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from lma_graph.kernel.errors import Conflict
from lma_graph.kernel.tables import Base, column, created_at, tenant_key
from lma_graph.kernel.transactions import UnitOfWork

KEPT = "24 hours"
LONGEST_KEY = 200


class IdempotencyResultRow(Base):
    """What a mutation gave, for whoever asks the same again within 24 hours."""

    __tablename__ = "idempotency_results"

    organization_id: Mapped[int] = column("The organization this belongs to.", sa.BigInteger(), primary_key=True)
    user_id: Mapped[int] = column("Who asked.", sa.BigInteger(), primary_key=True)
    mutation: Mapped[str] = column("The mutation's name.", primary_key=True)
    key: Mapped[str] = column("The key that the caller chose.", primary_key=True)
    digest: Mapped[bytes] = column("SHA-256 of the input, which must be the same.", sa.LargeBinary())
    outcome: Mapped[dict[str, Any] | None] = column("Ids and counts of the result.")
    created_at: Mapped[dt.datetime] = created_at()

    __table_args__ = (tenant_key("user_id", "users"),)


# A key older than a day is as good as new. Without a row in the answer there is one that still counts.
_CLAIM = f"""
INSERT INTO idempotency_results AS r (organization_id, user_id, mutation, key, digest)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organization_id, user_id, mutation, key) DO UPDATE
SET digest = excluded.digest, outcome = NULL, created_at = now()
WHERE r.created_at < now() - interval '{KEPT}'
RETURNING 1
"""  # noqa: S608 - a constant
_FIND = """
SELECT digest, outcome FROM idempotency_results
WHERE organization_id = $1 AND user_id = $2 AND mutation = $3 AND key = $4
"""
_KEEP = """
UPDATE idempotency_results SET outcome = $5
WHERE organization_id = $1 AND user_id = $2 AND mutation = $3 AND key = $4
"""


def _address(unit: UnitOfWork, mutation: str, key: str) -> tuple[int, int, str, str]:
    return unit.viewer.organization_id, unit.viewer.user_id, mutation, key


async def claim(unit: UnitOfWork, mutation: str, key: str, given: Any) -> dict[str, Any] | None:
    """The earlier outcome under the key, or None where this is the first time.

    Raises `Conflict` where the key was used with another input.
    """
    written = orjson.dumps(given, default=str, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(written).digest()
    address = _address(unit, mutation, key)
    if await unit.fetch(_CLAIM, *address, digest):
        return None
    found = (await unit.fetch(_FIND, *address))[0]
    if found["digest"] != digest:
        message = "This key was used with another input; choose a new one for a new request."
        raise Conflict(message, path=("idempotencyKey",), kind="IDEMPOTENCY_KEY_REUSED")
    outcome: dict[str, Any] = found["outcome"]
    return outcome


async def keep(unit: UnitOfWork, mutation: str, key: str, outcome: dict[str, Any]) -> None:
    """Remember what the mutation gave."""
    await unit.execute(_KEEP, *_address(unit, mutation, key), orjson.dumps(outcome).decode())
