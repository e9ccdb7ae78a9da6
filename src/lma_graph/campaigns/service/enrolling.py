"""Enrolling leads in a campaign, and looking at whom it would take. Enter at `enroll`, `preview` and `enter`.

A pair of campaign and lead is a member at most once, whoever enrols at the same time: campaigns are locked before
leads, and the unique key decides where a participant or a merge was quicker.
"""

from collections.abc import Mapping
from typing import Any

from lma_graph.activities.ledger import RECORDED, mark_of
from lma_graph.campaigns.service.audience import WORK, Audience, State
from lma_graph.campaigns.service.holding import found, held, require_open
from lma_graph.campaigns.service.targets import faults_of, said, target_of
from lma_graph.executions.engine import Step, Work
from lma_graph.executions.service import start
from lma_graph.kernel import ids
from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.errors import Denied, FieldError, InvalidInput, Path
from lma_graph.kernel.transactions import Row, Transaction, UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.criteria import LEAD

LONG_WORK = "ENROLL"
"""The type of the execution that does more."""
AT_ONCE = 10_000
"""How many leads one transaction enrols."""
CHUNK = 5_000
"""Leads of one step of long work."""

# Where nobody comes back, as mostly, members are not looked through.
_ENTER = f"""
WITH added AS (
    INSERT INTO campaign_leads (organization_id, campaign_id, lead_id, chosen_by)
    SELECT $1::bigint, $4::bigint, n.lead_id, $5::text FROM unnest($6::bigint[]) AS n(lead_id)
    ON CONFLICT (organization_id, campaign_id, lead_id) DO NOTHING
    RETURNING lead_id
), back AS (
    UPDATE campaign_leads SET status = 'ENROLLED', chosen_by = $5
    WHERE organization_id = $1 AND campaign_id = $4 AND lead_id = ANY($7) AND status = 'REMOVED'
        AND cardinality($7) > 0
    RETURNING lead_id
), claimed AS (
    UPDATE campaign_leads SET chosen_by = $5
    WHERE organization_id = $1 AND campaign_id = $4 AND lead_id = ANY($8) AND chosen_by <> $5
        AND cardinality($8) > 0
), entered AS (
    SELECT lead_id, NULL AS before FROM added UNION ALL SELECT lead_id, 'REMOVED' FROM back
), entries AS (
    SELECT lead_id, 'CAMPAIGN_ENROLLED' AS kind, $4::bigint AS campaign_id, lead_id AS place, jsonb_strip_nulls(
        jsonb_build_object('campaignId', $4::bigint, 'from', before, 'to', 'ENROLLED', 'chosenBy', $5::text)
    ) AS metadata FROM entered
), {RECORDED} SELECT count(*) AS entered FROM entered
"""  # noqa: S608 - a constant


async def enroll(unit: UnitOfWork, number: int, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Enrol the leads `chosen` by `lead_ids`, `filter` or `use_target_criteria`, but for those of `exclude`.

    Up to 10,000 in this transaction; more are the long work `execution`, whose counts are in its output. Raises
    `NotFound`, `InvalidInput`, and `Conflict` (`CAMPAIGN_CLOSED`) where the campaign takes no members.
    """
    _require_one_selector(chosen)
    campaign = await held(unit, number, ("campaignId",))
    require_open(campaign, ("campaignId",))
    numbers = chosen.get("lead_ids")
    audience = Audience(
        number,
        None if numbers is None else tuple(numbers),
        chosen.get("filter"),
        own_criteria(campaign, ("useTargetCriteria",)) if chosen.get("use_target_criteria") else None,
        chosen.get("exclude"),
    )
    counts = await audience.count(unit)
    work = sum(counts[state] for state in WORK)
    if work > AT_ONCE:
        return {"execution": await start(unit, LONG_WORK, stored_in(audience), total=work)}
    entered = 0
    if work:
        entered, _ = await enter(unit, audience, 0, AT_ONCE)
    return told(counts, entered)


def told(counts: Mapping[State, int], entered: int) -> dict[str, Any]:
    """What the payload says. Whoever was enrolled by somebody else between counting and writing is enrolled already."""
    waiting = counts[State.NEW] + counts[State.BACK]
    already = counts[State.MEMBER] + counts[State.CLAIMED] + max(waiting - entered, 0)
    return {"enrolled": entered, "already_enrolled": already, "not_eligible": counts[State.BARRED]}


async def enter(unit: UnitOfWork, audience: Audience, after: int, limit: int) -> tuple[int, int | None]:
    """Make members of the next leads behind an id; how many, and the id to go on behind."""
    rows = await audience.take(unit, after, limit)
    entered = 0
    if rows:
        groups = [[row.id for row in rows if row.state == state] for state in WORK]
        made = await unit.fetch(
            _ENTER,
            unit.viewer.organization_id,
            None if audience.everyone else unit.viewer.user_id,
            mark_of(unit),
            audience.campaign_id,
            audience.chosen_by.value,
            *groups,
        )
        entered = made[0]["entered"]
    return entered, int(rows[-1].id) if len(rows) == limit else None


def own_criteria(campaign: Row, path: Path) -> Filter:
    """The campaign's criteria. Raises `InvalidInput` where there are none, or where they cannot be read any more."""
    faults = faults_of(campaign.target_criteria)
    if faults:
        texts = [f"The campaign's criteria cannot be used: {said(one)}" for one in faults]
        raise InvalidInput([FieldError(path, text, "INVALID_CRITERIA") for text in texts])
    criteria = target_of(campaign.target_criteria)
    if criteria is None:
        raise InvalidInput.at(path, "The campaign has no criteria; updateCampaign gives it some.", "MISSING_VALUE")
    return criteria


def _require_one_selector(chosen: Mapping[str, Any]) -> None:
    given = [name for name in ("lead_ids", "filter") if chosen.get(name) is not None]
    if len(given) + bool(chosen.get("use_target_criteria")) != 1:
        text = "Selectors exclude each other: give one of leadIds, filter and useTargetCriteria."
        raise InvalidInput.at((), text, "ONE_SELECTOR")


async def preview(transaction: Transaction, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Whom `enroll` would enrol at this moment by the campaign's criteria, or by those given; nothing is written.

    Raises `Denied`, `NotFound` and `InvalidInput`.
    """
    if not transaction.viewer.may(Permission.CAMPAIGNS_WRITE):
        raise Denied(Permission.CAMPAIGNS_WRITE)
    number, criteria = chosen.get("campaign_id"), chosen.get("criteria")
    if number is None and criteria is None:
        raise InvalidInput.at((), "Name a campaign, or give criteria.", "MISSING_VALUE")
    campaign = None if number is None else await found(transaction, number, ("campaignId",))
    if criteria is None and campaign is not None:
        criteria = own_criteria(campaign, ("campaignId",))
    return await Audience(number or 0, criteria=criteria, exclude=chosen.get("exclude")).outline(transaction)


def stored_in(audience: Audience) -> dict[str, Any]:
    """What to do, as an execution keeps and shows it."""
    by = "filter" if audience.criteria is None else "criteria"
    chosen = audience.filter if audience.criteria is None else audience.criteria
    assert chosen is not None
    found = {"mutation": "enrollLeads", "campaignId": ids.encode("Campaign", audience.campaign_id), by: chosen.tree}
    return found if audience.exclude is None else {**found, "exclude": audience.exclude.tree}


async def step(unit: UnitOfWork, work: Work) -> Step:
    """Enrol the next leads of long work."""
    given, position = work.input, work.position
    number = ids.number_of(given["campaignId"], "Campaign") or 0
    require_open(await held(unit, number, ("campaignId",)), ("campaignId",))
    parts: dict[str, Any] = {
        name: LEAD.filter(given[name]) for name in ("filter", "criteria", "exclude") if name in given
    }
    audience = Audience(number, **parts)
    counts = position.get("counts") or {state.value: count for state, count in (await audience.count(unit)).items()}
    entered, after = await enter(unit, audience, position.get("after", 0), CHUNK)
    total = position.get("enrolled", 0) + entered
    if after is not None:
        return Step(entered, {"after": after, "enrolled": total, "counts": counts})
    said = told({state: counts.get(state, 0) for state in State}, total)
    names = {"enrolled": "enrolled", "already_enrolled": "alreadyEnrolled", "not_eligible": "notEligible"}
    return Step(entered, result={names[name]: value for name, value in said.items()})
