"""The hand-written limit, second way: one statement gives one array per column, Python builds the answer from them.

Enter at `app`. Rows of children come in the order of their parents, since LATERAL walks the parents in order; people,
rules and campaigns are listed once each, however often they are referred to.
"""

import base64
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg
import orjson

from bench.peers.servers.limit import COMMUNICATION, Answer, application

Node = dict[str, Any]
Listed = dict[int | None, Node | None]
_BEHIND = (
    "($3::bigint IS NULL OR (l.created_at, l.id) <"
    " (SELECT a.created_at, a.id FROM leads AS a WHERE a.organization_id = $1 AND a.id = $3))"
)


def _children(  # noqa: PLR0917
    parents: str, table: str, columns: str, key: str, moment: str, condition: str, first: str
) -> str:
    return f"""(SELECT p.id AS parent, c.* FROM {parents} AS p CROSS JOIN LATERAL (
        SELECT {columns} FROM {table} AS c WHERE c.organization_id = $1 AND c.{key} = p.id AND {condition}
        ORDER BY c.{moment} DESC, c.id DESC LIMIT {first}) AS c)"""


def _columns(source: str, columns: str) -> str:
    """All rows of a source as one row of arrays."""
    return f"(SELECT {', '.join(f'array_agg({one.strip()})' for one in columns.split(','))} FROM {source})"


def _listed(table: str, columns: str, *keys: str) -> str:
    wanted = " UNION ".join(f"SELECT {key} FROM {source}" for source, key in (one.split(".") for one in keys))
    return _columns(f"{table} WHERE organization_id = $1 AND id IN ({wanted})", columns)


_ACTIVITY = "id, activity_type, subject, created_at, user_id"
_NOTE = "id, note_type, content, created_at, user_id"
_SCORE = "id, previous_score, new_score, score_change, reason, created_at, rule_id"
_MEMBER = "id, status, added_at, campaign_id"
_LEAD = (
    "id, email, first_name, last_name, company, job_title, status, source, lead_temperature, score, tags::text,"
    " created_at, assigned_to_id"
)
_SHOWN = "(SELECT id FROM page LIMIT $2)"
_W1 = f"""
WITH page AS MATERIALIZED (
    SELECT {_LEAD} FROM leads AS l WHERE l.organization_id = $1 AND l.deleted_at IS NULL AND {_BEHIND}
    ORDER BY l.created_at DESC, l.id DESC LIMIT $2 + 1),
a AS MATERIALIZED {_children(_SHOWN, "activities", _ACTIVITY, "lead_id", "created_at", COMMUNICATION, "11")},
n AS MATERIALIZED {_children(_SHOWN, "lead_notes", _NOTE, "lead_id", "created_at", "true", "6")},
s AS MATERIALIZED {_children(_SHOWN, "lead_score_history", _SCORE, "lead_id", "created_at", "true", "6")},
c AS MATERIALIZED {_children(_SHOWN, "campaign_leads", _MEMBER, "lead_id", "added_at", "true", "6")}
SELECT * FROM {_columns("page", _LEAD.replace("tags::text", "tags"))} AS q0,
    {_columns("a", f"parent, {_ACTIVITY}")} AS q1, {_columns("n", f"parent, {_NOTE}")} AS q2,
    {_columns("s", f"parent, {_SCORE}")} AS q3, {_columns("c", f"parent, {_MEMBER}")} AS q4,
    {_listed("users", "id, first_name, last_name, email", "page.assigned_to_id", "a.user_id", "n.user_id")} AS q5,
    {_listed("lead_scoring_rules", "id, name", "s.rule_id")} AS q6,
    {_listed("campaigns", "id, name, status", "c.campaign_id")} AS q7
"""
_POINT = (
    "SELECT id, email, first_name, last_name, status, score FROM leads"
    " WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"
)
_PAGE = (
    "SELECT id, email, first_name, last_name, company, status, score, created_at FROM leads AS l"
    " WHERE l.organization_id = $1 AND l.deleted_at IS NULL AND l.status = $4 AND l.assigned_to_id = $5"
    f" AND {_BEHIND} ORDER BY l.created_at DESC, l.id DESC LIMIT $2 + 1"
)
_DEEP = f"""
WITH u AS MATERIALIZED (
    SELECT id, first_name, last_name FROM users WHERE organization_id = $1
    ORDER BY created_at DESC, id DESC LIMIT 10),
l AS MATERIALIZED {
    _children("u", "leads", "id, email, status", "assigned_to_id", "created_at", "c.deleted_at IS NULL", "5")
},
a AS MATERIALIZED {
    _children("l", "activities", "id, activity_type, created_at, user_id", "lead_id", "created_at", COMMUNICATION, "5")
}
SELECT o.id, o.name, q0.*, q1.*, q2.*, q3.* FROM organizations AS o,
    {_columns("u", "id, first_name, last_name")} AS q0, {_columns("l", "parent, id, email, status")} AS q1,
    {_columns("a", "parent, id, activity_type, created_at, user_id")} AS q2,
    {_listed("users", "id, first_name, last_name", "a.user_id")} AS q3
WHERE o.id = $1
"""


def _cursor(number: int) -> str:
    return base64.b64encode(b"%d" % number).decode()


def _page(nodes: Sequence[Node], first: int) -> Node:
    shown = nodes[:first]
    return {
        "edges": [{"node": node} for node in shown],
        "pageInfo": {
            "hasNextPage": len(nodes) > first,
            "endCursor": _cursor(shown[-1]["id"]) if shown else None,
        },
    }


def _grouped(columns: Sequence[Sequence[Any] | None], node: Callable[..., Node]) -> Mapping[int, list[Node]]:
    """Nodes by parent; the first column is the parent, the rest are the node's."""
    groups: dict[int, list[Node]] = defaultdict(list)
    parents, *rest = (column or () for column in columns)
    for parent, made in zip(parents, map(node, *rest), strict=True):
        groups[parent].append(made)
    return groups


def _people(columns: Sequence[Sequence[Any] | None]) -> tuple[Listed, Listed]:
    """By id: what is shown of an actor, and what is shown of an owner."""
    actors: Listed = {None: None}
    owners: Listed = {None: None}
    for number, first, last, email in zip(*(column or () for column in columns), strict=True):
        actors[number] = {"id": number, "firstName": first, "lastName": last}
        owners[number] = {"id": number, "firstName": first, "lastName": last, "email": email}
    return actors, owners


def _after(variables: Mapping[str, Any]) -> int | None:
    return int(base64.b64decode(variables["after"])) if variables["after"] else None


async def _timelines(connection: asyncpg.Connection, organization: int, variables: Mapping[str, Any]) -> bytes:
    first = variables["first"]
    row = await connection.fetchrow(_W1, organization, first, _after(variables))
    found = tuple(row.values())
    actors, owners = _people(found[38:42])
    rules = {None: None} | {
        number: {"id": number, "name": name} for number, name in zip(*_full(found[42:44]), strict=True)
    }
    campaigns = {
        number: {"id": number, "name": name, "status": status}
        for number, name, status in zip(*_full(found[44:47]), strict=True)
    }
    activities = _grouped(
        found[13:19],
        lambda i, t, s, m, u: {"id": i, "activityType": t, "subject": s, "createdAt": m, "user": actors[u]},
    )
    notes = _grouped(
        found[19:25],
        lambda i, t, c, m, u: {"id": i, "noteType": t, "content": c, "createdAt": m, "user": actors[u]},
    )
    scores = _grouped(
        found[25:33],
        lambda i, p, n, c, r, m, u: {
            "id": i,
            "previousScore": p,
            "newScore": n,
            "scoreChange": c,
            "reason": r,
            "createdAt": m,
            "rule": rules[u],
        },
    )
    members = _grouped(found[33:38], lambda i, s, m, c: {"id": i, "status": s, "addedAt": m, "campaign": campaigns[c]})
    none: list[Node] = []
    edges = [
        {
            "cursor": _cursor(i),
            "node": {
                "id": i,
                "email": e,
                "firstName": f,
                "lastName": n,
                "company": c,
                "jobTitle": j,
                "status": s,
                "source": o,
                "leadTemperature": t,
                "score": p,
                "tags": orjson.Fragment(g),
                "createdAt": m,
                "assignedTo": owners[a],
                "activities": _page(activities.get(i, none), 10),
                "notes": _page(notes.get(i, none), 5),
                "scoreHistory": _page(scores.get(i, none), 5),
                "campaignLeads": _page(members.get(i, none), 5),
            },
        }
        for i, e, f, n, c, j, s, o, t, p, g, m, a in zip(*(column[:first] for column in _full(found[:13])), strict=True)
    ]
    more = len(found[0] or ()) > first
    end = edges[-1]["cursor"] if edges else None
    info = {"hasNextPage": more, "endCursor": end}
    return orjson.dumps({"data": {"leads": {"edges": edges, "pageInfo": info}}})


def _full(columns: Sequence[Sequence[Any] | None]) -> list[Sequence[Any]]:
    """Arrays over no rows are null."""
    return [column or () for column in columns]


async def _point(connection: asyncpg.Connection, organization: int, variables: Mapping[str, Any]) -> bytes:
    row = await connection.fetchrow(_POINT, organization, int(variables["id"]))
    number, email, first, last, status, score = row
    lead = {"id": number, "email": email, "firstName": first, "lastName": last, "status": status, "score": score}
    return orjson.dumps({"data": {"lead": lead}})


async def _filtered(connection: asyncpg.Connection, organization: int, variables: Mapping[str, Any]) -> bytes:
    first, status, owner = variables["first"], variables["status"], int(variables["owner"])
    rows = await connection.fetch(_PAGE, organization, first, _after(variables), status, owner)
    names = ("id", "email", "firstName", "lastName", "company", "status", "score", "createdAt")
    nodes = [dict(zip(names, row, strict=True)) for row in rows]
    return orjson.dumps({"data": {"leads": _page(nodes, first)}})


async def _deep(connection: asyncpg.Connection, organization: int, _: Mapping[str, Any]) -> bytes:
    row = await connection.fetchrow(_DEEP, organization)
    found = tuple(row.values())
    actors: Listed = {None: None}
    for number, first, last in zip(*_full(found[14:17]), strict=True):
        actors[number] = {"id": number, "firstName": first, "lastName": last}
    activities = _grouped(
        found[9:14], lambda i, t, m, u: {"node": {"id": i, "activityType": t, "createdAt": m, "user": actors[u]}}
    )
    leads = _grouped(
        found[5:9],
        lambda i, e, s: {"node": {"id": i, "email": e, "status": s, "activities": {"edges": activities.get(i, [])}}},
    )
    users = [
        {"node": {"id": i, "firstName": f, "lastName": n, "assignedLeads": {"edges": leads.get(i, [])}}}
        for i, f, n in zip(*_full(found[2:5]), strict=True)
    ]
    organization_node = {"id": found[0], "name": found[1], "users": {"edges": users}}
    return orjson.dumps({"data": {"organization": organization_node}})


OPERATIONS: dict[str, Answer] = {"timelines": _timelines, "point": _point, "page": _filtered, "deep": _deep}
app = application(OPERATIONS)
