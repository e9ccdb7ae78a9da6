"""Timelines of 100 leads against W1: how many statements they take, and what a returned row costs."""

import statistics
from typing import Any

import orjson

from bench.asking import Asking
from bench.clock import ratio, wall_rounds
from bench.place import SEEDED_LEADS, Place
from bench.result import Result, Verdict
from bench.w1_bench import SEEDED, W1
from lma_graph.app.examples import load_examples
from lma_graph.kernel.graphql.execution.runner import planned

LEADS, ENTRIES = 100, 20
TIMELINE = next(example.query for example in load_examples() if example.name == "11-timeline").replace(
    "leads(first: 20,", f"leads(first: {LEADS},"
)
MOST_BEYOND_THE_PAGE, MOST_TIMES = 3, 2.0
_ROUNDS = 41

METHOD = f"""
The query of the eleventh worked example for {LEADS} leads of {ENTRIES} entries each, with the users, rules, campaigns
and workflows that they name, beside W1, the query of the first, in one of the organizations of a database of
{SEEDED_LEADS:,} seeded leads. Both run by plan in one process, from the request's text to the answer's bytes, in turns.
A row is a lead or a member of one of its lists; a figure is the median of the rounds, the ratio the median of the
rounds' ratios, both by returned row.
"""


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result("timeline", "Timelines of many leads", METHOD, ("", "W1", "timelines", "ratio"))
    async with place.database() as database, place.owner() as owner:
        asking = Asking(database, planned)
        who = (await owner.fetch(SEEDED))[0]
        rows, statements = [], []
        for query in (W1, TIMELINE):
            body, count = await asking.ask(who["slug"], who["email"], query)
            rows.append(_rows(orjson.loads(body)))
            statements.append(count)
        calls = {name: asking.run(who["slug"], who["email"], query) for name, query in (("w1", W1), ("t", TIMELINE))}
        each = [list(found) for found in (await wall_rounds(calls, rounds=_ROUNDS)).values()]
    per_row = [[one / count * 1000 for one in found] for found, count in zip(each, rows, strict=True)]
    times = ratio(per_row[1], per_row[0])
    result.add("rows", f"{rows[0]:,}", f"{rows[1]:,}", f"{rows[1] / rows[0]:.2f}")
    result.add("statements beside BEGIN and COMMIT", *map(str, statements), "")
    result.add("request, ms", *(f"{statistics.median(found):.1f}" for found in each), "")
    result.add("by returned row, µs", *(f"{statistics.median(found):.1f}" for found in per_row), f"{times:.2f}")
    beyond = statements[1] - 1
    result.verdicts += [
        Verdict(
            f"statements beyond the page for {LEADS} timelines of {ENTRIES} entries",
            str(beyond),
            f"≤ {MOST_BEYOND_THE_PAGE}",
            beyond <= MOST_BEYOND_THE_PAGE,
        ),
        Verdict("time by returned row, times that of W1", f"{times:.2f}", f"≤ {MOST_TIMES:.0f}", times <= MOST_TIMES),
    ]
    return result


def _rows(value: Any) -> int:
    """How many rows the lists of an answer hold."""
    if isinstance(value, dict):
        own = sum(len(value[key]) for key in ("edges", "nodes") if key in value)
        return own + sum(map(_rows, value.values()))
    return sum(map(_rows, value)) if isinstance(value, list) else 0
