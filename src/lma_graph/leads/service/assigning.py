"""Giving leads to users by hand. Enter at `Assigning`; whoever gives leads by other ways enters at `give`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import sqlalchemy as sa

from lma_graph.activities import ledger
from lma_graph.activities.ledger import Entry
from lma_graph.activities.models import ActivityType
from lma_graph.kernel import ids
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.errors import Denied
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads import writing
from lma_graph.leads.occasions import LEAD_CHANGED
from lma_graph.leads.service import life
from lma_graph.leads.service.selecting import Read, Selection, done
from lma_graph.users.service import require_active


class AssignedBy(Choice):
    """In which way an owner was found."""

    MANUAL = "MANUAL", "Somebody named the user."
    ROUND_ROBIN = "ROUND_ROBIN", "It was the user's turn."
    LEAST_LOADED = "LEAST_LOADED", "The user had the fewest open leads."
    RULES = "RULES", "An assignment rule of the organization said so; the reason is its name."
    MERGE = "MERGE", "Leads were merged or separated, and the owner came or went with them."


class Gift(NamedTuple):
    """A locked lead, of which id, owner and version are known, and its new owner."""

    lead: Row
    owner: int | None
    by: AssignedBy
    reason: str | None


async def give(unit: UnitOfWork, gifts: Sequence[Gift]) -> None:
    """Give leads to new owners, and record it: as many statements for one lead as for all."""
    if not gifts:
        return
    await writing.update(unit, [(gift.lead, {"assigned_to_id": gift.owner}) for gift in gifts])
    await ledger.record(unit, [_entry(gift) for gift in gifts])
    await LEAD_CHANGED(unit, [gift.lead.id for gift in gifts], columns=frozenset({"assigned_to_id"}))


def _entry(gift: Gift) -> Entry:
    lead = gift.lead
    metadata = life.assignment(lead.assigned_to_id, gift.owner, gift.reason, gift.by.value)
    return Entry(lead.id, ActivityType.ASSIGNMENT, {**metadata, "version": lead.version + 1})


class Assigning:
    """Giving leads to one user, or to nobody; those that are the user's already stay as they are."""

    name: ClassVar[str] = "assignLeads"

    def __init__(self, owner: int | None, reason: str | None) -> None:
        self._owner = owner
        self._reason = reason
        self.assigned = 0
        self.unchanged = 0

    @classmethod
    async def begin(cls, unit: UnitOfWork, owner: int | None, reason: str | None) -> Self:
        """Check the user, and keep them active meanwhile."""
        # Users before leads, here and in every other strategy: nobody waits for each other.
        if owner is not None:
            await require_active(unit, [owner], ("userId",))
        return cls(owner, reason)

    @classmethod
    async def resumed(cls, unit: UnitOfWork, stored: Mapping[str, Any]) -> Self:
        """The work as it was stored."""
        owner = None if stored["userId"] is None else ids.number_of(stored["userId"], "User")
        return await cls.begin(unit, owner, stored["reason"])

    def stored(self) -> dict[str, Any]:
        """Whom to give them to, and why."""
        owner = None if self._owner is None else ids.encode("User", self._owner)
        return {"userId": owner, "reason": self._reason}

    def reads(self, lead: sa.FromClause) -> Sequence[Read]:
        """Whose it is."""
        return lead.c.assigned_to_id, lead.c.version

    async def take(self, unit: UnitOfWork, leads: Sequence[Row]) -> None:
        """Give the leads away. Raises `Denied` where the viewer may not give one of them."""
        changed = [lead for lead in leads if lead.assigned_to_id != self._owner]
        viewer = unit.viewer
        if not viewer.may(Permission.LEADS_TRANSFER):
            for lead in changed:
                takes = lead.assigned_to_id is None and self._owner == viewer.user_id
                if not takes and lead.assigned_to_id != viewer.user_id:
                    raise Denied(Permission.LEADS_TRANSFER)
        await give(unit, [Gift(lead, self._owner, AssignedBy.MANUAL, self._reason) for lead in changed])
        self.assigned += len(changed)
        self.unchanged += len(leads) - len(changed)

    def outcome(self) -> dict[str, Any]:
        """How many it gave away."""
        return {"assigned": self.assigned, "unchanged": self.unchanged}


async def assign(unit: UnitOfWork, selection: Selection, owner: int | None, reason: str | None) -> dict[str, Any]:
    """Give the leads to a user, or to nobody.

    Raises `NotFound` for a lead or user that is not there, `InvalidInput` for an inactive user, and `Denied` where
    the viewer may neither transfer leads nor takes an unowned one nor passes on their own.
    """
    return await done(unit, selection, await Assigning.begin(unit, owner, reason))
