"""The organization that the golden queries ask: small, fixed, with at least one row of everything."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from lma_graph.kernel.viewer import Role
from world import World

START = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)


def at(day: int, hour: int = 0) -> dict[str, dt.datetime]:
    """Fixed moments of creation and change."""
    moment = START + dt.timedelta(days=day, hours=hour)
    return {"created_at": moment, "updated_at": moment}


@dataclass
class Company:
    """A world, and its rows by the names they bear in golden answers."""

    world: World
    rows: dict[str, Any]

    @property
    def names(self) -> dict[tuple[str, int], str]:
        """(type, number) → name."""
        world = self.world
        named = {("User", number): f"User {role.value}" for role, number in world.users.items()}
        named[("Organization", world.organization_id)] = "Organization"
        return named | {(name.split()[0], row.id): name for name, row in self.rows.items()}

    def id(self, name: str) -> str:
        """The global id of a row by its name."""
        kind, number = next(row for row, known in self.names.items() if known == name)
        return self.world.id(kind, number)


async def found(world: World) -> Company:
    """Write everything."""
    rows = await _leads(world)
    rows |= await _campaigns(world, rows)
    rows |= await _history(world, rows)
    rows |= await _automation(world, rows)
    return Company(world, rows)


async def _leads(world: World) -> dict[str, Any]:
    manager, rep = world.users[Role.MANAGER], world.users[Role.SALES_REP]
    ada = await world.lead(
        email="ada@acme.test",
        first_name="Ada",
        last_name="Berg",
        company="Acme",
        job_title="CTO",
        phone="+49301234567",
        website="https://acme.test",
        linkedin_url="https://linkedin.test/ada",
        status="CONTACTED",
        source="WEB_FORM",
        lead_temperature="HOT",
        score=80,
        value=12000,
        notes="Met at a fair.",
        tags=["vip", "a"],
        custom_fields={"country": "DE", "employees": 40, "size": {"seats": 7}},
        enrichment_data={"industry": {"value": "software", "confidence": 0.9}},
        expected_close_date=dt.date(2025, 6, 30),
        last_engagement_date=START + dt.timedelta(days=9),
        status_reason="wants a demonstration",
        external_source="crm",
        external_id="c-1",
        assigned_to_id=rep,
        **at(5),
    )
    bo = await world.lead(
        email="bo@acme.test", first_name="Bo", company="Acme", status="NEW", score=50, assigned_to_id=manager, **at(4)
    )
    cy = await world.lead(email="cy@other.test", first_name="Cy", source="IMPORT", tags=["vip"], **at(3))
    dee = await world.lead(email="dee@other.test", first_name="Dee", merged_into_id=ada.id, **at(2))
    await world.lead(email="gone@acme.test", first_name="Gone", company="Acme", deleted_at=START, **at(6))
    return {"Lead 1": ada, "Lead 2": bo, "Lead 3": cy, "Lead 4": dee}


async def _campaigns(world: World, rows: dict[str, Any]) -> dict[str, Any]:
    manager = world.users[Role.MANAGER]
    spring = await world.campaign(
        name="Spring",
        description="New product",
        status="ACTIVE",
        start_date=dt.date(2025, 3, 1),
        end_date=dt.date(2025, 5, 31),
        budget_allocated=5000,
        budget_spent=120,
        goals=[{"name": "responses", "target": 20}],
        target_criteria={"v": 1, "format": "filter", "expr": {"score": {"gte": 50}}},
        created_by=manager,
        **at(0),
    )
    answered = {"status": "RESPONDED", "last_contact_at": START, "response_at": START + dt.timedelta(days=1)}
    first = await world.member(spring, rows["Lead 1"], added_at=START, **answered)
    second = await world.member(spring, rows["Lead 2"], added_at=START + dt.timedelta(days=1))
    return {"Campaign 1": spring, "CampaignLead 1": first, "CampaignLead 2": second}


async def _history(world: World, rows: dict[str, Any]) -> dict[str, Any]:
    ada, bo, rep = rows["Lead 1"], rows["Lead 2"], world.users[Role.SALES_REP]
    done = {"user_id": rep, "direction": "OUTBOUND", "completed_at": START + dt.timedelta(days=6)}
    call = await world.activity(
        ada, subject="First call", content="Went well.", metadata={"minutes": 7}, **done, **at(6)
    )
    mail = await world.activity(
        ada, activity_type="EMAIL", subject="Offer", direction="INBOUND", campaign_id=rows["Campaign 1"].id, **at(7)
    )
    planned = {"status": "SCHEDULED", "scheduled_at": START + dt.timedelta(days=20)}
    meeting = await world.activity(ada, activity_type="MEETING", subject="Demo", user_id=rep, **planned, **at(8))
    audit = await world.activity(ada, activity_type="STATUS_CHANGE", **at(9))
    other = await world.activity(bo, activity_type="SMS", **at(9))
    note = await world.note(ada, content="Prefers mornings", mentioned_users=[rep], **at(7))
    private = await world.note(ada, content="Budget is small", is_private=True, note_type="RESEARCH", **at(8))
    rule = await world.rule(name="Decides", description="Can sign", score_points=30, **at(0))
    opening = await world.score_entry(ada, kind="OPENING", score_change=50, created_at=START)
    points = await world.score_entry(
        ada,
        rule_id=rule.id,
        previous_score=50,
        score_change=30,
        reason="CTO",
        created_at=START + dt.timedelta(days=5),
    )
    return {
        **{f"Activity {number}": row for number, row in enumerate((call, mail, meeting, audit, other), 1)},
        "LeadNote 1": note,
        "LeadNote 2": private,
        "LeadScoringRule 1": rule,
        "LeadScoreHistory 1": opening,
        "LeadScoreHistory 2": points,
    }


async def _automation(world: World, rows: dict[str, Any]) -> dict[str, Any]:
    admin = world.users[Role.ADMIN]
    flow = await world.workflow(name="Enrich", n8n_workflow_id="n-1", category="data", created_by=admin, **at(0))
    run = await world.execution(
        workflow_id=flow.id,
        lead_id=rows["Lead 1"].id,
        user_id=admin,
        status="SUCCEEDED",
        input_data={"leads": 1},
        output_data={"found": ["industry"]},
        leads_processed=1,
        leads_enriched=1,
        confidence_score=0.9,
        started_at=START,
        completed_at=START + dt.timedelta(minutes=1),
        created_at=START,
    )
    link = await world.integration(status="CONNECTED", last_sync_at=START, sync_frequency_minutes=15, **at(0))
    return {"Workflow 1": flow, "WorkflowExecution 1": run, "Integration 1": link}
