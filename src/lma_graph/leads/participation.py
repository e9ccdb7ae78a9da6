"""Where leads take part in what is done below them: activities and notes are hung on leads, and move them.

`schema.participants` imports this, so that it is registered.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from lma_graph.activities.occasions import ACTIVITY_RECORDED, LEADS_NAMED
from lma_graph.kernel.errors import NotFound, Path
from lma_graph.kernel.loaders import KEYS
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.models import LeadRow
from lma_graph.leads.occasions import LEAD_CHANGED

# No new version of the lead: nobody's edit is in conflict with a call that was made meanwhile.
_ENGAGED = """
UPDATE leads AS l SET last_engagement_date = e.at, updated_at = now()
FROM (SELECT lead_id, max(completed_at) AS at FROM activities
      WHERE organization_id = $1 AND id = ANY($2) AND status = 'COMPLETED' GROUP BY lead_id) AS e
WHERE l.organization_id = $1 AND l.id = e.lead_id
  AND (l.last_engagement_date IS NULL OR l.last_engagement_date < e.at)
RETURNING l.id
"""


@LEADS_NAMED.participant
async def hold(unit: UnitOfWork, numbers: Sequence[int], *, path: Path) -> None:
    """Lock the leads, in the order of all locks. Raises `NotFound` for one that the viewer does not see."""
    lead = table_of(LeadRow)
    found = await unit.rows(
        sa.select(lead.c.id)
        .where(*conditions(lead, Scope.of(unit.viewer)), lead.c.id == sa.any_(KEYS))
        .order_by(lead.c.id)
        .with_for_update(of=lead, key_share=True),
        {"keys": sorted(numbers)},
    )
    if len(found) < len(set(numbers)):
        raise NotFound("There is no such lead.", path=path)


@ACTIVITY_RECORDED.participant
async def engage(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """Move the leads' last engagement to the latest of what has happened, never backwards."""
    moved = await unit.fetch(_ENGAGED, unit.viewer.organization_id, list(numbers))
    await LEAD_CHANGED(unit, [row["id"] for row in moved], columns=frozenset({"last_engagement_date"}))
