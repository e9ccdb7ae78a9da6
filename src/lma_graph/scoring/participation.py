"""Where scoring takes part in what is done below it: leads are scored in the transaction in which they change.

What happens is collected, and the leads are scored once, when all else of the unit of work is done; so a lead that is
changed in three ways is scored once, and the payload shows its new score. `schema.participants` imports this.
"""

from collections.abc import Sequence
from typing import Any

from lma_graph.activities.occasions import ACTIVITY_RECORDED
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads.occasions import LEAD_CHANGED, LEAD_CREATED, LEAD_MERGED, LEAD_RESTORED, LEAD_UNMERGED
from lma_graph.scoring.engine.rules import read_with_leads
from lma_graph.scoring.engine.run import rescore


class _Due:
    """Leads of one unit of work that may have to be scored, all of them held by it."""

    def __init__(self) -> None:
        self.leads: set[int] = set()
        self.changed: dict[frozenset[str], set[int]] = {}
        """Leads by the columns that changed."""
        self.activities: set[int] = set()

    async def __call__(self, unit: UnitOfWork) -> None:
        """Read the rules, and score the leads of which one can notice something."""
        rules, leads = await read_with_leads(unit, self.activities)
        if rules.gives_nothing:
            return
        wanted = self.leads.union(*(some for columns, some in self.changed.items() if rules.notice(columns)))
        if rules.notices_activities:
            wanted |= set(leads)
        if wanted:
            await rescore(unit, list(wanted), rules=rules, held=True)


def _due(unit: UnitOfWork) -> _Due:
    return unit.leave(_Due, _Due)


@LEAD_CREATED.participant
@LEAD_RESTORED.participant
async def score(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """Score leads that are new, or were asleep while rules changed."""
    _due(unit).leads.update(numbers)


@LEAD_CHANGED.participant
async def score_changed(unit: UnitOfWork, numbers: Sequence[int], *, columns: frozenset[str]) -> None:
    """Score leads where a rule looks at what has changed."""
    _due(unit).changed.setdefault(columns, set()).update(numbers)


@ACTIVITY_RECORDED.participant
async def score_engaged(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    """Score leads where a rule looks at activities."""
    _due(unit).activities.update(numbers)


@LEAD_MERGED.participant
@LEAD_UNMERGED.participant
async def score_merged(
    unit: UnitOfWork, numbers: Sequence[int], *, merged: Sequence[int], moved: dict[str, Any]
) -> None:
    """Score what became of leads that were merged or separated; those that are hidden keep what they have."""
    del moved
    _due(unit).leads.update(numbers, merged)
