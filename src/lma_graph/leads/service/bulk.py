"""Changing many leads alike. Enter at `change`.

The change of each lead is worked out as `life.changed` does it for one, so that a lead changed among many and one
changed alone have the same values and the same audit trail. Written are they all together.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import orjson
import sqlalchemy as sa

from lma_graph.kernel.errors import Denied, FieldError, InvalidInput
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads import index, writing
from lma_graph.leads.intake.values import MOST_TAGS
from lma_graph.leads.service import life
from lma_graph.leads.service.selecting import Read, Selection, done

MOST_FAULTS = 100
"""How many leads that were left alone are told of; all of them are counted."""
LARGEST_FIELDS = 100_000
"""Bytes of all custom fields of a lead."""
_COLUMNS = {life.public(name): name for name in writing.COLUMNS}
_WORDS = frozenset(name for name, _ in index.WEIGHTS)


@dataclass(frozen=True)
class Tags:
    """What to do to the labels of leads: put others in their place, or take some away and add some."""

    instead: Sequence[str] | None = None
    add: Sequence[str] = ()
    remove: Sequence[str] = ()

    def of(self, present: Sequence[str]) -> list[str]:
        """The labels of a lead that had `present`."""
        kept = self.instead if self.instead is not None else [tag for tag in present if tag not in set(self.remove)]
        return list(dict.fromkeys([*kept, *self.add]))


@dataclass(frozen=True)
class Fault:
    """Why a lead was left as it is."""

    lead: int
    code: str
    message: str


class Changing:
    """Changing leads by one patch; leads that cannot take it stay as they are, and are told of."""

    name: ClassVar[str] = "bulkUpdateLeads"

    def __init__(self, patch: Mapping[str, Any], tags: Tags | None) -> None:
        self._patch = patch
        self._tags = tags
        self.updated = 0
        self.unchanged = 0
        self.failed = 0
        self.faults: list[Fault] = []

    @classmethod
    async def resumed(cls, unit: UnitOfWork, stored: Mapping[str, Any]) -> Self:
        """The work as it was stored."""
        if not unit.viewer.may(Permission.LEADS_BULK):
            raise Denied(Permission.LEADS_BULK)
        patch = {_COLUMNS[name]: value for name, value in stored["patch"].items()}
        if patch.get("expected_close_date") is not None:
            patch["expected_close_date"] = dt.date.fromisoformat(patch["expected_close_date"])
        tags = stored["tags"]
        return cls(patch, Tags(**tags) if tags is not None else None)

    def stored(self) -> dict[str, Any]:
        """What to change."""
        patch = {life.public(name): value for name, value in self._patch.items()}
        if patch.get("expectedCloseDate") is not None:
            patch["expectedCloseDate"] = patch["expectedCloseDate"].isoformat()
        return {"patch": patch, "tags": None if self._tags is None else asdict(self._tags)}

    def reads(self, lead: sa.FromClause) -> Sequence[Read]:
        """What may change, and what the search rows of that are made from."""
        names = {"created_at", "version", *self._patch} | ({"tags"} if self._tags else set())
        if {"status", "status_reason"} & names:
            names |= {"status", "status_reason"}
        if _WORDS & names:
            names |= _WORDS
        return [lead.c[name] for name in sorted(names)]

    async def take(self, unit: UnitOfWork, leads: Sequence[Row]) -> None:
        """Change locked leads."""
        changes: list[tuple[Row, Mapping[str, Any]]] = []
        for lead in leads:
            wanted = dict(self._patch)
            if self._tags is not None:
                wanted["tags"] = self._tags.of(lead.tags)
            changed = life.changed(lead, wanted)
            fault = next(_faults(lead, changed), None)
            if fault is not None:
                self._refuse(fault)
            elif changed:
                changes.append((lead, changed))
            else:
                self.unchanged += 1
        if changes:
            await life.write(unit, changes)
            self.updated += len(changes)

    def _refuse(self, fault: Fault) -> None:
        self.failed += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)

    def outcome(self) -> dict[str, Any]:
        """What was done."""
        errors = [{"lead": one.lead, "code": one.code, "message": one.message} for one in self.faults]
        return {"updated": self.updated, "unchanged": self.unchanged, "failed": self.failed, "errors": errors}


def _faults(lead: Row, changed: Mapping[str, Any]) -> Iterator[Fault]:
    """Why a lead cannot be changed so."""
    if changed.get("status_reason") is not None and changed.get("status", lead.status) not in life.EXPLAINED:
        yield Fault(lead.id, "NOT_ALLOWED", f"A lead that is {lead.status} takes no reason.")
    if len(changed.get("tags", ())) > MOST_TAGS:
        yield Fault(lead.id, "TOO_MANY_VALUES", f"It would have more than {MOST_TAGS:,} tags.")
    if "custom_fields" in changed and len(orjson.dumps(changed["custom_fields"])) > LARGEST_FIELDS:
        yield Fault(lead.id, "TOO_LARGE", f"Its custom fields would have more than {LARGEST_FIELDS:,} bytes.")


async def change(unit: UnitOfWork, selection: Selection, patch: Mapping[str, Any], tags: Tags | None) -> dict[str, Any]:
    """Change the leads of a selection, given by column name.

    Raises `InvalidInput` where the patch can be taken by no lead, and `NotFound` for a lead that is not there.
    """
    if not patch and tags is None:
        raise InvalidInput.at(("patch",), "There is nothing to change.", "MISSING_VALUE")
    if "status" in patch and patch.get("status_reason") is not None and patch["status"] not in life.EXPLAINED:
        allowed = " and ".join(sorted(life.EXPLAINED))
        text = f"Only {allowed} take a reason."
        raise InvalidInput([FieldError(("patch", "statusReason"), text, "NOT_ALLOWED")])
    return await done(unit, selection, Changing(patch, tags))
