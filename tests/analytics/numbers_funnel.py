"""How far members of campaigns have come, by plain Python."""

from typing import Any

from lma_graph.campaigns.models import MemberStatus

FUNNEL = "members enrolled contacted engaged responded converted unsubscribed bounced removed"
RATES = "contactRate engagementRate responseRate conversionRate unsubscribeRate bounceRate"
COSTS = "costPerMember costPerContact costPerResponse costPerConversion"
STEPS = ("CONTACTED", "ENGAGED", "RESPONDED", "CONVERTED")
STAMPS = {
    "CONTACTED": ("last_contact_at", "response_at", "conversion_at"),
    "ENGAGED": ("response_at", "conversion_at"),
    "RESPONDED": ("response_at", "conversion_at"),
    "CONVERTED": ("conversion_at",),
}


def funnel(members: list[Any], spent: int) -> dict[str, Any]:
    """How far some members have come, and what that cost."""
    now = {status: sum(member.status == status for member in members) for status in MemberStatus}
    found: dict[str, Any] = {"members": len(members) - now[MemberStatus.REMOVED], "enrolled": len(members)}
    for place, step in enumerate(STEPS):
        found[step.lower()] = sum(
            member.status in STEPS[place:] or any(getattr(member, name) for name in STAMPS[step]) for member in members
        )
    found |= {status.lower(): now[MemberStatus[status]] for status in ("UNSUBSCRIBED", "BOUNCED", "REMOVED")}
    rates = ("contacted", "engaged", "responded", "converted", "unsubscribed", "bounced")
    found |= {
        name: found[of] / len(members) if members else None for name, of in zip(RATES.split(), rates, strict=True)
    }
    of_costs = ("members", "contacted", "responded", "converted")
    return found | {
        name: spent / found[of] if found[of] else None for name, of in zip(COSTS.split(), of_costs, strict=True)
    }
