"""Communication with a lead: e-mails and what becomes of them, calls, meetings, forms, and what is planned next."""

from collections.abc import Callable

from lma_graph.activities.models import ActivityStatus, ActivityType, Direction
from lma_graph.demo import texts
from lma_graph.demo.draws import DAY, HOUR, Weighted, document, pick
from lma_graph.demo.story import NOTHING, Entry, Story
from lma_graph.leads.models import LeadSource, LeadStatus

IN, OUT = Direction.INBOUND, Direction.OUTBOUND
RECENT = 30 * DAY

_HOW_MANY = Weighted((0, 14), (1, 24), (2, 22), (3, 15), (4, 10), (6, 6), (8, 5), (11, 3), (14, 1))
_HOW_LONG = Weighted((3 * DAY, 15), (12 * DAY, 30), (35 * DAY, 30), (90 * DAY, 18), (240 * DAY, 7))
_OPENER = Weighted((ActivityType.EMAIL, 60), (ActivityType.CALL, 30), (ActivityType.LINKEDIN, 10))
_NEXT = Weighted(
    (ActivityType.EMAIL, 32), (ActivityType.CALL, 18), (ActivityType.MEETING, 8), (ActivityType.SMS, 2),
    (ActivityType.WHATSAPP, 3), (ActivityType.LINKEDIN, 4), (ActivityType.TASK, 5),
    (ActivityType.FORM_SUBMISSION, 3), (ActivityType.PAGE_VISIT, 11),
)  # fmt: skip
_AFTER_MAIL = Weighted((ActivityType.EMAIL_OPEN, 48), (ActivityType.EMAIL, 22),
                       (ActivityType.CALL, 16), (ActivityType.MEETING, 6), (ActivityType.PAGE_VISIT, 8))  # fmt: skip
_AFTER_OPENING = Weighted((ActivityType.EMAIL_CLICK, 34), (ActivityType.PAGE_VISIT, 10), (ActivityType.EMAIL, 30),
                          (ActivityType.CALL, 20), (ActivityType.MEETING, 6))  # fmt: skip
_BY_ITSELF = Weighted((ActivityType.PAGE_VISIT, 70), (ActivityType.FORM_SUBMISSION, 30))
_OUTCOME = Weighted(("CONNECTED", 52), ("VOICEMAIL", 22), ("NO_ANSWER", 22), ("WRONG_NUMBER", 4))
_PLAN = Weighted((ActivityType.CALL, 40), (ActivityType.MEETING, 25), (ActivityType.TASK, 25), (ActivityType.EMAIL, 10))
_FATE = Weighted(("FUTURE", 70), ("OVERDUE", 18), ("CANCELLED", 12))
_OPEN = {
    LeadStatus.NEW,
    LeadStatus.CONTACTED,
    LeadStatus.WORKING,
    LeadStatus.NURTURING,
    LeadStatus.QUALIFIED,
}


def communicate(story: Story) -> None:
    """Fill in the communication of a lead's life, from its creation to at most the present."""
    draw = story.draw
    wanted = _HOW_MANY(draw)
    # Fresh leads get the most attention.
    wanted += int(draw.random() * 9) if story.age < RECENT else 0
    if story.source is LeadSource.WEB_FORM:
        story.happened(_form(story, story.born))
    span = min(story.age - 600, _HOW_LONG(draw))
    times = sorted(story.born + 120 + int(span * draw.random() ** 1.6 * 0.98) for _ in range(wanted))
    if story.status is LeadStatus.NEW:
        for at in times[:4]:
            story.happened(_MAKERS[_BY_ITSELF(draw)](story, at))
        return
    first, *others = times or [story.born + int(min(span, DAY) * 0.5)]
    entry = _first(story, _OPENER(draw), first)
    story.happened(entry)
    for at in others:
        entry = _MAKERS[_next(story, entry)](story, at)
        story.happened(entry)


def _next(story: Story, before: Entry) -> ActivityType:
    """What may follow: only an e-mail of ours can be opened, and only an opened one clicked."""
    if before.kind is ActivityType.EMAIL and before.direction is OUT:
        return _AFTER_MAIL(story.draw)
    return (_AFTER_OPENING if before.kind is ActivityType.EMAIL_OPEN else _NEXT)(story.draw)


def _first(story: Story, kind: ActivityType, at: int) -> Entry:
    """The first contact is ours, whatever kind it is."""
    openers = {ActivityType.EMAIL: texts.MAIL_OUT, ActivityType.CALL: texts.CALLS}
    subject, content = openers.get(kind, texts.MESSAGES)[0]
    metadata = _call_metadata(story) if kind is ActivityType.CALL else NOTHING
    return Entry(at, kind, story.told(subject), story.told(content), metadata, None, at, OUT, user=story.seller)


def plan_ahead(story: Story) -> None:
    """For leads that are still open: something planned, overdue, or planned and given up."""
    draw = story.draw
    if story.status not in _OPEN or draw.random() > 0.32:
        return
    kind, fate = _PLAN(draw), _FATE(draw)
    made = max(story.born + 300, story.until - int(draw.random() * 14 * DAY))
    status, scheduled, updated = ActivityStatus.SCHEDULED, made, made
    if fate == "OVERDUE":
        scheduled = made + int((story.until - made) * draw.random())
    else:
        scheduled = story.until + HOUR + int(draw.random() * 21 * DAY)
    if fate == "CANCELLED":
        status, updated = ActivityStatus.CANCELLED, made + int((story.until - made) * draw.random())
    direction = None if kind is ActivityType.TASK else OUT
    subject = pick(draw, texts.PLANNED)
    story.entries.append(
        Entry(made, kind, subject, None, NOTHING, scheduled, None, direction, status, story.seller, None, updated)
    )


def campaign_mail(story: Story, at: int, kind: ActivityType, campaign: int, name: str) -> None:
    """A communication of a campaign: our e-mail, its opening or a click, or the lead's answer (`direction` IN)."""
    ours = kind is ActivityType.EMAIL
    content = f"Hello {story.person.first.text}, you are invited: {name}." if ours else None
    direction, user = (OUT, story.seller) if ours else (IN, None)
    story.happened(Entry(at, kind, name, content, NOTHING, None, at, direction, user=user, campaign=campaign))


def campaign_answer(story: Story, at: int, campaign: int, name: str) -> None:
    """The lead answers a campaign's e-mail."""
    answer = "Thank you, please send me more about it."
    kind = ActivityType.EMAIL
    story.happened(Entry(at, kind, f"Re: {name}", answer, NOTHING, None, at, IN, campaign=campaign))


def _mail(story: Story, at: int) -> Entry:
    ours = story.draw.random() < 0.68
    subject, content = pick(story.draw, texts.MAIL_OUT if ours else texts.MAIL_IN)
    direction, user = (OUT, story.seller) if ours else (IN, None)
    kind = ActivityType.EMAIL
    return Entry(at, kind, story.told(subject), story.told(content), NOTHING, None, at, direction, user=user)


def _call(story: Story, at: int) -> Entry:
    subject, content = pick(story.draw, texts.CALLS)
    direction = OUT if story.draw.random() < 0.8 else IN
    metadata = _call_metadata(story)
    kind = ActivityType.CALL
    return Entry(at, kind, story.told(subject), content, metadata, None, at, direction, user=story.seller)


def _call_metadata(story: Story) -> str:
    outcome = _OUTCOME(story.draw)
    seconds = 40 + int(story.draw.random() * 1_500) if outcome == "CONNECTED" else int(story.draw.random() * 40)
    return f'{{"outcome":"{outcome}","durationSeconds":{seconds}}}'


def _meeting(story: Story, at: int) -> Entry:
    """A meeting was planned a while before it took place."""
    draw = story.draw
    subject, content = pick(draw, texts.MEETINGS)
    made = max(story.born + 60, at - int(draw.random() * 4 * DAY))
    held = draw.random() < 0.9
    place = "online" if draw.random() < 0.7 else "on site"
    minutes = 30 + 15 * int(draw.random() * 5)
    metadata = document({"outcome": "HELD" if held else "NO_SHOW", "location": place, "durationMinutes": minutes})
    kind = ActivityType.MEETING
    content_ = content if held else None
    return Entry(made, kind, story.told(subject), content_, metadata, at, at, OUT, user=story.seller, updated=at)


def _message(kind: ActivityType) -> Callable[[Story, int], Entry]:
    def make(story: Story, at: int) -> Entry:
        subject, content = pick(story.draw, texts.MESSAGES)
        ours = story.draw.random() < 0.65
        direction, user = (OUT, story.seller) if ours else (IN, None)
        return Entry(at, kind, subject, story.told(content), NOTHING, None, at, direction, user=user)

    return make


def _task(story: Story, at: int) -> Entry:
    return Entry(at, ActivityType.TASK, pick(story.draw, texts.TASKS), completed=at, user=story.seller)


def _form(story: Story, at: int) -> Entry:
    name, page = pick(story.draw, texts.FORMS)
    metadata = document({"form": name, "page": page})
    wish = pick(story.draw, texts.WISHES)
    return Entry(at, ActivityType.FORM_SUBMISSION, name, wish, metadata, None, at, IN)


def _visit(story: Story, at: int) -> Entry:
    page = pick(story.draw, texts.PAGES)
    metadata = f'{{"page":"{page}","durationSeconds":{5 + int(story.draw.random() * 300)}}}'
    return Entry(at, ActivityType.PAGE_VISIT, f"Visited {page}", None, metadata, None, at, IN)


def _opened(story: Story, at: int) -> Entry:
    minutes = 1 + int(story.draw.random() ** 3 * 4_000)
    metadata = f'{{"minutesAfterDelivery":{minutes}}}'
    return Entry(at, ActivityType.EMAIL_OPEN, "Opened our e-mail", None, metadata, None, at, IN)


def _clicked(story: Story, at: int) -> Entry:
    page = pick(story.draw, texts.PAGES)
    metadata = f'{{"page":"{page}"}}'
    return Entry(at, ActivityType.EMAIL_CLICK, "Followed a link of our e-mail", None, metadata, None, at, IN)


_MAKERS: dict[ActivityType, Callable[[Story, int], Entry]] = {
    ActivityType.EMAIL: _mail,
    ActivityType.CALL: _call,
    ActivityType.MEETING: _meeting,
    ActivityType.SMS: _message(ActivityType.SMS),
    ActivityType.WHATSAPP: _message(ActivityType.WHATSAPP),
    ActivityType.LINKEDIN: _message(ActivityType.LINKEDIN),
    ActivityType.TASK: _task,
    ActivityType.FORM_SUBMISSION: _form,
    ActivityType.PAGE_VISIT: _visit,
    ActivityType.EMAIL_OPEN: _opened,
    ActivityType.EMAIL_CLICK: _clicked,
}
