"""How leads are written: rows, search rows and all, many at once. Enter at `insert`, `update` and `locked`.

Arrays and `unnest` carry the values: COPY is refused under row security, and by way of a temporary table or a JSON
document it was no faster (12,000 to 15,000 leads a second, each of the three).
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
Key = tuple[int, Any]
"""Id and `created_at` of a lead: what its search rows hang on."""


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
# Statements are put together from the names above only; values go as arrays.
_NAMES = ", ".join(COLUMNS)
_ARRAYS = ", ".join(f"${number}::{kind}[]" for number, (kind, _, _) in enumerate(COLUMNS.values(), 2))
_VALUES = ", ".join(f"coalesce(i.{name}, {missing})" for name, (_, _, missing) in COLUMNS.items())

# `updated_at` of the n-th lead is n microseconds after the transaction's beginning. Thus the answer says which row
# became which lead, whatever the order it comes in and whichever rows a unique key has kept out.
_INSERT = f"""
INSERT INTO leads (organization_id, {_NAMES}, updated_at)
SELECT $1, {_VALUES}, now() + i.ordinal * interval '1 microsecond'
FROM unnest({_ARRAYS}) WITH ORDINALITY AS i({_NAMES}, ordinal)
ORDER BY i.ordinal
ON CONFLICT DO NOTHING
RETURNING round(extract(epoch FROM updated_at - now()) * 1000000)::int AS ordinal, id, created_at
"""  # noqa: S608 - names of columns only

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
_SEARCHED = {
    "lead_tags": frozenset({"tags"}),
    "lead_fields": frozenset({"custom_fields"}),
    "lead_terms": frozenset(name for name, _ in index.WEIGHTS),
}
"""Search table → the columns it is computed from."""


def _sent(name: str, values: Iterable[Any]) -> list[Any]:
    send = COLUMNS[name][1]
    return list(values) if send is None else [None if value is None else send(value) for value in values]


async def insert(unit: UnitOfWork, leads: Sequence[Lead]) -> dict[int, Key]:
    """Write leads given by column name, with their search rows.

    Returns position → key of those written; the others' e-mail address or external id is taken.
    """
    arrays = [_sent(name, (lead.get(name) for lead in leads)) for name in COLUMNS]
    rows = await unit.fetch(_INSERT, unit.viewer.organization_id, *arrays)
    written = {ordinal - 1: (lead_id, created_at) for ordinal, lead_id, created_at in rows}
    await _write_search_rows(unit, [(leads[position], key) for position, key in written.items()], set(_SEARCHED))
    return written


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
        _sent(name, (values[name] if name in values else getattr(row, name) for row, values in changes))
        for name in names
    ]
    await unit.execute(_updating(names), unit.viewer.organization_id, [row.id for row, _ in changes], *arrays)
    await _write_tags(unit, [(row, values["tags"]) for row, values in changes if "tags" in values])
    await _write_terms(unit, [(row, values) for row, values in changes if _SEARCHED["lead_terms"] & values.keys()])
    for table, columns in _SEARCHED.items():
        if table != "lead_fields":
            continue
        touched = [(row, values) for row, values in changes if columns & values.keys()]
        if touched:
            await unit.execute(
                f"DELETE FROM {table} WHERE organization_id = $1 AND lead_id = ANY($2)",  # noqa: S608 - of our own
                unit.viewer.organization_id,
                [row.id for row, _ in touched],
            )
            anew = [({**row._mapping, **values}, (row.id, row.created_at)) for row, values in touched]
            await _write_search_rows(unit, anew, {table})


async def _write_tags(unit: UnitOfWork, changes: Sequence[tuple[Row, Sequence[str]]]) -> None:
    """Take away and add what differs: a lead has many tags, and most changes are about one."""
    gone = [(row.id, tag) for row, tags in changes for tag in set(row.tags).difference(tags)]
    new = [(row.id, row.created_at, tag) for row, tags in changes for tag in dict.fromkeys(tags) if tag not in row.tags]
    await _insert(unit, _NO_TAGS, gone)
    await _insert(unit, _TAGS, new)


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


async def _write_search_rows(unit: UnitOfWork, leads: Sequence[tuple[Lead, Key]], tables: Collection[str]) -> None:
    declared: Collection[str] = unit.viewer.indexed_fields
    if "lead_tags" in tables:
        await _insert(unit, _TAGS, ((*key, tag) for lead, key in leads for tag in index.tags(lead)))
    if "lead_fields" in tables:
        await _insert(unit, _FIELDS, ((*key, *field) for lead, key in leads for field in index.fields(lead, declared)))
    if "lead_terms" in tables:
        await _insert(unit, _TERMS, ((*key, *term) for lead, key in leads for term in index.terms(lead).items()))


async def _insert(unit: UnitOfWork, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    if columns:
        await unit.execute(statement, unit.viewer.organization_id, *columns)
