"""What is known of one lead while its history is being made, and the activities made so far.

`contact`, `membership`, `ledger` and `life` each add their part; `life` turns the whole into rows.
"""

import random
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lma_graph.activities.models import ActivityStatus, ActivityType, Direction
from lma_graph.demo.draws import document
from lma_graph.demo.ground import Ground, Organization
from lma_graph.demo.people import Person
from lma_graph.leads.models import LeadSource, LeadStatus

NOTHING = "{}"


class Contact(NamedTuple):
    """A completed communication, as far as scoring looks at it. `at` is in seconds since 1970."""

    at: int
    kind: ActivityType
    direction: Direction | None


class Entry(NamedTuple):
    """An activity without its id; times in seconds since 1970, `metadata` as JSON text."""

    created: int
    kind: ActivityType
    subject: str
    content: str | None = None
    metadata: str = NOTHING
    scheduled: int | None = None
    completed: int | None = None
    direction: Direction | None = None
    status: ActivityStatus = ActivityStatus.COMPLETED
    user: int | None = None
    campaign: int | None = None
    updated: int | None = None


@dataclass(slots=True)
class Story:
    """One lead and what has happened to it. Times are in seconds since 1970; `until` is the present."""

    ground: Ground
    home: Organization
    draw: random.Random
    id: int
    place: int
    """Which lead of its organization it is, from 0."""
    person: Person
    born: int
    status: LeadStatus
    source: LeadSource
    owner: int | None
    seller: int
    """Who acts for us: the owner, or for an unassigned lead someone else."""
    tags: list[str]
    employees: int | None
    plan: str | None
    entries: list[Entry] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    changed: int = 0
    """When the lead itself was last changed."""
    version: int = 1

    @property
    def until(self) -> int:
        """The present of the data."""
        return self.ground.until

    @property
    def age(self) -> int:
        """Seconds from the lead's creation to the present."""
        return self.ground.until - self.born

    def told(self, text: str) -> str:
        """A sentence about this lead."""
        if "{" not in text:
            return text
        company = self.person.company
        return text.replace("{first}", self.person.first.text).replace(
            "{company}", company.name if company else self.person.last.text
        )

    def audit(
        self,
        at: int,
        kind: ActivityType,
        subject: str,
        metadata: dict[str, Any],
        *,
        user: int | None = None,
        campaign: int | None = None,
    ) -> None:
        """Add an entry of the audit trail."""
        self.entries.append(
            Entry(at, kind, subject, None, document(metadata), completed=at, user=user, campaign=campaign)
        )

    def change(
        self, at: int, kind: ActivityType, subject: str, metadata: dict[str, Any], *, user: int | None = None
    ) -> None:
        """Add an entry of the audit trail that is a change of the lead itself."""
        self.audit(at, kind, subject, metadata, user=user)
        self.changed = max(self.changed, at)
        self.version += 1

    def happened(self, entry: Entry) -> None:
        """Add a completed communication."""
        self.entries.append(entry)
        assert entry.completed is not None
        self.contacts.append(Contact(entry.completed, entry.kind, entry.direction))
