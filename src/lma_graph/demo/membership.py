"""Memberships of a lead in campaigns: how far it came, with stamps and communication that say the same."""

from typing import NamedTuple

from lma_graph.activities.models import ActivityType
from lma_graph.campaigns.models import MemberStatus
from lma_graph.demo.campaigns import CAMPAIGNS, campaign_id, open_to
from lma_graph.demo.contact import RECENT, campaign_answer, campaign_mail
from lma_graph.demo.draws import DAY, HOUR, Weighted, pick
from lma_graph.demo.ground import MOST_MEMBERSHIPS
from lma_graph.demo.story import Story
from lma_graph.leads.models import LeadStatus

_HOW_MANY = Weighted((0, 56), (1, 29), (2, 12), (3, 3))
_HOW_FAR = Weighted(
    (MemberStatus.ENROLLED, 18), (MemberStatus.CONTACTED, 36), (MemberStatus.ENGAGED, 20),
    (MemberStatus.RESPONDED, 12), (MemberStatus.CONVERTED, 6), (MemberStatus.UNSUBSCRIBED, 4),
    (MemberStatus.BOUNCED, 2), (MemberStatus.REMOVED, 2),
)  # fmt: skip
_OPENING = (ActivityType.EMAIL_OPEN, ActivityType.EMAIL_CLICK)
_BEFORE = {MemberStatus.RESPONDED: MemberStatus.ENGAGED, MemberStatus.CONVERTED: MemberStatus.RESPONDED}
_ANSWERED = {MemberStatus.RESPONDED, MemberStatus.CONVERTED}


class Membership(NamedTuple):
    """A place in a campaign without its id; times in seconds since 1970."""

    campaign: int
    status: MemberStatus
    added: int
    contacted: int | None = None
    responded: int | None = None
    converted: int | None = None


def memberships(story: Story) -> list[Membership]:
    """Enrol the lead in campaigns that were open to it, and let it come as far as its own status allows."""
    draw = story.draw
    wanted = _HOW_MANY(draw) + (int(draw.random() * 3) if story.age < RECENT else 0)
    if not wanted:
        return []
    eligible = open_to(story, room=HOUR)
    draw.shuffle(eligible)
    return [_join(story, *one) for one in eligible[: min(wanted, MOST_MEMBERSHIPS)]]


def _join(story: Story, number: int, opens: int, closes: int) -> Membership:
    draw = story.draw
    campaign, name = campaign_id(story.home, number), CAMPAIGNS[number].name
    added = opens + int(draw.random() ** 2 * min(closes - opens - 600, 60 * DAY))
    data = {"campaignId": campaign, "to": MemberStatus.ENROLLED}
    user = pick(draw, story.home.managers)
    story.audit(added, ActivityType.CAMPAIGN_ENROLLED, f"Enrolled in {name}", data, user=user, campaign=campaign)
    status = _reachable(story, _HOW_FAR(draw), added)
    member = _contacted(story, campaign, name, status, added)
    if status not in {MemberStatus.ENROLLED, MemberStatus.CONTACTED}:
        _moved(story, member, name)
    return member


def _reachable(story: Story, wanted: MemberStatus, added: int) -> MemberStatus:
    """A lead nobody has contacted stays enrolled, and only a converted one has converted."""
    if story.status is LeadStatus.NEW or story.until - added < HOUR // 2:
        return MemberStatus.ENROLLED
    if wanted is MemberStatus.CONVERTED and story.status is not LeadStatus.CONVERTED:
        return MemberStatus.RESPONDED
    return wanted


def _contacted(story: Story, campaign: int, name: str, status: MemberStatus, added: int) -> Membership:
    """The communication that brought the member to its status, each step after the one before."""
    if status is MemberStatus.ENROLLED:
        return Membership(campaign, status, added)
    draw = story.draw
    room = min(story.until - added, 25 * DAY) // 4
    contacted = added + 60 + int(draw.random() * (room - 120))
    campaign_mail(story, contacted, ActivityType.EMAIL, campaign, name)
    if status is MemberStatus.ENGAGED or status in _ANSWERED:
        opened = contacted + 60 + int(draw.random() * (room - 120))
        campaign_mail(story, opened, pick(draw, _OPENING), campaign, name)
    if status not in _ANSWERED:
        return Membership(campaign, status, added, contacted)
    responded = contacted + room + int(draw.random() * (room - 120))
    campaign_answer(story, responded, campaign, name)
    converted = None
    if status is MemberStatus.CONVERTED:
        converted = responded + 60 + int(draw.random() * (room - 120))
    return Membership(campaign, status, added, contacted, responded, converted)


def _moved(story: Story, member: Membership, name: str) -> None:
    """The audit entry of the last move."""
    at = member.converted or member.responded or (member.contacted or member.added) + 120
    before = _BEFORE.get(member.status, MemberStatus.CONTACTED)
    data = {"campaignId": member.campaign, "from": before, "to": member.status}
    subject = f"{name}: {member.status.value.lower()}"
    story.audit(at, ActivityType.CAMPAIGN_RESPONSE, subject, data, campaign=member.campaign)
