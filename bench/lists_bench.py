"""Root lists, deep pages and counts in an organization of 1,000,000 leads."""

import statistics

from bench.clock import postgres_rounds, ratio
from bench.filters_bench import by_key, reading
from bench.place import LARGE, Place
from bench.result import Result
from lma_graph.activities.loaders import ACTIVITIES
from lma_graph.campaigns.loaders import MEMBERS
from lma_graph.executions.loaders import EXECUTIONS
from lma_graph.kernel.loaders import All
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Scope
from lma_graph.leads.loaders import LEADS
from lma_graph.scoring.loaders import SCORE_ENTRIES

METHOD = """
The first page of 50 of each root list in its default order, the same page backwards from the end, and `totalCount`, as
the server sends them, in an organization of 1,000,000 leads with 2 million activities and 1 million score entries.
Measured as the filters are. A count reads what it counts, so it grows with the organization; a page does not.
"""
_LISTS = {
    "leads": LEADS,
    "activities": ACTIVITIES,
    "leadScoreHistory": SCORE_ENTRIES,
    "campaignLeads": MEMBERS,
    "workflowExecutions": EXECUTIONS,
}


async def run(place: Place) -> Result:
    """The whole benchmark."""
    result = Result(
        "lists",
        "Root lists and counts in an organization of 1,000,000 leads",
        METHOD,
        ("list", "page, ms", "times a key read", "last page, ms", "totalCount, ms"),
    )
    async with place.owner() as owner, place.database() as database:
        viewer = await database.viewer(LARGE.slug, LARGE.admin)
        scope = Scope.of(viewer)
        newest = await owner.fetchval("SELECT max(id) FROM leads WHERE organization_id = $1", viewer.organization_id)
        pages = {"key": by_key(database, viewer, newest)}
        for name, spec in _LISTS.items():
            pages[name] = reading(database, viewer, spec.statement(scope, _page(spec)))
            pages[f"{name} last"] = reading(database, viewer, spec.statement(scope, _page(spec, backward=True)))
        found = await postgres_rounds(owner, pages, rounds=41, times=1)
        counts = {name: reading(database, viewer, spec.count(scope, _page(spec))) for name, spec in _LISTS.items()}
        counted = await postgres_rounds(owner, counts, rounds=3, times=1, warm_up=1)
    spent = {name: [one.running for one in spents] for name, spents in (found | counted).items()}
    for name in _LISTS:
        running = [one.running for one in found[name]]
        result.add(
            name,
            f"{statistics.median(running):.3f}",
            f"{ratio(running, spent['key']):.1f}",
            f"{statistics.median(spent[f'{name} last']):.3f}",
            f"{statistics.median(one.running for one in counted[name]):.0f}",
        )
    return result


def _page(spec: All, *, backward: bool = False) -> Page:
    return Page(limit=50, order=spec.order, backward=backward)
