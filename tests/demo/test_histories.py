"""The histories in demo data: scores that rules explain, activities and memberships that agree with one another."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa

from lma_graph.activities.models import COMMUNICATION_TYPES
from lma_graph.demo.sheet import COLUMNS
from lma_graph.kernel.criteria.stored import read_stored
from lma_graph.kernel.db import Database
from lma_graph.kernel.scope import ORGANIZATION, Scope, table_of
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.models import LeadRow

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
COMMUNICATION = f"activity_type IN ({', '.join(repr(kind.value) for kind in COMMUNICATION_TYPES)})"


@pytest.fixture(scope="module")
async def matches(demo, seed_url):
    """`matches(slug, stored)`: leads of the organization that fulfil a stored filter, as the server finds them."""
    async with Database(seed_url, pool_size=2) as database:

        async def find(slug, stored):
            viewer = await database.viewer(slug, f"admin@{slug}.test")
            lead = table_of(LeadRow).alias()
            condition = read_stored(LEAD, stored).sql(lead, Scope.of(viewer))
            async with database.reader(viewer) as reader:
                statement = sa.select(lead.c.id).where(lead.c.organization_id == ORGANIZATION, condition)
                return {row.id for row in await reader.rows(statement)}

        yield find


async def test_score_is_the_sum_of_its_history(nothing):
    await nothing(
        "SELECT l.id, score, sum(score_change) FROM leads l JOIN lead_score_history h ON h.lead_id = l.id"
        " GROUP BY l.organization_id, l.id HAVING score <> sum(score_change)",
    )
    await nothing(
        "SELECT id FROM leads WHERE id NOT IN (SELECT lead_id FROM lead_score_history WHERE kind = 'OPENING')",
    )
    await nothing(
        "SELECT * FROM (SELECT *, lag(new_score, 1, 0) OVER w before, row_number() OVER w place"
        " FROM lead_score_history WINDOW w AS (PARTITION BY lead_id ORDER BY created_at, id)) x"
        " WHERE previous_score <> before OR (place = 1) <> (kind = 'OPENING') OR (rule_id IS NULL) = (kind = 'RULE')",
    )
    await nothing(
        "SELECT id, score, lead_temperature FROM leads WHERE lead_temperature <>"
        " CASE WHEN score >= 80 THEN 'HOT' WHEN score >= 40 THEN 'WARM' ELSE 'COLD' END",
    )


async def test_history_holds_what_the_rules_give(demo, matches):
    """Scoring everything again would change nothing; the rule about time, which goes by the clock, apart."""
    connection, _ = demo
    rules = await connection.fetch(
        "SELECT r.id, r.name, slug, criteria, score_points, r.is_active FROM lead_scoring_rules r"
        " JOIN organizations o ON o.id = organization_id ORDER BY r.id"
    )
    assert len(rules) == 3 * 11
    given_at_all = set()
    for rule in rules:
        entries = await connection.fetch(
            "SELECT lead_id, score_change FROM lead_score_history WHERE rule_id = $1", rule["id"]
        )
        given = dict(map(tuple, entries))
        assert len(given) == len(entries), rule["name"]
        if rule["name"] != "Fell silent":
            fulfil = await matches(rule["slug"], json.loads(rule["criteria"])) if rule["is_active"] else set()
            assert given == dict.fromkeys(fulfil, rule["score_points"]), rule["name"]
        given_at_all |= {rule["name"]} if given else set()
    assert given_at_all == {rule["name"] for rule in rules} - {"Looked at the price list"}


async def test_who_fell_silent(demo):
    connection, _ = demo
    silent = await connection.fetch(
        "SELECT id FROM leads WHERE last_engagement_date < $1::timestamptz - interval '365 days' ORDER BY id", NOW
    )
    marked = await connection.fetch(
        "SELECT lead_id FROM lead_score_history JOIN lead_scoring_rules r ON r.id = rule_id"
        " WHERE r.name = 'Fell silent' AND score_change = -10 ORDER BY lead_id"
    )
    assert [row["id"] for row in silent] == [row["lead_id"] for row in marked] != []


async def test_members_are_those_the_campaign_is_for(demo, matches):
    connection, _ = demo
    campaigns = await connection.fetch(
        "SELECT c.id, c.name, slug, target_criteria, (SELECT array_agg(lead_id) FROM campaign_leads m"
        " WHERE m.campaign_id = c.id) members FROM campaigns c JOIN organizations o ON o.id = organization_id"
    )
    for campaign in campaigns:
        members = set(campaign["members"] or ())
        assert members <= await matches(campaign["slug"], json.loads(campaign["target_criteria"])), campaign["name"]


async def test_nothing_has_happened_in_the_future(demo, nothing):
    connection, _ = demo
    for table, columns in COLUMNS.items():
        for name in {"created_at", "updated_at", "completed_at", "added_at", "started_at"} & set(columns):
            await nothing(f"SELECT id FROM {table} WHERE {name} > $1", NOW) if "id" in columns else None
    await nothing(
        "SELECT id, status, completed_at, scheduled_at FROM activities WHERE (status = 'COMPLETED') <>"
        " (completed_at IS NOT NULL) OR (status <> 'COMPLETED' AND scheduled_at IS NULL)"
        " OR completed_at < scheduled_at",
    )
    kinds = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE status = 'SCHEDULED' AND scheduled_at > $1) planned,"
        " count(*) FILTER (WHERE status = 'SCHEDULED' AND scheduled_at < $1) overdue,"
        " count(*) FILTER (WHERE status = 'CANCELLED') cancelled FROM activities",
        NOW,
    )
    assert min(kinds) > 0, dict(kinds)


async def test_activities_agree_with_their_kind(nothing):
    await nothing(
        f"SELECT id, activity_type, direction FROM activities WHERE NOT {COMMUNICATION} AND direction IS NOT NULL"
        f" OR {COMMUNICATION} AND (direction IS NULL) <> (activity_type = 'TASK')"
        " OR activity_type IN ('FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')"
        "    AND (direction <> 'INBOUND' OR user_id IS NOT NULL)",
    )
    await nothing(
        "SELECT l.id FROM leads l LEFT JOIN LATERAL (SELECT max(completed_at) newest FROM activities a"
        f" WHERE a.lead_id = l.id AND a.status = 'COMPLETED' AND {COMMUNICATION}) x ON true"
        " WHERE last_engagement_date IS DISTINCT FROM newest",
    )


async def test_audit_trail_ends_where_the_lead_is(demo, nothing):
    connection, _ = demo
    for kind, column in (("STATUS_CHANGE", "status"), ("ASSIGNMENT", "assigned_to_id"), ("SCORE_CHANGE", "score")):
        await nothing(
            f"SELECT l.id, {column}, last FROM leads l JOIN LATERAL (SELECT metadata->>'to' last FROM activities a"
            f" WHERE a.lead_id = l.id AND activity_type = '{kind}' ORDER BY created_at DESC, id DESC LIMIT 1) x"
            f" ON true WHERE {column}::text IS DISTINCT FROM last",
        )
        await nothing(
            "SELECT * FROM (SELECT lead_id, metadata->>'from' AS start, lag(metadata->>'to')"
            " OVER (PARTITION BY lead_id ORDER BY created_at, id) before FROM activities WHERE activity_type = $1) x"
            " WHERE before IS NOT NULL AND before IS DISTINCT FROM start",
            kind,
        )
    keys = await connection.fetch(
        "SELECT DISTINCT activity_type, (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(metadata) k)"
        " FROM activities WHERE activity_type IN ('STATUS_CHANGE', 'ASSIGNMENT')"
    )
    assert dict(map(tuple, keys)) == {
        "STATUS_CHANGE": ["from", "reason", "to"],
        "ASSIGNMENT": ["from", "reason", "strategy", "to"],
    }
    await nothing(
        "SELECT id, status, status_reason FROM leads WHERE (status_reason IS NOT NULL) <>"
        " (status IN ('LOST', 'UNQUALIFIED'))",
    )
    await nothing(
        "SELECT id FROM leads l WHERE status = 'NEW' AND EXISTS (SELECT FROM activities a WHERE a.lead_id = l.id"
        " AND a.status = 'COMPLETED' AND direction = 'OUTBOUND')",
    )


async def test_members_stamps_agree_with_their_status(demo, nothing):
    connection, _ = demo
    await nothing(
        "SELECT id, status, last_contact_at, response_at, conversion_at FROM campaign_leads WHERE"
        " (last_contact_at IS NULL) <> (status = 'ENROLLED')"
        " OR (response_at IS NOT NULL) <> (status IN ('RESPONDED', 'CONVERTED'))"
        " OR (conversion_at IS NOT NULL) <> (status = 'CONVERTED')"
        " OR NOT coalesce(added_at < last_contact_at, true) OR NOT coalesce(last_contact_at < response_at, true)"
        " OR NOT coalesce(response_at < conversion_at, true) OR conversion_at > $1",
        NOW,
    )
    await nothing(
        "SELECT m.id FROM campaign_leads m JOIN leads l ON l.id = m.lead_id JOIN campaigns c ON c.id = campaign_id"
        " WHERE added_at < l.created_at OR added_at < start_date OR added_at > end_date OR c.status = 'DRAFT'",
    )
    await nothing(
        "SELECT m.id FROM campaign_leads m WHERE last_contact_at IS NOT NULL AND NOT EXISTS (SELECT FROM activities a"
        " WHERE a.lead_id = m.lead_id AND a.campaign_id = m.campaign_id AND completed_at = last_contact_at"
        " AND activity_type = 'EMAIL' AND direction = 'OUTBOUND')",
    )
    enrolled, members = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM activities WHERE activity_type = 'CAMPAIGN_ENROLLED'),"
        " (SELECT count(*) FROM campaign_leads)"
    )
    assert enrolled == members > 50
