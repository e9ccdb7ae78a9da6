"""Points that a person gives to a lead, or takes. Enter at `adjust`."""

from typing import Any

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType
from lma_graph.kernel.checks import INT_RANGE
from lma_graph.kernel.errors import InvalidInput
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.models import LeadTemperature
from lma_graph.leads.occasions import LEAD_CHANGED
from lma_graph.leads.service import life
from lma_graph.scoring.engine import rules
from lma_graph.scoring.engine.rules import Thresholds

# The time is the statement's: whoever held the lead before has written entries since this transaction began.
_WRITE = """
WITH lead AS (
    UPDATE leads SET score = $4, lead_temperature = $5, updated_at = now() WHERE organization_id = $1 AND id = $2
)
INSERT INTO lead_score_history
    (organization_id, lead_id, kind, previous_score, new_score, score_change, reason, created_at)
VALUES ($1, $2, 'MANUAL', $3, $4, $4::int - $3::int, $6, statement_timestamp()) RETURNING id
"""


async def adjust(
    unit: UnitOfWork, number: int, change: int, reason: str, *, expected_version: int | None = None
) -> dict[str, Any]:
    """Add points to a lead's score, as an entry of its history; its temperature follows.

    No new version of the lead: nobody's edit is in conflict with that. Raises `NotFound`, `Conflict`
    (`VERSION_CONFLICT`), and `InvalidInput` where the score would become too large or too small a number.
    """
    lead = await life.held(unit, number, expected_version, path=("leadId",))
    score = lead.score + change
    if not INT_RANGE[0] <= score <= INT_RANGE[1]:
        text = f"The score would be {score:,}; it must lie between {INT_RANGE[0]:,} and {INT_RANGE[1]:,}."
        raise InvalidInput.at(("change",), text, "OUT_OF_RANGE")
    warmth = temperature(score, lead.lead_temperature, (await rules.read(unit)).thresholds)
    values = (number, lead.score, score, warmth, reason)
    (entry,) = await unit.fetch(_WRITE, unit.viewer.organization_id, *values)
    metadata = {"from": lead.score, "to": score, "reason": reason}
    await ledger.record(unit, [Entry(number, ActivityType.SCORE_CHANGE, metadata)])
    await LEAD_CHANGED(unit, [number], columns=frozenset({"score", "lead_temperature"}))
    return {"lead": number, "entry": entry["id"]}


def temperature(score: int, was: str, thresholds: Thresholds) -> LeadTemperature:
    """How warm a lead of a new score is that was so warm before: it cools down a little later than it warms up."""
    was_hot, was_cold = was == LeadTemperature.HOT, was == LeadTemperature.COLD
    if score >= thresholds.hot - (thresholds.hysteresis if was_hot else 0):
        return LeadTemperature.HOT
    if score >= thresholds.warm - (0 if was_cold else thresholds.hysteresis):
        return LeadTemperature.WARM
    return LeadTemperature.COLD
