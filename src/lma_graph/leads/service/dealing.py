"""Dealing leads among users, and trying it out without writing. Enter at `deal` and `preview`.

Whoever deals locks the users first, in the order of their ids. So those who deal among the same users come one after
the other, each sees what the one before has done, and the loads of equal members differ by at most one, however many
deal at once. The lock is the weak one (`NO KEY`), which writers of the audit trail do not wait for.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import sqlalchemy as sa

from lma_graph.kernel import ids
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.errors import Denied, InvalidInput, NotFound
from lma_graph.kernel.scope import ORGANIZATION, Scope, table_of
from lma_graph.kernel.transactions import Row, Transaction, UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.models import LeadRow
from lma_graph.leads.service.assigning import AssignedBy, Gift, give
from lma_graph.leads.service.rules import Pool, RuleStrategy, read_rules
from lma_graph.leads.service.selecting import AT_ONCE, Read, Selection, done
from lma_graph.leads.service.turns import CLOSED, Ranks
from lma_graph.users.models import UserRow

MOST_USERS = 1_000
"""Among how many users leads are dealt."""
_USERS: sa.BindParameter[Any] = sa.bindparam("users", type_=sa.ARRAY(sa.BigInteger()))


class AssignmentStrategy(Choice):
    """How owners are found."""

    ROUND_ROBIN = RuleStrategy.ROUND_ROBIN.value, RuleStrategy.ROUND_ROBIN.description
    LEAST_LOADED = RuleStrategy.LEAST_LOADED.value, RuleStrategy.LEAST_LOADED.description
    RULES = "RULES", "By the organization's assignment rules: the first that matches a lead says among whom and how."


class Dealing:
    """Dealing leads among the users of pools; a lead that no pool wants stays as it is."""

    name: ClassVar[str] = "autoAssignLeads"

    def __init__(self, asked: Mapping[str, Any], pools: Mapping[int, Pool], ranks: Ranks, scope: Scope) -> None:
        self._asked = asked
        self._pools = pools
        self._ranks = ranks
        self._scope = scope
        self.given: Counter[int] = Counter()
        """How many leads each user has got."""
        self.unchanged = 0
        self.unassigned = 0

    @classmethod
    async def begin(
        cls, transaction: Transaction, strategy: AssignmentStrategy, users: Sequence[int] | None, *, lock: bool
    ) -> Self:
        """Find pools and ranks; `lock` for whoever is going to write.

        Raises `InvalidInput` and `NotFound` where users or rules cannot be used.
        """
        pools = await _pools(transaction, strategy, users)
        active = await _active(transaction, {user for pool in pools for user in pool.users}, lock=lock)
        if users is not None:
            _refuse_unfit(users, active)
        fit = {at: replace(pool, users=tuple(u for u in pool.users if active.get(u))) for at, pool in enumerate(pools)}
        fit = {at: pool for at, pool in fit.items() if pool.users}
        scope = Scope(indexed_fields=transaction.viewer.indexed_fields)
        asked = {"strategy": strategy.value, "userIds": None if users is None else ids.encode_all("User", users)}
        return cls(asked, fit, await Ranks.read(transaction, fit), scope)

    @classmethod
    async def resumed(cls, unit: UnitOfWork, stored: Mapping[str, Any]) -> Self:
        """The work as it was stored."""
        if not unit.viewer.may(Permission.LEADS_TRANSFER):
            raise Denied(Permission.LEADS_TRANSFER)
        named = stored["userIds"]
        users = None if named is None else [ids.number_of(one, "User") or 0 for one in named]
        return await cls.begin(unit, AssignmentStrategy[stored["strategy"]], users, lock=True)

    def stored(self) -> dict[str, Any]:
        """How to deal, and among whom."""
        return dict(self._asked)

    def reads(self, lead: sa.FromClause) -> Sequence[Read]:
        """Whose it is, whether it is work, and the first pool that wants it."""
        found = [(pool.criteria.sql(lead, self._scope), at) for at, pool in self._pools.items() if pool.criteria]
        everything = next((at for at, pool in self._pools.items() if pool.criteria is None), None)
        pool = sa.case(*found, else_=everything) if found else sa.literal(everything, sa.Integer())
        return lead.c.assigned_to_id, lead.c.version, lead.c.status, pool.label("pool")

    def deal(self, leads: Sequence[Row]) -> list[Gift]:
        """Who gets which lead, in the order of the leads; those that fall to their present owner are left out."""
        wanted = [lead for lead in leads if lead.pool is not None]
        self._ranks.relieve([lead.assigned_to_id for lead in wanted if lead.status not in CLOSED])
        gifts = []
        for lead in wanted:
            pool = self._pools[lead.pool]
            owner = self._ranks.next_of(lead.pool, pool)
            if owner != lead.assigned_to_id:
                by = AssignedBy[pool.strategy] if pool.name is None else AssignedBy.RULES
                gifts.append(Gift(lead, owner, by, pool.name))
        self.given.update(gift.owner for gift in gifts if gift.owner is not None)
        self.unassigned += len(leads) - len(wanted)
        self.unchanged += len(wanted) - len(gifts)
        return gifts

    async def take(self, unit: UnitOfWork, leads: Sequence[Row]) -> None:
        """Deal and give locked leads."""
        await give(unit, self.deal(leads))
        await self._ranks.save(unit)

    def outcome(self) -> dict[str, Any]:
        """What was done, users by how many leads they have got."""
        shares = [{"user": user, "count": count} for user, count in sorted(self.given.items())]
        return {
            "assigned": self.given.total(),
            "unchanged": self.unchanged,
            "unassigned": self.unassigned,
            "by_user": shares,
        }


async def deal(
    unit: UnitOfWork, selection: Selection, strategy: AssignmentStrategy, users: Sequence[int] | None
) -> dict[str, Any]:
    """Deal the leads of a selection."""
    return await done(unit, selection, await Dealing.begin(unit, strategy, users, lock=True))


async def preview(
    transaction: Transaction, selection: Selection, strategy: AssignmentStrategy, users: Sequence[int] | None
) -> dict[str, Any]:
    """What `deal` would do at this moment; nothing is written."""
    if not transaction.viewer.may(Permission.LEADS_TRANSFER):
        raise Denied(Permission.LEADS_TRANSFER)
    work = await Dealing.begin(transaction, strategy, users, lock=False)
    after: int | None = 0
    while after is not None:
        leads = await selection.read(transaction, work.reads(table_of(LeadRow)), after=after, lock=False)
        work.deal(leads)
        after = leads[-1].id if len(leads) == AT_ONCE else None
    return work.outcome()


async def _pools(transaction: Transaction, strategy: AssignmentStrategy, users: Sequence[int] | None) -> Sequence[Pool]:
    if strategy is AssignmentStrategy.RULES:
        if users is not None:
            raise InvalidInput.at(("userIds",), "Rules name their users themselves; leave them out.", "NOT_ALLOWED")
        return await read_rules(transaction)
    if not users:
        raise InvalidInput.at(("userIds",), f"{strategy.value} needs at least one user.", "MISSING_VALUE")
    return [Pool(tuple(dict.fromkeys(users)), RuleStrategy[strategy.value])]


async def _active(transaction: Transaction, users: set[int], *, lock: bool) -> dict[int, bool]:
    """User → whether active, for those who are there."""
    user = table_of(UserRow)
    asked = sa.select(user.c.id, user.c.is_active).where(
        user.c.organization_id == ORGANIZATION, user.c.id == sa.any_(_USERS)
    )
    if lock:
        asked = asked.order_by(user.c.id).with_for_update(of=user, key_share=True)
    return {row.id: row.is_active for row in await transaction.rows(asked, {"users": sorted(users)})}


def _refuse_unfit(users: Sequence[int], active: Mapping[int, bool]) -> None:
    for place, user in enumerate(users):
        if user not in active:
            raise NotFound("There is no such user.", path=("userIds", place))
        if not active[user]:
            raise InvalidInput.at(("userIds", place), "The user is not active.", "INACTIVE_USER")
