"""Numbers over many rows: `leadStats` against the bare GROUP BY, and the performance of fifty campaigns."""

import statistics
from collections.abc import Callable

import asyncpg

from bench.asking import Asking
from bench.clock import Run, ratio, wall_rounds
from bench.place import Place, say
from bench.population import Organization, populate
from bench.result import Result, Verdict
from lma_graph.demo.seed import seed
from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.execution.runner import planned

MARK, MOST_STATEMENTS = 1.5, 2
_ROUNDS = 15
_COUNTED = Organization("bench-500k", 500_000, searchable=False)
_CAMPAIGNS, _MEMBERS = 50, 20_000
METHOD = f"""
An organization of 500,000 leads in a database of 520,000. `leadStats` by status and owner, with number, sum of values,
average score and conversion rate, is a GraphQL request to the engine, from the text to the answer's bytes, in the
viewer's read transaction as the role `lma_app` under row security, and shows the owners' names. The bare statement is
the GROUP BY of the same aggregates by the owner of the tables, whom row security does not hold. Both are wall time on
one connection, in turns; the figure is the median of the rounds' ratios. The other requests are shown beside them. Then
{_CAMPAIGNS} campaigns get {_MEMBERS:,} members each, and their performance is asked for in one request, at first the
funnel alone, then with everything.
"""
_STATS = "{ leadStats(groupBy: [STATUS, ASSIGNED_TO]) { keys { field value label } count sumValue averageScore conversionRate } }"
_BARE = """
SELECT status, assigned_to_id, count(*), sum(value), sum(score)::float8 / count(*),
       count(*) FILTER (WHERE status = 'CONVERTED')::float8 / count(*)
FROM leads WHERE organization_id = $1 AND deleted_at IS NULL GROUP BY 1, 2
"""
_FUNNEL = "members enrolled contacted engaged responded converted responseRate costPerResponse"
_ALL = f"""
{_FUNNEL} medianTimeToResponse perDay {{ date enrolled responded converted }} goals {{ name target actual }}
attribution {{ firstTouch {{ conversions value }} lastTouch {{ conversions value }} }}
"""
_BESIDE = {
    "leadStats by month and source": "{ leadStats(groupBy: [MONTH, SOURCE]) { keys { value } count } }",
    "leadStats by status, with time in status": "{ leadStats(groupBy: STATUS) { count medianTimeInStatus } }",
    "leadTimeSeries, days": '{ leadTimeSeries(from: "2025-11-01T00:00:00Z", to: "2026-01-02T00:00:00Z") { date count } }',
    "activityStats by kind": "{ activityStats(groupBy: ACTIVITY_TYPE) { keys { value } count } }",
}
_MEMBERSHIPS = """
INSERT INTO campaign_leads (organization_id, campaign_id, lead_id, status, added_at, last_contact_at, response_at,
                            conversion_at)
SELECT $1, c.id, l.id,
       (ARRAY['ENROLLED', 'CONTACTED', 'ENGAGED', 'RESPONDED', 'CONVERTED', 'UNSUBSCRIBED', 'BOUNCED'])[1 + l.n % 7],
       l.created_at, CASE WHEN l.n % 2 = 0 THEN l.created_at + interval '1 day' END,
       CASE WHEN l.n % 5 = 0 THEN l.created_at + l.n % 40 * interval '1 day' END,
       CASE WHEN l.n % 17 = 0 THEN l.created_at + interval '40 days' END
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM campaigns WHERE organization_id = $1
      AND name LIKE 'Large %') AS c
CROSS JOIN LATERAL (SELECT id, created_at, row_number() OVER () AS n FROM (
    SELECT id, created_at FROM leads WHERE organization_id = $1 ORDER BY id OFFSET c.place * 9000 LIMIT $2) AS drawn) AS l
"""


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result("stats", "Numbers", METHOD, ("request", "statements", "milliseconds"))
    async with place.empty("bench_stats") as url, place.owner(url) as owner:
        say("Seeding other organizations, and 500,000 leads")
        await seed(url, leads=20_000, organizations=2, random_seed=1, progress=lambda _done, _total: None)
        organization = await populate(owner, _COUNTED, say)
        await owner.execute("VACUUM ANALYZE leads, activities, users, campaigns")
        async with Database(url, pool_size=1, statement_timeout_ms=60_000) as database:
            asking = Asking(database, planned)

            def request(query: str) -> Run:
                return asking.run(_COUNTED.slug, _COUNTED.admin, query)

            await _groups(result, owner, organization, request)
            say(f"{_CAMPAIGNS} campaigns with {_MEMBERS:,} members each")
            await _enrol(owner, organization)
            await _performance(result, asking)
    return result


async def _groups(result: Result, owner: asyncpg.Connection, organization: int, request: Callable[[str], Run]) -> None:
    say(f"leadStats, {_ROUNDS} rounds")
    runs: dict[str, Run] = {"leadStats": request(_STATS), "bare": lambda: owner.fetch(_BARE, organization)}
    runs |= {name: request(query) for name, query in _BESIDE.items()}
    found = await wall_rounds(runs, rounds=_ROUNDS, warm_up=2)
    names = {"leadStats": "leadStats by status and owner", "bare": "the bare GROUP BY"}
    for name, times in found.items():
        result.add(names.get(name, name), "1", f"{statistics.median(times):.0f}")
    times = ratio(found["leadStats"], found["bare"])
    result.verdicts.append(
        Verdict("leadStats, times the bare GROUP BY", f"{times:.2f}", f"at most {MARK}", times <= MARK)
    )


async def _enrol(owner: asyncpg.Connection, organization: int) -> None:
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")  # keys hold by construction
        await owner.execute(
            "INSERT INTO campaigns (organization_id, name, campaign_type, status, budget_spent, goals, created_at) "
            "SELECT $1, 'Large ' || n, 'EMAIL', 'ACTIVE', 1000, '[{\"name\": \"responses\", \"target\": 5}]', "
            "now() + n * interval '1 s' FROM generate_series(1, $2::int) n",
            organization,
            _CAMPAIGNS,
        )
        await owner.execute(_MEMBERSHIPS, organization, _MEMBERS)
    await owner.execute("VACUUM ANALYZE campaigns, campaign_leads")


async def _performance(result: Result, asking: Asking) -> None:
    most = 0
    for name, selection in (("the funnel", _FUNNEL), ("everything", _ALL)):
        query = f"{{ campaigns(first: {_CAMPAIGNS}) {{ nodes {{ name performance {{ {selection} }} }} }} }}"
        run_ = asking.run(_COUNTED.slug, _COUNTED.admin, query)
        found = await wall_rounds({name: run_}, rounds=3, warm_up=1)
        _, statements = await asking.ask(_COUNTED.slug, _COUNTED.admin, query)
        most = max(most, statements)
        result.add(
            f"performance of {_CAMPAIGNS} campaigns, {name}", str(statements), f"{statistics.median(found[name]):.0f}"
        )
    result.verdicts.append(
        Verdict("statements for the performance", str(most), f"at most {MOST_STATEMENTS}", most <= MOST_STATEMENTS)
    )
