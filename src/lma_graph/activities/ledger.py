"""The audit trail: what happened to leads, written in the transaction in which it happens. Enter at `record`."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from lma_graph.activities.models import ActivityType
from lma_graph.kernel.transactions import UnitOfWork


class Entry(NamedTuple):
    """One thing that happened to one lead."""

    lead_id: int
    kind: ActivityType
    metadata: Mapping[str, Any]


# The entries of one transaction bear its one time, so their order is that of their ids.
_INSERT = """
INSERT INTO activities (organization_id, lead_id, user_id, activity_type, metadata, completed_at)
SELECT $1, e.lead_id, $2, e.kind, e.metadata || $3::jsonb, now()
FROM unnest($4::bigint[], $5::text[], $6::jsonb[]) WITH ORDINALITY AS e(lead_id, kind, metadata, place)
ORDER BY e.place
"""


def mark_of(unit: UnitOfWork) -> str:
    """What every entry of a request bears beside its own: the request's id."""
    return orjson.dumps({"requestId": unit.request_id} if unit.request_id else {}).decode()


async def record(unit: UnitOfWork, entries: Sequence[Entry]) -> None:
    """Write entries, the viewer being who did it."""
    if not entries:
        return
    await unit.execute(
        _INSERT,
        unit.viewer.organization_id,
        unit.viewer.user_id,
        mark_of(unit),
        [entry.lead_id for entry in entries],
        [entry.kind.value for entry in entries],
        [orjson.dumps(entry.metadata, default=str).decode() for entry in entries],
    )
