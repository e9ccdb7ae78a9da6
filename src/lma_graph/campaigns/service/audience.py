"""Whom a campaign may take: one predicate for enrolling, for trying it out, and for following criteria.

Of the leads that are chosen (by ids, by a filter, or by criteria, but for those excluded) each has one `State`. A lead
that has unsubscribed or bounced stays out. One that was taken out comes back where a person names it; a filter and
criteria only bring back whom the criteria have taken out, since a person's choice wins. Deleted and merged leads are
chosen by their ids only, and stay out. Enter at `Audience`.
"""

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lma_graph.campaigns.models import CampaignLeadRow, ChosenBy, MemberStatus
from lma_graph.kernel.criteria import Filter
from lma_graph.kernel.errors import NotFound
from lma_graph.kernel.scope import Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, Row, Transaction, UnitOfWork
from lma_graph.kernel.viewer import Viewer
from lma_graph.leads.loaders import ALIVE
from lma_graph.leads.models import LeadRow
from lma_graph.leads.service.life import NO_LEAD

_CAMPAIGN: sa.BindParameter[int] = sa.bindparam("campaign", type_=sa.BigInteger())
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger()))
_AMONG: sa.BindParameter[Any] = sa.bindparam("among", type_=sa.ARRAY(sa.BigInteger()))
_AFTER: sa.BindParameter[int] = sa.bindparam("after", type_=sa.BigInteger())
_LIMIT: sa.BindParameter[int] = sa.bindparam("limit", type_=sa.Integer())
_LEAD = table_of(LeadRow)
_MEMBER = table_of(CampaignLeadRow)
_JOINED = _LEAD.outerjoin(
    _MEMBER,
    sa.and_(
        _MEMBER.c.organization_id == _LEAD.c.organization_id,
        _MEMBER.c.campaign_id == _CAMPAIGN,
        _MEMBER.c.lead_id == _LEAD.c.id,
    ),
)


class State(enum.StrEnum):
    """What enrolling does about a lead that was chosen."""

    NEW = "NEW"
    """It becomes a member."""
    BACK = "BACK"
    """It was taken out and becomes a member again."""
    CLAIMED = "CLAIMED"
    """It is a member by the criteria, and from now on by a person's choice."""
    MEMBER = "MEMBER"
    BARRED = "BARRED"
    EXCLUDED = "EXCLUDED"


SAMPLE = 10
"""How many leads a preview shows."""
WORK = (State.NEW, State.BACK, State.CLAIMED)
"""What there is something to write for."""


def stored_scope(viewer: Viewer) -> Scope:
    """What stored criteria look at: whatever the viewer may see, but nobody's private notes."""
    return Scope(indexed_fields=viewer.indexed_fields)


@dataclass(frozen=True)
class Audience:
    """Leads chosen for a campaign: by `numbers`, `filter` or `criteria`, one of the three."""

    campaign_id: int
    numbers: tuple[int, ...] | None = None
    filter: Filter | None = None
    criteria: Filter | None = None
    exclude: Filter | None = None
    among: tuple[int, ...] | None = None
    """Only of these leads."""
    everyone: bool = False
    """Whether leads count that the viewer does not see: criteria are followed for the organization."""

    @property
    def chosen_by(self) -> ChosenBy:
        """Who chooses."""
        return ChosenBy.MANUAL if self.criteria is None else ChosenBy.CRITERIA

    async def count(self, transaction: Transaction) -> Counter[State]:
        """How many leads of each state. Raises `NotFound` where an id is of none."""
        if self.numbers is not None:
            return await self._named(transaction)
        state = self._state()
        counted = sa.select(state.label("state"), sa.func.count().label("found")).select_from(_JOINED)
        found = await self._rows(transaction, counted.where(*self._chosen(transaction.viewer)).group_by(state))
        return Counter({State(row.state): row.found for row in found})

    async def _named(self, transaction: Transaction) -> Counter[State]:
        asked = sa.select(_LEAD.c.id, self._state(transaction.viewer).label("state")).select_from(_JOINED)
        rows = await self._rows(transaction, asked.where(*self._chosen(transaction.viewer)))
        found = {row.id: State(row.state) for row in rows}
        for place, number in enumerate(self.numbers or ()):
            if number not in found:
                raise NotFound(NO_LEAD, path=("leadIds", place))
        return Counter(found.values())

    async def take(self, unit: UnitOfWork, after: int, limit: int) -> Sequence[Row]:
        """The next leads behind an id for which there is something to write, locked: `id` and `state`."""
        state = self._state(unit.viewer)
        wanted = (*self._chosen(unit.viewer), self._works(), _LEAD.c.id > _AFTER)
        asked = sa.select(_LEAD.c.id, state.label("state")).select_from(_JOINED).where(*wanted)
        if self.numbers is not None and self.exclude is not None:
            asked = asked.where(state != State.EXCLUDED.value)
        asked = asked.order_by(_LEAD.c.id).limit(_LIMIT).with_for_update(of=_LEAD, key_share=True)
        return await self._rows(unit, asked, after=after, limit=limit)

    async def outline(self, transaction: Transaction) -> dict[str, Any]:
        """Whom it would take, by status and source, with the newest of them; and how many it would not take."""
        wanted, state = self._chosen(transaction.viewer), self._state().label("state")
        groups = (state, _LEAD.c.status, _LEAD.c.source)
        counted = sa.select(*groups, sa.func.count().label("found")).select_from(_JOINED).where(*wanted)
        newest = sa.select(_LEAD.c.id).select_from(_JOINED).where(*wanted, self._works())
        newest = newest.order_by(_LEAD.c.created_at.desc(), _LEAD.c.id.desc()).limit(_LIMIT)
        rows = await self._rows(transaction, counted.group_by(sa.text("1"), _LEAD.c.status, _LEAD.c.source))
        taken = [row for row in rows if row.state in WORK]
        return {
            "count": sum(row.found for row in taken),
            "by_status": _tally(taken, "status"),
            "by_source": _tally(taken, "source"),
            "leads": [row.id for row in await self._rows(transaction, newest, limit=SAMPLE)] if taken else [],
            "already_enrolled": sum(row.found for row in rows if row.state == State.MEMBER),
            "not_eligible": sum(row.found for row in rows if row.state == State.BARRED),
        }

    async def _rows(self, transaction: Transaction, statement: sa.Executable, **more: Any) -> Sequence[Row]:
        values: dict[str, Any] = {"campaign": self.campaign_id, **more}
        if self.numbers is not None:
            values["keys"] = sorted(set(self.numbers))
        if self.among is not None:
            values["among"] = sorted(self.among)
        return await transaction.rows(statement.execution_options(**{ANEW: True}), values)

    def _chosen(self, viewer: Viewer) -> list[Condition]:
        scope = stored_scope(viewer) if self.everyone else Scope.of(viewer)
        if self.numbers is not None:
            return [*conditions(_LEAD, scope, lifting=ALIVE), _LEAD.c.id == sa.any_(_KEYS)]
        found = conditions(_LEAD, scope)
        if self.criteria is not None:
            found.append(self.criteria.sql(_LEAD, stored_scope(viewer)))
        elif self.filter is not None:
            found.append(self.filter.sql(_LEAD, scope))
        if self.exclude is not None:
            found.append(self.exclude.sql(_LEAD, scope).is_not(sa.true()))
        if self.among is not None:
            found.append(_LEAD.c.id == sa.any_(_AMONG))
        return found

    def _works(self) -> Condition:
        """Whether there is something to write, in a form that the planner knows how to count."""
        rows = [_MEMBER.c.id.is_(None), self._comes_back()]
        if self.chosen_by is ChosenBy.MANUAL:
            rows.append(_claimed())
        return sa.and_(_LEAD.c.deleted_at.is_(None), sa.or_(*rows))

    def _comes_back(self) -> Condition:
        removed: Condition = _MEMBER.c.status == MemberStatus.REMOVED.value
        by_criteria = _MEMBER.c.chosen_by == ChosenBy.CRITERIA.value
        return removed if self.numbers is not None else sa.and_(removed, by_criteria)

    def _state(self, viewer: Viewer | None = None) -> sa.ColumnElement[str]:
        whens: list[tuple[Condition, State]] = []
        if self.numbers is not None and self.exclude is not None and viewer is not None:
            whens.append((self.exclude.sql(_LEAD, Scope.of(viewer)), State.EXCLUDED))
        whens += [
            (_LEAD.c.deleted_at.is_not(None), State.BARRED),
            (_MEMBER.c.id.is_(None), State.NEW),
            (self._comes_back(), State.BACK),
            (_is_one_of(MemberStatus.REMOVED, MemberStatus.UNSUBSCRIBED, MemberStatus.BOUNCED), State.BARRED),
        ]
        if self.chosen_by is ChosenBy.MANUAL:
            whens.append((_claimed(), State.CLAIMED))
        literal = [(when, sa.literal_column(f"'{state.value}'", sa.Text())) for when, state in whens]
        return sa.case(*literal, else_=sa.literal_column(f"'{State.MEMBER.value}'", sa.Text()))


def _tally(rows: Sequence[Row], name: str) -> list[dict[str, Any]]:
    """How many leads of each value, most of them first."""
    found: Counter[str] = Counter()
    for row in rows:
        found[getattr(row, name)] += row.found
    return [{name: value, "count": count} for value, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))]


def _claimed() -> Condition:
    out = _is_one_of(MemberStatus.REMOVED, MemberStatus.UNSUBSCRIBED, MemberStatus.BOUNCED)
    return sa.and_(_MEMBER.c.chosen_by == ChosenBy.CRITERIA.value, sa.not_(out))


def _is_one_of(*states: MemberStatus) -> Condition:
    return sa.or_(*(_MEMBER.c.status == state.value for state in states))
