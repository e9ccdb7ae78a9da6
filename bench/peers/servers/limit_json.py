"""The hand-written limit, first way: Postgres makes the whole JSON, the server passes it on. Enter at `app`."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from bench.peers.servers.limit import COMMUNICATION, Answer, application


def _page(rows: str, first: str, node: str, *, cursor: bool = False) -> str:
    """A connection over `rows`, a SELECT of one row more than `first`; `node` makes the JSON of a row `r`."""
    shown = f"'cursor', r.id::text, 'node', {node}" if cursor else f"'node', {node}"
    return f"""(
        SELECT json_build_object(
            'edges', coalesce(json_agg(json_build_object({shown})) FILTER (WHERE r.n <= {first}), '[]'),
            'pageInfo', json_build_object(
                'hasNextPage', count(*) > {first},
                'endCursor', (array_agg(r.id) FILTER (WHERE r.n <= {first}))[least(count(*), {first})]::text))
        FROM (SELECT s.*, row_number() OVER () AS n FROM ({rows}) AS s) AS r)"""


def _children(  # noqa: PLR0917
    table: str, columns: str, moment: str, joined: str, condition: str, first: int
) -> str:
    return f"""SELECT {columns} FROM {table} AS c {joined}
        WHERE c.organization_id = $1 AND c.lead_id = l.id AND {condition}
        ORDER BY c.{moment} DESC, c.id DESC LIMIT {first + 1}"""


def _person(alias: str, key: str) -> str:
    return f"LEFT JOIN users AS {alias} ON {alias}.organization_id = $1 AND {alias}.id = {key}"


_USER = "'id', r.u_id, 'firstName', r.first_name, 'lastName', r.last_name"
_ACTOR = "u.id AS u_id, u.first_name, u.last_name"
_ACTIVITIES = _page(
    _children(
        "activities",
        f"c.id, c.activity_type, c.subject, c.created_at, {_ACTOR}",
        "created_at",
        _person("u", "c.user_id"),
        COMMUNICATION,
        10,
    ),
    "10",
    "json_build_object('id', r.id, 'activityType', r.activity_type, 'subject', r.subject, 'createdAt', r.created_at,"
    f" 'user', CASE WHEN r.u_id IS NOT NULL THEN json_build_object({_USER}) END)",
)
_NOTES = _page(
    _children(
        "lead_notes",
        f"c.id, c.note_type, c.content, c.created_at, {_ACTOR}",
        "created_at",
        _person("u", "c.user_id"),
        "true",
        5,
    ),
    "5",
    "json_build_object('id', r.id, 'noteType', r.note_type, 'content', r.content, 'createdAt', r.created_at,"
    f" 'user', json_build_object({_USER}))",
)
_SCORES = _page(
    _children(
        "lead_score_history",
        "c.id, c.previous_score, c.new_score, c.score_change, c.reason, c.created_at, u.id AS u_id, u.name",
        "created_at",
        "LEFT JOIN lead_scoring_rules AS u ON u.organization_id = $1 AND u.id = c.rule_id",
        "true",
        5,
    ),
    "5",
    "json_build_object('id', r.id, 'previousScore', r.previous_score, 'newScore', r.new_score, 'scoreChange',"
    " r.score_change, 'reason', r.reason, 'createdAt', r.created_at,"
    " 'rule', CASE WHEN r.u_id IS NOT NULL THEN json_build_object('id', r.u_id, 'name', r.name) END)",
)
_CAMPAIGNS = _page(
    _children(
        "campaign_leads",
        "c.id, c.status, c.added_at, u.id AS u_id, u.name, u.status AS u_status",
        "added_at",
        "JOIN campaigns AS u ON u.organization_id = $1 AND u.id = c.campaign_id",
        "true",
        5,
    ),
    "5",
    "json_build_object('id', r.id, 'status', r.status, 'addedAt', r.added_at,"
    " 'campaign', json_build_object('id', r.u_id, 'name', r.name, 'status', r.u_status))",
)
_BEHIND = (
    "($3::bigint IS NULL OR (l.created_at, l.id) <"
    " (SELECT a.created_at, a.id FROM leads AS a WHERE a.organization_id = $1 AND a.id = $3))"
)
_W1_ROWS = f"""
    SELECT l.id, l.email, l.first_name, l.last_name, l.company, l.job_title, l.status, l.source, l.lead_temperature,
           l.score, l.tags, l.created_at, o.id AS o_id, o.first_name AS o_first, o.last_name AS o_last,
           o.email AS o_email, CASE WHEN l.n <= $2 THEN {_ACTIVITIES} END AS activities,
           CASE WHEN l.n <= $2 THEN {_NOTES} END AS notes, CASE WHEN l.n <= $2 THEN {_SCORES} END AS scores,
           CASE WHEN l.n <= $2 THEN {_CAMPAIGNS} END AS campaigns
    FROM (SELECT p.*, row_number() OVER () AS n FROM (
            SELECT * FROM leads AS l WHERE l.organization_id = $1 AND l.deleted_at IS NULL AND {_BEHIND}
            ORDER BY l.created_at DESC, l.id DESC LIMIT $2 + 1) AS p) AS l
    {_person("o", "l.assigned_to_id")}
    ORDER BY l.n"""
_W1 = "SELECT json_build_object('data', json_build_object('leads', {}))::text".format(
    _page(
        _W1_ROWS,
        "$2",
        "json_build_object('id', r.id, 'email', r.email, 'firstName', r.first_name, 'lastName', r.last_name,"
        " 'company', r.company, 'jobTitle', r.job_title, 'status', r.status, 'source', r.source, 'leadTemperature',"
        " r.lead_temperature, 'score', r.score, 'tags', r.tags, 'createdAt', r.created_at,"
        " 'assignedTo', CASE WHEN r.o_id IS NOT NULL THEN json_build_object('id', r.o_id, 'firstName', r.o_first,"
        " 'lastName', r.o_last, 'email', r.o_email) END,"
        " 'activities', r.activities, 'notes', r.notes, 'scoreHistory', r.scores, 'campaignLeads', r.campaigns)",
        cursor=True,
    )
)
_POINT = """
SELECT json_build_object('data', json_build_object('lead', json_build_object('id', id, 'email', email,
    'firstName', first_name, 'lastName', last_name, 'status', status, 'score', score)))::text
FROM leads WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"""
_PAGE = "SELECT json_build_object('data', json_build_object('leads', {}))::text".format(
    _page(
        "SELECT l.id, l.email, l.first_name, l.last_name, l.company, l.status, l.score, l.created_at FROM leads AS l"
        " WHERE l.organization_id = $1 AND l.deleted_at IS NULL AND l.status = $4 AND l.assigned_to_id = $5"
        f" AND {_BEHIND} ORDER BY l.created_at DESC, l.id DESC LIMIT $2 + 1",
        "$2",
        "json_build_object('id', r.id, 'email', r.email, 'firstName', r.first_name, 'lastName', r.last_name,"
        " 'company', r.company, 'status', r.status, 'score', r.score, 'createdAt', r.created_at)",
    )
)


def _edges(rows: str, node: str) -> str:
    edges = f"coalesce(json_agg(json_build_object('node', {node})), '[]')"
    return f"(SELECT json_build_object('edges', {edges}) FROM ({rows}) AS r)"


_DEEP_ACTIVITIES = _edges(
    f"SELECT c.id, c.activity_type, c.created_at, {_ACTOR} FROM activities AS c {_person('u', 'c.user_id')}"
    f" WHERE c.organization_id = $1 AND c.lead_id = l.id AND {COMMUNICATION}"
    " ORDER BY c.created_at DESC, c.id DESC LIMIT 5",
    "json_build_object('id', r.id, 'activityType', r.activity_type, 'createdAt', r.created_at,"
    f" 'user', CASE WHEN r.u_id IS NOT NULL THEN json_build_object({_USER}) END)",
)
_DEEP_LEADS = _edges(
    f"SELECT l.id, l.email, l.status, {_DEEP_ACTIVITIES} AS activities FROM leads AS l WHERE l.organization_id = $1"
    " AND l.deleted_at IS NULL AND l.assigned_to_id = p.id ORDER BY l.created_at DESC, l.id DESC LIMIT 5",
    "json_build_object('id', r.id, 'email', r.email, 'status', r.status, 'activities', r.activities)",
)
_DEEP_USERS = _edges(
    f"SELECT p.id, p.first_name, p.last_name, {_DEEP_LEADS} AS leads FROM users AS p WHERE p.organization_id = $1"
    " ORDER BY p.created_at DESC, p.id DESC LIMIT 10",
    "json_build_object('id', r.id, 'firstName', r.first_name, 'lastName', r.last_name, 'assignedLeads', r.leads)",
)
_DEEP = (
    "SELECT json_build_object('data', json_build_object('organization', json_build_object('id', o.id, 'name', o.name,"
    f" 'users', {_DEEP_USERS})))::text FROM organizations AS o WHERE o.id = $1"
)


def _after(variables: Mapping[str, Any]) -> int | None:
    return int(variables["after"]) if variables["after"] else None


async def _timelines(connection: asyncpg.Connection, organization: int, variables: Mapping[str, Any]) -> bytes:
    text: str = await connection.fetchval(_W1, organization, variables["first"], _after(variables))
    return text.encode()


async def _point(connection: asyncpg.Connection, organization: int, variables: Mapping[str, Any]) -> bytes:
    text: str = await connection.fetchval(_POINT, organization, int(variables["id"]))
    return text.encode()


async def _filtered(connection: asyncpg.Connection, organization: int, variables: Mapping[str, Any]) -> bytes:
    first, status, owner = variables["first"], variables["status"], int(variables["owner"])
    text: str = await connection.fetchval(_PAGE, organization, first, _after(variables), status, owner)
    return text.encode()


async def _deep(connection: asyncpg.Connection, organization: int, _: Mapping[str, Any]) -> bytes:
    text: str = await connection.fetchval(_DEEP, organization)
    return text.encode()


OPERATIONS: dict[str, Answer] = {"timelines": _timelines, "point": _point, "page": _filtered, "deep": _deep}
app = application(OPERATIONS)
