"""What becomes of scores when leads are merged and separated: a lead's score stays the sum of its history.

The histories are put together in the order of time. Points that several of the leads had for the same reason (one
rule, or the score they came with) count once: an entry takes what is too much.
"""

from collections.abc import Sequence
from typing import Any

from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.occasions import LEAD_MERGED, LEAD_UNMERGED
from lma_graph.leads.service.moving import move, move_back

_TABLE = "lead_score_history"
_BEFORE = """
SELECT id, previous_score FROM lead_score_history WHERE organization_id = $1 AND lead_id = ANY($2) ORDER BY id
"""
_SCORES = "SELECT id, score FROM leads WHERE organization_id = $1 AND id = ANY($2) ORDER BY id"
# Of the points that several leads have by one rule, the surviving lead's stay, else those that are the most.
_ONCE = """
WITH given AS (
    SELECT kind, rule_id, lead_id, sum(score_change)::int AS points FROM lead_score_history
    WHERE organization_id = $1 AND lead_id = ANY($3) AND kind IN ('RULE', 'OPENING') GROUP BY kind, rule_id, lead_id
)
SELECT kind, rule_id,
    coalesce(max(points) FILTER (WHERE lead_id = $2), max(points))::int - sum(points)::int AS points
FROM given GROUP BY kind, rule_id HAVING count(*) > 1 ORDER BY kind, rule_id
"""
_ADD = """
INSERT INTO lead_score_history
    (organization_id, lead_id, kind, rule_id, score_change, previous_score, new_score, reason)
SELECT $1, $2, i.kind, i.rule_id, i.points, 0, i.points, 'Counted once after leads were merged'
FROM unnest($3::text[], $4::bigint[], $5::int[]) WITH ORDINALITY AS i(kind, rule_id, points, place)
WHERE i.points <> 0 ORDER BY i.place RETURNING id
"""
_CHAIN = """
UPDATE lead_score_history AS h SET previous_score = c.total - h.score_change, new_score = c.total
FROM (
    SELECT id, sum(score_change) OVER (PARTITION BY lead_id ORDER BY created_at, id)::int AS total
    FROM lead_score_history WHERE organization_id = $1 AND lead_id = ANY($2)
) AS c
WHERE h.organization_id = $1 AND h.id = c.id AND h.new_score <> c.total
"""
_SUMMED = """
UPDATE leads AS l SET score = coalesce(
    (SELECT sum(h.score_change) FROM lead_score_history h WHERE h.organization_id = $1 AND h.lead_id = l.id), 0)
WHERE l.organization_id = $1 AND l.id = ANY($2)
"""
_RESTORED = """
UPDATE lead_score_history AS h SET previous_score = i.previous, new_score = i.previous + h.score_change
FROM unnest($2::bigint[], $3::int[]) AS i(id, previous) WHERE h.organization_id = $1 AND h.id = i.id
"""
_REMOVED = "DELETE FROM lead_score_history WHERE organization_id = $1 AND id = ANY($2)"
_SAVED = """
UPDATE leads AS l SET score = i.score FROM unnest($2::bigint[], $3::int[]) AS i(id, score)
WHERE l.organization_id = $1 AND l.id = i.id
"""


@LEAD_MERGED.participant
async def merge_scores(
    unit: UnitOfWork, numbers: Sequence[int], *, merged: Sequence[int], moved: dict[str, Any]
) -> None:
    """Give the history of merged leads to the surviving lead, and sum up anew."""
    (number,), organization = numbers, unit.viewer.organization_id
    every = [number, *merged]
    before = await unit.fetch(_BEFORE, organization, every)
    scores = await unit.fetch(_SCORES, organization, every)
    once = await unit.fetch(_ONCE, organization, number, every)
    given = await move(unit, _TABLE, number, merged)
    columns = [[row[name] for row in once] for name in ("kind", "rule_id", "points")]
    added = await unit.fetch(_ADD, organization, number, *columns)
    if given:
        await unit.execute(_CHAIN, organization, every)
        await unit.execute(_SUMMED, organization, every)
    moved[_TABLE] = {
        "rows": given,
        "previous": [list(row) for row in before],
        "added": [row["id"] for row in added],
        "scores": [list(row) for row in scores],
    }


@LEAD_UNMERGED.participant
async def separate_scores(
    unit: UnitOfWork, numbers: Sequence[int], *, merged: Sequence[int], moved: dict[str, Any]
) -> None:
    """Give the history back. Points that the surviving lead was given since stay with it."""
    (number,), organization, kept = numbers, unit.viewer.organization_id, moved[_TABLE]
    if not kept["rows"]:
        return
    await unit.execute(_REMOVED, organization, kept["added"])
    await move_back(unit, _TABLE, number, kept["rows"])
    since = await unit.fetch(_BEFORE, organization, [number, *merged])
    if len(since) == len(kept["previous"]):
        await unit.execute(_RESTORED, organization, *(list(part) for part in zip(*kept["previous"], strict=True)))
        await unit.execute(_SAVED, organization, *(list(part) for part in zip(*kept["scores"], strict=True)))
    else:
        await unit.execute(_CHAIN, organization, [number, *merged])
        await unit.execute(_SUMMED, organization, [number, *merged])
