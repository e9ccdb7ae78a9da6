"""What an organization has set for scoring, in `settings.scoring`: thresholds of temperature, and caps.

Enter at `store`; `engine.rules` reads it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from lma_graph.kernel.errors import FieldError, InvalidInput
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.scoring.engine.rules import HYSTERESIS
from lma_graph.scoring.service import rescoring

LARGEST_CAP = 1_000_000_000

_HELD = "SELECT coalesce(settings -> 'scoring', '{}')::text AS set FROM organizations WHERE id = $1 FOR NO KEY UPDATE"
_STORE = """
UPDATE organizations SET settings = settings || jsonb_build_object('scoring', $2::jsonb), updated_at = now()
WHERE id = $1
"""


async def store(unit: UnitOfWork, given: Mapping[str, Any]) -> dict[str, Any]:
    """Set what is given, keep the rest, and judge all leads by it.

    Raises `InvalidInput` where the thresholds overlap or a cap is given twice.
    """
    organization = unit.viewer.organization_id
    (row,) = await unit.fetch(_HELD, organization)
    before: dict[str, Any] = orjson.loads(row["set"])
    faults = list(_faults(given, given.get("hysteresis", before.get("hysteresis", HYSTERESIS))))
    if faults:
        raise InvalidInput(faults)
    after = _with(before, given)
    if after == before:
        return {"organization": organization, "changed": 0}
    await unit.execute(_STORE, organization, orjson.dumps(after).decode())
    return {"organization": organization, **await rescoring.follow(unit, "setScoreThresholds")}


def _with(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    after = {**before, "thresholds": {"warm": given["warm"], "hot": given["hot"]}}
    if "hysteresis" in given:
        after["hysteresis"] = given["hysteresis"]
    if "caps" in given:
        after["caps"] = {cap["rule_type"]: cap["limit"] for cap in given["caps"]}
    if "total_cap" in given:
        after["totalCap"] = given["total_cap"]
    return {name: value for name, value in after.items() if value not in (None, {})}


def _faults(given: Mapping[str, Any], hysteresis: int) -> Iterator[FieldError]:
    warm, hot = given["warm"], given["hot"]
    if warm >= hot:
        text = f"The thresholds overlap: leads are HOT from {hot:,} on, and so must be WARM from a lower score, "
        yield FieldError(("warm",), f"{text}not from {warm:,}.", "OVERLAP")
    elif hysteresis >= hot - warm:
        text = f"The hysteresis must be less than {hot - warm:,}, the distance from WARM to HOT; it is {hysteresis:,}."
        yield FieldError(("hysteresis",), text, "OUT_OF_RANGE")
    types: set[str] = set()
    for place, cap in enumerate(given.get("caps", ())):
        if cap["rule_type"] in types:
            yield FieldError(("caps", place, "ruleType"), "Another cap is for this type.", "DUPLICATE")
        types.add(cap["rule_type"])
