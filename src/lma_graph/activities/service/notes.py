"""Notes about leads. Authors change and delete their own.

Every change is in the lead's audit trail with what the note said before. An entry that tells of a private note bears
its `readers`, and exists for nobody else (`loaders.may_see_entry`).
"""

from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType, LeadNoteRow
from lma_graph.activities.occasions import LEADS_NAMED
from lma_graph.kernel import outbox
from lma_graph.kernel.errors import Denied, NotFound
from lma_graph.kernel.loaders import rows_of
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.users.service import require_active

NO_NOTE = "There is no such note."
_TYPES = {
    "note_type": "text",
    "content": "text",
    "is_private": "boolean",
    "mentioned_users": "jsonb",
    "attachments": "jsonb",
}
_DEFAULTS: dict[str, Any] = {"note_type": "GENERAL", "is_private": False, "mentioned_users": [], "attachments": []}
_INSERT = """
INSERT INTO lead_notes (organization_id, lead_id, user_id, note_type, content, is_private, mentioned_users, attachments)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id
"""


async def add(unit: UnitOfWork, lead: int, values: Mapping[str, Any]) -> int:
    """A new note by the viewer; its id. `values` are given by column name.

    Raises `NotFound` for a lead or a mentioned user who is not there, and `InvalidInput` for one who is not active.
    """
    note = {**_DEFAULTS, **values}
    await LEADS_NAMED(unit, [lead], path=("leadId",))
    await _check_mentioned(unit, note["mentioned_users"], ("mentionedUserIds",))
    sent = [_sent(name, note[name]) for name in _TYPES]
    written = await unit.fetch(_INSERT, unit.viewer.organization_id, lead, unit.viewer.user_id, *sent)
    number: int = written[0]["id"]
    await outbox.record(unit, "NOTE_ADDED", {"notes": [number], "leads": [lead]})
    return number


async def update(unit: UnitOfWork, number: int, patch: Mapping[str, Any]) -> int:
    """Change values of a note of the viewer's own, given by column name; what is the same already is not recorded.

    Raises `NotFound`, `Denied` where another wrote it, and as `add` does for users who are mentioned anew.
    """
    row = await _own(unit, number)
    changes = {name: one for name, one in sorted(patch.items()) if getattr(row, name) != one}
    if not changes:
        return number
    newly = set(changes.get("mentioned_users", ())) - set(row.mentioned_users)
    await _check_mentioned(unit, sorted(newly), ("patch", "mentionedUserIds"))
    sets = ", ".join(f"{name} = ${place}::{_TYPES[name]}" for place, name in enumerate(changes, 3))
    await unit.execute(
        f"UPDATE lead_notes SET {sets}, updated_at = now() WHERE organization_id = $1 AND id = $2",  # noqa: S608 - names
        unit.viewer.organization_id,
        number,
        *(_sent(name, one) for name, one in changes.items()),
    )
    told = {_public(name): {"from": getattr(row, name), "to": one} for name, one in changes.items()}
    await _record(unit, row, "UPDATED", told, {**row._asdict(), **changes})
    return number


async def delete(unit: UnitOfWork, number: int) -> int:
    """Delete a note of the viewer's own; the lead it was about. Raises `NotFound`, and `Denied`."""
    row = await _own(unit, number)
    await unit.execute(
        "DELETE FROM lead_notes WHERE organization_id = $1 AND id = $2", unit.viewer.organization_id, number
    )
    told = {_public(name): {"from": getattr(row, name), "to": None} for name in ("content", "note_type")}
    await _record(unit, row, "DELETED", told, row._asdict())
    lead: int = row.lead_id
    return lead


async def _own(unit: UnitOfWork, number: int) -> Row:
    """The viewer's own note, locked. One that the viewer may see but another wrote is `Denied`."""
    note = table_of(LeadNoteRow)
    key: sa.BindParameter[int] = sa.bindparam("number", type_=sa.BigInteger())
    finding = sa.select(*rows_of(note)).where(*conditions(note, Scope.of(unit.viewer)), note.c.id == key)
    found = await unit.rows(finding.with_for_update(of=note), {"number": number})
    if not found:
        raise NotFound(NO_NOTE, path=("id",))
    if found[0].user_id != unit.viewer.user_id:
        raise Denied(Permission.NOTES_WRITE, "Only its author may change or delete a note.")
    return found[0]


async def _check_mentioned(unit: UnitOfWork, numbers: list[int], path: tuple[str, ...]) -> None:
    if numbers:
        await require_active(unit, numbers, path)


async def _record(
    unit: UnitOfWork, row: Row, action: str, changes: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    told: dict[str, Any] = {"noteId": row.id, "action": action, "changes": changes}
    readers = _readers(row._asdict(), after)
    if readers is not None:
        told["readers"] = readers
    await ledger.record(unit, [Entry(row.lead_id, ActivityType.NOTE_CHANGE, told)])


def _readers(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[int] | None:
    """The author, and whom the note mentions wherever it is private; None where it is private neither before nor after.

    An entry tells both what was and what is, so it is for those who may see both.
    """
    private = [state for state in (before, after) if state["is_private"]]
    if not private:
        return None
    mentioned = set.intersection(*(set(state["mentioned_users"]) for state in private))
    return sorted({before["user_id"], *mentioned})


def _sent(name: str, value: Any) -> Any:
    return orjson.dumps(value).decode() if _TYPES[name] == "jsonb" else value


def _public(name: str) -> str:
    return "mentionedUserIds" if name == "mentioned_users" else camel(name)
