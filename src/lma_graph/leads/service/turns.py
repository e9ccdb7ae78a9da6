"""Who is next: users ranked by how long they have waited, or by how many leads they have. Enter at `Ranks.next_of`."""

import heapq
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.scope import ORGANIZATION, Scope, conditions, table_of
from lma_graph.kernel.transactions import Transaction, UnitOfWork
from lma_graph.leads.models import LeadRow, LeadStatus
from lma_graph.leads.service.rules import Pool, RuleStrategy
from lma_graph.users.models import AssignmentTurnRow

CLOSED = frozenset({LeadStatus.CONVERTED, LeadStatus.UNQUALIFIED, LeadStatus.LOST})
"""States in which a lead is no work any more."""
_USERS: sa.BindParameter[Any] = sa.bindparam("users", type_=sa.ARRAY(sa.BigInteger()))
_SAVE = """
INSERT INTO assignment_turns (organization_id, user_id, served_at)
SELECT $1, t.user_id, t.served_at FROM unnest($2::bigint[], $3::bigint[]) AS t(user_id, served_at)
ON CONFLICT (organization_id, user_id) DO UPDATE SET served_at = excluded.served_at
"""


@dataclass
class Ranks:
    """How users stand, kept up to date while leads are dealt; the smallest rank is next."""

    served: dict[int, int] = field(default_factory=dict)
    """When each was served in turn, in microseconds; 0 for never."""
    loads: dict[int, int] = field(default_factory=dict)
    """How many open leads each has."""
    _clock: int = 0
    _served_now: set[int] = field(default_factory=set)
    _heaps: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)

    @classmethod
    async def read(cls, transaction: Transaction, pools: Mapping[int, Pool]) -> "Ranks":
        """How the users of the pools stand now; whoever is going to write has locked them."""
        turn = table_of(AssignmentTurnRow)
        waiting = _users(pools, RuleStrategy.ROUND_ROBIN)
        loaded = _users(pools, RuleStrategy.LEAST_LOADED)
        ranks = cls(dict.fromkeys(waiting, 0), dict.fromkeys(loaded, 0))
        if waiting:
            asked = sa.select(turn.c.user_id, turn.c.served_at).where(
                turn.c.organization_id == ORGANIZATION, turn.c.user_id == sa.any_(_USERS)
            )
            ranks.served.update(
                {row.user_id: row.served_at for row in await transaction.rows(asked, {"users": waiting})}
            )
        if loaded:
            ranks.loads.update({row.user_id: row.load for row in await transaction.rows(_counted(), {"users": loaded})})
        ranks._clock = max(time.time_ns() // 1_000, *ranks.served.values(), 0)
        return ranks

    def next_of(self, place: int, pool: Pool) -> int:
        """Whose turn it is in a pool, who is counted as served by it."""
        in_turn = pool.strategy is RuleStrategy.ROUND_ROBIN
        ranks = self.served if in_turn else self.loads
        heap = self._heaps.get(place)
        if heap is None:
            heap = self._heaps[place] = [(ranks[user], at, user) for at, user in enumerate(pool.users)]
            heapq.heapify(heap)
        while True:
            rank, at, user = heap[0]
            if rank == ranks[user]:
                break
            # Meanwhile the user was served in another pool, or has lost leads.
            heapq.heapreplace(heap, (ranks[user], at, user))
        if in_turn:
            self._clock += 1
            self._served_now.add(user)
        ranks[user] = self._clock if in_turn else rank + 1
        heapq.heapreplace(heap, (ranks[user], at, user))
        return user

    def relieve(self, users: Sequence[int]) -> None:
        """Take a lead from each of the users: what is dealt anew is nobody's load."""
        for user in users:
            if user in self.loads:
                self.loads[user] -= 1
        self._heaps.clear()

    async def save(self, unit: UnitOfWork) -> None:
        """Remember who was served."""
        users = sorted(self._served_now)
        if users:
            await unit.execute(_SAVE, unit.viewer.organization_id, users, [self.served[user] for user in users])


def _users(pools: Mapping[int, Pool], strategy: RuleStrategy) -> list[int]:
    return sorted({user for pool in pools.values() if pool.strategy is strategy for user in pool.users})


def _counted() -> sa.Select[tuple[int, int]]:
    lead = table_of(LeadRow)
    return (
        sa.select(lead.c.assigned_to_id.label("user_id"), sa.func.count().label("load"))
        .where(*conditions(lead, Scope()), lead.c.assigned_to_id == sa.any_(_USERS))
        .where(lead.c.status.not_in(sorted(CLOSED)))
        .group_by(lead.c.assigned_to_id)
    )
