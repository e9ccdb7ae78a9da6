"""Assigning, dealing and changing 100,000 leads by a filter, against the bare statements; fifty who deal at once."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg

from bench.clock import ratio
from bench.place import Place, say
from bench.population import Organization, populate
from bench.result import Result, Verdict
from lma_graph.kernel.db import Database
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Viewer
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.service.assigning import Assigning
from lma_graph.leads.service.bulk import Changing, Tags
from lma_graph.leads.service.dealing import AssignmentStrategy, Dealing, deal
from lma_graph.leads.service.selecting import Selection, Work, chunk

MARK = 2.5
LEADS = 100_000
_ROUNDS = 3
_CALLS, _EACH, _SELLERS = 50, 200, 7
_MADE = Organization("bench-bulk", LEADS, detailed=0)
_FILTER = {"source": {"ne": "API"}}

METHOD = f"""
An organization of {LEADS:,} leads with tags, custom fields and words, all of which the filter matches. Ours is what
the mutation does for them, chunk by chunk of 10,000 leads: lock, work out, write leads, search rows and audit trail.
The bare way is one `UPDATE … FROM` of the same columns, one `INSERT … SELECT` per kind of audit row, and for tags one
into the search table, by the same role under row security. Both run in transactions that are rolled back, in turns,
{_ROUNDS} rounds with a VACUUM before each turn; a figure is the median of the rounds' ratios. Fifty callers at once deal
{_EACH} leads each among {_SELLERS} users and commit; what is judged is how far the users' loads lie apart.
"""

_AUDIT = """
INSERT INTO activities (organization_id, lead_id, user_id, activity_type, metadata, completed_at)
SELECT $1, id, $2, '{kind}', {metadata}, now() FROM changed
"""
_CHANGED = """
CREATE TEMP TABLE changed ON COMMIT DROP AS
WITH changed AS (
    UPDATE leads AS l SET {sets}, version = l.version + 1, updated_at = now()
    FROM (SELECT * FROM leads WHERE organization_id = $1 AND deleted_at IS NULL AND source <> 'API') AS p
    WHERE l.organization_id = $1 AND l.id = p.id
    RETURNING l.id, l.created_at, l.version, {returned}
) SELECT * FROM changed
"""
"""To be filled in with the columns."""
_BARE_TAGS = """
INSERT INTO lead_tags (organization_id, lead_id, created_at, tag) SELECT $1, id, created_at, 'bulk' FROM changed
"""

Run = Callable[[UnitOfWork], Awaitable[object]]


async def run(place: Place) -> Result:
    """The whole benchmark."""
    header = ("", "ours, s", "bare, s", "ratio", "statements", "statements per chunk")
    result = Result("bulk", "Many leads at once", METHOD, header)
    async with place.empty("bench_bulk") as url, place.owner(url) as owner:
        await populate(owner, _MADE, say)
        users = [row["id"] for row in await owner.fetch("SELECT id FROM users ORDER BY id LIMIT 7")]
        await owner.execute("VACUUM ANALYZE")
        async with Database(url, pool_size=1, statement_timeout_ms=120_000) as database:
            viewer = await database.viewer(_MADE.slug, _MADE.admin)
            for name, pair in _pairs(users).items():
                await _compare(result, owner, (database, viewer), name, pair)
        async with Database(url, pool_size=8, statement_timeout_ms=120_000) as database:
            await _crowd(result, owner, database, viewer)
    return result


def _pairs(users: list[int]) -> Mapping[str, tuple[Run, Run]]:
    async def by_hand(unit: UnitOfWork) -> None:
        await _ours(unit, lambda _: _made(Assigning(users[0], "territory")))

    def dealt(strategy: AssignmentStrategy) -> Run:
        async def run(unit: UnitOfWork) -> None:
            await _ours(unit, lambda unit: Dealing.begin(unit, strategy, users, lock=True))

        return run

    def changed(patch: dict[str, Any], tags: Tags | None = None) -> Run:
        async def run(unit: UnitOfWork) -> None:
            await _ours(unit, lambda _: _made(Changing(patch, tags)))

        return run

    one, several = str(users[0]), f"(ARRAY{users})[1 + l.id % {len(users)}]"
    status = {"status": "LOST", "status_reason": "budget", "value": 77}
    return {
        "assignLeads": (by_hand, _bare_owner(one)),
        "autoAssignLeads, in turn": (dealt(AssignmentStrategy.ROUND_ROBIN), _bare_owner(several)),
        "autoAssignLeads, by load": (dealt(AssignmentStrategy.LEAST_LOADED), _bare_owner(several)),
        "bulkUpdateLeads, status and value": (changed(status), _bare_status),
        "bulkUpdateLeads, a tag": (changed({}, Tags(add=["bulk"])), _bare_tag),
    }


async def _made(work: Work) -> Work:
    return work


async def _ours(unit: UnitOfWork, begin: Callable[[UnitOfWork], Awaitable[Work]]) -> None:
    after: int | None = 0
    while after is not None:
        after = await chunk(unit, Selection(filter=LEAD.filter(_FILTER)), await begin(unit), after=after)


def _bare_owner(owner: str) -> Run:
    metadata = (
        "jsonb_build_object('from', previous, 'to', owner, 'reason', 'x', 'strategy', 'MANUAL', 'version', version)"
    )

    async def run(unit: UnitOfWork) -> None:
        returned = "p.assigned_to_id AS previous, l.assigned_to_id AS owner"
        await _bare(unit, f"assigned_to_id = {owner}", returned, ASSIGNMENT=metadata)

    return run


async def _bare_status(unit: UnitOfWork) -> None:
    await _bare(
        unit,
        "status = 'LOST', status_reason = 'budget', value = 77",
        "p.status, p.value",
        STATUS_CHANGE="jsonb_build_object('from', status, 'to', 'LOST', 'reason', 'budget', 'version', version)",
        FIELD_CHANGE="jsonb_build_object('version', version, 'changes', jsonb_build_object('value', "
        "jsonb_build_object('from', value, 'to', 77)))",
    )


async def _bare_tag(unit: UnitOfWork) -> None:
    await _bare(
        unit,
        "tags = l.tags || '[\"bulk\"]'",
        "p.tags AS before, l.tags AS after",
        FIELD_CHANGE="jsonb_build_object('version', version, 'changes', jsonb_build_object('tags', "
        "jsonb_build_object('from', before, 'to', after)))",
    )
    await unit.execute(_BARE_TAGS, unit.viewer.organization_id)


async def _bare(unit: UnitOfWork, sets: str, returned: str, **audit: str) -> None:
    organization = unit.viewer.organization_id
    await unit.execute(_CHANGED.format(sets=sets, returned=returned), organization)
    for kind, metadata in audit.items():
        await unit.execute(_AUDIT.format(kind=kind, metadata=metadata), organization, unit.viewer.user_id)


async def _compare(
    result: Result, owner: asyncpg.Connection, by: tuple[Database, Viewer], name: str, pair: tuple[Run, Run]
) -> None:
    say(name)
    ours, bare = pair
    spent: dict[bool, list[float]] = {True: [], False: []}
    statements = 0
    for at in range(_ROUNDS):
        for mine in (True, False) if at % 2 else (False, True):
            await owner.execute("VACUUM leads, activities, lead_tags")
            seconds, count = await _timed(*by, ours if mine else bare)
            spent[mine].append(seconds)
            statements = count if mine else statements
    found = ratio(spent[True], spent[False])
    chunks = -(-LEADS // 10_000) + 1
    own, other = (f"{statistics.median(spent[mine]):.1f}" for mine in (True, False))
    result.add(name, own, other, f"{found:.2f}", f"{statements}", f"{statements / chunks:.1f}")
    result.verdicts.append(Verdict(name, f"{found:.2f}", f"at most {MARK} times the bare statements", found <= MARK))


async def _timed(database: Database, viewer: Viewer, work: Run) -> tuple[float, int]:
    async with database.unit_of_work(viewer) as unit:
        began = time.perf_counter()
        await work(unit)
        seconds, count = time.perf_counter() - began, unit.statements
        await unit.restart()
    return seconds, count


async def _crowd(result: Result, owner: asyncpg.Connection, database: Database, viewer: Viewer) -> None:
    for strategy in (AssignmentStrategy.ROUND_ROBIN, AssignmentStrategy.LEAST_LOADED):
        users = [
            await owner.fetchval(
                "INSERT INTO users (organization_id, email) VALUES ($1, $2) RETURNING id",
                viewer.organization_id,
                f"{strategy.value.lower()}{n}@bulk.test",
            )
            for n in range(_SELLERS)
        ]
        rows = await owner.fetch("SELECT id FROM leads ORDER BY id LIMIT $1", _CALLS * _EACH)
        await owner.execute("UPDATE leads SET assigned_to_id = NULL, status = 'NEW' WHERE id <= $1", rows[-1]["id"])

        async def one(at: int, users: list[int] = users, rows: Any = rows, strategy: Any = strategy) -> None:
            numbers = tuple(row["id"] for row in rows[at : at + _EACH])
            async with database.unit_of_work(viewer) as unit:
                await deal(unit, Selection(numbers), strategy, users)

        began = time.perf_counter()
        await asyncio.gather(*(one(at) for at in range(0, len(rows), _EACH)))
        seconds = time.perf_counter() - began
        owners = await owner.fetch("SELECT assigned_to_id FROM leads WHERE id <= $1", rows[-1]["id"])
        loads = Counter(row["assigned_to_id"] for row in owners)
        apart = max(loads.values()) - min(loads.values())
        fair = set(loads) == set(users) and loads.total() == _CALLS * _EACH and apart <= 1
        name = f"fifty at once, {strategy.value}"
        result.add(name, f"{seconds:.1f}", "", "", "", "")
        result.verdicts.append(Verdict(name, f"loads {apart} apart", "at most 1, no lead lost or twice", fair))
