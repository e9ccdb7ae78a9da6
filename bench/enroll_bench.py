"""Enrolling 100,000 leads by a campaign's criteria, against the bare INSERTs of the same rows."""

import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg

from bench.clock import ratio
from bench.place import Place, say
from bench.population import Organization, populate
from bench.result import Result, Verdict
from lma_graph.campaigns.service import enrolling
from lma_graph.executions.engine import Work
from lma_graph.kernel import ids
from lma_graph.kernel.db import Database
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Viewer
from lma_graph.schema.graph import build

MARK = 2.0
LEADS = 100_000
_ROUNDS = 3
_MADE = Organization("bench-enroll", LEADS, detailed=0)
_CRITERIA = {"source": {"ne": "API"}}
METHOD = f"""
An organization of {LEADS:,} leads with tags, custom fields and words, all of which the campaign's criteria match. Ours
is what the long work of `enrollLeads` does, step by step of {enrolling.CHUNK:,} leads: count, lock the campaign and the
leads, write members, audit trail and events. The bare way is one `INSERT` each of the same members, activities and
events, whose ids it finds ready in a temporary table, by the same role under row security. Both run in transactions
that are rolled back, in turns, {_ROUNDS} rounds with a VACUUM before each turn; the figure is the median of the rounds'
ratios. Then the work is done once more and kept, and done again: what is judged is that nothing is written.
"""

_CHOSEN = """
CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT id FROM leads WHERE organization_id = $1 AND source <> 'API'
"""
_MEMBERS = """
INSERT INTO campaign_leads (organization_id, campaign_id, lead_id, chosen_by)
SELECT $1, $2, id, 'CRITERIA' FROM chosen
"""
_ACTIVITIES = """
INSERT INTO activities (organization_id, lead_id, activity_type, metadata, completed_at, campaign_id, user_id)
SELECT $1, id, 'CAMPAIGN_ENROLLED',
       jsonb_build_object('campaignId', $2::bigint, 'to', 'ENROLLED', 'chosenBy', 'CRITERIA'), now(), $2, $3
FROM chosen
"""
_EVENTS = """
INSERT INTO outbox_events (organization_id, user_id, name, payload)
SELECT $1, $2, 'CAMPAIGN_ENROLLED', jsonb_build_object('activities', jsonb_agg(id), 'leads', jsonb_agg(id))
FROM (SELECT id, row_number() OVER (ORDER BY id) / 1000 AS part FROM chosen) AS numbered GROUP BY part
"""
_WRITTEN = """
SELECT (SELECT count(*) FROM campaign_leads) AS members, (SELECT count(*) FROM activities) AS activities,
       (SELECT count(*) FROM outbox_events) AS events,
       (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables) AS changes
"""
Run = Callable[[UnitOfWork], Awaitable[object]]


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result("enroll", "Enrolling leads by criteria", METHOD, ("", "seconds", "leads per second"))
    build()  # every feature takes part, as in the server
    async with place.empty("bench_enroll") as url, place.owner(url) as owner:
        await populate(owner, _MADE, say)
        campaign = await owner.fetchval(
            "INSERT INTO campaigns (organization_id, name, campaign_type, status)"
            " SELECT id, 'Everybody', 'EMAIL', 'ACTIVE' FROM organizations RETURNING id"
        )
        await owner.execute("VACUUM ANALYZE")
        async with Database(url, pool_size=1, statement_timeout_ms=120_000) as database:
            viewer = await database.viewer(_MADE.slug, _MADE.admin)
            await _compare(result, owner, (database, viewer), campaign)
            await _again(result, owner, (database, viewer), campaign)
    return result


async def _compare(result: Result, owner: asyncpg.Connection, by: tuple[Database, Viewer], campaign: int) -> None:
    spent: dict[bool, list[float]] = {True: [], False: []}
    for at in range(_ROUNDS):
        for mine in (True, False) if at % 2 else (False, True):
            say("ours" if mine else "bare INSERTs")
            await owner.execute("VACUUM leads, campaign_leads, activities, outbox_events")
            spent[mine].append(await _timed(*by, campaign, mine=mine))
    for name, mine in (("enrollLeads", True), ("bare INSERTs", False)):
        seconds = statistics.median(spent[mine])
        result.add(name, f"{seconds:.1f}", f"{LEADS / seconds:,.0f}")
    found = ratio(spent[True], spent[False])
    result.verdicts.append(
        Verdict("enrolling by criteria", f"{found:.2f}", f"at most {MARK:g} times the bare INSERTs", found <= MARK)
    )


async def _timed(database: Database, viewer: Viewer, campaign: int, *, mine: bool) -> float:
    async with database.unit_of_work(viewer) as unit:
        await unit.execute(_CHOSEN, viewer.organization_id)
        began = time.perf_counter()
        await (_ours(unit, campaign) if mine else _bare(unit, campaign))
        seconds = time.perf_counter() - began
        await unit.restart()
    return seconds


async def _ours(unit: UnitOfWork, campaign: int) -> int:
    """How many leads were enrolled."""
    stored = {"campaignId": ids.encode("Campaign", campaign), "criteria": _CRITERIA}
    work: Work | None = Work(0, stored, {}, 0, None)
    while work is not None:
        made = await enrolling.step(unit, work)
        enrolled = made.result["enrolled"] if made.result is not None else 0
        work = None if made.result is not None else Work(0, stored, made.position or {}, 0, None)
    return int(enrolled)


async def _bare(unit: UnitOfWork, campaign: int) -> None:
    organization, user = unit.viewer.organization_id, unit.viewer.user_id
    await unit.execute(_MEMBERS, organization, campaign)
    await unit.execute(_ACTIVITIES, organization, campaign, user)
    await unit.execute(_EVENTS, organization, user)


async def _again(result: Result, owner: asyncpg.Connection, by: tuple[Database, Viewer], campaign: int) -> None:
    database, viewer = by
    say("Once more, and kept; then again")
    enrolled, seconds, written = [], [], []
    for _ in range(2):
        async with database.unit_of_work(viewer) as unit:
            began = time.perf_counter()
            enrolled.append(await _ours(unit, campaign))
            seconds.append(time.perf_counter() - began)
        async with database.unit_of_work(viewer) as unit:
            await unit.execute("SELECT pg_stat_force_next_flush()")
        written.append(dict(await owner.fetchrow(_WRITTEN)))
    result.add("enrollLeads, a second time", f"{seconds[1]:.2f}", f"{LEADS / seconds[1]:,.0f}")
    result.verdicts += [
        Verdict("leads enrolled", f"{enrolled[0]:,}", f"{LEADS:,}", enrolled[0] == LEADS),
        Verdict("leads enrolled a second time", f"{enrolled[1]:,}", "0", enrolled[1] == 0),
        Verdict(
            "rows written the second time",
            str(sum(abs(written[1][name] - written[0][name]) for name in written[0])),
            "0",
            written[0] == written[1],
        ),
    ]
