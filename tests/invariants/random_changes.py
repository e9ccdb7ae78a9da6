"""Random mutations of leads, their activities and notes, scores and campaigns: valid ones, invalid ones, repetitions.

Few addresses, labels and keys are drawn from, so that changes get in each other's way. Enter at `drawn`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from lma_graph.kernel.viewer import Role
from world import World

EMAILS = ("a@x.test", "B@x.test", " b@X.test ", "c@x.test")
NAMES = ("Ada", "Bo Ek", "Zoë", "ada lovelace", None)
TAGS = ("vip", "cold", "x y", "Ünit", "")
STATES = ("NEW", "CONTACTED", "WORKING", "QUALIFIED", "LOST", "UNQUALIFIED", "CONVERTED")
FIELDS = ({"country": "DE"}, {"country": None, "plan": "a"}, {"employees": 5, "plan": True}, {"other": [1]}, {})
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"status": {"eq": "NEW"}},
    {"tags": {"containsAny": ["vip"]}},
    {"assignedToId": {"isNull": True}},
    {"email": {"startsWith": "a"}},
)
MOMENTS = ("2026-01-05T10:00:00Z", "2026-03-01T00:00:00Z", "2999-01-01T00:00:00Z")
ROLES = (Role.ADMIN, Role.ADMIN, Role.MANAGER, Role.MANAGER, Role.SALES_REP, Role.SALES_REP, Role.VIEWER)
KEYS = ("k1", "k2", "k3")


@dataclass(frozen=True)
class Change:
    """A mutation, and who asks for it."""

    name: str
    input: dict[str, Any]
    role: Role

    async def ask(self, world: World) -> Any:
        """The result; anything that is neither a payload nor a typed refusal fails."""
        return await world.do(self.name, self.input, "__typename", role=self.role)


@dataclass
class Ground:
    """Global ids of what there is, some of what there is not, and what was asked last."""

    leads: Sequence[str]
    alive: Sequence[str]
    deleted: Sequence[str]
    merged: Sequence[str]
    activities: Sequence[str]
    scheduled: Sequence[str]
    notes: Mapping[Role, Sequence[str]]
    """By who wrote them."""
    users: Sequence[str]
    rules: Sequence[str] = ()
    campaigns: Sequence[str] = ()
    previous: list[Change] = field(default_factory=list)


@dataclass
class Draw:
    """Where values come from."""

    random: Random
    ground: Ground
    role: Role

    def of(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return self.random.choice(values)

    def rarely(self) -> bool:
        """True now and then."""
        return self.random.randrange(5) == 0

    def some(self, values: Sequence[Any], most: int) -> list[Any]:
        """Up to so many of the values, repetitions included."""
        return [self.of(values) for _ in range(self.random.randrange(most + 1))]

    def lead(self) -> str:
        """A lead, mostly one that is there."""
        return self.one_of(self.ground.alive, self.ground.leads)

    def one_of(self, wanted: Sequence[str], others: Sequence[str]) -> str:
        """Mostly one that makes sense, where there is one."""
        return self.of(others if self.rarely() or not wanted else wanted)

    def scheduled(self) -> str:
        """An activity, mostly one that can be completed."""
        return self.one_of(self.ground.scheduled, self.ground.activities)

    def written(self) -> str:
        """A note, mostly one's own."""
        own = self.ground.notes.get(self.role, ())
        return self.one_of(own, [number for numbers in self.ground.notes.values() for number in numbers])

    def user(self) -> str | None:
        """A user, or nobody."""
        return None if self.rarely() else self.of(self.ground.users)

    def given(self, **parts: Callable[[], Any]) -> dict[str, Any]:
        """Some of the parts, each drawn only where it is given."""
        return {name: part() for name, part in parts.items() if self.random.randrange(3) == 0}

    def values(self) -> dict[str, Any]:
        """Values of a lead."""
        found = self.given(
            email=lambda: self.of((*EMAILS, None, "no")),
            firstName=lambda: self.of(NAMES),
            company=lambda: self.of(("Acme", "Ärzte AG", None)),
            phone=lambda: self.of(("+49 30 123", None)),
            status=lambda: self.of((*STATES, *STATES, None)),
            value=lambda: self.of((0, 5, None, -1)),
            tags=lambda: self.some(TAGS[:4] if not self.rarely() else TAGS, 3),
            customFields=lambda: self.of(FIELDS),
            externalId=lambda: self.of(("1", "2", None)),
            notesText=lambda: self.of(("n", None)),
        )
        if "externalId" in found and not self.rarely():
            found["externalSource"] = "crm" if found["externalId"] else None
        if found.get("status") in ("LOST", "UNQUALIFIED", "NEW") and self.rarely():
            found["statusReason"] = "budget"
        return found

    def expecting(self) -> dict[str, Any]:
        """A version that may have passed, or none."""
        return {"expectedVersion": self.of((1, 2, 3))} if self.rarely() else {}

    def selection(self) -> dict[str, Any]:
        """Leads by ids, by a filter, and rarely by neither or both."""
        found = self.given(leadIds=lambda: self.some(self.ground.leads, 3), filter=lambda: self.of(FILTERS))
        return found or {"filter": self.of(FILTERS)}

    def details(self) -> dict[str, Any]:
        """Values of an activity."""
        return self.given(
            subject=lambda: self.of(("Hello", None)),
            content=lambda: self.of(("text", None)),
            direction=lambda: self.of(("INBOUND", "OUTBOUND", None)),
            metadata=lambda: self.of(({"a": 1}, {"a": None, "b": "x"}, {})),
        )

    def note(self) -> dict[str, Any]:
        """Values of a note."""
        return self.given(
            content=lambda: self.of(("first", "second", "")),
            isPrivate=lambda: self.of((True, False)),
            mentionedUserIds=lambda: self.some(self.ground.users, 2),
            noteType=lambda: self.of(("CALL", "IDEA")),
        )


def _rules(draw: Draw) -> dict[str, Any]:
    def rule(name: str) -> dict[str, Any]:
        users = draw.some(draw.ground.users, 2) or [draw.ground.users[0]]
        return {"name": name, "criteria": draw.of(FILTERS), "userIds": users, "strategy": draw.of(_POOLED)}

    return {"rules": [rule(name) for name in draw.some(("one", "two"), 2)]}


def _merge(draw: Draw) -> dict[str, Any]:
    found: dict[str, Any] = {"leadId": draw.lead(), "duplicateIds": [draw.lead()]}
    if draw.rarely():
        found["duplicateIds"] += draw.some(draw.ground.leads, 2)
    if draw.rarely():
        fields = ("STATUS", "EMAIL", "ASSIGNED_TO_ID", "TAGS", "CUSTOM_FIELDS")
        found["choices"] = [{"field": draw.of(fields), "leadId": draw.lead()}]
    return found


def _dealt(draw: Draw) -> dict[str, Any]:
    strategy = draw.of((*_POOLED, "RULES"))
    users = {} if strategy == "RULES" and not draw.rarely() else {"userIds": draw.some(draw.ground.users, 3)}
    return {**draw.selection(), "strategy": strategy, **users}


def _upsert(draw: Draw) -> dict[str, Any]:
    rows = []
    for _ in range(draw.random.randrange(1, 4)):
        key = {"email": draw.of(EMAILS)} if not draw.rarely() else {"externalSource": "crm", "externalId": "1"}
        rows.append({**draw.values(), **key})
    return {"matchOn": draw.of(("EMAIL", "EMAIL", "EXTERNAL_ID")), "leads": rows}


def _bulk(draw: Draw) -> dict[str, Any]:
    patch = draw.given(
        status=lambda: draw.of(STATES),
        statusReason=lambda: draw.of(("x", None)),
        company=lambda: draw.of(("Acme", None)),
        customFields=lambda: draw.of(FIELDS),
        tags=lambda: draw.of(
            ({"add": ["vip"]}, {"remove": ["vip"], "add": ["b"]}, {"set": []}, {"set": [], "add": []})
        ),
    )
    return {**draw.selection(), "patch": patch}


def _rule(draw: Draw) -> dict[str, Any]:
    found = draw.given(
        priority=lambda: draw.of((1, 5)),
        isActive=lambda: draw.of((True, True, False)),
        frequency=lambda: draw.of(("ONCE", "EACH", "AT_MOST")),
    )
    if draw.rarely():
        found |= draw.given(
            frequencyLimit=lambda: draw.of((1, 2, 0, None)),
            frequencyPeriod=lambda: draw.of(("DAY", "MONTH")),
            halfLifeDays=lambda: draw.of((1, 30)),
        )
    if found.get("frequency") == "AT_MOST" and not draw.rarely():
        found |= {"frequencyLimit": 2, "frequencyPeriod": "WEEK"}
    if found.get("frequency", "ONCE") != "ONCE" and not draw.rarely():
        found["criteria"] = draw.of(_CALLS)
    return found


def _thresholds(draw: Draw) -> dict[str, Any]:
    caps = [{"ruleType": draw.of(_TYPES), "limit": draw.of((0, 8, 25))} for _ in range(draw.random.randrange(3))]
    return {
        "warm": draw.of((10, 20)),
        "hot": draw.of((20, 40, 60)),
        **draw.given(hysteresis=lambda: draw.of((0, 3)), caps=lambda: caps, totalCap=lambda: draw.of((30, None))),
    }


_TYPES = ("DEMOGRAPHIC", "BEHAVIORAL", "NEGATIVE", "ENGAGEMENT", "DECAY")
_POINTS = (5, 20, -10, 40, 0)
_CALLS = (
    {"activities": {"some": {"activityType": {"eq": "CALL"}}}},
    {"activities": {"count": {"where": {"status": {"eq": "COMPLETED"}}, "gte": 1}}},
)
_SCORED = (*FILTERS, *_CALLS, {"score": {"gt": 1}}, {"lastEngagementDate": {"withinLast": "P30D"}})


def _campaign(draw: Draw) -> dict[str, Any]:
    return draw.given(
        name=lambda: draw.of(("Spring", "")),
        targetCriteria=lambda: draw.of((*FILTERS, None)),
        followCriteria=lambda: draw.of(("NONE", "IN", "IN_AND_OUT")),
        startDate=lambda: "2026-03-01",
        endDate=lambda: draw.of(("2026-02-01", "2026-04-01", None)),
        goals=lambda: [{"name": name, "target": 1} for name in draw.some(("a", "b"), 2)],
    )


def _enrolled(draw: Draw) -> dict[str, Any]:
    chosen = draw.of(({"useTargetCriteria": True}, draw.selection(), draw.selection()))
    return {"campaignId": draw.of(draw.ground.campaigns), **chosen, **draw.given(exclude=lambda: draw.of(FILTERS))}


def _members(draw: Draw) -> dict[str, Any]:
    chosen = draw.given(leadIds=lambda: draw.some(draw.ground.leads, 3), filter=lambda: draw.of(_MEMBERS))
    return {"campaignId": draw.of(draw.ground.campaigns), **(chosen or {"filter": {}})}


_LIFE = ("DRAFT", "ACTIVE", "ACTIVE", "ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED")
_PLACES = ("ENROLLED", "CONTACTED", "ENGAGED", "RESPONDED", "CONVERTED", "UNSUBSCRIBED", "BOUNCED", "REMOVED")
_MEMBERS: tuple[dict[str, Any], ...] = ({}, {"status": {"eq": "ENROLLED"}}, {"lead": {"status": {"eq": "NEW"}}})
_POOLED = ("ROUND_ROBIN", "LEAST_LOADED")
_KINDS = ("CALL", "EMAIL", "MEETING", "EMAIL_OPEN", "TASK")
INPUTS: dict[str, Callable[[Draw], dict[str, Any]]] = {
    "createLead": lambda d: {**d.values(), **d.given(assignedToId=d.user)},
    "updateLead": lambda d: {"id": d.lead(), "patch": d.values(), **d.expecting()},
    "upsertLeads": _upsert,
    "convertLead": lambda d: {"id": d.lead(), **d.given(value=lambda: d.of((7, None))), **d.expecting()},
    "deleteLead": lambda d: {"id": d.lead(), **d.given(reason=lambda: "spam"), **d.expecting()},
    "restoreLead": lambda d: {"id": d.one_of(d.ground.deleted, d.ground.leads)},
    "eraseLead": lambda d: {"id": d.lead()},
    "mergeLeads": _merge,
    "unmergeLeads": lambda d: {"leadId": d.one_of(d.ground.merged, d.ground.leads)},
    "assignLead": lambda d: {"leadId": d.lead(), "userId": d.user()},
    "assignLeads": lambda d: {**d.selection(), "userId": d.user(), "reason": "r"},
    "autoAssignLeads": _dealt,
    "setAssignmentRules": _rules,
    "bulkUpdateLeads": _bulk,
    "logActivity": lambda d: {
        "leadId": d.lead(),
        "activityType": d.of((*_KINDS, "STATUS_CHANGE")),
        **d.details(),
        **d.given(completedAt=lambda: d.of(MOMENTS)),
    },
    "scheduleActivity": lambda d: {
        "leadId": d.lead(),
        "activityType": d.of(_KINDS),
        "scheduledAt": d.of(MOMENTS),
        **d.details(),
    },
    "updateActivity": lambda d: {
        "id": d.scheduled(),
        "patch": {**d.details(), **d.given(scheduledAt=lambda: d.of(MOMENTS), completedAt=lambda: d.of(MOMENTS))},
    },
    "completeActivity": lambda d: {"id": d.scheduled(), **d.given(completedAt=lambda: d.of(MOMENTS))},
    "cancelActivity": lambda d: {"id": d.scheduled(), **d.given(reason=lambda: "no time")},
    "addNote": lambda d: {"leadId": d.lead(), "content": "c", **d.note()},
    "updateNote": lambda d: {"id": d.written(), "patch": d.note()},
    "deleteNote": lambda d: {"id": d.written()},
    "createScoringRule": lambda d: {
        "name": "r",
        "ruleType": d.of(_TYPES),
        "scorePoints": d.of(_POINTS),
        "criteria": d.of(_SCORED),
        **_rule(d),
    },
    "updateScoringRule": lambda d: {
        "id": d.one_of(d.ground.rules[1:], d.ground.rules),
        "patch": {
            **d.given(
                ruleType=lambda: d.of(_TYPES[:4]), criteria=lambda: d.of(_SCORED), scorePoints=lambda: d.of(_POINTS)
            ),
            **_rule(d),
        },
    },
    "deleteScoringRule": lambda d: {"id": d.of(d.ground.rules)},
    "adjustLeadScore": lambda d: {
        "leadId": d.lead(),
        "change": d.of((5, -5, 30, 0)),
        "reason": "r",
        **d.expecting(),
    },
    "rescoreLeads": lambda d: d.selection() if not d.rarely() else {"all": True},
    "setScoreThresholds": _thresholds,
    "createCampaign": lambda d: {"name": "Spring", "campaignType": "EMAIL", **_campaign(d)},
    "updateCampaign": lambda d: {"id": d.of(d.ground.campaigns), "patch": _campaign(d)},
    "setCampaignStatus": lambda d: {"id": d.of(d.ground.campaigns), "status": d.of(_LIFE)},
    "deleteCampaign": lambda d: {"id": d.of(d.ground.campaigns)},
    "enrollLeads": _enrolled,
    "updateCampaignLead": lambda d: {
        "campaignId": d.of(d.ground.campaigns),
        "leadId": d.lead(),
        "status": d.of(_PLACES),
    },
    "updateCampaignLeads": lambda d: {**_members(d), "status": d.of(_PLACES)},
    "removeLeadsFromCampaign": _members,
}
"""How the input of each mutation is drawn."""
_OFTEN = (
    "createLead", "updateLead", "mergeLeads", "unmergeLeads", "upsertLeads", "assignLead", "restoreLead",
    "createLead", "updateLead", "autoAssignLeads", "enrollLeads", "updateCampaignLead", "updateCampaignLead",
)  # fmt: skip
_NAMES = (*INPUTS, *_OFTEN, "createScoringRule", "updateScoringRule")


def drawn(random: Random, ground: Ground) -> Change:
    """A change to ask for: a new one, or one that was asked for before."""
    if ground.previous and random.randrange(8) == 0:
        return random.choice(ground.previous)
    draw = Draw(random, ground, random.choice(ROLES))
    name = draw.of(_NAMES)
    given = INPUTS[name](draw)
    if draw.rarely():
        given["dryRun"] = True
    if draw.rarely():
        given["idempotencyKey"] = draw.of(KEYS)
    change = Change(name, given, draw.role)
    ground.previous.append(change)
    return change
