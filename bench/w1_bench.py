"""W1, the query of nested timelines: how many statements it takes, and what it costs in a small and a large organization."""

import statistics
from collections.abc import Sequence

import asyncpg

from bench.asking import Asking
from bench.clock import postgres_rounds, ratio, wall_rounds
from bench.place import LARGE, SEEDED_LEADS, SEEDED_ORGANIZATIONS, SMALL, Place, say
from bench.result import Result, Verdict
from bench.served import served
from lma_graph.app.examples import load_examples
from lma_graph.kernel.graphql.engine import run_standard
from lma_graph.kernel.graphql.execution.runner import planned as planned_runner

W1 = next(example.query for example in load_examples() if example.name == "01-lead-timelines")
MOST_STATEMENTS, MOST_TIMES = 10, 1.3
_ROUNDS = 41
SEEDED = """
SELECT DISTINCT ON (slug) slug, email FROM organizations o JOIN users u ON u.organization_id = o.id
WHERE slug !~ '^bench-' AND role = 'ADMIN' AND u.is_active ORDER BY slug, u.id
"""

METHOD = """
The query of the first worked example: 50 leads with owner, 10 activities, 5 notes, 5 score changes and 5 campaigns
each. The newest leads of both organizations have the same timelines, so the answers are of one size (checked); the
large organization has a thousand times the rows behind them. “Engine” is one process from the request's text to the
answer's bytes, “HTTP” a server process of `lma-graph serve` on a socket with a signed token, “Postgres” the server's
own clock for all statements of one request. The resolver path runs field by field; the planned path, which the server
takes, runs level by level. Calls take turns between the two
organizations; a figure is the median of the rounds, the ratio the median of the rounds' ratios. Statements are
those of the resolver path, counted by the transaction, BEGIN and COMMIT left out, in a database of 200,000 seeded leads of 10 organizations.
"""


def of_size(first: int) -> str:
    """W1 for another number of leads."""
    return W1.replace("leads(first: 50,", f"leads(first: {first},")


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result("w1", "W1: nested timelines", METHOD, ("", "1,000 leads", "1,000,000 leads", "ratio"))
    async with place.database() as database, place.owner() as owner:
        asking, planned = Asking(database, run_standard), Asking(database, planned_runner)
        await _statements(asking, await owner.fetch(SEEDED), result)
        await _same_size(asking)
        worst = 0.0
        for path, way in (("resolver", asking), ("planned", planned)):
            say(f"{path} path")
            pair = {one.slug: way.run(one.slug, one.admin, W1) for one in (SMALL, LARGE)}
            inside = await postgres_rounds(owner, pair, rounds=_ROUNDS, times=1)
            _compare(result, f"Postgres, {path} path, ms", *([one.running for one in each] for each in inside.values()))
            outside = await wall_rounds(pair, rounds=_ROUNDS)
            worst = max(worst, _compare(result, f"engine, {path} path, ms", *outside.values()))
    say("HTTP")
    async with served(place) as server:
        calls = {one.slug: server.run(one.slug, one.admin, W1) for one in (SMALL, LARGE)}
        worst = max(worst, _compare(result, "HTTP, ms", *(await wall_rounds(calls, rounds=_ROUNDS)).values()))
    result.verdicts.append(
        Verdict(
            "time in an organization of 1,000,000 leads, times that in one of 1,000",
            f"{worst:.2f}",
            f"≤ {MOST_TIMES}",
            worst <= MOST_TIMES,
        )
    )
    return result


async def _statements(asking: Asking, admins: Sequence[asyncpg.Record], result: Result) -> None:
    """For every seeded organization, which all have their own shape of data."""
    counts: dict[int, set[int]] = {10: set(), 200: set()}
    if len(admins) != SEEDED_ORGANIZATIONS:
        raise AssertionError(f"{len(admins)} seeded organizations")
    for slug, email in admins:
        for first, found in counts.items():
            found.add((await asking.ask(slug, email, of_size(first)))[1])
    result.add(f"statements, first: 10 (seeded, {SEEDED_LEADS:,} leads)", "", "", _set(counts[10]))
    result.add(f"statements, first: 200 (seeded, {SEEDED_LEADS:,} leads)", "", "", _set(counts[200]))
    most = max(counts[10] | counts[200])
    result.verdicts += [
        Verdict("statements of W1", str(most), f"≤ {MOST_STATEMENTS}", most <= MOST_STATEMENTS),
        Verdict("statements of W1 for 10 and for 200 leads", _set(counts[10] | counts[200]), "the same number",
                counts[10] == counts[200] and len(counts[10]) == 1),
    ]  # fmt: skip


def _set(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


async def _same_size(asking: Asking) -> None:
    sizes = [len((await asking.ask(one.slug, one.admin, W1))[0]) for one in (SMALL, LARGE)]
    if abs(sizes[0] - sizes[1]) > 0.05 * sizes[0]:
        raise AssertionError(f"the answers differ in size: {sizes}")


def _compare(result: Result, what: str, small: list[float], large: list[float]) -> float:
    times = ratio(large, small)
    result.add(what, f"{statistics.median(small):.1f}", f"{statistics.median(large):.1f}", f"{times:.2f}")
    return times
