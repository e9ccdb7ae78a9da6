"""An organization with a row in every table and a value in every key, the same words in each that is made."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.jobs import enqueue
from lma_graph.kernel.outbox import record
from lma_graph.kernel.viewer import Role
from lma_graph.schema.tables import METADATA
from world import World

WORD = "shared"
AT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@dataclass
class Populated:
    """A world and one row of each GraphQL type, by the type's name, all tied to each other."""

    world: World
    rows: dict[str, int]
    hidden: dict[str, int]
    """Rows in a certain state, by that state and their type; no walk through the graph looks for them."""

    def id(self, name: str) -> str:
        """The global id of the row of that type."""
        number = self.hidden[name] if name in self.hidden else self.rows[name]
        return self.world.id(kind_of(name), number)


def kind_of(name: str) -> str:
    """The type of a row that is named with its state, such as `DeletedLead`."""
    for state in ("Deleted", "Scheduled", "Own", "Doubled", "Merged", "Pending", "Failed", "Empty"):
        name = name.removeprefix(state)
    return name


async def populate(world: World) -> Populated:
    """Fill a world; what two filled worlds hold differs in nothing but ids and addresses."""
    rep, admin = world.users[Role.SALES_REP], world.users[Role.ADMIN]
    lead = await world.lead(
        first_name=WORD,
        assigned_to_id=rep,
        tags=[WORD],
        custom_fields={"country": WORD, "employees": 7},
        score=20,
        value=20,
        last_engagement_date=AT,
        expected_close_date=AT.date(),
    )
    other = await world.lead(first_name=WORD, assigned_to_id=admin, merged_into_id=lead.id, score=10, value=10)
    deleted = await world.lead(first_name=WORD, deleted_at=AT)
    campaign = await world.campaign(created_by=rep)
    workflow = await world.workflow(created_by=rep, n8n_workflow_id=WORD)
    rule = await world.rule()
    tied = {"user_id": rep, "content": WORD}
    activity = await world.activity(lead, campaign_id=campaign.id, direction="OUTBOUND", completed_at=AT, **tied)
    scheduled = await world.activity(lead, scheduled_at=AT, status="SCHEDULED", **tied)
    await world.activity(other, **tied)
    await world.note(other, is_private=True, **tied)
    rows = {
        "Organization": world.organization_id,
        "User": rep,
        "Lead": lead.id,
        "Activity": activity.id,
        "LeadNote": (await world.note(lead, mentioned_users=[admin], **tied)).id,
        "Campaign": campaign.id,
        "CampaignLead": (await world.member(campaign, lead)).id,
        "Workflow": workflow.id,
        "WorkflowExecution": (await world.execution(user_id=rep, lead_id=lead.id, workflow_id=workflow.id)).id,
        "LeadScoringRule": rule.id,
        "LeadScoreHistory": (await world.score_entry(lead, rule_id=rule.id)).id,
        "Integration": (await world.integration(created_by=rep)).id,
    }
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await record(unit, WORD)
        await enqueue(unit, WORD)
    await world.do("createLead", {"firstName": WORD, "idempotencyKey": WORD}, "lead { id }")
    dealt = {"leadIds": [world.id("Lead", other.id)], "strategy": "ROUND_ROBIN", "userIds": [world.id("User", admin)]}
    await world.do("autoAssignLeads", dealt, "assigned")
    own = await world.note(lead, content=WORD)
    doubled, merged = await world.lead(first_name=WORD), await world.lead(first_name=WORD)
    joined = {"leadId": world.id("Lead", doubled.id), "duplicateIds": [world.id("Lead", merged.id)]}
    await world.do("mergeLeads", joined, "__typename")
    pending = await world.execution(workflow_type="IMPORT", status="PENDING", user_id=rep)
    failed = await world.execution(workflow_type="IMPORT", status="FAILED", user_id=rep)
    hidden = {
        "PendingWorkflowExecution": pending.id,
        "FailedWorkflowExecution": failed.id,
        "DeletedLead": deleted.id,
        "DoubledLead": doubled.id,
        "MergedLead": merged.id,
        "EmptyCampaign": (await world.campaign(name=WORD)).id,
    }
    return Populated(world, rows, {**hidden, "ScheduledActivity": scheduled.id, "OwnLeadNote": own.id})


def tenant_tables() -> list[sa.Table]:
    """Every table that belongs to organizations, the table of organizations left out."""
    return [table for table in METADATA.sorted_tables if "organization_id" in table.columns]


def keys_between_tenants() -> list[Any]:
    """Every foreign key from one tenant table to another."""
    return [
        key
        for table in tenant_tables()
        for key in sorted(table.foreign_key_constraints, key=lambda key: key.column_keys)
        if "organization_id" in key.referred_table.columns
    ]
