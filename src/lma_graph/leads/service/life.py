"""Creating, changing, deleting and restoring leads."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType
from lma_graph.kernel.errors import Conflict, Denied, FieldError, InvalidInput, NotFound, Path
from lma_graph.kernel.names import camel
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads import inserting, writing
from lma_graph.leads.models import LeadStatus
from lma_graph.leads.occasions import LEAD_CHANGED, LEAD_CREATED, LEAD_DELETED, LEAD_RESTORED
from lma_graph.users.service import require_active

NAMING = ("email", "first_name", "last_name", "company", "phone", "external_id")
"""A lead needs one of these: nobody could tell what the others are about."""
EXPLAINED = frozenset({LeadStatus.LOST, LeadStatus.UNQUALIFIED})
"""States that take a reason."""
NO_LEAD = "There is no such lead."

_TAKEN = """
SELECT id, 'email' AS by FROM leads
WHERE organization_id = $1 AND email_norm = lower(btrim($2::text)) AND deleted_at IS NULL AND id <> $5
UNION ALL
SELECT id, 'external_id' FROM leads
WHERE organization_id = $1 AND external_source = $3::text AND external_id = $4::text AND id <> $5
LIMIT 1
"""
_MISSED = """
SELECT DISTINCT
    coalesce(key, CASE activity_type WHEN 'STATUS_CHANGE' THEN 'status' WHEN 'ASSIGNMENT' THEN 'assignedToId' END)
FROM activities LEFT JOIN LATERAL jsonb_object_keys(metadata -> 'changes') AS key ON true
WHERE organization_id = $1 AND lead_id = $2 AND activity_type IN ('FIELD_CHANGE', 'STATUS_CHANGE', 'ASSIGNMENT')
  AND (metadata ->> 'version')::int > $3
ORDER BY 1
"""


async def create(unit: UnitOfWork, values: Mapping[str, Any]) -> int:
    """A new lead of the given column values; its id.

    Raises `InvalidInput` without anything to know it by, `Conflict` (`DUPLICATE_EMAIL`, `DUPLICATE_EXTERNAL_ID`) where
    another lead has the address or the external id, `NotFound` for an owner who is not there or not active.
    """
    faults = list(inconsistencies(values))
    if not any(values.get(name) for name in NAMING):
        text = "A lead needs a name, a company, an e-mail address, a telephone number or an external id."
        faults.append(FieldError((), text, "MISSING_VALUE"))
    if faults:
        raise InvalidInput(faults)
    await _check_owner(unit, values)
    lead = {**values, "custom_fields": without_nulls(values.get("custom_fields") or {})}
    written = await inserting.insert(unit, [lead])
    if not written:
        await refuse_taken(unit, lead, 0)
        # The lead that was in the way is gone again, or is not committed in our sight: the next try will know.
        raise Conflict("Another lead with this e-mail address or external id is being written; please try again.")
    number = written[0][0]
    metadata = {"source": lead.get("source") or "OTHER"}
    await ledger.record(unit, [Entry(number, ActivityType.LEAD_CREATED, metadata), *_first(number, lead)])
    await LEAD_CREATED(unit, [number])
    return number


def _first(number: int, lead: Mapping[str, Any]) -> Iterator[Entry]:
    if lead.get("assigned_to_id") is not None:
        yield Entry(number, ActivityType.ASSIGNMENT, assignment(None, lead["assigned_to_id"], None, "MANUAL"))


async def update(
    unit: UnitOfWork, number: int, patch: Mapping[str, Any], *, expected_version: int | None = None
) -> int:
    """Change values of a lead, given by column name; what is the same already changes nothing and is not recorded.

    Raises `NotFound`, `Conflict` (`VERSION_CONFLICT` with the fields changed since, `DUPLICATE_EMAIL`,
    `DUPLICATE_EXTERNAL_ID`) and `InvalidInput`.
    """
    row = await held(unit, number, expected_version)
    changes = changed(row, patch)
    faults = [
        FieldError(("patch", *fault.path), fault.message, fault.code)
        for fault in inconsistencies({**row._mapping, **changes}, changes)
    ]
    if faults:
        raise InvalidInput(faults)
    if {"email", "external_source", "external_id"} & changes.keys():
        await refuse_taken(unit, {**row._mapping, **changes}, number, under="patch")
    if changes:
        await write(unit, [(row, changes)])
    return number


async def write(unit: UnitOfWork, changes: list[tuple[Row, Mapping[str, Any]]]) -> None:
    """Write changes of locked leads, their audit trail, and let others take part."""
    await writing.update(unit, changes)
    await ledger.record(unit, [entry for row, values in changes for entry in _entries(row, values)])
    columns = frozenset(name for _, values in changes for name in values)
    await LEAD_CHANGED(unit, [row.id for row, _ in changes], columns=columns)


def changed(row: Row, patch: Mapping[str, Any]) -> dict[str, Any]:
    """What of a patch differs from the lead. Custom fields are merged, as by RFC 7396 on their first level."""
    wanted = dict(patch)
    if "custom_fields" in wanted:
        wanted["custom_fields"] = without_nulls({**row.custom_fields, **wanted["custom_fields"]})
    if "status" in wanted and wanted["status"] not in EXPLAINED:
        wanted["status_reason"] = None
    return {name: value for name, value in wanted.items() if getattr(row, name) != value}


def _entries(row: Row, values: Mapping[str, Any]) -> Iterator[Entry]:
    """The audit trail of one lead's change: its state and its owner for themselves, everything else together."""
    names, version = set(values), {"version": row.version + 1}
    if "status" in names:
        metadata = {"from": row.status, "to": values["status"], "reason": values.get("status_reason")}
        yield Entry(row.id, ActivityType.STATUS_CHANGE, {**metadata, **version})
        names -= {"status", "status_reason"}
    if "assigned_to_id" in names:  # only a merge changes the owner together with other values
        metadata = assignment(row.assigned_to_id, values["assigned_to_id"], None, "MERGE")
        yield Entry(row.id, ActivityType.ASSIGNMENT, {**metadata, **version})
        names -= {"assigned_to_id"}
    if names:
        fields = {public(name): {"from": getattr(row, name), "to": values[name]} for name in sorted(names)}
        yield Entry(row.id, ActivityType.FIELD_CHANGE, {"changes": fields, **version})


def public(column: str) -> str:
    """The API's name of a column."""
    return "notesText" if column == "notes" else camel(column)


async def held(
    unit: UnitOfWork,
    number: int,
    expected_version: int | None = None,
    *,
    deleted: bool = False,
    path: Path = ("id",),
) -> Row:
    """The lead, locked. Raises `NotFound`, and `Conflict` where its version is not the expected one."""
    row = (await writing.locked(unit, [number], deleted=deleted)).get(number)
    if row is None:
        raise NotFound(NO_LEAD, path=path)
    if expected_version is not None and row.version != expected_version:
        missed = await unit.fetch(_MISSED, unit.viewer.organization_id, number, expected_version)
        raise Conflict(
            f"The lead has version {row.version} by now, not {expected_version}.",
            path=("expectedVersion",),
            kind="VERSION_CONFLICT",
            changed=[name for (name,) in missed],
            lead=number,
        )
    return row


async def delete(
    unit: UnitOfWork, number: int, *, expected_version: int | None = None, reason: str | None = None
) -> int:
    """Hide a lead from everywhere but the list of deleted ones; `restore` brings it back."""
    row = await held(unit, number, expected_version)
    await writing.update(unit, [(row, {"deleted_at": dt.datetime.now(dt.UTC)})])
    await ledger.record(unit, [Entry(number, ActivityType.LEAD_DELETED, {"reason": reason})])
    await LEAD_DELETED(unit, [number])
    return number


async def restore(unit: UnitOfWork, number: int) -> int:
    """Bring a deleted lead back.

    Raises `NotFound` where there is no such deleted lead (one that was merged away is merged, an erased one gone), and
    `Conflict` where its e-mail address has been taken meanwhile.
    """
    row = await held(unit, number, deleted=True)
    erased = all(getattr(row, name) is None for name in NAMING)
    if row.deleted_at is None or row.merged_into_id is not None or erased:
        raise NotFound("There is no such deleted lead.", path=("id",))
    await refuse_taken(unit, row._asdict(), number)
    await writing.update(unit, [(row, {"deleted_at": None})])
    await ledger.record(unit, [Entry(number, ActivityType.LEAD_RESTORED, {})])
    await LEAD_RESTORED(unit, [number])
    return number


async def refuse_taken(unit: UnitOfWork, lead: Mapping[str, Any], number: int, *, under: str | None = None) -> None:
    """Raise `Conflict` where another lead has the e-mail address or the external id; it names that lead."""
    values = (lead.get("email"), lead.get("external_source"), lead.get("external_id"))
    found = await unit.fetch(_TAKEN, unit.viewer.organization_id, *values, number)
    if not found:
        return
    by_email = found[0]["by"] == "email"
    where = ("email",) if by_email else ("externalId",)
    raise Conflict(
        f"Another lead has this {'e-mail address' if by_email else 'external id'}.",
        path=(under, *where) if under else where,
        kind="DUPLICATE_EMAIL" if by_email else "DUPLICATE_EXTERNAL_ID",
        lead=found[0]["id"],
    )


def assignment(previous: int | None, owner: int | None, reason: str | None, strategy: str) -> dict[str, Any]:
    """What the audit trail says of an assignment; ids are the database's, whoever shows them encodes them."""
    return {"from": previous, "to": owner, "reason": reason, "strategy": strategy}


def without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields that are there."""
    return {name: value for name, value in fields.items() if value is not None}


def inconsistencies(values: Mapping[str, Any], touched: Collection[str] | None = None) -> Iterator[FieldError]:
    """What is wrong between the values of one lead because of the `touched` columns; of any, where none are named.

    A lead may have come by other ways, such as a file, with what would be refused here; that must not keep anybody from
    changing something else.
    """
    status, reason = values.get("status"), values.get("status_reason")
    judged = {"status", "status_reason", "external_id", "external_source"} & set(values if touched is None else touched)
    if reason is not None and status not in EXPLAINED and judged & {"status", "status_reason"}:
        allowed = " and ".join(sorted(EXPLAINED))
        yield FieldError(("statusReason",), f"Only {allowed} take a reason.", "NOT_ALLOWED")
    apart = values.get("external_id") is not None and values.get("external_source") is None
    if apart and judged & {"external_id", "external_source"}:
        yield FieldError(("externalSource",), "An external id needs an external source beside it.", "MISSING_VALUE")


async def _check_owner(unit: UnitOfWork, values: Mapping[str, Any]) -> None:
    owner = values.get("assigned_to_id")
    if owner is not None:
        if owner != unit.viewer.user_id and not unit.viewer.may(Permission.LEADS_TRANSFER):
            raise Denied(Permission.LEADS_TRANSFER)
        await require_active(unit, [owner], ("assignedToId",))
