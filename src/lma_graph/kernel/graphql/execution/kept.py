"""The plans that are kept, bounded in number and in bytes. Enter at `find` and `keep`.

A plan occupies about as much as its document, and a document may have many: one for each choice of what is skipped.
Clients choose both, so all plans together have one bound, and the longest unused goes first.
"""

from collections.abc import Hashable
from typing import Any, Final

from prometheus_client import Counter

from lma_graph.kernel.graphql.execution.plan import Plan
from lma_graph.kernel.lru import BoundedLru

PLANS: Final = Counter("lma_graphql_plans", "Look-ups of plans, by result (hit, miss).", ("result",))
_HIT, _MISS = PLANS.labels("hit"), PLANS.labels("miss")

Kept = Plan | str
"""A plan, or why there cannot be one."""
Key = tuple[Any, Hashable]
"""What it is the plan of (an operation, or a root field), and what it varies with."""

_plans: BoundedLru[Key, Kept] = BoundedLru(max_items=2_000, max_weight=96_000_000)


def find(key: Key) -> Kept | None:
    """The plan for a key, if it is kept."""
    found = _plans.get(key)
    (_MISS if found is None else _HIT).inc()
    return found


def keep(key: Key, made: Kept) -> None:
    """Keep a plan for the next request."""
    _plans.put(key, made, made.weight if isinstance(made, Plan) else 1_000)
