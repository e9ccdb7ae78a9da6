"""Numbers over time, a bucket for each calendar period. Enter at `lead_time_series` and `score_time_series`."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from lma_graph.activities.models import ActivityRow
from lma_graph.analytics.conversions import conversions, converted_at, is_converted
from lma_graph.analytics.periods import Range, at
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.scope import Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW, Transaction
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.models import LeadRow
from lma_graph.scoring.models import LeadScoreHistoryRow


class LeadMeasure(Choice):
    """What a series of leads counts."""

    CREATED = "CREATED", "Leads that were created."
    CONVERTED = "CONVERTED", "Leads that became customers and still are, each once: the last time that it did."
    STATUS_CHANGED = "STATUS_CHANGED", "Changes of status, by the audit trail."


async def lead_time_series(reader: Transaction, scope: Scope, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How many leads there are in each period. One statement."""
    span, measure = Range.read(reader.viewer, arguments), LeadMeasure[arguments["measure"]]
    lead, wanted = _leads(scope, arguments)
    moment: sa.ColumnElement[Any] = lead.c.created_at
    source: sa.FromClause = lead
    if measure is LeadMeasure.CONVERTED:
        found = conversions(scope)
        moment = converted_at(lead, found)
        source = lead.outerjoin(found, found.c.lead_id == lead.c.id)
        wanted.append(is_converted(lead))
    elif measure is LeadMeasure.STATUS_CHANGED:
        change = table_of(ActivityRow).alias("a")
        moment, source = change.c.created_at, change.join(lead, lead.c.id == change.c.lead_id)
        wanted += conditions(change, scope, child_of="lead_id")
        wanted.append(change.c.activity_type == sa.literal_column("'STATUS_CHANGE'"))
    moments = sa.select(span.day(moment).label("day")).select_from(source).where(*wanted, span.holds(moment)).subquery()
    counted = sa.select(moments.c.day, sa.func.count().label("number")).group_by(moments.c.day)
    rows = await reader.rows(counted.execution_options(**{ANEW: True}))
    counts = {row.day: row.number for row in rows}
    return [{"at": span.moment(day), "date": day, "count": counts.get(day, 0)} for day in span.days()]


async def score_time_series(reader: Transaction, scope: Scope, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What scores were at the end of each period, and what changed in it. One statement."""
    span = Range.read(reader.viewer, arguments)
    rows = await reader.rows(_score_statement(scope, span, arguments))
    found = {row.day: row for row in rows}
    leads = total = 0
    before = found.get(None)
    if before is not None:
        leads, total = int(before.leads), int(before.change)
    series = []
    for day in span.days():
        row = found.get(day)
        change = 0 if row is None else int(row.change)
        leads += 0 if row is None else int(row.leads)
        total += change
        series.append(
            {
                "at": span.moment(day),
                "date": day,
                "leads": leads,
                "average_score": total / leads if leads else None,
                "change": change,
                "gained": 0 if row is None else int(row.gained),
                "lost": 0 if row is None else int(row.lost),
                "entries": 0 if row is None else int(row.entries),
            }
        )
    return series


def _score_statement(scope: Scope, span: Range, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    """By period, and by null for all the time before: leads that were created, and what the ledger says."""
    lead, wanted = _leads(scope, arguments)
    entry, (owner, of_owner) = table_of(LeadScoreHistoryRow).alias("h"), _leads(scope, arguments)
    none = sa.literal(0, sa.Integer())

    def day(moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.case((moment >= at(span.since), span.day(moment))).label("day")

    created = sa.select(
        day(lead.c.created_at), sa.literal(1, sa.Integer()).label("lead"), none.label("change"), none.label("entry")
    ).where(*wanted, lead.c.created_at < at(span.until))
    ledger = (
        sa.select(day(entry.c.created_at), none, entry.c.score_change, sa.literal(1, sa.Integer()))
        .join_from(entry, owner, owner.c.id == entry.c.lead_id)
        .where(*of_owner, *conditions(entry, scope, child_of="lead_id"), entry.c.created_at < at(span.until))
    )
    both = sa.union_all(created, ledger).subquery("both")
    change = sa.func.coalesce(sa.func.sum(both.c.change), 0)
    statement = sa.select(
        both.c.day,
        sa.func.sum(both.c.lead).label("leads"),
        change.label("change"),
        sa.func.coalesce(sa.func.sum(both.c.change).filter(both.c.change > 0), 0).label("gained"),
        sa.func.coalesce(sa.func.sum(both.c.change).filter(both.c.change < 0), 0).label("lost"),
        sa.func.sum(both.c.entry).label("entries"),
    )
    return statement.group_by(both.c.day).execution_options(**{ANEW: True})


def _leads(scope: Scope, arguments: Mapping[str, Any]) -> tuple[sa.FromClause, list[Condition]]:
    lead, tree = table_of(LeadRow).alias(), arguments.get("filter")
    return lead, [*conditions(lead, scope), *([] if tree is None else [LEAD.filter(tree).sql(lead, scope)])]
