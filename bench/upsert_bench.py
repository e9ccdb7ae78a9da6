"""`upsertLeads` by callers who race, against bare SQL that writes the same rows."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import strawberry

from bench.clock import ratio
from bench.place import Place, say
from bench.result import Result, Verdict
from lma_graph.app.asgi import limits_of
from lma_graph.demo.seed import seed
from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.context import CommandContext
from lma_graph.kernel.graphql.engine import GraphQLEngine
from lma_graph.kernel.graphql.exchange import GraphQLRequest
from lma_graph.kernel.graphql.execution.runner import planned
from lma_graph.kernel.session import Session
from lma_graph.kernel.settings import Settings
from lma_graph.schema.graph import build

MARK = 0.25
_ROUNDS = 3
METHOD = """
8 callers upsert the same 10,000 e-mail addresses at the same time, each all of them in batches of 500, into an
organization that is empty at first, of a database that has others; every caller gives every lead a company of its own, so that leads are
changed as often as they can be. They share one process and ask the engine as the server does, from the variables to
the answer's bytes. Beside it 8 connections write the same rows by `INSERT … ON CONFLICT DO UPDATE` and one `INSERT`
each of activities and events, without checks, search rows and answers. Callers and Postgres share the cores. Both ways
take turns, each round in two new organizations; the figure is the median of the rounds' ratios.
"""
_CALLERS, _BATCH, _LEADS = 8, 500, 10_000
_MUTATION = """
mutation($input: UpsertLeadsInput!) {
  upsertLeads(input: $input) {
    __typename
    ... on UpsertLeadsPayload { created updated unchanged failed results { index action errors { code } } }
  }
}
"""
_BARE_LEADS = """
INSERT INTO leads (organization_id, email, first_name, last_name, company)
SELECT $1, i.email, i.first_name, i.last_name, i.company
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS i(email, first_name, last_name, company)
ON CONFLICT (organization_id, email_norm) WHERE email_norm IS NOT NULL AND deleted_at IS NULL DO UPDATE
SET first_name = excluded.first_name, last_name = excluded.last_name, company = excluded.company,
    version = leads.version + 1, updated_at = now()
RETURNING id
"""
_BARE_ACTIVITIES = """
INSERT INTO activities (organization_id, lead_id, user_id, activity_type, metadata, completed_at)
SELECT $1, i.lead_id, $2, 'FIELD_CHANGE', '{"changes": {"company": {"from": "a", "to": "b"}}, "version": 2}', now()
FROM unnest($3::bigint[]) AS i(lead_id)
RETURNING id
"""
_BARE_EVENT = """
INSERT INTO outbox_events (organization_id, user_id, name, payload) VALUES ($1, $2, 'FIELD_CHANGE', $3::jsonb)
"""
Call = Callable[[int, list[int]], Awaitable[None]]


async def run(place: Place) -> Result:
    """The whole benchmark."""
    header = ("", "rows", "seconds", "rows per second")
    result = Result("upsert", "Upserting leads by callers who race", METHOD, header)
    rows, ours, bare = _CALLERS * _LEADS, list[float](), list[float]()
    leads = failed = 0
    schema = build()
    async with place.empty("bench_upsert") as url, place.owner(url) as owner:
        say("Seeding other organizations, so that the planner has figures to go by")
        await seed(url, leads=5_000, organizations=2, random_seed=1, progress=lambda _done, _total: None)
        await owner.execute("ANALYZE")
        gc.collect()
        gc.freeze()  # as the server does
        for at in range(_ROUNDS):
            one, other = await _organization(owner, f"graph{at}"), await _organization(owner, f"bare{at}")
            say(f"{_CALLERS} callers of upsertLeads")
            seconds, ends = await _graph(url, schema, one)
            ours.append(seconds)
            say(f"{_CALLERS} connections with bare SQL")
            bare.append(await _bare(url, other))
            failed += rows - sum(ends[end] for end in ("created", "updated", "unchanged"))
            leads = max(
                leads,
                abs(await owner.fetchval("SELECT count(*) FROM leads WHERE organization_id = $1", one[0]) - _LEADS),
            )
            result.add("upsertLeads", f"{rows:,}", f"{ours[-1]:.1f}", f"{rows / ours[-1]:,.0f}")
            result.add("bare SQL", f"{rows:,}", f"{bare[-1]:.1f}", f"{rows / bare[-1]:,.0f}")
            await owner.execute("VACUUM ANALYZE leads, activities, outbox_events, lead_terms")
    speed = ratio(bare, ours)
    result.verdicts += [
        Verdict("leads too many or too few for 10,000 e-mail addresses", f"{leads:,}", "none", leads == 0),
        Verdict("rows that failed", str(failed), "none", failed == 0),
        Verdict("speed beside bare SQL", f"{speed:.2f}", f"at least {MARK}", speed >= MARK),
    ]
    return result


async def _organization(owner: asyncpg.Connection, slug: str) -> tuple[int, int]:
    number = await owner.fetchval("INSERT INTO organizations (name, slug) VALUES ($1, $1) RETURNING id", slug)
    user = await owner.fetchval(
        "INSERT INTO users (organization_id, email, role) VALUES ($1, $2, 'ADMIN') RETURNING id",
        number,
        f"{slug}@x.test",
    )
    return number, user


async def _raced(call: Call) -> float:
    """How long the callers take, each beginning elsewhere."""

    async def caller(at: int) -> None:
        numbers = [(at * _LEADS // _CALLERS + step) % _LEADS for step in range(_LEADS)]
        for start in range(0, _LEADS, _BATCH):
            await call(at, numbers[start : start + _BATCH])

    began = time.perf_counter()
    await asyncio.gather(*map(caller, range(_CALLERS)))
    return time.perf_counter() - began


async def _graph(url: str, schema: strawberry.Schema, organization: tuple[int, int]) -> tuple[float, dict[str, int]]:
    engine = GraphQLEngine(schema, limits_of(Settings()), runner=planned)
    ends = {"created": 0, "updated": 0, "unchanged": 0, "failed": 0}
    async with Database(url, pool_size=_CALLERS, statement_timeout_ms=60_000) as database:
        viewer = await database.viewer(*map(str, organization))

        @asynccontextmanager
        async def context(_: object) -> AsyncIterator[CommandContext]:
            async with Session(database, viewer) as session:
                yield CommandContext(session)

        async def call(at: int, numbers: list[int]) -> None:
            variables = {"input": {"matchOn": "EMAIL", "leads": [_lead(at, number) for number in numbers]}}
            response = await engine.execute(GraphQLRequest(_MUTATION, variables=variables), context)
            assert not response.errors, response.errors
            orjson.dumps(response.body(), option=orjson.OPT_UTC_Z)
            data: Any = response.data
            payload = data["upsertLeads"]
            for end in ends:
                ends[end] += payload.get(end, 0)

        return await _raced(call), ends


async def _bare(url: str, organization: tuple[int, int]) -> float:
    number, user = organization
    async with asyncpg.create_pool(url, min_size=_CALLERS, max_size=_CALLERS) as pool:

        async def call(at: int, numbers: list[int]) -> None:
            given = [_lead(at, one) for one in sorted(numbers)]
            columns = [[lead[name] for lead in given] for name in ("email", "firstName", "lastName", "company")]
            async with pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(_BARE_LEADS, number, *columns)
                leads = [row["id"] for row in rows]
                written = await connection.fetch(_BARE_ACTIVITIES, number, user, leads)
                event = {"leads": leads, "activities": [row["id"] for row in written]}
                await connection.execute(_BARE_EVENT, number, user, orjson.dumps(event).decode())

        return await _raced(call)


def _lead(caller: int, number: int) -> dict[str, str]:
    return {
        "email": f"person{number}@bench.test",
        "firstName": "Ada",
        "lastName": f"Person {number}",
        "company": f"Company {caller}",
    }
