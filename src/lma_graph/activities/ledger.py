"""The audit trail: what happened to leads, written in the transaction in which it happens. Enter at `record`.

Each entry is also an event of the outbox, whose identity is the entry's id; a thousand entries of one kind at most are
one row there: `{ "activities": [ids], "leads": [ids] }`, both in the order of the entries.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from lma_graph.activities.models import ActivityType
from lma_graph.kernel.outbox import IDS_OF_ONE_EVENT
from lma_graph.kernel.transactions import UnitOfWork


class Entry(NamedTuple):
    """One thing that happened to one lead."""

    lead_id: int
    kind: ActivityType
    metadata: Mapping[str, Any]


# The entries of one transaction bear its one time, so their order is that of their ids.
RECORDED = f"""
written AS (
    INSERT INTO activities (organization_id, lead_id, user_id, activity_type, metadata, completed_at, campaign_id)
    SELECT $1, e.lead_id, $2, e.kind, e.metadata || $3::jsonb, now(), e.campaign_id FROM entries AS e ORDER BY e.place
    RETURNING id, lead_id, activity_type
), numbered AS (
    SELECT id, lead_id, activity_type,
           (row_number() OVER (PARTITION BY activity_type ORDER BY id) - 1) / {IDS_OF_ONE_EVENT} AS part
    FROM written
), told AS (
    INSERT INTO outbox_events (organization_id, user_id, name, payload)
    SELECT $1, $2, activity_type,
           jsonb_build_object('activities', jsonb_agg(id ORDER BY id), 'leads', jsonb_agg(lead_id ORDER BY id))
    FROM numbered GROUP BY activity_type, part ORDER BY min(id)
)
"""  # noqa: S608 - a constant
"""Parts of a WITH for those who write rows and their trail in one statement: they record what a part `entries` has.

That is `lead_id, kind, metadata, campaign_id, place`; the statement's `$1` is the organization, `$2` who did it, `$3`
what `mark_of` gives.
"""
_INSERT = f"""
WITH entries AS (
    SELECT *, NULL::bigint AS campaign_id
    FROM unnest($4::bigint[], $5::text[], $6::jsonb[]) WITH ORDINALITY AS e(lead_id, kind, metadata, place)
), {RECORDED} SELECT
"""  # noqa: S608 - a constant


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
