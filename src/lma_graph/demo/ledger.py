"""Scoring rules, and the history of a lead's score: the opening, what each rule gave and since when, adjustments.

Every rule stands here as a stored filter and as the moment since which a lead being made fulfils it, so that scoring
a freshly seeded lead again finds nothing to change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lma_graph.activities.models import ActivityType, Direction
from lma_graph.demo import texts
from lma_graph.demo.audience import Audience, Filter, countries, employees, sources, tagged
from lma_graph.demo.draws import DAY, Weighted, pick
from lma_graph.demo.story import Story
from lma_graph.leads.models import LeadTemperature
from lma_graph.scoring.models import RuleType, ScoreEntryKind

WARM, HOT = 40, 80
"""The scores from which a lead is warm and hot, as in the organizations' settings."""
SILENCE = 365 * DAY

_OPENING = Weighted((5, 35), (10, 35), (15, 20), (20, 10))
_CHIEFLY = ("chief", "head of", "director", "vp of", "founder", "owner")


@dataclass(frozen=True)
class Rule:
    """A scoring rule as every organization has it. `since` is null where the lead does not fulfil it."""

    name: str
    description: str
    rule_type: RuleType
    points: int
    expression: Filter
    since: Callable[[Story], int | None]
    is_active: bool = True


class ScoreEntry(NamedTuple):
    """An entry of the ledger without its id; `rule` is the number of a rule."""

    at: int
    change: int
    reason: str
    kind: ScoreEntryKind
    rule: int | None = None


def _always(audience: Audience) -> Callable[[Story], int | None]:
    return lambda story: story.born if audience.matches(story) else None


def _from(kind: ActivityType, direction: Direction | None = None, *, nth: int = 1) -> Callable[[Story], int | None]:
    """Since the n-th completed communication of the kind."""

    def since(story: Story) -> int | None:
        found = 0
        for contact in story.contacts:
            if contact.kind is kind and (direction is None or contact.direction is direction):
                found += 1
                if found == nth:
                    return contact.at
        return None

    return since


def _chiefly(story: Story) -> bool:
    title = (story.person.job_title or "").lower()
    return any(word in title for word in _CHIEFLY)


def _silent(story: Story) -> int | None:
    ends = story.contacts[-1].at + SILENCE if story.contacts else None
    return ends if ends is not None and ends < story.until else None


_DECIDES = Audience({"or": [{"jobTitle": {"icontains": word}} for word in _CHIEFLY]}, _chiefly)
_PRIVATE = Audience({"company": {"isNull": True}}, lambda story: story.person.company is None)
_LARGE, _NEAR = employees(250), countries("DE", "NL")
_WARM_SOURCE, _COMPETES = sources("REFERRAL", "PARTNER", "INBOUND_CALL"), tagged("competitor")
_COMPLETED = {"status": {"eq": "COMPLETED"}}

RULES: tuple[Rule, ...] = (
    Rule("Decision maker", "The job title says that this person decides.", RuleType.DEMOGRAPHIC, 15,
         _DECIDES.expression, _always(_DECIDES)),
    Rule("Large company", "At least 250 employees.", RuleType.FIRMOGRAPHIC, 15, _LARGE.expression, _always(_LARGE)),
    Rule("Core market", "Countries where we have an office.", RuleType.FIRMOGRAPHIC, 5, _NEAR.expression,
         _always(_NEAR)),
    Rule("Came recommended", "Referred, from a partner, or called us.", RuleType.DEMOGRAPHIC, 10,
         _WARM_SOURCE.expression, _always(_WARM_SOURCE)),
    Rule("Filled in a form", "Any form of the web site.", RuleType.BEHAVIORAL, 10,
         {"activities": {"some": {"activityType": {"eq": "FORM_SUBMISSION"}}}}, _from(ActivityType.FORM_SUBMISSION)),
    Rule("Follows links", "At least one click in an e-mail.", RuleType.ENGAGEMENT, 10,
         {"activities": {"count": {"gte": 1, "where": {"activityType": {"eq": "EMAIL_CLICK"}}}}},
         _from(ActivityType.EMAIL_CLICK)),
    Rule("Answers e-mails", "Has written to us.", RuleType.ENGAGEMENT, 10,
         {"activities": {"some": {"activityType": {"eq": "EMAIL"}, "direction": {"eq": "INBOUND"}}}},
         _from(ActivityType.EMAIL, Direction.INBOUND)),
    Rule("Had a meeting", "A meeting took place.", RuleType.ENGAGEMENT, 20,
         {"activities": {"some": {"activityType": {"eq": "MEETING"}, **_COMPLETED}}}, _from(ActivityType.MEETING)),
    Rule("Fell silent", "No contact for a year.", RuleType.NEGATIVE, -10,
         {"lastEngagementDate": {"olderThan": "P365D"}}, _silent),
    Rule("Poor fit", "Marked as a competitor, or without a company.", RuleType.NEGATIVE, -30,
         {"or": [_COMPETES.expression, _PRIVATE.expression]},
         lambda story: story.born if _COMPETES.matches(story) or _PRIVATE.matches(story) else None),
    Rule("Looked at the price list", "Switched off: too many visitors look at it.", RuleType.BEHAVIORAL, 5,
         {"activities": {"count": {"gte": 2, "where": {"activityType": {"eq": "PAGE_VISIT"}}}}}, lambda _: None,
         is_active=False),
)  # fmt: skip


def temperature(score: int) -> LeadTemperature:
    """What the thresholds make of a score."""
    if score >= HOT:
        return LeadTemperature.HOT
    return LeadTemperature.WARM if score >= WARM else LeadTemperature.COLD


def score(story: Story) -> list[ScoreEntry]:
    """The entries of the ledger in order of time, the opening first; their sum is the lead's score."""
    entries = [
        ScoreEntry(since + 1, rule.points, f"Rule “{rule.name}” matches.", ScoreEntryKind.RULE, number)
        for number, rule in enumerate(RULES)
        if (since := rule.since(story)) is not None
    ]
    if story.age > DAY and story.draw.random() < 0.07:
        reason, points = pick(story.draw, texts.ADJUSTMENTS)
        at = story.born + 600 + int(story.draw.random() * (min(story.age, SILENCE) - 600))
        entries.append(ScoreEntry(at, points, reason, ScoreEntryKind.MANUAL))
    # What the lead fulfils from the start comes first, in the order of the rules.
    entries.sort(key=lambda entry: entry.at)
    opening = _OPENING(story.draw)
    entries.insert(0, ScoreEntry(story.born, opening, "Opening score", ScoreEntryKind.OPENING))
    _changes(story, entries)
    return entries


def _changes(story: Story, entries: list[ScoreEntry]) -> None:
    """The audit entries: one for each later moment at which the score changed."""
    total = sum(entry.change for entry in entries if entry.at <= story.born + 1)
    for entry in entries:
        if entry.at > story.born + 1:
            before, total = total, total + entry.change
            data = {"from": before, "to": total, "reason": entry.reason}
            manual = entry.kind is ScoreEntryKind.MANUAL
            user = pick(story.draw, story.home.managers) if manual else None
            story.change(entry.at, ActivityType.SCORE_CHANGE, f"Score {before} → {total}", data, user=user)
