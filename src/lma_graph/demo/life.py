"""The life of a lead: from its creation through status, owners and contact to its score, and then into rows.

Enter at `live`. The parts that need more than a few lines have their own files: `contact`, `membership`, `ledger`.
"""

from lma_graph.activities.models import ActivityType, Direction
from lma_graph.demo import texts
from lma_graph.demo.contact import communicate, plan_ahead
from lma_graph.demo.draws import DAY, Weighted, pick, source
from lma_graph.demo.ground import Ground, Organization, born
from lma_graph.demo.ledger import score
from lma_graph.demo.membership import memberships
from lma_graph.demo.people import person
from lma_graph.demo.record import record
from lma_graph.demo.sheet import Sheet
from lma_graph.demo.story import Story
from lma_graph.leads.models import LeadSource, LeadStatus

S = LeadStatus
_SOURCES = Weighted(
    (LeadSource.WEB_FORM, 22), (LeadSource.WEBSITE, 10), (LeadSource.REFERRAL, 9), (LeadSource.PARTNER, 6),
    (LeadSource.EMAIL, 5), (LeadSource.COLD_CALL, 7), (LeadSource.INBOUND_CALL, 4), (LeadSource.SOCIAL_MEDIA, 8),
    (LeadSource.PAID_ADS, 9), (LeadSource.ORGANIC_SEARCH, 8), (LeadSource.EVENT, 5), (LeadSource.CAMPAIGN, 3),
    (LeadSource.IMPORT, 6), (LeadSource.API, 2), (LeadSource.EXISTING_CUSTOMER, 2), (LeadSource.OTHER, 1),
)  # fmt: skip
_FUNNEL = (
    (3 * DAY, Weighted((S.NEW, 24), (S.CONTACTED, 38), (S.WORKING, 28), (S.QUALIFIED, 6), (S.UNQUALIFIED, 4))),
    (45 * DAY, Weighted((S.NEW, 8), (S.CONTACTED, 26), (S.WORKING, 27), (S.NURTURING, 10), (S.QUALIFIED, 13),
                        (S.CONVERTED, 5), (S.UNQUALIFIED, 7), (S.LOST, 4))),
    (10_000 * DAY, Weighted((S.NEW, 4), (S.CONTACTED, 14), (S.WORKING, 9), (S.NURTURING, 21), (S.QUALIFIED, 8),
                            (S.CONVERTED, 14), (S.UNQUALIFIED, 13), (S.LOST, 17))),
)  # fmt: skip
"""How likely each status is, by the age of the lead: up to three days, up to 45, older."""
_PATHS: dict[LeadStatus, tuple[tuple[LeadStatus, ...], ...]] = {
    S.NEW: ((),),
    S.CONTACTED: ((S.CONTACTED,),),
    S.WORKING: ((S.WORKING,), (S.CONTACTED, S.WORKING)),
    S.NURTURING: ((S.NURTURING,), (S.CONTACTED, S.NURTURING)),
    S.QUALIFIED: ((S.QUALIFIED,), (S.WORKING, S.QUALIFIED), (S.CONTACTED, S.QUALIFIED)),
    S.CONVERTED: ((S.CONVERTED,), (S.QUALIFIED, S.CONVERTED), (S.CONTACTED, S.WORKING, S.QUALIFIED, S.CONVERTED)),
    S.UNQUALIFIED: ((S.UNQUALIFIED,), (S.CONTACTED, S.UNQUALIFIED)),
    S.LOST: ((S.LOST,), (S.CONTACTED, S.LOST), (S.CONTACTED, S.WORKING, S.LOST)),
}
"""Ways by which a lead comes to its status."""
_ENDS = {S.CONVERTED, S.UNQUALIFIED, S.LOST}
_TAGS = (("newsletter", 0.4), ("webinar", 0.12), ("trial", 0.09), ("unresponsive", 0.04), ("reseller", 0.03),
         ("vip", 0.01), ("competitor", 0.004), ("press", 0.001))  # fmt: skip
_RAREST, _ONE_IN = "legal-hold", 10_000
_PLANS = Weighted(("starter", 40), ("team", 28), ("business", 14), ("enterprise", 6), (None, 12))
_STRATEGIES = Weighted((None, 40), ("ROUND_ROBIN", 35), ("LEAST_LOADED", 15), ("RULES", 10))
_BY_HAND = {LeadSource.COLD_CALL, LeadSource.INBOUND_CALL, LeadSource.EVENT, LeadSource.REFERRAL, LeadSource.EMAIL}


def live(ground: Ground, home: Organization, place: int, sheet: Sheet) -> None:
    """Make the lead at that place of the organization, and add all its rows to the sheet."""
    story = _begin(ground, home, place)
    by_hand = story.source in _BY_HAND
    story.audit(
        story.born,
        ActivityType.LEAD_CREATED,
        "Lead created",
        {"source": story.source},
        user=story.seller if by_hand else None,
    )
    communicate(story)
    joined = memberships(story)
    story.contacts.sort(key=lambda contact: contact.at)
    reason = _walk(story)
    _assign(story)
    plan_ahead(story)
    record(story, joined, score(story), reason, sheet)


def _begin(ground: Ground, home: Organization, place: int) -> Story:
    draw = source(ground.seed, home.number, place)
    since = born(ground, home, place, draw)
    who = person(home, place, draw)
    status = next(funnel for age, funnel in _FUNNEL if ground.until - since < age)(draw)
    seller = pick(draw, home.sellers)
    # A lead that has gone far always belongs to someone.
    unowned = draw.random() < (0.45 if status is S.NEW else 0.06 if status in {S.CONTACTED, S.UNQUALIFIED} else 0)
    employees = who.company.employees if who.company and draw.random() < 0.9 else None
    tags = [tag for tag, share in _TAGS if draw.random() < share]
    if employees is not None and employees >= 1_000:
        tags.append("enterprise")
    if place % _ONE_IN == 7:
        tags.append(_RAREST)
    return Story(
        ground=ground,
        home=home,
        draw=draw,
        id=ground.blocks.leads + home.first + place,
        place=place,
        person=who,
        born=since,
        status=status,
        source=_SOURCES(draw),
        owner=None if unowned else seller,
        seller=seller,
        tags=tags,
        employees=employees,
        plan=_PLANS(draw),
        changed=since,
    )


def _walk(story: Story) -> str | None:
    """The changes of status, each just after a contact; the reason of the last one, if it needs one."""
    path = pick(story.draw, _PATHS[story.status])
    contacts, before, reason = story.contacts, S.NEW, None
    ours = next((number for number, contact in enumerate(contacts) if contact.direction is Direction.OUTBOUND), 0)
    for number, after in enumerate(path):
        step = -1 if after in _ENDS else ours + number * (len(contacts) - ours) // len(path)
        # Contacts are never later than eight minutes ago.
        at = contacts[step].at + 60 + number
        reason = _reason(story, after)
        data = {"from": before, "to": after, "reason": reason}
        subject = f"Status changed from {before} to {after}"
        story.change(at, ActivityType.STATUS_CHANGE, subject, data, user=story.seller)
        if after is S.CONVERTED:
            story.audit(at, ActivityType.CONVERSION, "Lead converted", {"from": before}, user=story.seller)
        before = after
    return reason


def _reason(story: Story, status: LeadStatus) -> str | None:
    if status is S.LOST:
        return pick(story.draw, texts.LOST)
    return pick(story.draw, texts.UNQUALIFIED) if status is S.UNQUALIFIED else None


def _assign(story: Story) -> None:
    """How the lead came to its owner: at once, or by way of someone else, sometimes of one who has left."""
    if story.owner is None:
        return
    draw, home = story.draw, story.home
    first, later = story.owner, None
    if story.age > 2 * DAY and draw.random() < 0.12:
        first = home.former if draw.random() < 0.4 else pick(draw, home.sellers)
        later = story.born + DAY + int(draw.random() * (min(story.age, 120 * DAY) - DAY - 60))
    strategy = _STRATEGIES(draw)
    if strategy:
        _handed(story, story.born + 5, None, first, strategy=strategy)
    else:
        _handed(story, story.born + 5, None, first, reason="Territory", user=pick(draw, home.managers))
    if later is not None and first != story.owner:
        reason = "Left the company" if first == home.former else pick(draw, texts.HAND_OVER)
        _handed(story, later, first, story.owner, reason=reason, user=pick(draw, home.managers))


def _handed(
    story: Story,
    at: int,
    giver: int | None,
    taker: int,
    *,
    reason: str | None = None,
    strategy: str | None = None,
    user: int | None = None,
) -> None:
    data = {"from": giver, "to": taker, "reason": reason, "strategy": strategy}
    subject = "Reassigned" if giver else "Assigned"
    story.change(at, ActivityType.ASSIGNMENT, subject, data, user=user)
