"""The statements by which imported leads are written, a chunk in one unit of work.

Enter at `write_leads` and `find_taken`. Arrays and `unnest` carry the values: COPY is refused under row security, and
by way of a temporary table or a JSON document it was no faster (12,000 to 15,000 leads a second, each of the three).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson

from lma_graph.kernel.transactions import Transaction, UnitOfWork
from lma_graph.leads import index

Lead = Mapping[str, Any]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


# Column → type of its array, how a value is sent, and what stands in for a missing one.
_COLUMNS: dict[str, tuple[str, Callable[[Any], Any] | None, str]] = {
    "email": ("text", None, "NULL"),
    "first_name": ("text", None, "NULL"),
    "last_name": ("text", None, "NULL"),
    "company": ("text", None, "NULL"),
    "job_title": ("text", None, "NULL"),
    "phone": ("text", None, "NULL"),
    "website": ("text", None, "NULL"),
    "linkedin_url": ("text", None, "NULL"),
    "status": ("text", None, "'NEW'"),
    "status_reason": ("text", None, "NULL"),
    "source": ("text", None, "'IMPORT'"),
    "lead_temperature": ("text", None, "'COLD'"),
    "score": ("int", None, "0"),
    "value": ("int", None, "NULL"),
    "notes": ("text", None, "NULL"),
    "tags": ("jsonb", _json, "'[]'"),
    "custom_fields": ("jsonb", _json, "'{}'"),
    "expected_close_date": ("date", None, "NULL"),
    "last_engagement_date": ("timestamptz", None, "NULL"),
    "created_at": ("timestamptz", None, "now()"),
    "external_source": ("text", None, "NULL"),
    "external_id": ("text", None, "NULL"),
}
# Statements are put together from the names above only; values go as arrays.
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"${number}::{kind}[]" for number, (kind, _, _) in enumerate(_COLUMNS.values(), 2))
_VALUES = ", ".join(f"coalesce(i.{name}, {missing})" for name, (_, _, missing) in _COLUMNS.items())

# `updated_at` of the n-th lead is n microseconds after the transaction's beginning. Thus the answer says which row
# became which lead, whatever the order it comes in and whichever rows a unique key has kept out.
INSERT_LEADS = f"""
INSERT INTO leads (organization_id, {_NAMES}, updated_at)
SELECT $1, {_VALUES}, now() + i.ordinal * interval '1 microsecond'
FROM unnest({_ARRAYS}) WITH ORDINALITY AS i({_NAMES}, ordinal)
ORDER BY i.ordinal
ON CONFLICT DO NOTHING
RETURNING round(extract(epoch FROM updated_at - now()) * 1000000)::int AS ordinal, id, created_at
"""  # noqa: S608 - names of columns only

INSERT_TAGS = """
INSERT INTO lead_tags (organization_id, lead_id, created_at, tag)
SELECT $1, i.lead_id, i.created_at, i.tag
FROM unnest($2::bigint[], $3::timestamptz[], $4::text[]) AS i(lead_id, created_at, tag)
"""

INSERT_FIELDS = """
INSERT INTO lead_fields (organization_id, lead_id, created_at, name, text_value, number_value)
SELECT $1, i.lead_id, i.created_at, i.name, i.text_value, i.number_value
FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::float8[])
     AS i(lead_id, created_at, name, text_value, number_value)
"""

INSERT_TERMS = """
INSERT INTO lead_terms (organization_id, lead_id, created_at, term, weight)
SELECT $1, i.lead_id, i.created_at, i.term, i.weight
FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::smallint[]) AS i(lead_id, created_at, term, weight)
"""

# Every lead's trail begins here: the file and line it came from.
INSERT_AUDIT = """
INSERT INTO activities (organization_id, lead_id, user_id, activity_type, metadata, completed_at)
SELECT $1, i.lead_id, $2, 'IMPORT', jsonb_build_object('file', $3::text, 'line', i.line), now()
FROM unnest($4::bigint[], $5::int[]) AS i(lead_id, line)
"""

# A score is the sum of its history, so a lead that comes with one gets its first entry.
INSERT_OPENING = """
INSERT INTO lead_score_history (organization_id, lead_id, previous_score, new_score, score_change, reason, kind)
SELECT $1, i.lead_id, 0, i.score, i.score, 'Imported with this score.', 'OPENING'
FROM unnest($2::bigint[], $3::int[]) AS i(lead_id, score)
"""

# By the same rules as the two unique keys: a deleted lead frees its e-mail address, but not its external id.
TAKEN = """
SELECT i.ordinal::int, true AS by_email
FROM unnest($2::text[]) WITH ORDINALITY AS i(email, ordinal)
JOIN leads l ON l.organization_id = $1 AND l.email_norm = lower(btrim(i.email)) AND l.deleted_at IS NULL
UNION ALL
SELECT i.ordinal::int, false
FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS i(external_source, external_id, ordinal)
JOIN leads l ON l.organization_id = $1 AND l.external_source = i.external_source AND l.external_id = i.external_id
"""


async def find_taken(transaction: Transaction, leads: Sequence[Lead]) -> dict[int, bool]:
    """Position → whether it is by its e-mail address (else its external id), of the leads that exist already."""
    if not leads:
        return {}
    rows = await transaction.raw.fetch(
        TAKEN,
        transaction.viewer.organization_id,
        *([lead.get(name) for lead in leads] for name in ("email", "external_source", "external_id")),
    )
    found: dict[int, bool] = {}
    for ordinal, by_email in rows:
        found[ordinal - 1] = found.get(ordinal - 1, False) or by_email
    return found


async def write_leads(unit: UnitOfWork, leads: Sequence[Lead], lines: Sequence[int], file: str) -> set[int]:
    """Write the leads with their search rows, audit entries and opening scores.

    Returns the positions of those written; the others' e-mail address or external id is taken.
    """
    organization = unit.viewer.organization_id
    arrays = (
        [None if lead.get(name) is None else send(lead[name]) if send else lead[name] for lead in leads]
        for name, (_, send, _) in _COLUMNS.items()
    )
    rows = await unit.raw.fetch(INSERT_LEADS, organization, *arrays)
    written = [(ordinal - 1, (lead_id, created_at)) for ordinal, lead_id, created_at in rows]
    await _write_search_rows(unit, [(leads[position], key) for position, key in written])
    await unit.raw.execute(
        INSERT_AUDIT,
        organization,
        unit.viewer.user_id,
        file,
        [key[0] for _, key in written],
        [lines[position] for position, _ in written],
    )
    scores = [(key[0], leads[position]["score"]) for position, key in written if leads[position].get("score")]
    await _insert(unit, INSERT_OPENING, scores)
    return {position for position, _ in written}


async def _write_search_rows(unit: UnitOfWork, written: Sequence[tuple[Lead, tuple[Any, Any]]]) -> None:
    declared: Collection[str] = unit.viewer.indexed_fields
    await _insert(unit, INSERT_TAGS, ((*key, tag) for lead, key in written for tag in index.tags(lead)))
    await _insert(
        unit, INSERT_FIELDS, ((*key, *field) for lead, key in written for field in index.fields(lead, declared))
    )
    await _insert(unit, INSERT_TERMS, ((*key, *term) for lead, key in written for term in index.terms(lead).items()))


async def _insert(unit: UnitOfWork, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    if columns:
        await unit.raw.execute(statement, unit.viewer.organization_id, *columns)
