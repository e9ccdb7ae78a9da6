"""`upsertLeads` by callers who race, against bare SQL that writes the same rows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from bench.place import Place, say
from bench.result import Result, Verdict
from lma_graph.demo.seed import seed
from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.context import CommandContext
from lma_graph.kernel.session import Session
from lma_graph.schema.graph import build

METHOD = """
8 callers upsert the same 10,000 e-mail addresses at the same time, each all of them in batches of 500, into an empty
organization of a database that has others; every caller gives every lead a company of its own, so that leads are changed as often as they can be.
Beside it 8 connections do the same by `INSERT … ON CONFLICT DO UPDATE` and an `INSERT` of the activities, without
checks, search rows and answers. Server and callers share the cores.
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
"""
Call = Callable[[int, list[int]], Awaitable[None]]


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result("upsert", "Upserting leads by callers who race", METHOD, ("", "rows", "seconds", "rows per second"))
    async with place.empty("bench_upsert") as url:
        async with place.owner(url) as owner:
            one, other = await _organization(owner, "graph"), await _organization(owner, "bare")
        say("Seeding other organizations, so that the planner has figures to go by")
        await seed(url, leads=5_000, organizations=2, random_seed=1, progress=lambda _done, _total: None)
        async with place.owner(url) as owner:
            await owner.execute("ANALYZE")
        say(f"{_CALLERS} callers of upsertLeads")
        seconds, ends = await _graph(url, one)
        say(f"{_CALLERS} connections with bare SQL")
        bare = await _bare(url, other)
        async with place.owner(url) as owner:
            leads = await owner.fetchval("SELECT count(*) FROM leads WHERE organization_id = $1", one[0])
    rows = _CALLERS * _LEADS
    for name, took in (("upsertLeads", seconds), ("bare SQL", bare)):
        result.add(name, f"{rows:,}", f"{took:.1f}", f"{rows / took:,.0f}")
    failed = rows - sum(ends[end] for end in ("created", "updated", "unchanged"))
    result.verdicts += [
        Verdict("leads of 10,000 e-mail addresses", f"{leads:,}", "10,000", leads == _LEADS),
        Verdict("rows that failed", str(failed), "none", failed == 0),
        Verdict("speed beside bare SQL", f"{bare / seconds:.2f}", "at least 0.25", bare / seconds >= 0.25),
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


async def _graph(url: str, organization: tuple[int, int]) -> tuple[float, dict[str, int]]:
    schema = build()
    ends = {"created": 0, "updated": 0, "unchanged": 0, "failed": 0}
    async with Database(url, pool_size=_CALLERS, statement_timeout_ms=60_000) as database:
        viewer = await database.viewer(*map(str, organization))

        async def call(at: int, numbers: list[int]) -> None:
            variables = {"input": {"matchOn": "EMAIL", "leads": [_lead(at, number) for number in numbers]}}
            async with Session(database, viewer) as session:
                done: Any = await schema.execute(
                    _MUTATION, variable_values=variables, context_value=CommandContext(session)
                )
            assert not done.errors, done.errors
            payload = done.data["upsertLeads"]
            for end in ends:
                ends[end] += payload.get(end, 0)

        return await _raced(call), ends


async def _bare(url: str, organization: tuple[int, int]) -> float:
    number, user = organization
    async with asyncpg.create_pool(url, min_size=_CALLERS, max_size=_CALLERS) as pool:

        async def call(at: int, numbers: list[int]) -> None:
            leads = [_lead(at, one) for one in sorted(numbers)]
            columns = [[lead[name] for lead in leads] for name in ("email", "firstName", "lastName", "company")]
            async with pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(_BARE_LEADS, number, *columns)
                await connection.execute(_BARE_ACTIVITIES, number, user, [row["id"] for row in rows])

        return await _raced(call)


def _lead(caller: int, number: int) -> dict[str, str]:
    return {
        "email": f"person{number}@bench.test",
        "firstName": "Ada",
        "lastName": f"Person {number}",
        "company": f"Company {caller}",
    }
