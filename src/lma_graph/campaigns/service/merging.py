"""What becomes of campaign memberships when leads are merged and separated: one person is once in a campaign.

Where several of the leads are members, one membership stays: the surviving lead's, else the furthest. It takes over
how far the others have come, and when; they stay with the leads that were merged, where nobody sees them. Whom a person
has taken out stays out, where only the campaign's criteria have another of the leads in.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson

from lma_graph.campaigns.models import ChosenBy, MemberStatus
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.occasions import LEAD_MERGED, LEAD_UNMERGED

_TABLE = "campaign_leads"
_ORDER = [
    MemberStatus.REMOVED, MemberStatus.ENROLLED, MemberStatus.CONTACTED, MemberStatus.ENGAGED, MemberStatus.RESPONDED,
    MemberStatus.CONVERTED, MemberStatus.BOUNCED, MemberStatus.UNSUBSCRIBED,
]  # fmt: skip
"""How far a member has come. Whoever has unsubscribed once has unsubscribed."""
_REFUSED = {MemberStatus.BOUNCED, MemberStatus.UNSUBSCRIBED}
_FIND = """
SELECT id, lead_id, campaign_id, status, chosen_by, last_contact_at, response_at, conversion_at FROM campaign_leads
WHERE organization_id = $1 AND lead_id = ANY($2) ORDER BY id FOR UPDATE
"""
_WRITE = """
UPDATE campaign_leads AS m SET lead_id = i.lead_id, status = i.status, chosen_by = i.chosen_by,
    last_contact_at = i.last_contact_at, response_at = i.response_at, conversion_at = i.conversion_at
FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
    AS i(id, lead_id, status, chosen_by, last_contact_at, response_at, conversion_at)
WHERE m.organization_id = $1 AND m.id = i.id
"""
# What was changed since the merge stays as it is; only whose membership it is goes back.
_BACK = """
UPDATE campaign_leads AS m SET lead_id = (i.o ->> 'lead_id')::bigint,
    status = CASE WHEN m.status = i.n ->> 'status' THEN i.o ->> 'status' ELSE m.status END,
    chosen_by = CASE WHEN m.chosen_by = i.n ->> 'chosen_by' THEN coalesce(i.o ->> 'chosen_by', m.chosen_by)
        ELSE m.chosen_by END,
    last_contact_at = CASE WHEN m.last_contact_at IS NOT DISTINCT FROM (i.n ->> 'last_contact_at')::timestamptz
        THEN (i.o ->> 'last_contact_at')::timestamptz ELSE m.last_contact_at END,
    response_at = CASE WHEN m.response_at IS NOT DISTINCT FROM (i.n ->> 'response_at')::timestamptz
        THEN (i.o ->> 'response_at')::timestamptz ELSE m.response_at END,
    conversion_at = CASE WHEN m.conversion_at IS NOT DISTINCT FROM (i.n ->> 'conversion_at')::timestamptz
        THEN (i.o ->> 'conversion_at')::timestamptz ELSE m.conversion_at END
FROM unnest($2::bigint[], $3::jsonb[], $4::jsonb[]) AS i(id, o, n)
WHERE m.organization_id = $1 AND m.id = i.id
"""
_COLUMNS = ("lead_id", "status", "chosen_by", "last_contact_at", "response_at", "conversion_at")


@LEAD_MERGED.participant
async def merge_memberships(
    unit: UnitOfWork, numbers: Sequence[int], *, merged: Sequence[int], moved: dict[str, Any]
) -> None:
    """Have the surviving lead once in every campaign that one of the leads was in."""
    (number,) = numbers
    campaigns: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for row in await unit.fetch(_FIND, unit.viewer.organization_id, [number, *merged]):
        campaigns[row["campaign_id"]].append(row)
    changed = []
    for rows in campaigns.values():
        kept = max(rows, key=lambda row: (row["lead_id"] == number, _ORDER.index(row["status"]), -row["id"]))
        new = _together(rows, number)
        if any(kept[name] != new[name] for name in _COLUMNS):
            changed.append({"id": kept["id"], "from": {name: kept[name] for name in _COLUMNS}, "to": new})
    if changed:
        columns = [[one["id"] for one in changed], *([one["to"][name] for one in changed] for name in _COLUMNS)]
        await unit.execute(_WRITE, unit.viewer.organization_id, *columns)
    moved[_TABLE] = changed


def _together(rows: Sequence[asyncpg.Record], number: int) -> dict[str, Any]:
    def known(name: str) -> list[Any]:
        return [row[name] for row in rows if row[name] is not None]

    by_hand = [row for row in rows if row["chosen_by"] == ChosenBy.MANUAL]
    status = max((row["status"] for row in rows), key=_ORDER.index)
    taken_out = by_hand and all(row["status"] == MemberStatus.REMOVED for row in by_hand)
    return {
        "lead_id": number,
        "status": MemberStatus.REMOVED.value if taken_out and status not in _REFUSED else status,
        "chosen_by": (ChosenBy.MANUAL if by_hand else ChosenBy.CRITERIA).value,
        "last_contact_at": max(known("last_contact_at"), default=None),
        "response_at": min(known("response_at"), default=None),
        "conversion_at": min(known("conversion_at"), default=None),
    }


@LEAD_UNMERGED.participant
async def separate_memberships(
    unit: UnitOfWork, numbers: Sequence[int], *, merged: Sequence[int], moved: dict[str, Any]
) -> None:
    """Give memberships back to the leads they were of."""
    del numbers, merged
    changed = moved[_TABLE]
    if changed:
        parts = [[orjson.dumps(one[which]).decode() for one in changed] for which in ("from", "to")]
        await unit.execute(_BACK, unit.viewer.organization_id, [one["id"] for one in changed], *parts)
