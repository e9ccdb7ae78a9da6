"""Communication with leads: logged after it has happened, or scheduled and then completed or cancelled.

Whoever may write activities may change those of every lead they see; the audit trail says who did.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.activities import ledger
from lma_graph.activities.criteria import is_communication
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import COMMUNICATION_TYPES, ActivityRow, ActivityStatus, ActivityType, Direction
from lma_graph.activities.occasions import ACTIVITY_RECORDED, CAMPAIGNS_NAMED, LEADS_NAMED
from lma_graph.kernel import outbox
from lma_graph.kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import Row, UnitOfWork

NO_ACTIVITY = "There is no such activity."
BY_THE_LEAD = frozenset(
    {ActivityType.FORM_SUBMISSION, ActivityType.PAGE_VISIT, ActivityType.EMAIL_OPEN, ActivityType.EMAIL_CLICK}
)
"""What only a lead does: always inbound, and done by none of our users."""
CLOCKS_DIFFER = dt.timedelta(minutes=5)
"""How far a caller's clock may be ahead of ours."""

_TYPES = {
    "direction": "text",
    "subject": "text",
    "content": "text",
    "metadata": "jsonb",
    "status": "text",
    "scheduled_at": "timestamptz",
    "completed_at": "timestamptz",
    "campaign_id": "bigint",
}
_INSERT = """
INSERT INTO activities (organization_id, lead_id, user_id, activity_type, direction, subject, content, metadata,
                        status, scheduled_at, completed_at, campaign_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $9 = 'COMPLETED' THEN coalesce($11, now()) END, $12)
RETURNING id
"""


async def log(unit: UnitOfWork, lead: int, values: Mapping[str, Any]) -> int:
    """Communication that has happened; its id. `values` are given by column name.

    Raises `NotFound` for a lead or a campaign that is not there, and `InvalidInput`.
    """
    return await _write(unit, lead, values, ActivityStatus.COMPLETED)


async def schedule(unit: UnitOfWork, lead: int, values: Mapping[str, Any]) -> int:
    """Communication that is planned for `scheduled_at`; its id. Raises as `log` does."""
    return await _write(unit, lead, values, ActivityStatus.SCHEDULED)


async def _write(unit: UnitOfWork, lead: int, values: Mapping[str, Any], status: ActivityStatus) -> int:
    kind = ActivityType[values["activity_type"]]
    _refuse(_faults(kind, values))
    await LEADS_NAMED(unit, [lead], path=("leadId",))
    await _check_campaign(unit, values, ("campaignId",))
    ours = kind not in BY_THE_LEAD
    written = await unit.fetch(
        _INSERT,
        unit.viewer.organization_id,
        lead,
        unit.viewer.user_id if ours else None,
        kind.value,
        values.get("direction") if ours else Direction.INBOUND.value,
        values.get("subject"),
        values.get("content"),
        orjson.dumps(_present(values.get("metadata") or {})).decode(),
        status.value,
        values.get("scheduled_at"),
        values.get("completed_at"),
        values.get("campaign_id"),
    )
    number: int = written[0]["id"]
    await outbox.record(unit, kind.value, {"activities": [number], "leads": [lead]})
    await ACTIVITY_RECORDED(unit, [number])
    return number


async def update(unit: UnitOfWork, number: int, patch: Mapping[str, Any]) -> int:
    """Change values of an activity, given by column name; what is the same already is not recorded.

    Raises `NotFound`, and `InvalidInput` for moments that its status does not have.
    """
    row = await _held(unit, number)
    kind = ActivityType[row.activity_type]
    faults = list(_faults(kind, patch))
    for name, status in (("scheduled_at", ActivityStatus.SCHEDULED), ("completed_at", ActivityStatus.COMPLETED)):
        if name in patch and row.status != status:
            state = row.status.lower()
            faults.append(FieldError((camel(name),), f"The activity is {state}, so this is settled.", "NOT_ALLOWED"))
    _refuse(FieldError(("patch", *one.path), one.message, one.code) for one in faults)
    await _check_campaign(unit, patch, ("patch", "campaignId"))
    await _change(unit, row, patch, "UPDATED")
    return number


async def complete(unit: UnitOfWork, number: int, values: Mapping[str, Any]) -> int:
    """A scheduled activity has happened: now, or at `completed_at`; `content` says what came of it.

    Raises `NotFound`, `InvalidInput` for a moment to come, and `Conflict` where it is not scheduled any more.
    """
    _refuse(_faults(None, values))
    row = await _held_scheduled(unit, number)
    moment = values.get("completed_at") or dt.datetime.now(dt.UTC)
    changes = {"status": ActivityStatus.COMPLETED.value, "completed_at": moment}
    if values.get("content") is not None:
        changes["content"] = values["content"]
    await _change(unit, row, changes, "COMPLETED")
    return number


async def cancel(unit: UnitOfWork, number: int, reason: str | None = None) -> int:
    """A scheduled activity will not happen. Raises as `complete` does."""
    row = await _held_scheduled(unit, number)
    await _change(unit, row, {"status": ActivityStatus.CANCELLED.value}, "CANCELLED", reason=reason)
    return number


def _faults(kind: ActivityType | None, values: Mapping[str, Any]) -> Iterator[FieldError]:
    """What is wrong between the values of one activity."""
    if kind is not None and kind not in COMMUNICATION_TYPES:
        text = f"{kind.value} belongs to the audit trail, which only the server writes."
        yield FieldError(("activityType",), text, "NOT_ALLOWED")
    if kind in BY_THE_LEAD and values.get("direction") == Direction.OUTBOUND:
        yield FieldError(("direction",), f"{kind.value} is something the lead does: INBOUND.", "NOT_ALLOWED")
    moment = values.get("completed_at")
    if moment is not None and moment > dt.datetime.now(dt.UTC) + CLOCKS_DIFFER:
        text = "This moment is still to come; schedule the activity instead."
        yield FieldError(("completedAt",), text, "OUT_OF_RANGE")


def _refuse(faults: Iterator[FieldError]) -> None:
    found = list(faults)
    if found:
        raise InvalidInput(found)


async def _check_campaign(unit: UnitOfWork, values: Mapping[str, Any], path: tuple[str, ...]) -> None:
    if values.get("campaign_id") is not None:
        await CAMPAIGNS_NAMED(unit, [values["campaign_id"]], path=path)


def _finding(scope: Scope) -> sa.Select[Any]:
    table = table_of(ActivityRow)
    number: sa.BindParameter[int] = sa.bindparam("number", type_=sa.BigInteger())
    return sa.select(*table.c).where(*conditions(table, scope), is_communication(table), table.c.id == number)


async def _held(unit: UnitOfWork, number: int) -> Row:
    """The activity, locked after its lead as all locks are taken. Raises `NotFound`."""
    finding = _finding(Scope.of(unit.viewer))
    locking = finding.with_for_update(of=table_of(ActivityRow))
    found = await unit.rows(finding, {"number": number})
    for _ in range(2):
        if found:
            lead = found[0].lead_id
            try:
                await LEADS_NAMED(unit, [lead], path=("id",))
            except NotFound:
                # Merged away while we waited for it: the activity hangs on another lead by now.
                found = await unit.rows(finding, {"number": number})
                continue
            found = await unit.rows(locking, {"number": number})
            if found and found[0].lead_id == lead:
                return found[0]
    raise NotFound(NO_ACTIVITY, path=("id",))


async def _held_scheduled(unit: UnitOfWork, number: int) -> Row:
    row = await _held(unit, number)
    if row.status != ActivityStatus.SCHEDULED:
        text = f"The activity is {row.status.lower()} already."
        raise Conflict(text, path=("id",), kind="NOT_SCHEDULED", activity=number)
    return row


async def _change(
    unit: UnitOfWork, row: Row, patch: Mapping[str, Any], action: str, *, reason: str | None = None
) -> None:
    """Write what differs, record it, and let others take part."""
    before = row._mapping
    wanted = dict(patch)
    if "metadata" in wanted:
        wanted["metadata"] = _present({**before["metadata"], **wanted["metadata"]})
    changes = {name: one for name, one in sorted(wanted.items()) if before[name] != one}
    if not changes:
        return
    sets = ", ".join(f"{name} = ${place}::{_TYPES[name]}" for place, name in enumerate(changes, 3))
    sent = [orjson.dumps(one).decode() if name == "metadata" else one for name, one in changes.items()]
    await unit.execute(
        f"UPDATE activities SET {sets}, updated_at = now() WHERE organization_id = $1 AND id = $2",  # noqa: S608 - names
        unit.viewer.organization_id,
        row.id,
        *sent,
    )
    told: dict[str, Any] = {"activityId": row.id, "action": action}
    told["changes"] = {camel(name): {"from": before[name], "to": one} for name, one in changes.items()}
    if reason is not None:
        told["reason"] = reason
    await ledger.record(unit, [Entry(row.lead_id, ActivityType.ACTIVITY_CHANGE, told)])
    await ACTIVITY_RECORDED(unit, [row.id])


def _present(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in details.items() if one is not None}
