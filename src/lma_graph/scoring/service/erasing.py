"""What becomes of the score history of a person who is erased: the points stay, the words go."""

from collections.abc import Sequence

from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.occasions import LEAD_ERASED

_REASONS = "UPDATE lead_score_history SET reason = NULL WHERE organization_id = $1 AND lead_id = ANY($2)"


@LEAD_ERASED.participant
async def erase_reasons(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """Forget why points were given."""
    await unit.execute(_REASONS, unit.viewer.organization_id, list(numbers))
