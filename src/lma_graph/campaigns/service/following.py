"""Members that come and go with a campaign's criteria, while it is active and says so.

Leads that are created or changed are looked at in their own transaction, if the criteria look at what has changed.
Everything else (the clock, what hangs on leads) is looked at every hour, and at once when a campaign becomes active or
has other criteria. Nobody acts: the trail names no user. Enter at `follow` and `follow_leads`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from lma_graph.campaigns.models import CampaignStatus, FollowCriteria, MemberStatus
from lma_graph.campaigns.service import enrolling
from lma_graph.campaigns.service.audience import Audience, State
from lma_graph.campaigns.service.enrolling import LONG_WORK, enter
from lma_graph.campaigns.service.holding import held
from lma_graph.campaigns.service.moving import Members, put
from lma_graph.campaigns.service.targets import target_of
from lma_graph.executions.engine import Step, Work
from lma_graph.executions.service import start
from lma_graph.kernel import ids
from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads import index
from lma_graph.leads.occasions import LEAD_CHANGED, LEAD_CREATED, LEAD_RESTORED, LEAD_UNMERGED
from lma_graph.leads.service import life

ACTIVE = """
SELECT id, target_criteria, follow_criteria FROM campaigns
WHERE organization_id = $1 AND status = 'ACTIVE' AND follow_criteria <> 'NONE' ORDER BY id
"""
Place = Mapping[str, Any]
"""How far following has come with one campaign; empty at the beginning."""
_ALWAYS = frozenset({"version", "updatedAt"})
"""What changes whenever anything does."""
_WORDS = frozenset(name for name, _ in index.WEIGHTS)


async def follow(unit: UnitOfWork, number: int) -> int | None:
    """Have the members of a locked campaign follow its criteria: here, or as long work, whose execution it gives."""
    campaign = await held(unit, number, ("id",))
    criteria = _followed(campaign._asdict())
    if criteria is None:
        return None
    found = await Audience(number, criteria=criteria, everyone=True).count(unit)
    leaving = await Members(number, unmatched=criteria).count(unit) if _both(campaign.follow_criteria) else 0
    work = found[State.NEW] + found[State.BACK] + leaving
    if work > enrolling.AT_ONCE:
        stored = {"mutation": "followCriteria", "campaignId": ids.encode("Campaign", number)}
        return await start(unit, LONG_WORK, stored, total=work)
    position: Place | None = {} if work else None
    while position is not None:
        _, position = await advance(unit, number, position, enrolling.AT_ONCE)
    return None


async def followed(unit: UnitOfWork) -> list[int]:
    """The campaigns whose members follow their criteria."""
    return [row["id"] for row in await unit.fetch(ACTIVE, unit.viewer.organization_id)]


async def advance(unit: UnitOfWork, number: int, position: Place, limit: int) -> tuple[dict[str, int], Place | None]:
    """Follow for the next leads: how many were enrolled and taken out, and where to go on; None where it is done.

    Nothing is done for a campaign that is not active any more.
    """
    campaign = await held(unit, number, ("campaignId",))
    criteria = _followed(campaign._asdict())
    made = {"enrolled": 0, "removed": 0}
    if criteria is None:
        return made, None
    if not position.get("leaving"):
        audience = Audience(number, criteria=criteria, everyone=True)
        made["enrolled"], after = await enter(unit, audience, position.get("after", 0), limit)
        if after is not None:
            return made, {"after": after}
        return made, {"leaving": True, "after": 0} if _both(campaign.follow_criteria) else None
    rows = await Members(number, unmatched=criteria).take(unit, position["after"], limit)
    made["removed"] = (await put(unit, number, rows, MemberStatus.REMOVED, by_criteria=True)).updated
    return made, {"leaving": True, "after": rows[-1].lead_id} if len(rows) == limit else None


async def step(unit: UnitOfWork, work: Work) -> Step:
    """Follow for the next leads of long work."""
    number = ids.number_of(work.input["campaignId"], "Campaign") or 0
    made, position = await advance(unit, number, work.position.get("at", {}), enrolling.CHUNK)
    total = {name: work.position.get(name, 0) + count for name, count in made.items()}
    if position is None:
        return Step(sum(made.values()), result=total)
    return Step(sum(made.values()), {"at": position, **total})


@LEAD_CREATED.participant
async def follow_new(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """Enrol new leads that match."""
    await follow_leads(unit, numbers)


@LEAD_RESTORED.participant
async def follow_restored(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """Leads that are back may match by now, or no longer."""
    await follow_leads(unit, numbers)


@LEAD_UNMERGED.participant
async def follow_separated(unit: UnitOfWork, numbers: Sequence[int], *, merged: Sequence[int], **_: Any) -> None:
    """So may leads that were separated."""
    await follow_leads(unit, [*numbers, *merged])


@LEAD_CHANGED.participant
async def follow_changed(unit: UnitOfWork, numbers: Sequence[int], *, columns: Collection[str]) -> None:
    """Enrol and take out leads of which something has changed that criteria look at."""
    await follow_leads(unit, numbers, columns)


async def follow_leads(unit: UnitOfWork, numbers: Sequence[int], columns: Collection[str] | None = None) -> None:
    """Follow for certain leads, which are locked; one statement where no campaign follows."""
    for campaign in await unit.fetch(ACTIVE, unit.viewer.organization_id):
        criteria = target_of(campaign["target_criteria"])
        if criteria is None or (columns is not None and not _named(columns) & set(_looked_at(criteria.tree))):
            continue
        among = tuple(numbers)
        audience = Audience(campaign["id"], criteria=criteria, among=among, everyone=True)
        await enter(unit, audience, 0, len(among) + 1)
        if _both(campaign["follow_criteria"]):
            leaving = Members(campaign["id"], unmatched=criteria, among=among)
            await put(unit, campaign["id"], await leaving.take(unit), MemberStatus.REMOVED, by_criteria=True)


def _followed(campaign: Mapping[str, Any]) -> Filter | None:
    """The criteria that members of the campaign follow at present."""
    follows = campaign["status"] == CampaignStatus.ACTIVE and campaign["follow_criteria"] != FollowCriteria.NONE
    return target_of(campaign["target_criteria"]) if follows else None


def _both(follow_criteria: str) -> bool:
    return follow_criteria == FollowCriteria.IN_AND_OUT


def _named(columns: Collection[str]) -> set[str]:
    """The terms of the filter language that look at columns of a lead."""
    found = {life.public(name) for name in columns} | _ALWAYS
    if "assigned_to_id" in columns:
        found.add("assignedTo")
    if _WORDS & set(columns):
        found.add("search")
    return found


def _looked_at(tree: Mapping[str, Any]) -> Iterator[str]:
    """The terms of a lead that criteria look at; what hangs on the lead is looked at by the hour."""
    for key, value in tree.items():
        if key in {"and", "or"}:
            for part in value:
                yield from _looked_at(part)
        elif key == "not":
            yield from _looked_at(value)
        else:
            yield key
