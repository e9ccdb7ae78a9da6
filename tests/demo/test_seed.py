"""What one seeding leaves behind: 301 leads over three organizations, looked at from many sides."""

import datetime as dt
import json
from collections import Counter

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
from lma_graph.kernel.criteria.stored import to_stored
from lma_graph.leads import index
from lma_graph.leads.criteria import LEAD
from lma_graph.schema.tables import METADATA

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
COMMUNICATION = f"activity_type IN ({', '.join(repr(kind.value) for kind in COMMUNICATION_TYPES)})"


def test_columns_are_columns_of_the_tables():
    for table, columns in COLUMNS.items():
        known = METADATA.tables[table].columns
        assert [name for name in columns if name not in known] == [], table
        required = {c.name for c in known if not c.nullable and c.server_default is None and c.identity is None}
        assert required <= set(columns), table


async def test_leads_are_divided_and_every_row_is_counted(demo):
    connection, report = demo
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


async def test_accounts_and_colleagues(demo):
    connection, _ = demo
    for account in ACCOUNTS:
        row = await connection.fetchrow("SELECT * FROM viewer_by_user($1, $2)", account.organization, account.email)
        assert row is not None, account
        assert row["role"] == account.role
    for slug, emails in await connection.fetch(
        "SELECT slug, array_agg(email) FROM users u JOIN organizations o ON o.id = organization_id GROUP BY slug"
    ):
        assert 10 <= len(emails) <= 24
        assert all(email == email.lower() and email.endswith(f"@{slug}.test") for email in emails)


async def test_settings(demo):
    connection, _ = demo
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


async def test_no_lead_has_more_children_than_ids_are_reserved_for(demo):
    connection, _ = demo
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


async def test_ids_follow_time(demo, nothing):
    connection, _ = demo
    await nothing(
        "SELECT * FROM (SELECT id, created_at, lag(created_at) OVER (PARTITION BY organization_id ORDER BY id) before"
        " FROM leads) x WHERE before > created_at",
    )
    await nothing(
        "SELECT * FROM (SELECT id, created_at, lag(created_at) OVER (PARTITION BY lead_id ORDER BY id) before"
        " FROM activities) x WHERE before > created_at",
    )
    first, last = await connection.fetchrow("SELECT min(created_at), max(created_at) FROM leads")
    assert NOW - dt.timedelta(days=730) <= first < NOW - dt.timedelta(days=700)
    assert NOW - dt.timedelta(days=5) < last <= NOW - dt.timedelta(hours=12)


async def test_every_criteria_has_the_stored_form(demo):
    connection, _ = demo
    stored = await connection.fetch(
        "SELECT criteria AS c FROM lead_scoring_rules UNION ALL SELECT target_criteria FROM campaigns"
        " UNION ALL SELECT trigger_conditions FROM workflows WHERE trigger_conditions IS NOT NULL"
    )
    assert len(stored) == 3 * (11 + 13 + 4)
    for row in stored:
        criteria = json.loads(row["c"])
        assert criteria == to_stored(LEAD.filter(criteria["expr"]))
        assert criteria["expr"]


async def test_search_rows_are_those_of_the_index(demo):
    connection, _ = demo
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


async def test_notes(demo, nothing):
    connection, _ = demo
    await nothing(
        "SELECT n.id FROM lead_notes n, jsonb_array_elements(mentioned_users) m LEFT JOIN users u"
        " ON u.id = m::bigint WHERE u.organization_id IS DISTINCT FROM n.organization_id OR u.id = n.user_id",
    )
    private, mentioning, attached = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE is_private), count(*) FILTER (WHERE mentioned_users <> '[]'),"
        " count(*) FILTER (WHERE attachments <> '[]') FROM lead_notes"
    )
    assert min(private, mentioning, attached) > 0


async def test_automation_is_varied_and_leads_nowhere(demo, nothing):
    connection, _ = demo
    statuses = await connection.fetch("SELECT DISTINCT status FROM workflow_executions")
    assert {row["status"] for row in statuses} >= {"RUNNING", "SUCCEEDED", "FAILED", "EXHAUSTED", "CANCELLED"}
    await nothing(
        "SELECT id, status FROM workflow_executions WHERE (error_message IS NOT NULL) <>"
        " (status IN ('FAILED', 'EXHAUSTED')) OR (completed_at IS NULL) <> (status = 'RUNNING')",
    )
    await nothing(
        "SELECT id FROM integrations WHERE (status = 'ERROR' AND error_message IS NULL)"
        " OR (status IN ('CONNECTED', 'DEGRADED') AND sync_frequency_minutes IS NOT NULL)"
        " OR configuration->>'apiKey' NOT LIKE 'fake-%' OR configuration->>'baseUrl' NOT LIKE '%.test/'",
    )
    await nothing("SELECT id FROM workflows WHERE is_active AND trigger_type <> 'MANUAL'")


async def test_enrichment_names_its_source(demo):
    connection, _ = demo
    found = await connection.fetch("SELECT enrichment_data FROM leads WHERE enrichment_data <> '{}'")
    assert len(found) > 30
    for row in found:
        for name, entry in json.loads(row["enrichment_data"]).items():
            assert set(entry) == {"value", "source", "time", "confidence"}, name


async def test_the_next_row_gets_a_free_id(demo):
    connection, _ = demo
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


async def test_statistics_are_fresh(demo):
    connection, _ = demo
    known = await connection.fetchval("SELECT reltuples::int FROM pg_class WHERE relname = 'leads'")
    assert known == 301
