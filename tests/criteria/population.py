"""One organization full of awkward values: nulls, wildcards, accents, ties, mixed JSON, private notes, audit entries.

Everything is drawn from a fixed seed, so that a failing filter fails again. Moments lie half a day away from whole
days before now, so that relative times of whole days never fall on one.
"""

import datetime as dt
import random
from typing import Any

import sqlalchemy as sa

from lma_graph.activities.models import ActivityRow, ActivityStatus, ActivityType, Direction, LeadNoteRow
from lma_graph.campaigns.models import CampaignLeadRow, CampaignRow, CampaignStatus, MemberStatus
from lma_graph.executions.models import ExecutionStatus, WorkflowExecutionRow
from lma_graph.kernel.scope import table_of
from lma_graph.leads import index
from lma_graph.leads.models import (
    LeadFieldRow,
    LeadRow,
    LeadSource,
    LeadStatus,
    LeadTagRow,
    LeadTemperature,
    LeadTermRow,
)
from lma_graph.scoring.models import FrequencyPeriod, LeadScoreHistoryRow, LeadScoringRuleRow, RuleType, ScoreEntryKind
from lma_graph.users.models import UserRow
from lma_graph.workflows.models import WorkflowRow
from world import DECLARED, World

LEADS = 60
NAMES = ("Ada", "ada", "ADA", "Émile", "émile", "Bérénice", "Zoë", "O'Hara", "%", "a_b", "back\\slash", "")
NAMES += ("Ada Grace",)
COMPANIES = ("Acme", "ACME Inc.", "acme", "100% Pure", "C:\\Temp", "Ömer & Söhne", "Straße 9", "Ber")
COMPANIES += ("Berlin-Berg", "東京")
TAGS = ("vip", "VIP", "hot", "%", "ö", "two words", "")
TEXTS = ("DE", "de", "AT", "", "true", "1", "null", "a%b", "\\", "é")
NUMBERS = (0, 1, 1.0, -1, 2.5, 10, 1e20, 0.1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1)
JSON = (*TEXTS, *NUMBERS, True, False, None, [], ["DE"], {}, {"er": 1}, {"er": "DE"}, {"er": None}, {"er": {"e": 2}})
KEYS = (*DECLARED, "deep", "list", "deep.er", "0")


class Draw:
    """Random values of columns."""

    def __init__(self, now: dt.datetime) -> None:
        self._random = random.Random(7)
        self.now = now
        self.one = self._random.choice

    def maybe(self, *values: Any) -> Any:
        """One of the values, or null."""
        return None if self._random.random() < 0.35 else self.one(values)

    def some(self, values: Any, most: int = 3) -> list[Any]:
        """A few of the values, each once."""
        return self._random.sample(list(values), self._random.randint(0, most))

    def day(self) -> int:
        """Days from now; near ones are likelier."""
        return self.one((-400, -90, -40, -20, -14, -10, -8, -7, -6, -3, -2, -1, 0, 1, 2, 5, 6, 7, 13, 31, 60))

    def moment(self) -> dt.datetime:
        """A moment half a day away from a whole number of days before now."""
        return self.now + dt.timedelta(days=self.day(), hours=12)

    def maybe_moment(self) -> dt.datetime | None:
        """Such a moment, or null."""
        return self.maybe(self.moment())

    def document(self) -> dict[str, Any]:
        """A JSON object of a few keys with values of all kinds."""
        return {key: self.one(JSON) for key in self.some(KEYS, 5)}

    def member(self, choices: Any) -> str:
        """A member of a closed set."""
        return str(self.one(list(choices)).value)


async def populate(world: World) -> dict[str, list[Any]]:
    """Fill the organization; the rows as the database returned them, by entity."""
    draw = Draw(dt.datetime.now(dt.UTC))
    rows: dict[str, list[Any]] = {"User": await _users(world)}
    users = [user.id for user in rows["User"]]
    leads = rows["Lead"] = await insert(world, LeadRow, [_lead(draw, at, users) for at in range(LEADS)])
    await _search_rows(world, leads)
    ids = [lead.id for lead in leads[: LEADS - 6]]  # the last six have nothing that hangs on them
    campaigns = rows["Campaign"] = await insert(world, CampaignRow, [_campaign(draw, at, users) for at in range(6)])
    targets = [campaign.id for campaign in campaigns]
    rows["Activity"] = await insert(world, ActivityRow, [_activity(draw, ids, users, targets) for _ in range(170)])
    rows["LeadNote"] = await insert(world, LeadNoteRow, [_note(draw, ids, users) for _ in range(90)])
    pairs = [(campaign, lead) for campaign in targets for lead in ids]
    members = [_member(draw, *pair) for pair in draw.some(pairs, len(pairs) // 3)]
    rows["CampaignLead"] = await insert(world, CampaignLeadRow, members)
    rules = rows["LeadScoringRule"] = await insert(world, LeadScoringRuleRow, [_rule(draw, at) for at in range(5)])
    entries = [_entry(draw, ids, [rule.id for rule in rules]) for _ in range(90)]
    rows["LeadScoreHistory"] = await insert(world, LeadScoreHistoryRow, entries)
    flows = rows["Workflow"] = await insert(world, WorkflowRow, [_workflow(draw, at, users) for at in range(4)])
    runs = [_execution(draw, ids, users, [flow.id for flow in flows]) for _ in range(70)]
    rows["WorkflowExecution"] = await insert(world, WorkflowExecutionRow, runs)
    return rows


async def insert(world: World, row: Any, values: list[dict[str, Any]]) -> list[Any]:
    """Write many rows at once; what the database returned."""
    table = table_of(row)
    filled = [{"organization_id": world.organization_id, **one} for one in values]
    read = [column for column in table.c if column.name != "search_vector"]
    async with world.database.unit_of_work(await world.viewer()) as unit:
        return list(await unit.rows(sa.insert(table).values(filled).returning(*read)))


async def _users(world: World) -> list[Any]:
    await world.user(first_name=None, last_name="Ö%", is_active=False, timezone_preference="Europe/Berlin")
    users = table_of(UserRow)
    async with world.database.reader(await world.viewer()) as reader:
        return list(await reader.rows(sa.select(*users.c).where(users.c.organization_id == world.organization_id)))


async def _search_rows(world: World, leads: list[Any]) -> None:
    tags, fields, terms = [], [], []
    for row in leads:
        lead = row._asdict()
        shared = {"lead_id": row.id, "created_at": row.created_at}
        tags += [{"tag": tag, **shared} for tag in index.tags(lead)]
        fields += [
            {"name": name, "text_value": text, "number_value": number, **shared}
            for name, text, number in index.fields(lead, DECLARED)
        ]
        terms += [{"term": term, "weight": weight, **shared} for term, weight in index.terms(lead).items()]
    for table, values in ((LeadTagRow, tags), (LeadFieldRow, fields), (LeadTermRow, terms)):
        await insert(world, table, values)


def _lead(draw: Draw, at: int, users: list[int]) -> dict[str, Any]:
    first = draw.maybe(*NAMES)
    return {
        "email": draw.maybe(f"L{at}@Example.test", f"l{at}.%_@example.test", f" l{at}@x.test "),
        "first_name": first,
        "last_name": draw.maybe(*NAMES, *COMPANIES),
        "company": draw.maybe(*COMPANIES),
        "job_title": draw.maybe("CTO", "Head of Sales", "head-of_%"),
        "phone": draw.maybe("+49301234", "+1%"),
        "website": draw.maybe("https://x.test/a_b"),
        "linkedin_url": None,
        "status": draw.member(LeadStatus),
        "source": draw.member(LeadSource),
        "lead_temperature": draw.member(LeadTemperature),
        "score": draw.one((0, 0, 10, 50, 50, 80, -5, -(2**31), 2**31 - 1)),
        "value": draw.maybe(0, 1, 1000, 2**31 - 1),
        "notes": draw.maybe("met at a fair", "50% off", "Zürich"),
        "tags": draw.some(TAGS),
        "custom_fields": draw.document(),
        "enrichment_data": draw.document(),
        "expected_close_date": draw.maybe(draw.moment().date()),
        "last_engagement_date": draw.maybe_moment(),
        "created_at": draw.moment(),
        "updated_at": draw.moment(),
        "assigned_to_id": draw.maybe(*users),
        "status_reason": draw.maybe("too small"),
        "version": draw.one((1, 2, 3)),
        "external_source": draw.maybe("crm"),
        "external_id": draw.maybe(f"x{at}"),
        "deleted_at": draw.now if at % 10 == 9 else None,
    }


def _campaign(draw: Draw, at: int, users: list[int]) -> dict[str, Any]:
    return {
        "name": f"Campaign {at}",
        "campaign_type": draw.one(("EMAIL", "WEBINAR")),
        "status": draw.member(CampaignStatus),
        "start_date": draw.maybe(draw.now.date()),
        "end_date": draw.maybe(draw.now.date() + dt.timedelta(days=30)),
        "budget_allocated": draw.maybe(0, 1000),
        "created_by": draw.maybe(*users),
        "created_at": draw.moment(),
    }


def _activity(draw: Draw, leads: list[int], users: list[int], campaigns: list[int]) -> dict[str, Any]:
    kinds = [kind.value for kind in ActivityType]
    return {
        "lead_id": draw.one(leads),
        "user_id": draw.maybe(*users),
        "activity_type": draw.one((*kinds[:11], *kinds[:5], *kinds[:5], *kinds[11:])),
        "subject": draw.maybe("Hello", "50%", "a_b"),
        "content": draw.maybe("Long talk", "émile"),
        "metadata": draw.document(),
        "scheduled_at": draw.maybe_moment(),
        "completed_at": draw.maybe_moment(),
        "direction": draw.one((None, "OUTBOUND", *(kind.value for kind in Direction))),
        "status": draw.one(("COMPLETED", *(status.value for status in ActivityStatus))),
        "campaign_id": draw.maybe(*campaigns),
        "created_at": draw.moment(),
    }


def _note(draw: Draw, leads: list[int], users: list[int]) -> dict[str, Any]:
    return {
        "lead_id": draw.one(leads),
        "user_id": draw.one(users),
        "note_type": draw.one(("GENERAL", "RESEARCH", "MEETING")),
        "content": draw.one(("met", "50%", "called", "C:\\")),
        "is_private": draw.one((True, False)),
        "mentioned_users": draw.some(users, 2),
        "created_at": draw.moment(),
    }


def _member(draw: Draw, campaign: int, lead: int) -> dict[str, Any]:
    return {
        "campaign_id": campaign,
        "lead_id": lead,
        "status": draw.member(MemberStatus),
        "added_at": draw.moment(),
        "last_contact_at": draw.maybe_moment(),
        "response_at": draw.maybe_moment(),
        "conversion_at": draw.maybe_moment(),
    }


def _rule(draw: Draw, at: int) -> dict[str, Any]:
    kind, times = draw.member(RuleType), draw.maybe(1, 3)
    return {
        "name": f"Rule {at}",
        "description": draw.maybe("why"),
        "rule_type": kind,
        "half_life_days": draw.one((7, 30)) if kind == "DECAY" else None,
        "frequency": "ONCE" if times is None else "AT_MOST",
        "frequency_limit": times,
        "frequency_period": times and draw.member(FrequencyPeriod),
        "criteria": {"v": 1, "format": "filter", "expr": {}},
        "score_points": draw.one((-10, 5, 10)),
        "is_active": draw.one((True, False)),
        "deleted_at": draw.maybe(draw.now),
    }


def _entry(draw: Draw, leads: list[int], rules: list[int]) -> dict[str, Any]:
    previous, change = draw.one((0, 10, 50)), draw.one((-10, 0, 10))
    return {
        "lead_id": draw.one(leads),
        "previous_score": previous,
        "score_change": change,
        "new_score": previous + change,
        "reason": draw.maybe("because"),
        "rule_id": draw.maybe(*rules),
        "kind": draw.member(ScoreEntryKind),
        "created_at": draw.moment(),
    }


def _workflow(draw: Draw, at: int, users: list[int]) -> dict[str, Any]:
    return {"name": f"Workflow {at}", "created_by": draw.maybe(*users), "created_at": draw.moment()}


def _execution(draw: Draw, leads: list[int], users: list[int], workflows: list[int]) -> dict[str, Any]:
    return {
        "user_id": draw.maybe(*users),
        "lead_id": draw.maybe(*leads),
        "workflow_id": draw.maybe(*workflows),
        "workflow_type": draw.one(("N8N", "IMPORT")),
        "status": draw.member(ExecutionStatus),
        "input_data": draw.maybe(draw.document()),
        "output_data": draw.maybe(draw.document()),
        "error_message": draw.maybe("100% failed"),
        "leads_processed": draw.one((0, 1, 10)),
        "confidence_score": draw.maybe(0.0, 0.5, 0.1, 1.0),
        "started_at": draw.maybe_moment(),
        "created_at": draw.moment(),
    }
