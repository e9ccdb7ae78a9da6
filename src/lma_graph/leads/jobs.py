"""Long work on leads: what mutations do to more leads than one transaction changes. Enter at `step`.

Import and export have steps of their own.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from lma_graph.executions.engine import Step, Work, long_work
from lma_graph.kernel import ids
from lma_graph.kernel.jobs import HandBack, JobRun, job
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.service import export_work, import_work
from lma_graph.leads.service.assigning import Assigning
from lma_graph.leads.service.bulk import MOST_FAULTS, Changing
from lma_graph.leads.service.dealing import Dealing
from lma_graph.leads.service.downloads import EXPORT, IMPORT
from lma_graph.leads.service.forgetting import FORGET_FILES, forget_files
from lma_graph.leads.service.selecting import LONG_WORK, Selection, chunk

CHUNK = 5_000
"""Leads of one step."""
import_step = long_work(IMPORT)(import_work.step)
export_step = long_work(EXPORT)(export_work.step)
_WORKS = {one.name: one for one in (Assigning, Dealing, Changing)}


@job(FORGET_FILES)
async def forget(run: JobRun, execution_id: int | None = None) -> None:
    """Remove files that can hold a person who was erased."""
    more = True
    while more and not run.stopping:
        async with run.unit_of_work() as unit:
            more = await forget_files(unit, execution_id)
    if more:
        raise HandBack


@long_work(LONG_WORK)
async def step(unit: UnitOfWork, work: Work) -> Step:
    """The next chunk of leads, for the viewer as they are now."""
    given, position = work.input, work.position
    selection = Selection(filter=LEAD.filter(given["filter"]))
    task = await _WORKS[given["mutation"]].resumed(unit, given)
    after = await chunk(unit, selection, task, after=position.get("after", 0), limit=CHUNK)
    made = task.outcome()
    counts = added(position.get("counts") or {}, made)
    seen = sum(value for value in made.values() if isinstance(value, int))
    if after is None:
        return Step(seen, result=public(counts))
    return Step(seen, {"after": after, "counts": counts})


def added(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What two steps have done together."""
    total = {name: before.get(name, 0) + value for name, value in now.items() if isinstance(value, int)}
    if "by_user" in now:
        shares: Counter[int] = Counter()
        for share in (*before.get("by_user", ()), *now["by_user"]):
            shares[share["user"]] += share["count"]
        total["by_user"] = [{"user": user, "count": count} for user, count in sorted(shares.items())]
    if "errors" in now:
        total["errors"] = [*before.get("errors", ()), *now["errors"]][:MOST_FAULTS]
    return total


def public(counts: Mapping[str, Any]) -> dict[str, Any]:
    """The counts as the execution shows them: under the names of the mutation's payload, ids as clients know them."""
    shown: dict[str, Any] = {name: value for name, value in counts.items() if isinstance(value, int)}
    if "by_user" in counts:
        shares = counts["by_user"]
        shown["byUser"] = [{"userId": ids.encode("User", one["user"]), "count": one["count"]} for one in shares]
    if "errors" in counts:
        told = [(ids.encode("Lead", one["lead"]), one["code"], one["message"]) for one in counts["errors"]]
        shown["errors"] = [{"leadId": lead, "code": code, "message": message} for lead, code, message in told]
    return shown
