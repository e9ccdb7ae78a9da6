"""What one seeding leaves behind: 301 leads over three organizations, looked at from many sides."""

import datetime as dt
import json
from collections import Counter

import pytest

from lma_graph.activities.models import COMMUNICATION_TYPES
from lma_graph.demo.accounts import ACCOUNTS
from lma_graph.demo.ground import (
    MOST_ACTIVITIES,
    MOST_ENTRIES,
    MOST_MEMBERSHIPS,
    MOST_NOTES,
    MOST_RUNS,
)
from lma_graph.demo.sheet import COLUMNS
from lma_graph.leads import index
from lma_graph.schema.tables import METADATA

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
COMMUNICATION = f"activity_type IN ({', '.join(repr(kind.value) for kind in COMMUNICATION_TYPES)})"


@pytest.fixture(scope="module")
async def world(seeded):
    async with seeded(until=NOW.date(), leads=301, organizations=3) as (connection, report):
        yield connection, report


async def _none(connection, sql, *values):
    """The statement finds nothing; what it finds is shown."""
    assert [dict(row) for row in await connection.fetch(sql, *values)] == []


def test_columns_are_columns_of_the_tables():
    for table, columns in COLUMNS.items():
        known = METADATA.tables[table].columns
        assert [name for name in columns if name not in known] == [], table
        required = {c.name for c in known if not c.nullable and c.server_default is None and c.identity is None}
        assert required <= set(columns), table


async def test_leads_are_divided_and_every_row_is_counted(world):
    connection, report = world
    assert (report.organizations, report.leads) == (3, 301)
    counted = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COLUMNS}
    assert report.rows == counted
    divided = await connection.fetch(
        "SELECT slug, count(l.id) FROM organizations o LEFT JOIN leads l ON l.organization_id = o.id"
        " GROUP BY o.id, slug ORDER BY o.id"
    )
    slugs, counts = zip(*divided, strict=True)
    assert counts == (101, 100, 100)
    assert slugs[:2] == ("demo", "rival")


async def test_accounts_and_colleagues(world):
    connection, _ = world
    for account in ACCOUNTS:
        row = await connection.fetchrow("SELECT * FROM viewer_by_user($1, $2)", account.organization, account.email)
        assert row is not None, account
        assert row["role"] == account.role
    for slug, emails in await connection.fetch(
        "SELECT slug, array_agg(email) FROM users u JOIN organizations o ON o.id = organization_id GROUP BY slug"
    ):
        assert 10 <= len(emails) <= 24
        assert all(email == email.lower() and email.endswith(f"@{slug}.test") for email in emails)


async def test_settings(world):
    connection, _ = world
    settings = json.loads(await connection.fetchval("SELECT settings FROM organizations WHERE slug = 'demo'"))
    assert settings == {
        "timeZone": "Europe/Berlin",
        "currency": "EUR",
        "visibility": {"salesRep": "ALL"},
        "scoring": {"thresholds": {"warm": 40, "hot": 80}},
        "customFields": [
            {"name": "country", "type": "STRING"},
            {"name": "plan", "type": "STRING"},
            {"name": "employees", "type": "NUMBER"},
        ],
    }


async def test_no_lead_has_more_children_than_ids_are_reserved_for(world):
    connection, _ = world
    limits = {
        "activities": MOST_ACTIVITIES,
        "lead_notes": MOST_NOTES,
        "lead_score_history": MOST_ENTRIES,
        "campaign_leads": MOST_MEMBERSHIPS,
        "workflow_executions": MOST_RUNS,
    }
    for table, most in limits.items():
        found = await connection.fetchval(
            f"SELECT max(n) FROM (SELECT count(*) n FROM {table} WHERE lead_id IS NOT NULL GROUP BY lead_id) x"
        )
        assert 0 < found <= most, table


async def test_ids_follow_time(world):
    connection, _ = world
    await _none(
        connection,
        "SELECT * FROM (SELECT id, created_at, lag(created_at) OVER (PARTITION BY organization_id ORDER BY id) before"
        " FROM leads) x WHERE before > created_at",
    )
    await _none(
        connection,
        "SELECT * FROM (SELECT id, created_at, lag(created_at) OVER (PARTITION BY lead_id ORDER BY id) before"
        " FROM activities) x WHERE before > created_at",
    )
    first, last = await connection.fetchrow("SELECT min(created_at), max(created_at) FROM leads")
    assert NOW - dt.timedelta(days=730) <= first < NOW - dt.timedelta(days=700)
    assert NOW - dt.timedelta(days=5) < last <= NOW - dt.timedelta(hours=12)


async def test_score_is_the_sum_of_its_history(world):
    connection, _ = world
    await _none(
        connection,
        "SELECT l.id, score, sum(score_change) FROM leads l JOIN lead_score_history h ON h.lead_id = l.id"
        " GROUP BY l.organization_id, l.id HAVING score <> sum(score_change)",
    )
    await _none(
        connection,
        "SELECT id FROM leads WHERE id NOT IN (SELECT lead_id FROM lead_score_history WHERE kind = 'OPENING')",
    )
    await _none(
        connection,
        "SELECT * FROM (SELECT *, lag(new_score, 1, 0) OVER w before, row_number() OVER w place"
        " FROM lead_score_history WINDOW w AS (PARTITION BY lead_id ORDER BY created_at, id)) x"
        " WHERE previous_score <> before OR (place = 1) <> (kind = 'OPENING') OR (rule_id IS NULL) = (kind = 'RULE')",
    )
    await _none(
        connection,
        "SELECT id, score, lead_temperature FROM leads WHERE lead_temperature <>"
        " CASE WHEN score >= 80 THEN 'HOT' WHEN score >= 40 THEN 'WARM' ELSE 'COLD' END",
    )


RULES = {
    "Decision maker": "job_title ~* 'chief|head of|director|vp of|founder|owner'",
    "Large company": "(custom_fields->>'employees')::int >= 250",
    "Core market": "custom_fields->>'country' IN ('DE', 'NL')",
    "Came recommended": "source IN ('REFERRAL', 'PARTNER', 'INBOUND_CALL')",
    "Filled in a form": "EXISTS (SELECT FROM a WHERE a.lead_id = l.id AND activity_type = 'FORM_SUBMISSION')",
    "Follows links": "EXISTS (SELECT FROM a WHERE a.lead_id = l.id AND activity_type = 'EMAIL_CLICK')",
    "Answers e-mails": "EXISTS (SELECT FROM a WHERE a.lead_id = l.id AND activity_type = 'EMAIL'"
    " AND direction = 'INBOUND')",
    "Had a meeting": "EXISTS (SELECT FROM a WHERE a.lead_id = l.id AND activity_type = 'MEETING'"
    " AND status = 'COMPLETED')",
    "Fell silent": "last_engagement_date < $1::timestamptz - interval '365 days'",
    "Poor fit": "tags ? 'competitor' OR company IS NULL",
    "Looked at the price list": "false",
}


@pytest.mark.parametrize("name", RULES)
async def test_history_holds_what_the_rules_give(world, name):
    """Scoring everything again would change nothing."""
    connection, _ = world
    await _none(
        connection,
        f"WITH a AS (SELECT * FROM activities WHERE {COMMUNICATION}), given AS ("
        " SELECT lead_id, sum(score_change) points FROM lead_score_history h"
        " JOIN lead_scoring_rules r ON r.id = rule_id AND r.name = $2 GROUP BY lead_id)"
        " SELECT l.id, points FROM leads l LEFT JOIN given ON lead_id = l.id"
        " JOIN lead_scoring_rules r ON r.organization_id = l.organization_id AND r.name = $2"
        f" WHERE ($1::timestamptz IS NOT NULL) AND coalesce(points, 0) <> CASE WHEN {RULES[name]}"
        " THEN r.score_points ELSE 0 END",
        NOW,
        name,
    )


async def test_every_rule_is_tried(world):
    connection, _ = world
    assert {row["name"] for row in await connection.fetch("SELECT name FROM lead_scoring_rules")} == set(RULES)


async def test_every_criteria_has_the_stored_form(world):
    connection, _ = world
    stored = await connection.fetch(
        "SELECT criteria AS c FROM lead_scoring_rules UNION ALL SELECT target_criteria FROM campaigns"
        " UNION ALL SELECT trigger_conditions FROM workflows WHERE trigger_conditions IS NOT NULL"
    )
    assert len(stored) == 3 * (11 + 13 + 4)
    for row in stored:
        criteria = json.loads(row["c"])
        assert {key: criteria[key] for key in criteria if key != "expr"} == {"v": 1, "format": "filter"}
        assert criteria["expr"]


async def test_nothing_has_happened_in_the_future(world):
    connection, _ = world
    for table, columns in COLUMNS.items():
        for name in {"created_at", "updated_at", "completed_at", "added_at", "started_at"} & set(columns):
            await _none(connection, f"SELECT id FROM {table} WHERE {name} > $1", NOW) if "id" in columns else None
    await _none(
        connection,
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


async def test_activities_agree_with_their_kind(world):
    connection, _ = world
    await _none(
        connection,
        f"SELECT id, activity_type, direction FROM activities WHERE NOT {COMMUNICATION} AND direction IS NOT NULL"
        f" OR {COMMUNICATION} AND (direction IS NULL) <> (activity_type = 'TASK')"
        " OR activity_type IN ('FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')"
        "    AND (direction <> 'INBOUND' OR user_id IS NOT NULL)",
    )
    await _none(
        connection,
        "SELECT l.id FROM leads l LEFT JOIN LATERAL (SELECT max(completed_at) newest FROM activities a"
        f" WHERE a.lead_id = l.id AND a.status = 'COMPLETED' AND {COMMUNICATION}) x ON true"
        " WHERE last_engagement_date IS DISTINCT FROM newest",
    )


async def test_audit_trail_ends_where_the_lead_is(world):
    connection, _ = world
    for kind, column in (("STATUS_CHANGE", "status"), ("ASSIGNMENT", "assigned_to_id"), ("SCORE_CHANGE", "score")):
        await _none(
            connection,
            f"SELECT l.id, {column}, last FROM leads l JOIN LATERAL (SELECT metadata->>'to' last FROM activities a"
            f" WHERE a.lead_id = l.id AND activity_type = '{kind}' ORDER BY created_at DESC, id DESC LIMIT 1) x"
            f" ON true WHERE {column}::text IS DISTINCT FROM last",
        )
        await _none(
            connection,
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
    await _none(
        connection,
        "SELECT id, status, status_reason FROM leads WHERE (status_reason IS NOT NULL) <>"
        " (status IN ('LOST', 'UNQUALIFIED'))",
    )
    await _none(
        connection,
        "SELECT id FROM leads l WHERE status = 'NEW' AND EXISTS (SELECT FROM activities a WHERE a.lead_id = l.id"
        " AND a.status = 'COMPLETED' AND direction = 'OUTBOUND')",
    )


async def test_members_stamps_agree_with_their_status(world):
    connection, _ = world
    await _none(
        connection,
        "SELECT id, status, last_contact_at, response_at, conversion_at FROM campaign_leads WHERE"
        " (last_contact_at IS NULL) <> (status = 'ENROLLED')"
        " OR (response_at IS NOT NULL) <> (status IN ('RESPONDED', 'CONVERTED'))"
        " OR (conversion_at IS NOT NULL) <> (status = 'CONVERTED')"
        " OR NOT coalesce(added_at < last_contact_at, true) OR NOT coalesce(last_contact_at < response_at, true)"
        " OR NOT coalesce(response_at < conversion_at, true) OR conversion_at > $1",
        NOW,
    )
    await _none(
        connection,
        "SELECT m.id FROM campaign_leads m JOIN leads l ON l.id = m.lead_id JOIN campaigns c ON c.id = campaign_id"
        " WHERE added_at < l.created_at OR added_at < start_date OR added_at > end_date OR c.status = 'DRAFT'",
    )
    await _none(
        connection,
        "SELECT m.id FROM campaign_leads m WHERE last_contact_at IS NOT NULL AND NOT EXISTS (SELECT FROM activities a"
        " WHERE a.lead_id = m.lead_id AND a.campaign_id = m.campaign_id AND completed_at = last_contact_at"
        " AND activity_type = 'EMAIL' AND direction = 'OUTBOUND')",
    )
    enrolled, members = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM activities WHERE activity_type = 'CAMPAIGN_ENROLLED'),"
        " (SELECT count(*) FROM campaign_leads)"
    )
    assert enrolled == members > 50


async def test_search_rows_are_those_of_the_index(world):
    connection, _ = world
    declared = ("country", "plan", "employees")
    wanted: dict[str, Counter] = {"lead_tags": Counter(), "lead_fields": Counter(), "lead_terms": Counter()}
    for row in await connection.fetch("SELECT * FROM leads"):
        lead = dict(row) | {name: json.loads(row[name]) for name in ("tags", "custom_fields")}
        key = (lead["organization_id"], lead["id"], lead["created_at"])
        wanted["lead_tags"].update((*key, tag) for tag in index.tags(lead))
        wanted["lead_fields"].update((*key, *found) for found in index.fields(lead, declared))
        wanted["lead_terms"].update((*key, *found) for found in index.terms(lead).items())
    columns = {"lead_tags": "tag", "lead_fields": "name, text_value, number_value", "lead_terms": "term, weight"}
    for table, names in columns.items():
        rows = await connection.fetch(f"SELECT organization_id, lead_id, created_at, {names} FROM {table}")
        assert Counter(map(tuple, rows)) == wanted[table]


async def test_notes(world):
    connection, _ = world
    await _none(
        connection,
        "SELECT n.id FROM lead_notes n, jsonb_array_elements(mentioned_users) m LEFT JOIN users u"
        " ON u.id = m::bigint WHERE u.organization_id IS DISTINCT FROM n.organization_id OR u.id = n.user_id",
    )
    private, mentioning, attached = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE is_private), count(*) FILTER (WHERE mentioned_users <> '[]'),"
        " count(*) FILTER (WHERE attachments <> '[]') FROM lead_notes"
    )
    assert min(private, mentioning, attached) > 0


async def test_automation_is_varied_and_leads_nowhere(world):
    connection, _ = world
    statuses = await connection.fetch("SELECT DISTINCT status FROM workflow_executions")
    assert {row["status"] for row in statuses} >= {"RUNNING", "SUCCEEDED", "FAILED", "EXHAUSTED", "CANCELLED"}
    await _none(
        connection,
        "SELECT id, status FROM workflow_executions WHERE (error_message IS NOT NULL) <>"
        " (status IN ('FAILED', 'EXHAUSTED')) OR (completed_at IS NULL) <> (status = 'RUNNING')",
    )
    await _none(
        connection,
        "SELECT id FROM integrations WHERE (status = 'ERROR' AND error_message IS NULL)"
        " OR (status IN ('CONNECTED', 'DEGRADED') AND sync_frequency_minutes IS NOT NULL)"
        " OR configuration->>'apiKey' NOT LIKE 'fake-%' OR configuration->>'baseUrl' NOT LIKE '%.test/'",
    )
    await _none(connection, "SELECT id FROM workflows WHERE is_active AND trigger_type <> 'MANUAL'")


async def test_enrichment_names_its_source(world):
    connection, _ = world
    found = await connection.fetch("SELECT enrichment_data FROM leads WHERE enrichment_data <> '{}'")
    assert len(found) > 30
    for row in found:
        for name, entry in json.loads(row["enrichment_data"]).items():
            assert set(entry) == {"value", "source", "time", "confidence"}, name


async def test_the_next_row_gets_a_free_id(world):
    connection, _ = world
    organization = await connection.fetchval("SELECT id FROM organizations WHERE slug = 'demo'")
    lead = await connection.fetchval("SELECT max(id) FROM leads WHERE organization_id = $1", organization)
    inserts = {
        "organizations": "(name, slug) SELECT 'New', 'new' FROM (SELECT $1::bigint, $2::bigint) x",
        "leads": "(organization_id, email) SELECT $1::bigint, 'next@one.test' FROM (SELECT $2::bigint) x",
        "users": "(organization_id, email) SELECT $1::bigint, 'next@demo.test' FROM (SELECT $2::bigint) x",
        "activities": "(organization_id, lead_id, activity_type) VALUES ($1, $2, 'CALL')",
        "lead_score_history": "(organization_id, lead_id, previous_score, new_score, score_change, kind)"
        " VALUES ($1, $2, 0, 0, 0, 'MANUAL')",
        "workflow_executions": "(organization_id, lead_id, workflow_type) VALUES ($1, $2, 'N8N')",
    }
    transaction = connection.transaction()
    await transaction.start()
    try:
        for table, rest in inserts.items():
            highest = await connection.fetchval(f"SELECT max(id) FROM {table}")
            issued = await connection.fetchval(f"INSERT INTO {table} {rest} RETURNING id", organization, lead)
            assert issued > highest, table
    finally:
        await transaction.rollback()


async def test_statistics_are_fresh(world):
    connection, _ = world
    known = await connection.fetchval("SELECT reltuples::int FROM pg_class WHERE relname = 'leads'")
    assert known == 301
