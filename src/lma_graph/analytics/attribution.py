"""Which campaign gets the credit for a lead that became a customer. Enter at `credited`.

A touch is communication of a campaign that took place (its own or the lead's answer), or a contact or response that is
stamped on a membership. What happened after the conversion does not count. Of several campaigns at one moment the one
that was created first has the first touch, the one created last the last.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array, distinct_on

from lma_graph.activities.criteria import is_communication
from lma_graph.activities.models import ActivityRow
from lma_graph.analytics.conversions import conversions, converted_at, is_converted
from lma_graph.campaigns.models import CampaignLeadRow
from lma_graph.kernel.loaders import KEYS
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.leads.models import LeadRow


def credited(scope: Scope) -> sa.Subquery:
    """(campaign_id, first_conversions, first_value, last_conversions, last_value) of the campaigns of `:keys`."""
    customers = _customers(scope)
    touches = _touches(scope)
    touch = (
        sa.select(touches.c.campaign_id, customers.c.id, customers.c.value, touches.c.at)
        .join_from(touches, customers, customers.c.id == touches.c.lead_id)
        .where(touches.c.at <= customers.c.at)
        .cte("touch")
    )
    ends = []
    for first in (True, False):
        at, campaign = (touch.c.at, touch.c.campaign_id) if first else (touch.c.at.desc(), touch.c.campaign_id.desc())
        picked = sa.select(
            touch.c.campaign_id, touch.c.value, sa.literal_column("true" if first else "false").label("first")
        )
        ends.append(picked.ext(distinct_on(touch.c.id)).order_by(touch.c.id, at, campaign).subquery())
    either = sa.union_all(*(sa.select(one) for one in ends)).subquery("either")
    figures = []
    for name, side in (("first", either.c.first), ("last", sa.not_(either.c.first))):
        worth = sa.func.coalesce(sa.func.sum(either.c.value).filter(side), 0)
        figures += [sa.func.count().filter(side).label(f"{name}_conversions"), worth.label(f"{name}_value")]
    return (
        sa.select(either.c.campaign_id, *figures)
        .where(either.c.campaign_id == sa.any_(KEYS))
        .group_by(either.c.campaign_id)
        .subquery("credited")
    )


def _customers(scope: Scope) -> sa.CTE:
    """(id, value, at) of every converted lead that one sees."""
    lead, found = table_of(LeadRow).alias("l"), conversions(scope)
    return (
        sa.select(lead.c.id, lead.c.value, converted_at(lead, found).label("at"))
        .select_from(lead.outerjoin(found, found.c.lead_id == lead.c.id))
        .where(*conditions(lead, scope), is_converted(lead))
        .cte("customers")
    )


def _touches(scope: Scope) -> sa.Subquery:
    """(lead_id, campaign_id, at) of every touch."""
    activity = table_of(ActivityRow).alias("a")
    happened: sa.ColumnElement[Any] = sa.func.coalesce(activity.c.completed_at, activity.c.created_at)
    parts = [
        sa.select(activity.c.lead_id, activity.c.campaign_id, happened.label("at")).where(
            *conditions(activity, scope, child_of="lead_id"),
            activity.c.campaign_id.is_not(None),
            activity.c.status == sa.literal_column("'COMPLETED'"),
            is_communication(activity),
        )
    ]
    member = table_of(CampaignLeadRow).alias("m")
    stamps = sa.func.unnest(array([member.c.last_contact_at, member.c.response_at]))
    seen = conditions(member, scope, child_of="lead_id")
    parts.append(sa.select(member.c.lead_id, member.c.campaign_id, stamps).where(*seen))
    return sa.union_all(*parts).subquery("touches")
