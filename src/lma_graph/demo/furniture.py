"""What an organization has before its first lead: itself, its users, rules, campaigns, workflows, integrations.

Enter at `furnish`.
"""

import datetime as dt
from typing import Any

from lma_graph.demo.audience import stored
from lma_graph.demo.campaigns import CAMPAIGNS
from lma_graph.demo.draws import DAY, HOUR, document, moment
from lma_graph.demo.ground import MOST_RUNS, OWN_RUNS, SETTLED, Ground, Organization
from lma_graph.demo.ledger import HOT, RULES, WARM
from lma_graph.demo.record import DECLARED
from lma_graph.demo.runs import nightly
from lma_graph.demo.sheet import Sheet
from lma_graph.integrations.models import IntegrationStatus
from lma_graph.workflows.models import TriggerType

_SIZES = ("11-50", "51-200", "201-500", "501-1000")
_TIERS = ("pro", "free", "team")
_KINDS = {"employees": "NUMBER"}
_NOWHERE = "Switched off: the address of demo data leads nowhere."

# (name, category, trigger, conditions, active). Those that events start are switched off: their n8n does not exist.
_WORKFLOWS: tuple[tuple[str, str, TriggerType, dict[str, Any] | None, bool], ...] = (
    ("Enrich new leads", "enrichment", TriggerType.LEAD_CREATED, {"company": {"isNull": False}}, False),
    ("Announce hot leads", "alerts", TriggerType.SCORE_THRESHOLD, {"leadTemperature": {"eq": "HOT"}}, False),
    ("Hand converted leads to accounting", "hand-over", TriggerType.STATUS_CHANGED, {"status": {"eq": "CONVERTED"}},
     False),
    ("Welcome message", "outreach", TriggerType.CAMPAIGN_ENROLLED, None, False),
    ("Look up a company by hand", "enrichment", TriggerType.MANUAL, None, True),
    ("Nightly clean-up", "maintenance", TriggerType.SCHEDULE, {"lastEngagementDate": {"olderThan": "P180D"}}, False),
)  # fmt: skip

# (type, provider, name, status, minutes between runs, error, hours since the last). None of them is ever due.
_INTEGRATIONS: tuple[tuple[str, str, str, IntegrationStatus, int | None, str | None, int | None], ...] = (
    ("CRM", "hubspot", "HubSpot", IntegrationStatus.CONNECTED, None, None, 7),
    ("CRM", "salesforce", "Salesforce of the parent company", IntegrationStatus.ERROR, 30,
     "The provider refused the access token (401). Enter a new one and resume.", 52),
    ("CRM", "pipedrive", "Pipedrive (until the migration)", IntegrationStatus.PAUSED, 60,
     "Paused after 10 failed runs in a row: connection timed out.", 300),
    ("WEBHOOK", "http-json", "Web shop", IntegrationStatus.CONNECTED, None, None, 1),
    ("FILE", "csv", "Weekly address list", IntegrationStatus.DISCONNECTED, None, None, None),
)  # fmt: skip


def furnish(ground: Ground, home: Organization, sheet: Sheet) -> None:
    """Add all of it to the sheet."""
    settled = moment(ground.until - SETTLED)
    _organization(home, settled, sheet)
    for user in home.users:
        sheet.add("users", home.id, user.id, user.email, user.first_name, user.last_name, user.role, user.is_active,
                  user.time_zone, settled, settled)  # fmt: skip
    for number, rule in enumerate(RULES):
        sheet.add(
            "lead_scoring_rules", home.id, home.rules + number, rule.name, rule.description, rule.rule_type,
            document(stored(rule.expression)), rule.points, rule.is_active, 10 * (number + 1), settled, settled,
        )  # fmt: skip
    _campaigns(ground, home, sheet)
    _workflows(home, settled, sheet)
    _integrations(ground, home, sheet)
    runs = ground.blocks.workflow_executions + ground.leads * MOST_RUNS + home.number * OWN_RUNS
    nightly(ground, home, runs, sheet)


def _organization(home: Organization, settled: dt.datetime, sheet: Sheet) -> None:
    settings = {
        "timeZone": home.time_zone,
        "currency": home.currency,
        "visibility": {"salesRep": "ALL"},
        "scoring": {"thresholds": {"warm": WARM, "hot": HOT}},
        "customFields": [{"name": name, "type": _KINDS.get(name, "STRING")} for name in DECLARED],
    }
    sheet.add(
        "organizations", home.id, home.name, home.slug, f"{home.name} is made up: demo data.",
        f"https://www.{home.slug}.test/", home.industry, _SIZES[home.number % len(_SIZES)], document(settings),
        _TIERS[home.number % len(_TIERS)], f"billing@{home.slug}.test", settled, settled,
    )  # fmt: skip


def _campaigns(ground: Ground, home: Organization, sheet: Sheet) -> None:
    for number, campaign in enumerate(CAMPAIGNS):
        begins = ground.until + campaign.starts * DAY
        made = moment(min(begins, ground.until) - 9 * DAY)
        ends = None if campaign.ends is None else moment(ground.until + campaign.ends * DAY).date()
        goals = [{"name": name, "target": target} for name, target in campaign.goals]
        sheet.add(
            "campaigns", home.id, home.campaigns + number, campaign.name, campaign.description, campaign.kind,
            campaign.status, document(stored(campaign.audience.expression)), moment(begins).date(), ends,
            campaign.budget, campaign.spent, document(goals), home.managers[number % len(home.managers)], made, made,
        )  # fmt: skip


def _workflows(home: Organization, settled: dt.datetime, sheet: Sheet) -> None:
    for number, (name, category, trigger, conditions, active) in enumerate(_WORKFLOWS):
        configuration = {
            "webhookUrl": f"https://n8n.{home.slug}.test/webhook/{number + 1}",
            "method": "POST",
            "authentication": {"type": "header", "name": "X-Demo", "secret": "fake-secret-of-demo-data"},
            "retry": {"attempts": 5, "firstDelaySeconds": 30},
        }
        sheet.add(
            "workflows", home.id, home.workflows + number, f"demo{number + 1:04d}", name,
            None if active else _NOWHERE, category, trigger,
            None if conditions is None else document(stored(conditions)), document(configuration), active,
            home.users[0].id, settled, settled,
        )  # fmt: skip


def _integrations(ground: Ground, home: Organization, sheet: Sheet) -> None:
    for number, (kind, provider, name, status, minutes, error, hours) in enumerate(_INTEGRATIONS):
        made = moment(ground.until - (400 - 60 * number) * DAY)
        synced = None if hours is None else moment(ground.until - hours * HOUR)
        configuration = {
            "baseUrl": f"https://{provider}.{home.slug}.test/",
            "apiKey": "fake-api-key-of-demo-data",
            "objects": ["contacts"],
        }
        sheet.add(
            "integrations", home.id, home.integrations + number, kind, provider, name, document(configuration),
            status, synced, minutes, error, home.users[0].id, made, synced or made,
        )  # fmt: skip
