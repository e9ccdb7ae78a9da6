"""Members of a campaign and how far they have come. Enter at `move` and `move_one`.

Each move stamps its own moment once, whatever comes later, and is in the lead's trail. What may follow what is in
`MOVES`: forwards, in as many steps as it takes, or out. Nobody goes back, since a stamp says that it has happened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from lma_graph.activities.ledger import RECORDED, mark_of
from lma_graph.campaigns.criteria import MEMBER
from lma_graph.campaigns.models import CampaignLeadRow, ChosenBy, MemberStatus
from lma_graph.campaigns.service.audience import stored_scope
from lma_graph.campaigns.service.enrolling import AT_ONCE, CHUNK, LONG_WORK
from lma_graph.campaigns.service.holding import found, require_open
from lma_graph.executions.engine import Step, Work
from lma_graph.executions.service import start
from lma_graph.kernel import ids
from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.errors import Conflict, InvalidInput, NotFound, Path
from lma_graph.kernel.scope import Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, Row, Transaction, UnitOfWork
from lma_graph.leads.models import LeadRow

_ON = (MemberStatus.ENROLLED, MemberStatus.CONTACTED, MemberStatus.ENGAGED, MemberStatus.RESPONDED)
_FORWARD = (*_ON, MemberStatus.CONVERTED)
_OUT = (MemberStatus.UNSUBSCRIBED, MemberStatus.BOUNCED, MemberStatus.REMOVED)
MOVES: Mapping[MemberStatus, tuple[MemberStatus, ...]] = {
    **{status: (*_FORWARD[at + 1 :], *_OUT) for at, status in enumerate(_FORWARD)},
    # An address that bounced may have been mended, and who was taken out may come back. Who has unsubscribed has.
    MemberStatus.BOUNCED: (*_FORWARD, MemberStatus.UNSUBSCRIBED, MemberStatus.REMOVED),
    MemberStatus.REMOVED: (MemberStatus.ENROLLED, MemberStatus.UNSUBSCRIBED),
    MemberStatus.UNSUBSCRIBED: (),
}
"""What may come after each status of a member."""
STAYING = (MemberStatus.ENROLLED, MemberStatus.CONTACTED, MemberStatus.ENGAGED)
"""Members whom criteria may take out: nothing has come of it yet."""
MOST_FAULTS = 100
"""How many members that stay as they are are told of; all of them are counted."""
NO_MEMBER = "The lead is not a member of this campaign."

_LEAD = table_of(LeadRow)
_MEMBER = table_of(CampaignLeadRow)
_CAMPAIGN: sa.BindParameter[int] = sa.bindparam("campaign", type_=sa.BigInteger())
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger()))
_AMONG: sa.BindParameter[Any] = sa.bindparam("among", type_=sa.ARRAY(sa.BigInteger()))
_AFTER: sa.BindParameter[int] = sa.bindparam("after", type_=sa.BigInteger())
_LIMIT: sa.BindParameter[int] = sa.bindparam("limit", type_=sa.Integer())
_JOINED = _LEAD.join(
    _MEMBER, sa.and_(_MEMBER.c.organization_id == _LEAD.c.organization_id, _MEMBER.c.lead_id == _LEAD.c.id)
)
_READ = (_MEMBER.c.id, _MEMBER.c.lead_id, _MEMBER.c.status, _MEMBER.c.chosen_by)

_MOVE = f"""
WITH moved AS (
    UPDATE campaign_leads AS m SET status = $5::text, chosen_by = coalesce($7::text, m.chosen_by),
        last_contact_at = CASE WHEN $5 = 'CONTACTED' THEN coalesce(m.last_contact_at, now()) ELSE m.last_contact_at END,
        response_at = CASE WHEN $5 = 'RESPONDED' THEN coalesce(m.response_at, now()) ELSE m.response_at END,
        conversion_at = CASE WHEN $5 = 'CONVERTED' THEN coalesce(m.conversion_at, now()) ELSE m.conversion_at END
    FROM unnest($8::bigint[], $9::text[]) AS i(id, before)
    WHERE m.organization_id = $1 AND m.campaign_id = $4 AND m.id = i.id
    RETURNING m.lead_id, i.before
), entries AS (
    SELECT lead_id, $6::text AS kind, $4::bigint AS campaign_id, lead_id AS place, jsonb_strip_nulls(
        jsonb_build_object('campaignId', $4::bigint, 'from', before, 'to', $5::text, 'chosenBy', $7::text)) AS metadata
    FROM moved WHERE before <> $5
), {RECORDED} SELECT
"""  # noqa: S608 - a constant


@dataclass(frozen=True)
class Members:
    """Members of one campaign: by their leads' ids, by a filter, or those whom criteria do not match any more."""

    campaign_id: int
    numbers: tuple[int, ...] | None = None
    filter: Filter | None = None
    unmatched: Filter | None = None
    among: tuple[int, ...] | None = None
    """Only of these leads."""
    path: Path | None = None
    """Where the one lead was named; a list of ids is `leadIds`."""

    @classmethod
    def given(cls, campaign_id: int, values: Mapping[str, Any]) -> "Members":
        """The members of an input with `leadIds` and `filter`."""
        numbers, chosen = values.get("lead_ids"), values.get("filter")
        if (numbers is None) == (chosen is None):
            text = "Selectors exclude each other: give either leadIds or filter."
            raise InvalidInput.at((), text, "ONE_SELECTOR")
        return cls(campaign_id, None if numbers is None else tuple(numbers), chosen)

    async def take(self, unit: UnitOfWork, after: int = 0, limit: int = AT_ONCE) -> Sequence[Row]:
        """The next members behind a lead's id, locked with their leads. Raises `NotFound` where one of the ids is none.

        Leads first, as by everybody; members too, so that what is read of them is what they are.
        """
        asked = sa.select(*_READ).select_from(_JOINED).where(*self._conditions(unit), _LEAD.c.id > _AFTER)
        asked = asked.order_by(_LEAD.c.id).limit(_LIMIT).with_for_update(of=[_LEAD, _MEMBER], key_share=True)
        rows = await self._rows(unit, asked, after=after, limit=limit)
        if not after:
            there = {row.lead_id for row in rows}
            for place, number in enumerate(self.numbers or ()):
                if number not in there:
                    raise NotFound(NO_MEMBER, path=self.path or ("leadIds", place))
        return rows

    async def count(self, transaction: Transaction, limit: int | None = None) -> int:
        """How many there are; with a limit, counting stops there."""
        some = sa.select(_MEMBER.c.id).select_from(_JOINED).where(*self._conditions(transaction)).limit(limit)
        (row,) = await self._rows(transaction, sa.select(sa.func.count().label("found")).select_from(some.subquery()))
        return int(row.found)

    async def _rows(self, transaction: Transaction, statement: sa.Select[Any], **more: Any) -> Sequence[Row]:
        values: dict[str, Any] = {"campaign": self.campaign_id, **more}
        if self.numbers is not None:
            values["keys"] = sorted(set(self.numbers))
        if self.among is not None:
            values["among"] = sorted(self.among)
        return await transaction.rows(statement.execution_options(**{ANEW: True}), values)

    def _conditions(self, transaction: Transaction) -> list[Condition]:
        viewer = transaction.viewer
        scope = Scope.of(viewer) if self.unmatched is None else stored_scope(viewer)
        own = conditions(_MEMBER, scope, child_of="lead_id")
        wanted = [*conditions(_LEAD, scope), *own, _MEMBER.c.campaign_id == _CAMPAIGN]
        if self.numbers is not None:
            wanted.append(_LEAD.c.id == sa.any_(_KEYS))
        if self.among is not None:
            wanted.append(_LEAD.c.id == sa.any_(_AMONG))
        if self.filter is not None:
            wanted.append(self.filter.sql(_MEMBER, scope))
        if self.unmatched is not None:
            wanted += [
                _MEMBER.c.chosen_by == ChosenBy.CRITERIA.value,
                sa.or_(*(_MEMBER.c.status == status.value for status in STAYING)),
                self.unmatched.sql(_LEAD, scope).is_not(sa.true()),
            ]
        return wanted


@dataclass
class Moved:
    """What became of members."""

    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Members that cannot be moved, and why."""

    def outcome(self) -> dict[str, Any]:
        """What the payload says."""
        told = [{"campaign_lead": one, "code": "MOVE_NOT_ALLOWED", "message": text} for one, text in self.faults]
        counts = {"updated": self.updated, "unchanged": self.unchanged, "failed": self.failed}
        return {**counts, "errors": told[:MOST_FAULTS]}


async def move(unit: UnitOfWork, members: Members, status: MemberStatus, mutation: str) -> dict[str, Any]:
    """Move members on: up to 10,000 in this transaction, more as the long work `execution`.

    Who is there already stays; who cannot go there stays too, and is told of in `errors`. Raises `NotFound`, and
    `Conflict` (`CAMPAIGN_CLOSED`) where members are to come back into a campaign that takes none.
    """
    await _campaign(unit, members.campaign_id, status)
    if members.filter is not None and await members.count(unit, AT_ONCE + 1) > AT_ONCE:
        stored = {
            "mutation": mutation,
            "campaignId": ids.encode("Campaign", members.campaign_id),
            "filter": members.filter.tree,
            "status": status.value,
        }
        return {"execution": await start(unit, LONG_WORK, stored, total=await members.count(unit))}
    return (await put(unit, members.campaign_id, await members.take(unit), status)).outcome()


async def move_one(unit: UnitOfWork, campaign_id: int, lead: int, status: MemberStatus) -> int:
    """Move one member on; the membership's id. Raises `NotFound` and `Conflict` (also `MOVE_NOT_ALLOWED`)."""
    await _campaign(unit, campaign_id, status)
    rows = await Members(campaign_id, (lead,), path=("leadId",)).take(unit)
    made = await put(unit, campaign_id, rows, status)
    if made.faults:
        ((number, text),) = made.faults
        raise Conflict(text, path=("status",), kind="MOVE_NOT_ALLOWED", campaign_lead=number)
    member: int = rows[0].id
    return member


async def _campaign(unit: UnitOfWork, number: int, status: MemberStatus) -> None:
    campaign = await found(unit, number, ("campaignId",))
    if status is MemberStatus.ENROLLED:
        require_open(campaign, ("campaignId",))


async def put(
    unit: UnitOfWork, campaign_id: int, rows: Sequence[Row], status: MemberStatus, *, by_criteria: bool = False
) -> Moved:
    """Write where locked members are from now on."""
    chooses = status in {MemberStatus.ENROLLED, MemberStatus.REMOVED}
    chosen_by = None if not chooses else ChosenBy.CRITERIA if by_criteria else ChosenBy.MANUAL
    made, written = Moved(), []
    for row in rows:
        before = MemberStatus[row.status]
        if before is status:
            made.unchanged += 1
            if chooses and row.chosen_by != chosen_by:
                written.append(row)
        elif status in MOVES[before]:
            made.updated += 1
            written.append(row)
        else:
            made.failed += 1
            made.faults.append((row.id, _refusal(before, status)))
    if written:
        kind = "CAMPAIGN_ENROLLED" if status is MemberStatus.ENROLLED else "CAMPAIGN_RESPONSE"
        await unit.execute(
            _MOVE,
            unit.viewer.organization_id,
            None if by_criteria else unit.viewer.user_id,
            mark_of(unit),
            campaign_id,
            status.value,
            kind,
            None if chosen_by is None else chosen_by.value,
            [row.id for row in written],
            [row.status for row in written],
        )
    return made


def _refusal(before: MemberStatus, status: MemberStatus) -> str:
    allowed = MOVES[before]
    after = f"it can become {', '.join(allowed[:-1])} or {allowed[-1]}" if allowed else "nothing comes after it"
    return f"A member that is {before} cannot become {status}; {after}."


def removed(made: Mapping[str, Any]) -> dict[str, Any]:
    """Moves to `REMOVED` as the payload of that mutation says them: who has unsubscribed is out already."""
    return {"removed": made["updated"], "unchanged": made["unchanged"] + made["failed"]}


async def step(unit: UnitOfWork, work: Work) -> Step:
    """Move the next members of long work on."""
    given, position = work.input, work.position
    number, status = ids.number_of(given["campaignId"], "Campaign") or 0, MemberStatus[given["status"]]
    await _campaign(unit, number, status)
    members = Members(number, filter=MEMBER.filter(given["filter"]))
    rows = await members.take(unit, position.get("after", 0), CHUNK)
    made = (await put(unit, number, rows, status)).outcome()
    earlier = position.get("done", {})
    done = {name: earlier.get(name, 0) + made[name] for name in ("updated", "unchanged", "failed")}
    told = [{**one, "campaign_lead": ids.encode("CampaignLead", one["campaign_lead"])} for one in made["errors"]]
    errors = [*position.get("errors", ()), *told][:MOST_FAULTS]
    if len(rows) == CHUNK:
        return Step(len(rows), {"after": rows[-1].lead_id, "done": done, "errors": errors})
    if given["mutation"] == "removeLeadsFromCampaign":
        return Step(len(rows), result=removed(done))
    shown = [{"campaignLeadId": one["campaign_lead"], "code": one["code"], "message": one["message"]} for one in errors]
    return Step(len(rows), result={**done, "errors": shown})
