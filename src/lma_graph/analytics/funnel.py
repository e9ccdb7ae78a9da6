"""How far the members of a campaign have come, as SQL over a membership.

Steps are cumulative: a member counts for every step that it has reached, by its status or by the moments stamped on
it, also when it has unsubscribed, bounced or been removed since.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from lma_graph.campaigns.models import MemberStatus

_ORDER = (MemberStatus.CONTACTED, MemberStatus.ENGAGED, MemberStatus.RESPONDED, MemberStatus.CONVERTED)
_STAMPS = {
    MemberStatus.CONTACTED: ("last_contact_at", "response_at", "conversion_at"),
    MemberStatus.ENGAGED: ("response_at", "conversion_at"),
    MemberStatus.RESPONDED: ("response_at", "conversion_at"),
    MemberStatus.CONVERTED: ("conversion_at",),
}


def _literals(*found: MemberStatus) -> list[sa.ColumnElement[Any]]:
    return [sa.literal_column(f"'{one.value}'") for one in found]


def reached(member: sa.FromClause, step: MemberStatus) -> sa.ColumnElement[bool]:
    """Whether a member has come so far."""
    later = _ORDER[_ORDER.index(step) :]
    stamped = (member.c[name].is_not(None) for name in _STAMPS[step])
    return sa.or_(member.c.status.in_(_literals(*later)), *stamped)


def counts(member: sa.FromClause) -> Mapping[str, sa.ColumnElement[Any]]:
    """How many members there are, and how many have reached each step."""
    number = sa.func.count()
    removed = number.filter(member.c.status.in_(_literals(MemberStatus.REMOVED)))
    return {
        "members": number - removed,
        "enrolled": number,
        **{step.value.lower(): number.filter(reached(member, step)) for step in _ORDER},
        "unsubscribed": number.filter(member.c.status.in_(_literals(MemberStatus.UNSUBSCRIBED))),
        "bounced": number.filter(member.c.status.in_(_literals(MemberStatus.BOUNCED))),
        "removed": removed,
    }


STEPS = ("members", "enrolled", "contacted", "engaged", "responded", "converted", "unsubscribed", "bounced", "removed")
RATES = {
    "contact_rate": "contacted",
    "engagement_rate": "engaged",
    "response_rate": "responded",
    "conversion_rate": "converted",
    "unsubscribe_rate": "unsubscribed",
    "bounce_rate": "bounced",
}
"""Each is a share of those enrolled, so that they can be compared with one another."""
COSTS = {
    "cost_per_member": "members",
    "cost_per_contact": "contacted",
    "cost_per_response": "responded",
    "cost_per_conversion": "converted",
}
"""What was spent, by how many."""
