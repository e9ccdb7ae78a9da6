"""An organization with a history around changes of the clocks, and its rows as plain Python sees them.

Enter at `settle`. Everything is drawn from a fixed seed; moments lie close to midnight in Berlin and to the hours at
which the clocks change there, on 29 March and 25 October 2026.
"""

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from lma_graph.campaigns.models import MemberStatus
from lma_graph.kernel.viewer import Role
from lma_graph.leads.models import LeadSource, LeadStatus, LeadTemperature
from world import World

ZONE = ZoneInfo("Europe/Berlin")
UTC = dt.UTC
_NIGHTS = [
    dt.datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC),
    dt.datetime(2026, 3, 28, 23, tzinfo=UTC),
    dt.datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
    dt.datetime(2026, 3, 29, 1, tzinfo=UTC),
    dt.datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC),
    dt.datetime(2026, 3, 29, 22, tzinfo=UTC),
    dt.datetime(2026, 3, 31, 22, tzinfo=UTC),
    dt.datetime(2026, 10, 24, 21, 59, 59, tzinfo=UTC),
    dt.datetime(2026, 10, 24, 22, tzinfo=UTC),
    dt.datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    dt.datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    dt.datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC),
    dt.datetime(2026, 10, 25, 23, tzinfo=UTC),
    dt.datetime(2026, 10, 31, 23, tzinfo=UTC),
]


@dataclass
class Ground:
    """The rows of the organization."""

    world: World
    leads: list[Any]
    campaigns: list[Any]
    users: dict[int, str]
    activities: list[Any] = field(default_factory=list)
    members: list[Any] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)

    def seen(self, role: Role = Role.ADMIN) -> dict[int, Any]:
        """The leads that a role sees, by id."""
        rep = self.world.users[Role.SALES_REP]
        alive = (lead for lead in self.leads if lead.deleted_at is None)
        return {one.id: one for one in alive if role is not Role.SALES_REP or one.assigned_to_id in {rep, None}}

    def of(self, rows: list[Any], role: Role = Role.ADMIN) -> list[Any]:
        """What hangs on leads that a role sees."""
        seen = self.seen(role)
        return [row for row in rows if row.lead_id in seen]

    def changes(self, lead: Any) -> list[Any]:
        """The changes of a lead's status, in time."""
        found = [a for a in self.activities if a.lead_id == lead.id and a.activity_type == "STATUS_CHANGE"]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    def converted_at(self, lead: Any) -> dt.datetime:
        """When a customer became one."""
        moments = [one.created_at for one in self.changes(lead) if one.metadata["to"] == "CONVERTED"]
        return max(moments, default=lead.created_at)


def day(moment: dt.datetime) -> dt.date:
    """The day in Berlin."""
    return moment.astimezone(ZONE).date()


def period(interval: str, moment: dt.datetime) -> dt.date:
    """The first day of the period in Berlin."""
    found = day(moment)
    return {
        "DAY": lambda: found,
        "WEEK": lambda: found - dt.timedelta(days=found.isoweekday() - 1),
        "MONTH": lambda: dt.date(found.year, found.month, 1),
        "QUARTER": lambda: dt.date(found.year, {1: 1, 2: 4, 3: 7, 4: 10}[(found.month + 2) // 3], 1),
        "YEAR": lambda: dt.date(found.year, 1, 1),
    }[interval]()


async def settle(world: World) -> Ground:
    """Fill an organization."""
    draw = random.Random(5)
    pick = draw.choice
    people = [world.users[Role.ADMIN], world.users[Role.SALES_REP], (await world.user(last_name="Nameless")).id]
    users = {world.users[role]: role.value for role in Role} | {people[2]: "Nameless"}
    campaigns = [
        await world.campaign(
            name=name,
            status=status,
            campaign_type=pick(("EMAIL", "EVENT")),
            budget_spent=spent,
            budget_allocated=pick((None, 500)),
            created_by=pick((None, people[0])),
            goals=[
                {"name": "responses", "target": 3},
                {"name": "Conversions", "target": 2},
                {"name": "x", "target": 1},
            ],
            created_at=pick(_NIGHTS),
        )
        for name, status, spent in (("a", "ACTIVE", 100), ("b", "ACTIVE", 0), ("c", "DRAFT", 33), ("empty", "DRAFT", 5))
    ]
    leads = [
        await world.lead(
            status=pick(("CONVERTED", *LeadStatus)),
            source=pick(list(LeadSource)[:3]),
            lead_temperature=pick(list(LeadTemperature)),
            score=draw.randrange(-5, 90),
            value=pick((None, 10, 1000, 33)),
            tags=draw.sample(["vip", "new", "Zoo", ""], draw.randrange(3)),
            company=pick((None, "Acme", "acme")),
            assigned_to_id=pick((None, *people)),
            deleted_at=_NIGHTS[0] if at % 9 == 8 else None,
            created_at=_moment(draw),
        )
        for at in range(60)
    ]
    ground = Ground(world, leads, campaigns, users)
    for lead in leads:
        await _live(ground, lead, draw)
    return ground


def _moment(draw: random.Random) -> dt.datetime:
    return draw.choice(_NIGHTS) + dt.timedelta(hours=draw.choice((0, 0, 0, 24, 72, 500)))


async def _live(ground: Ground, lead: Any, draw: random.Random) -> None:
    """What happens with a lead."""
    world, pick = ground.world, draw.choice
    for _ in range(draw.randrange(4)):
        made = await world.activity(
            lead,
            activity_type=pick(("CALL", "EMAIL", "PAGE_VISIT")),
            direction=pick((None, "INBOUND", "OUTBOUND")),
            status=pick(("COMPLETED", "COMPLETED", "SCHEDULED", "CANCELLED")),
            scheduled_at=pick((None, dt.datetime(2020, 1, 1, tzinfo=UTC))),
            completed_at=pick((None, _moment(draw))),
            campaign_id=pick((None, *(one.id for one in ground.campaigns[:3]))),
            user_id=pick((None, *ground.users)),
            created_at=_moment(draw),
        )
        ground.activities.append(made)
    at = lead.created_at
    for _ in range(draw.randrange(3)):
        at += dt.timedelta(seconds=draw.randrange(10_000, 3_000_000))
        metadata = {"from": str(pick(list(LeadStatus))), "to": pick(("CONVERTED", "LOST"))}
        ground.activities.append(
            await world.activity(lead, activity_type="STATUS_CHANGE", metadata=metadata, created_at=at)
        )
    for campaign in draw.sample(ground.campaigns[:3], draw.randrange(4)):
        stamps = {name: pick((None, _moment(draw))) for name in ("last_contact_at", "response_at", "conversion_at")}
        status = str(pick(list(MemberStatus)))
        ground.members.append(await world.member(campaign, lead, status=status, added_at=_moment(draw), **stamps))
    for _ in range(draw.randrange(3)):
        entry = {"score_change": draw.randrange(-9, 30), "kind": "MANUAL", "created_at": _moment(draw)}
        ground.entries.append(await world.score_entry(lead, **entry))


def touches(ground: Ground, lead: Any) -> list[tuple[dt.datetime, int]]:
    """When campaigns touched a customer before it became one: (moment, campaign), in time."""
    found = [
        (one.completed_at or one.created_at, one.campaign_id)
        for one in ground.activities
        if one.lead_id == lead.id and one.campaign_id and one.status == "COMPLETED"
        if one.activity_type != "STATUS_CHANGE"
    ]
    for member in ground.members:
        if member.lead_id == lead.id:
            found += [(at, member.campaign_id) for at in (member.last_contact_at, member.response_at) if at]
    return sorted(one for one in found if one[0] <= ground.converted_at(lead))
