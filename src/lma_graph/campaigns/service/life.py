"""Creating, changing, moving on and deleting campaigns. A change is told of in the outbox; leads have their trail."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from lma_graph.campaigns.models import CampaignRow, CampaignStatus, FollowCriteria
from lma_graph.campaigns.service.following import follow
from lma_graph.campaigns.service.holding import held
from lma_graph.kernel import outbox
from lma_graph.kernel.errors import Conflict, FieldError, InvalidInput
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import ORGANIZATION, VIEWER, table_of
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.writing import written

MOVES: Mapping[CampaignStatus, tuple[CampaignStatus, ...]] = {
    CampaignStatus.DRAFT: (CampaignStatus.ACTIVE, CampaignStatus.ARCHIVED),
    CampaignStatus.ACTIVE: (CampaignStatus.PAUSED, CampaignStatus.COMPLETED, CampaignStatus.ARCHIVED),
    CampaignStatus.PAUSED: (CampaignStatus.ACTIVE, CampaignStatus.COMPLETED, CampaignStatus.ARCHIVED),
    CampaignStatus.COMPLETED: (CampaignStatus.ARCHIVED,),
    CampaignStatus.ARCHIVED: (),
}
"""What may come after each status."""
_ROWS = table_of(CampaignRow)
_THIS = (_ROWS.c.organization_id == ORGANIZATION, _ROWS.c.id == sa.bindparam("number", type_=sa.BigInteger()))
_AUDIENCE = frozenset({"target_criteria", "follow_criteria"})
_USED = """
SELECT EXISTS (SELECT FROM campaign_leads WHERE organization_id = $1 AND campaign_id = $2)
    OR EXISTS (SELECT FROM activities WHERE organization_id = $1 AND campaign_id = $2) AS used
"""
_DELETE = "DELETE FROM campaigns WHERE organization_id = $1 AND id = $2"


async def create(unit: UnitOfWork, values: Mapping[str, Any]) -> int:
    """A new draft of the given column values; its id. Raises `InvalidInput`."""
    _refuse(inconsistencies(values))
    insert = sa.insert(_ROWS).values(organization_id=ORGANIZATION, created_by=VIEWER, **values)
    (made,) = await unit.rows(written(insert.returning(_ROWS.c.id)))
    number: int = made.id
    await outbox.record(unit, "CAMPAIGN_CREATED", {"campaigns": [number]})
    return number


async def update(unit: UnitOfWork, number: int, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Change values of a campaign, given by column name; what is the same already changes nothing.

    Members of an active campaign follow changed criteria at once, or as the long work `execution`. Raises `NotFound`
    and `InvalidInput`.
    """
    row = await held(unit, number, ("id",))
    changes = {name: value for name, value in patch.items() if getattr(row, name) != value}
    faults = inconsistencies({**row._mapping, **changes}, changes)
    _refuse(FieldError(("patch", *one.path), one.message, one.code) for one in faults)
    if not changes:
        return {"campaign": number, "execution": None}
    await _write(unit, number, changes)
    return {"campaign": number, "execution": await follow(unit, number) if _AUDIENCE & changes.keys() else None}


async def set_status(unit: UnitOfWork, number: int, status: CampaignStatus) -> dict[str, Any]:
    """Move a campaign on; one that is there already stays. Raises `NotFound` and `Conflict` (`MOVE_NOT_ALLOWED`).

    Members follow the criteria of what becomes active, at once or as the long work `execution`.
    """
    row = await held(unit, number, ("id",))
    if row.status == status:
        return {"campaign": number, "execution": None}
    allowed = MOVES[CampaignStatus[row.status]]
    if status not in allowed:
        after = f"it can become {_listed(allowed)}" if allowed else "nothing comes after it"
        text = f"A campaign that is {row.status} cannot become {status}; {after}."
        raise Conflict(text, path=("status",), kind="MOVE_NOT_ALLOWED", campaign=number)
    await _write(unit, number, {"status": status.value})
    return {"campaign": number, "execution": await follow(unit, number)}


async def delete(unit: UnitOfWork, number: int) -> None:
    """Delete a draft that nobody has ever been in. Raises `NotFound` and `Conflict` (`CAMPAIGN_IN_USE`).

    Everything else is part of what happened to leads: memberships and communication keep pointing at the campaign,
    and archiving it puts it away.
    """
    row = await held(unit, number, ("id",), whole=True)
    (found,) = await unit.fetch(_USED, unit.viewer.organization_id, number)
    if row.status != CampaignStatus.DRAFT or found["used"]:
        text = "Only a draft without members and communication can be deleted; archive this campaign instead."
        raise Conflict(text, path=("id",), kind="CAMPAIGN_IN_USE", campaign=number)
    await unit.execute(_DELETE, unit.viewer.organization_id, number)
    await outbox.record(unit, "CAMPAIGN_DELETED", {"campaigns": [number]})


def inconsistencies(values: Mapping[str, Any], touched: Mapping[str, Any] | None = None) -> Iterator[FieldError]:
    """What is wrong between the values of one campaign because of the `touched` columns; of any, where none are."""
    names = set(values if touched is None else touched)
    starts, ends = values.get("start_date"), values.get("end_date")
    if starts is not None and ends is not None and ends < starts and names & {"start_date", "end_date"}:
        where = "endDate" if "end_date" in names else "startDate"
        yield FieldError((where,), f"The last day, {ends}, lies before the first, {starts}.", "OUT_OF_RANGE")
    follows = values.get("follow_criteria") or FollowCriteria.NONE
    if follows != FollowCriteria.NONE and values.get("target_criteria") is None and names & _AUDIENCE:
        where = "followCriteria" if "follow_criteria" in names else "targetCriteria"
        yield FieldError((where,), "There must be criteria for members to follow.", "MISSING_VALUE")
    seen = set()
    for at, goal in enumerate(values.get("goals") or () if "goals" in names else ()):
        if goal["name"] in seen:
            yield FieldError(("goals", at, "name"), "Another goal has this name.", "DUPLICATE")
        seen.add(goal["name"])


async def _write(unit: UnitOfWork, number: int, changes: Mapping[str, Any]) -> None:
    statement = sa.update(_ROWS).where(*_THIS).values(dict(changes)).returning(_ROWS.c.id)
    await unit.rows(written(statement), {"number": number})
    names = sorted(map(camel, changes))
    await outbox.record(unit, "CAMPAIGN_CHANGED", {"campaigns": [number], "changes": names})


def _refuse(faults: Iterator[FieldError]) -> None:
    found = list(faults)
    if found:
        raise InvalidInput(found)


def _listed(values: tuple[CampaignStatus, ...]) -> str:
    return " or ".join(filter(None, (", ".join(values[:-1]), values[-1])))
