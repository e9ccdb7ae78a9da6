"""What holds of an organization after any sequence of changes, asked in SQL that shares nothing with the server's.

Each check gives what contradicts it, so an empty answer is a good one. Enter at `contradictions`.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg

from lma_graph.kernel import ids
from lma_graph.leads import index
from world import DECLARED, World

# An entry of the trail is a lead's own unless a merge that still holds has brought it. What was erased has no trail
# that could be read; what is merged has its trail at the lead that survived.
_OWN = """
WITH moved AS (
    SELECT m.lead_id, x.id::bigint AS entry
    FROM lead_merges m, jsonb_each(m.moved -> 'activities') AS e, jsonb_array_elements_text(e.value) AS x(id)
    WHERE m.organization_id = $1 AND m.undone_at IS NULL
), own AS (
    SELECT a.* FROM activities a WHERE a.organization_id = $1
    AND NOT EXISTS (SELECT FROM moved WHERE moved.lead_id = a.lead_id AND moved.entry = a.id)
), traced AS (
    SELECT l.* FROM leads l WHERE l.organization_id = $1 AND l.merged_into_id IS NULL AND NOT EXISTS (
        SELECT FROM own WHERE own.lead_id = l.id AND own.metadata @> '{"erased": true}'
    )
)
"""
_NEWEST = """
SELECT l.id, l.assigned_to_id, l.status, n.metadata FROM traced l LEFT JOIN LATERAL (
    SELECT metadata FROM own WHERE own.lead_id = l.id AND own.activity_type = '%s' ORDER BY id DESC LIMIT 1
) n ON true WHERE
"""
CHECKS = {
    "the score is the sum of its history": """
        SELECT l.id, l.score FROM leads l WHERE l.organization_id = $1 AND l.score <> coalesce((
            SELECT sum(h.score_change) FROM lead_score_history h WHERE h.organization_id = $1 AND h.lead_id = l.id), 0)
    """,
    "a history of scores is a chain": """
        SELECT h.lead_id, h.id FROM (
            SELECT *, lag(new_score, 1, 0) OVER (PARTITION BY lead_id ORDER BY created_at, id) AS before
            FROM lead_score_history WHERE organization_id = $1
        ) h WHERE h.previous_score <> h.before OR h.new_score <> h.previous_score + h.score_change
    """,
    "an e-mail address has one lead that is there": """
        SELECT lower(btrim(email)) FROM leads WHERE organization_id = $1 AND deleted_at IS NULL AND email IS NOT NULL
        GROUP BY 1 HAVING count(*) > 1
    """,
    "the owner is who the trail says": f"""
        {_OWN} {_NEWEST % "ASSIGNMENT"} l.assigned_to_id IS DISTINCT FROM (n.metadata ->> 'to')::bigint
    """,
    "the status is what the trail says": f"{_OWN} {_NEWEST % 'STATUS_CHANGE'} l.status <> n.metadata ->> 'to'",
    "the version counts the changes": f"""
        {_OWN} SELECT l.id, l.version, c.* FROM traced l
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT own.metadata ->> 'version') AS changed,
                   count(*) FILTER (WHERE own.activity_type IN ('LEAD_DELETED', 'LEAD_RESTORED')) AS hidden
            FROM own WHERE own.lead_id = l.id
        ) c CROSS JOIN LATERAL (
            SELECT count(*) AS merged FROM activities a WHERE a.organization_id = $1 AND a.activity_type = 'MERGE'
            AND coalesce(a.metadata -> 'merged', a.metadata -> 'separated') @> to_jsonb(l.id)
        ) m WHERE l.version <> 1 + c.changed + c.hidden + m.merged
    """,
    "a merged lead is deleted and leads to one that is not merged": """
        SELECT l.id, l.merged_into_id FROM leads l
        LEFT JOIN leads s ON s.organization_id = $1 AND s.id = l.merged_into_id
        WHERE l.organization_id = $1 AND l.merged_into_id IS NOT NULL
        AND (l.deleted_at IS NULL OR s.id IS NULL OR s.merged_into_id IS NOT NULL)
    """,
    "nothing that is said hangs on a merged lead": """
        SELECT l.id FROM leads l WHERE l.organization_id = $1 AND l.merged_into_id IS NOT NULL AND (
            EXISTS (SELECT FROM lead_notes n WHERE n.organization_id = $1 AND n.lead_id = l.id)
            OR EXISTS (SELECT FROM activities a WHERE a.organization_id = $1 AND a.lead_id = l.id
                       AND NOT a.metadata @> '{"erased": true}'))
    """,
    "a membership is where the trail says": """
        SELECT m.id, m.status, n.metadata FROM campaign_leads m
        JOIN leads l ON l.organization_id = $1 AND l.id = m.lead_id
        LEFT JOIN LATERAL (
            SELECT metadata FROM activities a WHERE a.organization_id = $1 AND a.lead_id = m.lead_id
            AND a.activity_type IN ('CAMPAIGN_ENROLLED', 'CAMPAIGN_RESPONSE') AND a.campaign_id = m.campaign_id
            ORDER BY id DESC LIMIT 1
        ) n ON true
        WHERE m.organization_id = $1 AND m.status IS DISTINCT FROM n.metadata ->> 'to'
        AND num_nonnulls(l.email, l.first_name, l.last_name, l.company, l.phone, l.external_id) > 0
        AND NOT EXISTS (SELECT FROM lead_merges x WHERE x.organization_id = $1
                        AND (x.lead_id = l.id OR x.merged_ids @> to_jsonb(l.id)))
    """,
    "what has happened to a member is stamped": """
        SELECT id FROM campaign_leads WHERE organization_id = $1 AND (
            status = 'CONTACTED' AND last_contact_at IS NULL OR status = 'RESPONDED' AND response_at IS NULL
            OR status = 'CONVERTED' AND conversion_at IS NULL)
    """,
    "criteria choose only for campaigns that have some": """
        SELECT m.id FROM campaign_leads m JOIN campaigns c ON c.organization_id = $1 AND c.id = m.campaign_id
        WHERE m.organization_id = $1 AND c.follow_criteria <> 'NONE' AND c.target_criteria IS NULL
    """,
    "an entry of the trail is an event, once": """
        SELECT a.id, a.activity_type FROM activities a WHERE a.organization_id = $1 AND 1 <> (
            SELECT count(*) FROM outbox_events o WHERE o.organization_id = $1 AND o.name = a.activity_type
            AND o.payload -> 'activities' @> to_jsonb(a.id))
    """,
    "a note is an event, once": """
        SELECT n.id FROM lead_notes n WHERE n.organization_id = $1 AND 1 <> (
            SELECT count(*) FROM outbox_events o WHERE o.organization_id = $1 AND o.name = 'NOTE_ADDED'
            AND o.payload -> 'notes' @> to_jsonb(n.id))
    """,
}
_ENTRIES = """
SELECT lead_id, 'Activity' AS kind, id, created_at AS at FROM activities WHERE organization_id = $1
    AND activity_type NOT IN ('SCORE_CHANGE', 'CAMPAIGN_ENROLLED', 'CAMPAIGN_RESPONSE', 'WORKFLOW_RUN')
UNION ALL SELECT lead_id, 'LeadNote', id, created_at FROM lead_notes WHERE organization_id = $1
UNION ALL SELECT lead_id, 'LeadScoreHistory', id, created_at FROM lead_score_history WHERE organization_id = $1
UNION ALL SELECT lead_id, 'CampaignLead', id, added_at FROM campaign_leads WHERE organization_id = $1
"""
_TIMELINES = "{ leads(first: 200) { nodes { id timeline(first: 200) { nodes { id occurredAt } } } } }"
_PAGE = """query ($id: ID!, $after: String) { lead(id: $id) {
    timeline(first: 4, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }"""


async def contradictions(world: World, owner: asyncpg.Connection) -> dict[str, Any]:
    """Every invariant that does not hold, with what contradicts it."""
    found: dict[str, Any] = {}
    for name, text in CHECKS.items():
        found[name] = [dict(row) for row in await owner.fetch(text, world.organization_id)]
    found |= await _search_rows(world, owner)
    found["timelines are complete and in order"] = await _timelines(world, owner)
    return {name: rows for name, rows in found.items() if rows}


async def _search_rows(world: World, owner: asyncpg.Connection) -> dict[str, Any]:
    """Tags, words and fields of every lead against what the lead's values make of them."""
    leads = await world.fetch("SELECT * FROM leads WHERE organization_id = $1")
    wanted: Mapping[str, set[Any]] = {
        "lead_tags": {(lead["id"], tag) for lead in leads for tag in index.tags(lead)},
        "lead_terms": {(lead["id"], *term) for lead in leads for term in index.terms(lead).items()},
        "lead_fields": {(lead["id"], *field) for lead in leads for field in index.fields(lead, DECLARED)},
    }
    columns = {"lead_tags": "tag", "lead_terms": "term, weight", "lead_fields": "name, text_value, number_value"}
    found = {}
    for table, named in columns.items():
        text = f"SELECT t.lead_id, {named} FROM {table} t WHERE t.organization_id = $1"
        rows = {tuple(row) for row in await owner.fetch(text, world.organization_id)}
        found[f"{table} is what the leads say"] = sorted(map(str, rows ^ wanted[table]))
        late = f"""SELECT t.lead_id FROM {table} t JOIN leads l ON l.organization_id = $1 AND l.id = t.lead_id
                   WHERE t.organization_id = $1 AND t.created_at <> l.created_at"""
        found[f"{table} bears the leads' times"] = await owner.fetch(late, world.organization_id)
    return found


async def _timelines(world: World, owner: asyncpg.Connection) -> list[Any]:
    """Where a timeline is not exactly the rows of its lead, latest first, in one page and in several."""
    rows: dict[str, dict[str, Any]] = {}
    for lead, kind, number, at in await owner.fetch(_ENTRIES, world.organization_id):
        rows.setdefault(ids.encode("Lead", lead), {})[ids.encode(kind, number)] = at
    shown = (await world.ask(_TIMELINES)).data["leads"]["nodes"]
    wrong: list[Any] = []
    for lead in shown:
        here, entries = rows.get(lead["id"], {}), [entry["id"] for entry in lead["timeline"]["nodes"]]
        times = [here[entry] for entry in entries if entry in here]
        if sorted(entries) != sorted(here) or times != sorted(times, reverse=True):
            wrong.append((lead["id"], entries, here))
    longest = max(shown, key=lambda lead: len(lead["timeline"]["nodes"]), default=None)
    if longest is not None:
        whole = [entry["id"] for entry in longest["timeline"]["nodes"]]
        paged = await _by_pages(world, longest["id"])
        if paged != whole:
            wrong.append((longest["id"], paged, whole))
    return wrong


async def _by_pages(world: World, lead: str) -> list[str]:
    found: list[str] = []
    after, more = None, True
    while more:
        page = (await world.ask(_PAGE, {"id": lead, "after": after})).data["lead"]["timeline"]
        found += [entry["id"] for entry in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found
