"""Converting leads into customers."""

from typing import Any

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.models import LeadStatus
from lma_graph.leads.occasions import LEAD_CONVERTED
from lma_graph.leads.service import life


async def convert(
    unit: UnitOfWork,
    number: int,
    *,
    value: int | None = None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> int:
    """Make a customer of a lead. One that is a customer already is not converted again; its value may change.

    Raises `NotFound`, and `Conflict` where the version is another one.
    """
    row = await life.held(unit, number, expected_version)
    wanted: dict[str, Any] = {"status": LeadStatus.CONVERTED.value} | ({} if value is None else {"value": value})
    changes = life.changed(row, wanted)
    if changes:
        await life.write(unit, [(row, changes)])
    if "status" in changes:
        metadata = {"from": row.status, "value": changes.get("value", row.value), "reason": reason}
        await ledger.record(unit, [Entry(number, ActivityType.CONVERSION, metadata)])
        await LEAD_CONVERTED(unit, [number])
    return number
