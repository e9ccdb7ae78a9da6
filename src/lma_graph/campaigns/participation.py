"""Where campaigns take part in what is done below them: communication is ascribed to them, and stamps memberships.

`schema.participants` imports this, so that it is registered.
"""

from collections.abc import Sequence

from lma_graph.activities.occasions import ACTIVITY_RECORDED, CAMPAIGNS_NAMED
from lma_graph.kernel.errors import NotFound, Path
from lma_graph.kernel.transactions import UnitOfWork

# Held against deletion until the unit of work ends.
_FIND = "SELECT id FROM campaigns WHERE organization_id = $1 AND id = ANY($2) ORDER BY id FOR KEY SHARE"
_CONTACTED = """
UPDATE campaign_leads AS m SET last_contact_at = c.at
FROM (SELECT lead_id, campaign_id, max(completed_at) AS at FROM activities
      WHERE organization_id = $1 AND id = ANY($2) AND status = 'COMPLETED' AND direction = 'OUTBOUND'
        AND campaign_id IS NOT NULL
      GROUP BY lead_id, campaign_id) AS c
WHERE m.organization_id = $1 AND m.campaign_id = c.campaign_id AND m.lead_id = c.lead_id
  AND (m.last_contact_at IS NULL OR m.last_contact_at < c.at)
"""


@CAMPAIGNS_NAMED.participant
async def hold(unit: UnitOfWork, numbers: Sequence[int], *, path: Path) -> None:
    """Raise `NotFound` where there is no such campaign."""
    found = await unit.fetch(_FIND, unit.viewer.organization_id, list(numbers))
    if len(found) < len(set(numbers)):
        raise NotFound("There is no such campaign.", path=path)


@ACTIVITY_RECORDED.participant
async def stamp(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """Say in memberships when the campaign contacted the lead last; what the lead does is no contact of ours."""
    await unit.execute(_CONTACTED, unit.viewer.organization_id, list(numbers))
