"""Scoring an organization of 200,000 leads by twenty rules, against the bare statements that do the same."""

import datetime as dt
import gc
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa

from bench.clock import ratio
from bench.place import Place, say
from bench.result import Result, Verdict
from lma_graph.demo.seed import seed
from lma_graph.kernel.criteria import to_stored
from lma_graph.kernel.db import Database
from lma_graph.kernel.scope import Scope, table_of
from lma_graph.kernel.viewer import Viewer
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.models import LeadRow
from lma_graph.scoring.engine.expressions import matches
from lma_graph.scoring.engine.rules import Rule, read
from lma_graph.scoring.engine.run import rescore_chunk

_LEADS, _ROUNDS, _CHUNK = 200_000, 2, 5_000
_FIRST, _AGAIN = 1.5, 3.0
METHOD = """
An organization of demo data with 200,000 leads and their timelines, without points, is scored by twenty rules: words
in texts, tags, custom fields and other JSON, and numbers of activities in a period. It is done as the job does it, in
chunks of 5,000 leads, each a transaction; the clock is pinned. Then it is done again, which must write nothing.
Beside it: the bare SELECT that computes the twenty conditions for all leads and counts who fulfils each; bare
`INSERT … SELECT` of the rows of ledger, audit trail and outbox that scoring has written, ready in a table, with all
keys and indexes; and the bare `UPDATE … FROM` of the leads. Those are run by the owner, to whom row security does not
apply, each as one statement for all leads, on a copy of the same database. No statement that writes can be shared among
processes by Postgres, so the SELECT is not either. The figures are the median of the rounds' ratios.
"""
_RECENTLY = {"completedAt": {"withinLast": "P180D"}}
CRITERIA: tuple[tuple[int, dict[str, Any]], ...] = (
    (15, {"jobTitle": {"icontains": "head of"}}),
    (10, {"or": [{"jobTitle": {"icontains": "director"}}, {"jobTitle": {"icontains": "chief"}}]}),
    (5, {"company": {"iendsWith": "gmbh"}}),
    (-5, {"company": {"isNull": True}}),
    (5, {"email": {"iendsWith": ".test"}}),
    (5, {"source": {"in": ["REFERRAL", "PARTNER", "WEBSITE"]}}),
    (10, {"tags": {"containsAny": ["newsletter"]}}),
    (10, {"tags": {"containsAny": ["trial", "webinar"]}}),
    (-20, {"tags": {"containsAny": ["competitor"]}}),
    (-5, {"tags": {"isEmpty": True}}),
    (10, {"customFields": {"path": ["country"], "in": ["DE", "NL"]}}),
    (10, {"customFields": {"path": ["employees"], "gte": 100}}),
    (5, {"customFields": {"path": ["plan"], "eq": "team"}}),
    (5, {"customFields": {"path": ["plan"], "exists": True}}),
    (5, {"enrichmentData": {"path": ["industry"], "exists": True}}),
    (15, {"activities": {"count": {"gte": 3, "where": {"activityType": {"eq": "EMAIL"}, **_RECENTLY}}}}),
    (10, {"activities": {"count": {"gte": 1, "where": {"activityType": {"eq": "EMAIL_OPEN"}, **_RECENTLY}}}}),
    (20, {"activities": {"count": {"gte": 1, "where": {"activityType": {"eq": "MEETING"}, **_RECENTLY}}}}),
    (10, {"activities": {"count": {"gte": 2, "where": {"direction": {"eq": "INBOUND"}, **_RECENTLY}}}}),
    (-10, {"activities": {"count": {"eq": 0, "where": _RECENTLY}}}),
)
_TYPES = ("DEMOGRAPHIC", "FIRMOGRAPHIC", "BEHAVIORAL", "ENGAGEMENT")
_RULES = """
INSERT INTO lead_scoring_rules (organization_id, name, rule_type, criteria, score_points, priority)
SELECT $1, i.name, i.kind, i.criteria::jsonb, i.points, i.place
FROM unnest($2::text[], $3::text[], $4::text[], $5::int[]) WITH ORDINALITY AS i(name, kind, criteria, points, place)
"""
_BLANK = """
DELETE FROM lead_score_history; DELETE FROM lead_scoring_rules;
DELETE FROM outbox_events; DELETE FROM activities WHERE activity_type = 'SCORE_CHANGE';
UPDATE leads SET score = 0, lead_temperature = 'COLD';
"""
_TABLES = ("lead_score_history", "activities", "outbox_events")
_SAVED = "CREATE UNLOGGED TABLE saved_{table} AS SELECT * FROM {table} LIMIT 0"


async def run(place: Place) -> Result:
    """The whole benchmark."""
    header = ("", "rows", "seconds", "leads per second")
    result = Result("scoring", "Scoring 200,000 leads by twenty rules", METHOD, header)
    first, again = list[float](), list[float]()
    wrote = 0
    async with place.empty("bench_scoring") as url, place.owner() as server:
        say(f"Seeding {_LEADS:,} leads")
        await seed(url, leads=_LEADS, organizations=1, random_seed=1, progress=lambda _done, _total: None)
        await _prepare(place, url)
        gc.collect()
        gc.freeze()  # as the server does
        for _ in range(_ROUNDS):
            ours, bare = place.server.url("postgres", "bench_scored"), place.server.url("postgres", "bench_bare")
            for name in ("bench_scored", "bench_bare"):
                await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                await server.execute(f'CREATE DATABASE "{name}" TEMPLATE bench_scoring')
            one = await _round(place, ours, bare, result)
            first.append(one[0])
            again.append(one[1])
            wrote += one[2]
        for name in ("bench_scored", "bench_bare"):
            await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    begun, settled = ratio(first, [1.0] * _ROUNDS), ratio(again, [1.0] * _ROUNDS)
    result.verdicts += [
        Verdict("scoring, beside the bare statements", f"{begun:.2f}", f"at most {_FIRST}", begun <= _FIRST),
        Verdict("scoring again, beside the SELECT", f"{settled:.2f}", f"at most {_AGAIN}", settled <= _AGAIN),
        Verdict("rows that scoring again has written", f"{wrote:,}", "none", wrote == 0),
    ]
    return result


async def _prepare(place: Place, url: str) -> None:
    async with place.owner(url) as owner:
        organization = await owner.fetchval("SELECT id FROM organizations")
        await owner.execute(_BLANK)
        numbers = range(len(CRITERIA))
        criteria = [orjson.dumps(to_stored(LEAD.filter(tree))).decode() for _, tree in CRITERIA]
        await owner.execute(
            _RULES,
            organization,
            [f"Rule {at}" for at in numbers],
            [_TYPES[at % len(_TYPES)] for at in numbers],
            criteria,
            [points for points, _ in CRITERIA],
        )
        for table in (*_TABLES, "leads"):
            await owner.execute(f"VACUUM FULL {table}")
        await owner.execute("VACUUM ANALYZE")


async def _round(place: Place, ours: str, bare: str, result: Result) -> tuple[float, float, int]:
    """The two ratios of a round, and how many rows the second run wrote."""
    say("Scoring")
    async with place.owner(ours) as owner, Database(ours, pool_size=1, statement_timeout_ms=60_000) as database:
        slug, email = await owner.fetchrow(
            "SELECT o.slug, u.email FROM organizations o JOIN users u ON u.organization_id = o.id"
            " WHERE u.role = 'ADMIN' AND u.is_active LIMIT 1"
        )
        viewer = await database.viewer(slug, email)
        marks = [await owner.fetchval(f"SELECT coalesce(max(id), 0) FROM {table}") for table in _TABLES]
        at: dt.datetime = await owner.fetchval("SELECT now()")
        begun, changed = await _scored(database, viewer, at)
        before = await _counts(owner)
        settled, _ = await _scored(database, viewer, at)
        wrote = sum(await _counts(owner)) - sum(before)
        async with database.reader(viewer) as reader:
            rules = (await read(reader)).rules
        scope = Scope(indexed_fields=viewer.indexed_fields)
        async with place.owner(bare) as copy:
            rows = await _carry(owner, copy, marks)
            say("The bare statements")
            selected = await _timed(copy, _conditions(rules, scope, viewer.organization_id, at))
            written = await _write(copy)
    result.add("scoring", f"{rows:,}", f"{begun:.1f}", f"{_LEADS / begun:,.0f}")
    result.add("scoring again", "0", f"{settled:.1f}", f"{_LEADS / settled:,.0f}")
    result.add("the bare SELECT", "", f"{selected:.1f}", f"{_LEADS / selected:,.0f}")
    result.add("the bare INSERTs and UPDATE", f"{rows:,}", f"{written:.1f}", f"{changed / written:,.0f}")
    return begun / (selected + written), settled / selected, wrote


async def _scored(database: Database, viewer: Viewer, at: dt.datetime) -> tuple[float, int]:
    """How long it takes to score everyone, and how many leads changed."""
    began, changed, after = time.perf_counter(), 0, 0
    while after is not None:
        async with database.unit_of_work(viewer) as unit:
            done = await rescore_chunk(unit, after=after, limit=_CHUNK, at=at)
        changed += done.changed
        after = done.after  # type: ignore[assignment]
    return time.perf_counter() - began, changed


async def _counts(owner: asyncpg.Connection) -> list[int]:
    """How many rows there are, versions of leads among them."""
    rows = [await owner.fetchval(f"SELECT count(*) FROM {table}") for table in _TABLES]
    return [*rows, await owner.fetchval("SELECT sum(extract(epoch FROM updated_at))::bigint FROM leads")]


async def _carry(owner: asyncpg.Connection, copy: asyncpg.Connection, marks: Sequence[int]) -> int:
    """Put what scoring has written beside the tables of the other database; how many rows."""
    carried = 0
    for table, mark in zip(_TABLES, marks, strict=True):
        await copy.execute(_SAVED.format(table=table))
        carried += await _carried(owner, copy, f"SELECT * FROM {table} WHERE id > {mark:d}", f"saved_{table}")
    await copy.execute("CREATE UNLOGGED TABLE saved_leads (organization_id bigint, id bigint, score int, warmth text)")
    changed = "SELECT organization_id, id, score, lead_temperature FROM leads WHERE score <> 0"
    carried += await _carried(owner, copy, changed, "saved_leads")
    await copy.execute("ANALYZE saved_leads")
    return carried


async def _carried(owner: asyncpg.Connection, copy: asyncpg.Connection, query: str, table: str) -> int:
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    async def give() -> Any:
        for piece in pieces:
            yield piece

    done = await owner.copy_from_query(query, output=take)
    await copy.copy_to_table(table, source=give())
    return int(done.split()[-1])


async def _write(copy: asyncpg.Connection) -> float:
    """How long the bare statements take, in one transaction."""
    columns = {
        table: ", ".join(
            row[0]
            for row in await copy.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
                " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
                table,
            )
        )
        for table in _TABLES
    }
    await copy.execute("CHECKPOINT")
    began = time.perf_counter()
    async with copy.transaction():
        for table in _TABLES:
            names = columns[table]
            await copy.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM saved_{table}", timeout=600)
        await copy.execute(
            "UPDATE leads l SET score = s.score, lead_temperature = s.warmth, updated_at = now() FROM saved_leads s"
            " WHERE l.organization_id = s.organization_id AND l.id = s.id",
            timeout=600,
        )
    return time.perf_counter() - began


def _conditions(rules: Sequence[Rule], scope: Scope, organization: int, at: dt.datetime) -> tuple[str, list[Any]]:
    """The SELECT of all conditions, and its parameters."""
    lead = table_of(LeadRow).alias("l")
    moment = sa.bindparam("at", at, type_=sa.TIMESTAMP(timezone=True))
    counted = [sa.func.count().filter(matches(rule, lead, scope, moment)) for rule in rules]
    statement = sa.select(*counted).where(lead.c.organization_id == sa.bindparam("organization_id", organization))
    compiled: Any = statement.compile(dialect=sa.dialects.postgresql.asyncpg.dialect())
    values = compiled.construct_params({"organization_id": organization})
    for name, process in compiled._bind_processors.items():
        values[name] = process(values[name])
    return compiled.string, [values[name] for name in compiled.positiontup]


async def _timed(copy: asyncpg.Connection, statement: tuple[str, list[Any]]) -> float:
    text, values = statement
    await copy.execute(
        "SET jit = off; SET max_parallel_workers_per_gather = 0; SET plan_cache_mode = force_custom_plan"
    )
    best = []
    for _ in range(2):  # the first reads from disk
        began = time.perf_counter()
        await copy.fetch(text, *values, timeout=600)
        best.append(time.perf_counter() - began)
    return min(best)
