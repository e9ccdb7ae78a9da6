"""How leads are changed: rows, search rows and all, many at once. Enter at `update` and `locked`.

New leads are written by `inserting`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.transactions import Row, UnitOfWork
from lma_graph.kernel.writing import Compiled
from lma_graph.leads import index
from lma_graph.leads.loaders import ALIVE
from lma_graph.leads.models import LeadRow

Lead = Mapping[str, Any]
"""Values of a lead by column name."""


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


# Column → type of its array, how a value is sent, and what stands in for a missing one.
COLUMNS: dict[str, tuple[str, Callable[[Any], Any] | None, str]] = {
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
    "source": ("text", None, "'OTHER'"),
    "lead_temperature": ("text", None, "'COLD'"),
    "score": ("int", None, "0"),
    "value": ("int", None, "NULL"),
    "notes": ("text", None, "NULL"),
    "tags": ("jsonb", _json, "'[]'"),
    "custom_fields": ("jsonb", _json, "'{}'"),
    "enrichment_data": ("jsonb", _json, "'{}'"),
    "expected_close_date": ("date", None, "NULL"),
    "last_engagement_date": ("timestamptz", None, "NULL"),
    "created_at": ("timestamptz", None, "now()"),
    "assigned_to_id": ("bigint", None, "NULL"),
    "external_source": ("text", None, "NULL"),
    "external_id": ("text", None, "NULL"),
    "deleted_at": ("timestamptz", None, "NULL"),
    "merged_into_id": ("bigint", None, "NULL"),
}
_TAGS = """
INSERT INTO lead_tags (organization_id, lead_id, created_at, tag)
SELECT $1, i.lead_id, i.created_at, i.tag
FROM unnest($2::bigint[], $3::timestamptz[], $4::text[]) AS i(lead_id, created_at, tag)
"""
_NO_TAGS = """
DELETE FROM lead_tags AS t USING unnest($2::bigint[], $3::text[]) AS i(lead_id, tag)
WHERE t.organization_id = $1 AND t.lead_id = i.lead_id AND t.tag = i.tag
"""
_FIELDS = """
INSERT INTO lead_fields (organization_id, lead_id, created_at, name, text_value, number_value)
SELECT $1, i.lead_id, i.created_at, i.name, i.text_value, i.number_value
FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::float8[])
     AS i(lead_id, created_at, name, text_value, number_value)
"""
_NO_FIELDS = "DELETE FROM lead_fields WHERE organization_id = $1 AND lead_id = ANY($2)"
_TERMS = """
INSERT INTO lead_terms (organization_id, lead_id, created_at, term, weight)
SELECT $1, i.lead_id, i.created_at, i.term, i.weight
FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::smallint[]) AS i(lead_id, created_at, term, weight)
ORDER BY i.term COLLATE "C", i.created_at, i.lead_id
"""
_FORGOTTEN_TERMS = """
DELETE FROM lead_terms AS t USING unnest($2::bigint[], $3::text[]) AS i(lead_id, term)
WHERE t.organization_id = $1 AND t.lead_id = i.lead_id AND t.term = i.term
"""
_NAMED = frozenset(name for name, _ in index.WEIGHTS)
"""The columns from which a lead's words are made."""


def sent(name: str, values: Iterable[Any]) -> list[Any]:
    """Values of a column as they go into its array."""
    send = COLUMNS[name][1]
    return list(values) if send is None else [None if value is None else send(value) for value in values]


@lru_cache(maxsize=100)
def _locking(scope: Scope, deleted: bool) -> Compiled:  # noqa: FBT001 - the key of the cache
    """The leads of `:keys` that the scope shows, in the order of their ids, which is the order of all locks."""
    lead = table_of(LeadRow)
    seen = conditions(lead, scope, lifting=ALIVE if deleted else None)
    columns = [column for column in lead.c if column.name != "email_norm"]
    keys: sa.BindParameter[Any] = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger()))
    wanted = sa.select(*columns).where(*seen, lead.c.id == sa.any_(keys))
    return Compiled(wanted.order_by(lead.c.id).with_for_update(of=lead))


async def locked(unit: UnitOfWork, numbers: Collection[int], *, deleted: bool = False) -> dict[int, Row]:
    """The leads with these ids that the viewer sees, held until the unit of work ends.

    `deleted` takes in deleted ones.
    """
    rows = await _locking(Scope.of(unit.viewer), deleted).rows(unit, {"keys": sorted(numbers)})
    return {row.id: row for row in rows}


async def update(unit: UnitOfWork, changes: Sequence[tuple[Row, Lead]]) -> None:
    """Write new values into locked leads, each given by column name, and bring their search rows up to date.

    Every lead's version grows by one. All are one statement, which sets the columns that any of them changes.
    """
    names = sorted({name for _, values in changes for name in values})
    if not names:
        return
    arrays = [
        sent(name, (values[name] if name in values else getattr(row, name) for row, values in changes))
        for name in names
    ]
    await unit.execute(_updating(names), unit.viewer.organization_id, [row.id for row, _ in changes], *arrays)
    await _write_tags(unit, [(row, values["tags"]) for row, values in changes if "tags" in values])
    await _write_terms(unit, [(row, values) for row, values in changes if _NAMED & values.keys()])
    await _write_fields(unit, [(row, values["custom_fields"]) for row, values in changes if "custom_fields" in values])


async def _write_tags(unit: UnitOfWork, changes: Sequence[tuple[Row, Sequence[str]]]) -> None:
    """Take away and add what differs: a lead has many tags, and most changes are about one."""
    gone = [(row.id, tag) for row, tags in changes for tag in set(row.tags).difference(tags)]
    new = [(row.id, row.created_at, tag) for row, tags in changes for tag in dict.fromkeys(tags) if tag not in row.tags]
    await _insert(unit, _NO_TAGS, gone)
    await _insert(unit, _TAGS, new)


async def _write_fields(unit: UnitOfWork, changes: Sequence[tuple[Row, Mapping[str, Any]]]) -> None:
    declared = unit.viewer.indexed_fields
    if changes and declared:
        await unit.execute(_NO_FIELDS, unit.viewer.organization_id, [row.id for row, _ in changes])
        new = ((row, index.fields({"custom_fields": fields}, declared)) for row, fields in changes)
        await _insert(unit, _FIELDS, [(row.id, row.created_at, *field) for row, found in new for field in found])


async def _write_terms(unit: UnitOfWork, changes: Sequence[tuple[Row, Lead]]) -> None:
    """Write what has changed of the words: mostly one or two of many."""
    gone: list[tuple[int, str]] = []
    new: list[tuple[Any, ...]] = []
    for row, values in changes:
        before, after = index.changed_terms({name: getattr(row, name) for name, _ in index.WEIGHTS}, values)
        # Those to come too, should they be there: words may have been folded otherwise in former times.
        gone += [(row.id, term) for term in {**before, **after}]
        new += [(row.id, row.created_at, term, weight) for term, weight in after.items()]
    if gone:
        keys = [list(column) for column in zip(*gone, strict=True)]
        await unit.execute(_FORGOTTEN_TERMS, unit.viewer.organization_id, *keys)
    await _insert(unit, _TERMS, new)


def _updating(names: Sequence[str]) -> str:
    arrays = ", ".join(f"${place}::{COLUMNS[name][0]}[]" for place, name in enumerate(names, 3))
    sets = ", ".join(f"{name} = i.{name}" for name in names)
    return (
        f"UPDATE leads AS l SET {sets}, version = l.version + 1, updated_at = now() "  # noqa: S608 - names of columns
        f"FROM unnest($2::bigint[], {arrays}) AS i(id, {', '.join(names)}) "
        "WHERE l.organization_id = $1 AND l.id = i.id"
    )


async def _insert(unit: UnitOfWork, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    if columns:
        await unit.execute(statement, unit.viewer.organization_id, *columns)
