"""How leads are loaded, and who may see a lead and what hangs on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lma_graph.activities.models import ActivityRow, LeadNoteRow
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.kernel.loaders import KEYS, Aggregate, All, ById, Children, First, chosen
from lma_graph.kernel.order import Sort
from lma_graph.kernel.scope import ORGANIZATION, VIEWER, Condition, Rule, Scope, conditions, table_of, visible
from lma_graph.kernel.transactions import Row, Transaction
from lma_graph.leads.criteria import is_contact, is_scheduled
from lma_graph.leads.models import LeadRow

NEWEST = (Sort("created_at", descending=True), Sort("id", descending=True))
SOONEST = (Sort("scheduled_at"), Sort("id"))
ALIVE = "alive"


@visible(LeadRow, name=ALIVE)
def is_alive(lead: sa.FromClause, _: Scope) -> Condition:
    """Deleted leads exist only for the one list that asks for them."""
    return lead.c.deleted_at.is_(None)


@visible(LeadRow)
def may_see_lead(lead: sa.FromClause, scope: Scope) -> Condition | None:
    """With visibility OWN a sales representative sees their own and unassigned leads."""
    if scope.sees_all_leads:
        return None
    return sa.or_(lead.c.assigned_to_id == VIEWER, lead.c.assigned_to_id.is_(None))


def through_lead(key: str, *, optional: bool = False) -> Rule:
    """The rule of a table whose rows hang on a lead: visible where the lead is."""

    def rule(table: sa.FromClause, scope: Scope) -> Condition:
        lead = table_of(LeadRow).alias()
        seen = sa.exists(
            sa.select(sa.literal(1)).where(*conditions(lead, scope), lead.c.id == table.c[key]).correlate(table)
        )
        return sa.or_(table.c[key].is_(None), seen) if optional else seen

    return rule


visible(ActivityRow, via=ActivityRow.lead_id)(through_lead("lead_id"))
visible(LeadNoteRow, via=LeadNoteRow.lead_id)(through_lead("lead_id"))
visible(WorkflowExecutionRow, via=WorkflowExecutionRow.lead_id)(through_lead("lead_id", optional=True))


@dataclass(frozen=True)
class Surviving(ById):
    """A lead by its id, or by the id of one that was merged into it."""

    def statement(self, scope: Scope, columns: Sequence[str] | None = None) -> sa.Select[Any]:
        """The leads that those of `:keys` are or have become part of."""
        table, asked = table_of(LeadRow).alias("t"), table_of(LeadRow).alias("asked")
        own: sa.ColumnElement[Any] = sa.func.coalesce(asked.c.merged_into_id, asked.c.id)
        named = sa.select(own).where(asked.c.organization_id == ORGANIZATION, asked.c.id == sa.any_(KEYS))
        seen = conditions(table, scope, lifting=self.lifting)
        number = sa.any_(sa.func.array(named.scalar_subquery()))
        return sa.select(*chosen(table, columns)).where(*seen, table.c.id == number)

    async def load(self, reader: Transaction, scope: Scope, keys: Sequence[int], _: Any) -> Sequence[Row | None]:
        """One lead or None per key; a second statement only where one was merged."""
        found = {row.id: row for row in await reader.rows(self.statement(scope), {"keys": list(keys)})}
        missing = [key for key in keys if key not in found]
        if missing and found:
            lead = table_of(LeadRow)
            pairs = sa.select(lead.c.id, lead.c.merged_into_id).where(
                lead.c.organization_id == ORGANIZATION, lead.c.id == sa.any_(KEYS)
            )
            rows = await reader.rows(pairs, {"keys": missing})
            found |= {row.id: found[row.merged_into_id] for row in rows if row.merged_into_id in found}
        return [found.get(key) for key in keys]


LEAD = ById(LeadRow)
SURVIVING_LEAD = Surviving(LeadRow)
HOLDER = ById(LeadRow, lifting=ALIVE)
"""The lead on which a row hangs. What hangs on a deleted lead is only seen through the list of deleted leads."""
LEADS = All(LeadRow, NEWEST)
DELETED_LEADS = All(LeadRow, NEWEST, lambda lead: lead.c.deleted_at.is_not(None), lifting=ALIVE)
ASSIGNED_LEADS = Children(LeadRow, LeadRow.assigned_to_id, NEWEST)
ORGANIZATION_LEADS = Children(LeadRow, LeadRow.organization_id, NEWEST)

_CONTACTS = Children(ActivityRow, ActivityRow.lead_id, NEWEST, is_contact)
FIRST_CONTACT = Aggregate(_CONTACTS, lambda activity: sa.func.min(activity.c.completed_at))
LAST_CONTACT = Aggregate(_CONTACTS, lambda activity: sa.func.max(activity.c.completed_at))
NEXT_ACTIVITY = First(Children(ActivityRow, ActivityRow.lead_id, SOONEST, is_scheduled))
