"""Making one lead of several that stand for one person, and separating them again. Enter at `merge` and `unmerge`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.leads import writing
from lma_graph.leads.occasions import LEAD_MERGED, LEAD_UNMERGED
from lma_graph.leads.service import life
from lma_graph.leads.service.moving import move, move_back

_CHILDREN = ("activities", "lead_notes", "workflow_executions")
_FILLED = (
    "email", "first_name", "last_name", "company", "job_title", "phone", "website", "linkedin_url", "value", "notes",
    "expected_close_date", "assigned_to_id",
)  # fmt: skip
_UNITED = ("custom_fields", "enrichment_data")
_READ = {"expected_close_date": dt.date.fromisoformat, "last_engagement_date": dt.datetime.fromisoformat}
_FORWARD = """
UPDATE leads AS l SET merged_into_id = $2
FROM (SELECT id, merged_into_id FROM leads WHERE organization_id = $1 AND merged_into_id = ANY($3)) AS o
WHERE l.organization_id = $1 AND l.id = o.id RETURNING o.merged_into_id, l.id
"""
_BACK = "UPDATE leads SET merged_into_id = $2 WHERE organization_id = $1 AND id = ANY($3)"
_KEEP = """
INSERT INTO lead_merges (organization_id, lead_id, user_id, merged_ids, changes, moved)
SELECT $1, $2, $3, $4, $5, $6
"""
_LAST = """
SELECT m.id, m.lead_id, m.merged_ids, m.changes, m.moved FROM lead_merges m
WHERE m.organization_id = $1 AND m.undone_at IS NULL AND m.lead_id = coalesce(
    (SELECT l.merged_into_id FROM leads l WHERE l.organization_id = $1 AND l.id = $2), $2)
ORDER BY m.id DESC LIMIT 1
"""


class MergeField(Choice):
    """A value of a lead that can be chosen when leads are merged."""

    EMAIL = "EMAIL", "`email`"
    FIRST_NAME = "FIRST_NAME", "`firstName`"
    LAST_NAME = "LAST_NAME", "`lastName`"
    COMPANY = "COMPANY", "`company`"
    JOB_TITLE = "JOB_TITLE", "`jobTitle`"
    PHONE = "PHONE", "`phone`"
    WEBSITE = "WEBSITE", "`website`"
    LINKEDIN_URL = "LINKEDIN_URL", "`linkedinUrl`"
    STATUS = "STATUS", "`status`, with its `statusReason`"
    SOURCE = "SOURCE", "`source`"
    VALUE = "VALUE", "`value`"
    NOTES = "NOTES", "`notesText`"
    TAGS = "TAGS", "`tags`"
    CUSTOM_FIELDS = "CUSTOM_FIELDS", "`customFields`"
    EXPECTED_CLOSE_DATE = "EXPECTED_CLOSE_DATE", "`expectedCloseDate`"
    ASSIGNED_TO_ID = "ASSIGNED_TO_ID", "`assignedTo`"


async def merge(
    unit: UnitOfWork, number: int, others: Sequence[int], choices: Sequence[tuple[MergeField, int]]
) -> dict[str, Any]:
    """Merge leads into one, which keeps its id; what was merged is hidden and leads to it.

    Raises `NotFound` for leads that are not there and `InvalidInput` for a choice that makes no sense.
    """
    if not others or number in others:
        text = "Name at least one lead, and not the surviving one."
        raise InvalidInput.at(("duplicateIds",), text, "NOT_ALLOWED")
    held = await writing.locked(unit, {number, *others})
    for place, wanted in (("leadId", [number]), ("duplicateIds", others)):
        if any(one not in held for one in wanted):
            raise NotFound(life.NO_LEAD, path=(place,))
    row, rows = held[number], [held[one] for one in others]
    changes = _combined(row, rows) | _chosen(held, choices)
    changes = {name: value for name, value in changes.items() if getattr(row, name) != value}
    now = dt.datetime.now(dt.UTC)
    await writing.update(unit, [(one, {"deleted_at": now, "merged_into_id": number}) for one in rows])
    moved: dict[str, Any] = {table: await move(unit, table, number, others) for table in _CHILDREN}
    moved["leads"] = await _forward(unit, number, others)
    await LEAD_MERGED(unit, [number], merged=list(others), moved=moved)
    if changes:
        await life.write(unit, [(row, changes)])
    await ledger.record(unit, [Entry(number, ActivityType.MERGE, {"merged": list(others)})])
    kept = {name: {"from": getattr(row, name), "to": value} for name, value in changes.items()}
    texts = [orjson.dumps(one).decode() for one in (list(others), kept, moved)]
    await unit.execute(_KEEP, unit.viewer.organization_id, number, unit.viewer.user_id, *texts)
    return {"lead": number, "merged": list(others), "fields": sorted(life.public(name) for name in changes)}


def _combined(row: Row, others: Sequence[Row]) -> dict[str, Any]:
    """What the surviving lead is without choices: its own values, its gaps filled, tags and custom fields united."""
    every = [row, *others]
    found: dict[str, Any] = {
        name: next((value for one in every if (value := getattr(one, name)) is not None), None) for name in _FILLED
    }
    for name in _UNITED:
        found[name] = {key: value for one in reversed(every) for key, value in getattr(one, name).items()}
    found["tags"] = list(dict.fromkeys(tag for one in every for tag in one.tags))
    found["last_engagement_date"] = max(
        (one.last_engagement_date for one in every if one.last_engagement_date is not None), default=None
    )
    return found


def _chosen(held: Mapping[int, Row], choices: Sequence[tuple[MergeField, int]]) -> dict[str, Any]:
    """Values that are taken from one of the leads as they are, whether there or not."""
    faults: list[FieldError] = []
    found: dict[str, Any] = {}
    for at, (field, number) in enumerate(choices):
        names = ("status", "status_reason") if field is MergeField.STATUS else (field.value.lower(),)
        if number not in held:
            faults.append(FieldError(("choices", at, "leadId"), "This lead is not one of those merged.", "NOT_ALLOWED"))
        elif names[0] in found:
            faults.append(FieldError(("choices", at, "field"), "This was chosen already.", "NOT_ALLOWED"))
        else:
            found |= {name: getattr(held[number], name) for name in names}
    if faults:
        raise InvalidInput(faults)
    return found


async def _forward(unit: UnitOfWork, number: int, others: Sequence[int]) -> dict[str, list[int]]:
    """Have what was merged into the others earlier lead to the surviving lead."""
    moved: dict[str, list[int]] = {}
    for former, lead in await unit.fetch(_FORWARD, unit.viewer.organization_id, number, list(others)):
        moved.setdefault(str(former), []).append(lead)
    return moved


async def unmerge(unit: UnitOfWork, number: int) -> dict[str, Any]:
    """Separate the leads of a lead's last merge; it is named by itself or by one that was merged into it.

    Raises `NotFound` where nothing was merged, `Conflict` (`MERGED_SINCE`, `DUPLICATE_EMAIL`).
    """
    found = await _last(unit, number)
    survivor, merged = found["lead_id"], found["merged_ids"]
    held = await writing.locked(unit, {survivor, *merged}, deleted=True)
    again = await _last(unit, number)  # now that the leads are held, nobody else can separate them
    if again["id"] != found["id"] or survivor not in held or held[survivor].deleted_at is not None:
        raise NotFound(_NO_MERGE, path=("leadId",))
    if number != survivor and number not in merged:
        text = "The lead it was merged into has been merged since; separate that first."
        raise Conflict(text, path=("leadId",), kind="MERGED_SINCE", lead=survivor)
    row, rows = held[survivor], [held[one] for one in merged if one in held]
    changes = _reverted(row, found["changes"])
    await life.refuse_taken(unit, {**row._mapping, **changes}, survivor)
    if changes:
        await life.write(unit, [(row, changes)])
    for one in rows:
        await life.refuse_taken(unit, one._asdict(), one.id)
    await writing.update(unit, [(one, {"deleted_at": None, "merged_into_id": None}) for one in rows])
    await _give_back(unit, survivor, merged, found["moved"])
    await ledger.record(unit, [Entry(survivor, ActivityType.MERGE, {"separated": merged})])
    await unit.execute(_UNDONE, unit.viewer.organization_id, found["id"])
    return {"lead": survivor, "leads": [one.id for one in rows]}


_NO_MERGE = "No lead was merged with this one."
_UNDONE = "UPDATE lead_merges SET undone_at = now() WHERE organization_id = $1 AND id = $2"


async def _last(unit: UnitOfWork, number: int) -> asyncpg.Record:
    rows = await unit.fetch(_LAST, unit.viewer.organization_id, number)
    if not rows:
        raise NotFound(_NO_MERGE, path=("leadId",))
    return rows[0]


def _reverted(row: Row, kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the merge has changed goes back, but for what was changed since."""

    def value(name: str, sent: Any) -> Any:
        read: Any = _READ.get(name)
        return read(sent) if read is not None and sent is not None else sent

    found = {
        name: value(name, one["from"]) for name, one in kept.items() if getattr(row, name) == value(name, one["to"])
    }
    if "status" in kept and "status" not in found:
        found.pop("status_reason", None)
    return found


async def _give_back(unit: UnitOfWork, survivor: int, merged: Sequence[int], moved: Mapping[str, Any]) -> None:
    for table in _CHILDREN:
        await move_back(unit, table, survivor, moved[table])
    for former, numbers in moved["leads"].items():
        await unit.execute(_BACK, unit.viewer.organization_id, int(former), numbers)
    await LEAD_UNMERGED(unit, [survivor], merged=list(merged), moved=moved)
