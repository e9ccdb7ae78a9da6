"""Twelve filters in an organization of 500,000 leads, against a read by primary key."""

import statistics
from typing import Any

import sqlalchemy as sa

from bench.asking import Asking
from bench.clock import Run, Spent, postgres_rounds, ratio
from bench.place import FILTERED, Place, say
from bench.questions import LIMIT, PAGE, Question, further_questions, questions
from bench.result import Result, Verdict
from lma_graph.kernel import ids
from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.execution.runner import planned
from lma_graph.kernel.scope import ORGANIZATION, Scope, table_of
from lma_graph.kernel.viewer import Viewer
from lma_graph.leads.models import LeadRow
from lma_graph.leads.types import Lead

MARK = 25
_ROUNDS, _TIMES = 41, 1
_KEY = "a lead by its primary key"
_BARE = "the same, without GraphQL"

_FIELDS = """
id email firstName lastName company jobTitle phone status source leadTemperature score value tags customFields createdAt
"""
_ONE = f"query One($id: ID!) {{ lead(id: $id) {{ {_FIELDS} }} }}"
_LIST = f"""
query List($filter: LeadFilter) {{
  leads(first: {PAGE}, filter: $filter) {{ edges {{ cursor node {{ {_FIELDS} }} }} pageInfo {{ hasNextPage }} }}
}}
"""

METHOD = f"""
An organization of 500,000 leads in a database of 1.7 million. Each question is a GraphQL request to the engine with 15
fields of a lead, a page of {PAGE} in the default order, answered as the server answers it: a prepared statement in the
viewer's read transaction, as the role `lma_app` under row security. Postgres time is what `pg_stat_statements` adds to
`total_exec_time` for it: the server's own clock on the very statements of the application, where `EXPLAIN ANALYZE` would
run another statement and add its own cost. Each runs eight times first, past the point where Postgres decides between
custom and generic plans; filtered lists are planned for their values each time, and that time is shown beside. The
unit is `lead(id)` with the same fields, a read by primary key, in the same run: rounds take turns through all
questions, and a figure is the median of the rounds' ratios. The shortest statement that reads a lead by key, without
GraphQL, is shown as well.
"""


async def run(place: Place) -> Result:
    """The whole benchmark."""
    async with place.owner() as owner, place.database() as database:
        viewer = await database.viewer(FILTERED.slug, FILTERED.admin)
        organization = viewer.organization_id
        users = await owner.fetch("SELECT id FROM users WHERE organization_id = $1 ORDER BY id", organization)
        asked = questions([row["id"] for row in users])
        await _check_counts(database, viewer, asked)
        key = await owner.fetchval("SELECT min(id) + 250000 FROM leads WHERE organization_id = $1", organization)
        asking = Asking(database, planned)

        def request(query: str, **variables: Any) -> Run:
            return asking.run(FILTERED.slug, FILTERED.admin, query, variables)

        runs = {_KEY: request(_ONE, id=ids.encode(Lead.__name__, key)), _BARE: by_key(database, viewer, key)}
        runs |= {_name(one): request(_LIST, filter=one.tree) for one in (*asked, *further_questions())}
        say(f"{len(runs)} statements, {_ROUNDS} rounds")
        found = await postgres_rounds(owner, runs, rounds=_ROUNDS, times=_TIMES)
    return _result([_name(one) for one in asked], found)


def _name(question: Question) -> str:
    return question.name if question.share is None else f"{question.name}, {question.share:.2%}"


async def _check_counts(database: Database, viewer: Viewer, asked: list[Question]) -> None:
    """What a question is said to match is what it matches."""
    async with database.reader(viewer) as reader:
        for one in asked:
            counted = (await reader.rows(one.count(Scope.of(viewer))))[0][0]
            say(f"{_name(one)}: {counted:,} leads")
            if counted != round(FILTERED.leads * (one.share or 0)):
                raise AssertionError(f"{one} matches {counted} leads")


def by_key(database: Database, viewer: Viewer, key: int) -> Run:
    """A read by primary key: the unit of all figures."""
    lead = table_of(LeadRow).alias("t")
    wanted = (lead.c.organization_id == ORGANIZATION, lead.c.id == sa.literal(key, sa.BigInteger()))
    return reading(database, viewer, sa.select(*lead.c).where(*wanted))


def reading(database: Database, viewer: Viewer, statement: sa.Select[object]) -> Run:
    """A statement in a transaction of its own."""

    async def read() -> object:
        async with database.reader(viewer) as reader:
            return await reader.rows(statement, LIMIT)

    return read


def _result(judged: list[str], found: dict[str, list[Spent]]) -> Result:
    result = Result(
        "filters",
        "Filters in an organization of 500,000 leads",
        METHOD,
        ("question", "rows", "Postgres ms", "planning ms", "times a key read", "with planning"),
    )
    unit = [one.running for one in found[_KEY]]
    whole_unit = [one.running + one.planning for one in found[_KEY]]
    worst = 0.0
    for name, spents in found.items():
        times = ratio([one.running for one in spents], unit)
        whole = ratio([one.running + one.planning for one in spents], whole_unit)
        running = statistics.median(one.running for one in spents)
        planning = statistics.median(one.planning for one in spents)
        result.add(name, str(spents[0].rows), f"{running:.3f}", f"{planning:.3f}", f"{times:.1f}", f"{whole:.1f}")
        if name in judged:
            worst = max(worst, times)
    result.verdicts.append(
        Verdict("the slowest of the twelve, times a read by primary key", f"{worst:.1f}", f"< {MARK}", worst < MARK)
    )
    return result
