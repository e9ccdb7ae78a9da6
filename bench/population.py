"""Organizations of any size, made inside Postgres by `INSERT … SELECT generate_series`. Enter at `populate`.

Every value follows from the lead's number `i`. Four permutations of `i` modulo 10,000 (`a`, `b`, `c`, `d`) decide who
has which tag, custom field, word, and owner with status and score, so that in an organization whose size is a
multiple of 10,000 the questions of `bench.questions` match exactly 0.01 %, 1 % and 40 % of the leads, spread evenly
over time. Among the others are decoys: leads with two of three wanted properties.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

EPOCH = "timestamptz '2026-01-01 00:00:00+00'"
NUMBERED = ("leads", "activities", "lead_notes", "lead_score_history", "campaign_leads", "workflow_executions")

FURNITURE = """
INSERT INTO users (organization_id, email, role, first_name, last_name)
SELECT $1, 'user' || n || '@' || $2::text || '.test', CASE n WHEN 1 THEN 'ADMIN' ELSE 'SALES_REP' END, 'User', n::text
FROM generate_series(1, 40) n;
INSERT INTO campaigns (organization_id, name, campaign_type, status)
SELECT $1, 'Campaign ' || n, 'EMAIL', 'ACTIVE' FROM generate_series(1, 20) n;
INSERT INTO lead_scoring_rules (organization_id, name, rule_type, criteria, score_points)
SELECT $1, 'Rule ' || n, 'DEMOGRAPHIC', '{"v": 1, "format": "filter", "expr": {}}', 10 FROM generate_series(1, 10) n;
"""
"""What leads refer to: forty users, of whom the first is the administrator, campaigns and scoring rules."""

LEADS = """
INSERT INTO leads (organization_id, id, email, first_name, last_name, company, job_title, status, source,
                   lead_temperature, score, value, tags, custom_fields, created_at, updated_at, assigned_to_id)
SELECT $1, $2 + i, 'p' || i || '@lma.test', 'First' || i % 500, 'Last' || i % 3000, company, 'Manager',
       status, (ARRAY['WEBSITE', 'REFERRAL', 'IMPORT', 'EVENT'])[1 + i % 4],
       CASE WHEN score < 40 THEN 'COLD' WHEN score < 80 THEN 'WARM' ELSE 'HOT' END, score, i % 50000,
       to_jsonb(tags), jsonb_build_object('country', country, 'employees', c), created_at, created_at,
       CASE WHEN owner > 0 THEN $3 + owner - 1 END
FROM bench_leads
"""
MADE = f"""
CREATE TEMP TABLE bench_leads ON COMMIT DROP AS
SELECT i, c, {EPOCH} - ($1::bigint - i) * interval '30 s' AS created_at,
       array_remove(ARRAY[CASE WHEN a < 1 THEN 'rare' END, CASE WHEN a BETWEEN 1 AND 100 THEN 'some' END,
                          CASE WHEN b < 4000 THEN 'many' END, 'topic-' || i % 200], NULL) AS tags,
       CASE WHEN c < 1 THEN 'LI' WHEN c <= 100 THEN 'AT' WHEN c <= 4100 THEN 'DE' ELSE 'X' || c % 30 END AS country,
       CASE WHEN b < 1 THEN 'Quark' WHEN b <= 100 THEN 'Meson' ELSE 'Firm' || b % 700 END
           || CASE WHEN a < 4000 THEN ' GmbH' ELSE ' Ltd' END AS company,
       CASE WHEN d < 5000 THEN 'WORKING' WHEN d < 6000 THEN 'QUALIFIED' WHEN d < 6050 THEN 'CONVERTED'
            ELSE (ARRAY['NEW', 'CONTACTED', 'WORKING', 'NURTURING', 'QUALIFIED', 'CONVERTED', 'LOST'])[1 + i % 7]
       END AS status,
       CASE WHEN d < 5000 THEN 1 WHEN d < 6000 THEN 2 WHEN d < 6050 THEN 3 WHEN i % 11 = 0 THEN 0 ELSE 4 + i % 37
       END AS owner,
       CASE WHEN d < 4000 THEN 50 + i % 50 WHEN d < 5000 THEN i % 50 WHEN d < 5100 THEN 80 + i % 20
            WHEN d < 6000 THEN i % 80 WHEN d < 6001 THEN 95 WHEN d < 6050 THEN i % 90 ELSE i % 100 END AS score
FROM (SELECT i, i * 7919 % 10000 AS a, (i * 6007 + 17) % 10000 AS b, (i * 4001 + 5) % 10000 AS c,
             (i * 9377 + 3) % 10000 AS d FROM generate_series(1, $1::bigint) i) AS slots
"""

SEARCH = {
    "lead_tags": """
INSERT INTO lead_tags (organization_id, tag, created_at, lead_id)
SELECT $1, tag, created_at, $2 + i FROM bench_leads, unnest(tags) tag
""",
    "lead_fields": """
INSERT INTO lead_fields (organization_id, lead_id, name, created_at, text_value, number_value)
SELECT $1, $2 + i, name, created_at, text_value, number_value
FROM bench_leads, LATERAL (VALUES ('country', country, NULL), ('employees', NULL, c::double precision))
     AS field (name, text_value, number_value)
""",
    "lead_terms": """
INSERT INTO lead_terms (organization_id, term, created_at, lead_id, weight)
SELECT $1, term, created_at, $2 + i, weight
FROM bench_leads, LATERAL (
    VALUES ('p' || i, 4), ('lma', 4), ('test', 4), ('first' || i % 500, 3), ('last' || i % 3000, 3), ('manager', 1)
    UNION ALL SELECT lower(word), 2 FROM regexp_split_to_table(company, ' ') word) AS words (term, weight)
""",
}
"""The rows by which leads are found; the same as `lma_graph.leads.index` computes."""

CHILDREN = {
    "activities": """
INSERT INTO activities (organization_id, lead_id, user_id, activity_type, subject, created_at, completed_at, direction)
SELECT $1, $2 + i, $3 + i % 40, (ARRAY['CALL', 'EMAIL', 'MEETING', 'STATUS_CHANGE'])[1 + n % 4], 'Subject ' || n,
       created_at + n * interval '1 h', created_at + n * interval '1 h', 'OUTBOUND'
FROM bench_leads, generate_series(1, CASE WHEN i > $4 THEN 14 ELSE $5 * 2 END) n
""",
    "lead_notes": """
INSERT INTO lead_notes (organization_id, lead_id, user_id, content, created_at)
SELECT $1, $2 + i, $3 + i % 40, 'A note on what was said, number ' || n, created_at + n * interval '1 h'
FROM bench_leads, generate_series(1, CASE WHEN i > $4 THEN 6 ELSE $5 END) n
""",
    "lead_score_history": """
INSERT INTO lead_score_history (organization_id, lead_id, previous_score, new_score, score_change, reason, rule_id,
                                kind, created_at)
SELECT $1, $2 + i, n - 1, n, 1, 'Rule matched', $6 + n % 10, 'RULE', created_at + n * interval '1 h'
FROM bench_leads, generate_series(1, CASE WHEN i > $4 THEN 6 ELSE $5 END) n
""",
    "campaign_leads": """
INSERT INTO campaign_leads (organization_id, campaign_id, lead_id, added_at)
SELECT $1, $7 + n, $2 + i, created_at + n * interval '1 h'
FROM bench_leads, generate_series(1, CASE WHEN i > $4 THEN 3 WHEN i % 4 = 0 THEN $5 ELSE 0 END) n
""",
    "workflow_executions": """
INSERT INTO workflow_executions (organization_id, lead_id, workflow_type, status, created_at)
SELECT $1, $2 + i, 'N8N', 'SUCCEEDED', created_at FROM bench_leads WHERE $5 = 1 AND i % 10 = 0
""",
}
"""What hangs on leads: much on the newest (number above $4), little or nothing ($5) on the others."""


@dataclass(frozen=True)
class Organization:
    """One organization to make."""

    slug: str
    leads: int
    detailed: int = 1_000
    """How many of the newest leads have a full timeline."""
    others_have_children: bool = False
    searchable: bool = True
    """Whether words, tags and custom fields are written."""

    @property
    def admin(self) -> str:
        """The e-mail address of its administrator."""
        return f"user1@{self.slug}.test"


async def populate(owner: asyncpg.Connection, wanted: Organization, tell: Callable[[str], None] = print) -> int:
    """Make the organization in one transaction and return its id; `owner` is not subject to row security.

    Statistics are not gathered: `ANALYZE` when everything is there.
    """
    async with owner.transaction():
        if await owner.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            # Keys hold by construction; checking each would take most of the time.
            await owner.execute("SET LOCAL session_replication_role = replica")
        organization: int = await owner.fetchval(
            "INSERT INTO organizations (name, slug, settings) VALUES ($1, $1, $2::text::jsonb) RETURNING id",
            wanted.slug,
            '{"customFields": [{"name": "country", "type": "STRING"}, {"name": "employees", "type": "NUMBER"}]}',
        )
        await _furnish(owner, organization, wanted.slug)
        await _fill(owner, organization, wanted, tell)
    return organization


async def _furnish(owner: asyncpg.Connection, organization: int, slug: str) -> None:
    for statement in FURNITURE.strip().split(";\n"):
        statement = statement.rstrip(";")
        await owner.execute(statement, *((organization, slug) if "$2" in statement else (organization,)))


async def _fill(
    owner: asyncpg.Connection, organization: int, wanted: Organization, tell: Callable[[str], None]
) -> None:
    before: int = await owner.fetchval(
        "SELECT setval(s, last + $1) - $1 FROM (SELECT s, nextval(s) AS last FROM"
        " (SELECT pg_get_serial_sequence('leads', 'id')::regclass AS s) AS sequence) AS numbered",
        wanted.leads,
    )
    first = {
        table: await owner.fetchval(f"SELECT min(id) FROM {table} WHERE organization_id = $1", organization)
        for table in ("users", "lead_scoring_rules", "campaigns")
    }
    tell(f"{wanted.slug}: leads")
    await owner.execute(MADE, wanted.leads)
    await owner.execute("ANALYZE bench_leads")
    await owner.execute(LEADS, organization, before, first["users"])
    for table, statement in SEARCH.items() if wanted.searchable else ():
        tell(f"{wanted.slug}: {table}")
        await owner.execute(statement, organization, before)
    values: dict[str, Any] = {
        "$1": organization,
        "$2": before,
        "$3": first["users"],
        "$4": wanted.leads - wanted.detailed,
        "$5": int(wanted.others_have_children),
        "$6": first["lead_scoring_rules"],
        "$7": first["campaigns"],
    }
    for table, statement in CHILDREN.items():
        tell(f"{wanted.slug}: {table}")
        # Postgres cannot tell the type of a parameter that a statement does not use.
        for name, value in values.items():
            statement = statement.replace(name, f"{value:d}::bigint")
        await owner.execute(statement)
