"""How new leads are written: rows and search rows by one statement, many at once. Enter at `insert`.

Arrays and `unnest` carry the values: COPY is refused under row security, and by way of a temporary table or a JSON
document it was no faster. What takes time in Python, `prepared`, knows no database, so that an import does it in a
thread while the database is at work.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.leads import index
from lma_graph.leads.writing import COLUMNS, Lead, sent

Key = tuple[int, Any]
"""Id and `created_at` of a lead."""

_SEARCHED = 2 + len(COLUMNS)
"""The place of the first array of search rows among the statement's arguments."""
# The statement is put together from names of columns only; values go as arrays.
_NAMES = ", ".join(COLUMNS)
_ARRAYS = ", ".join(f"${place}::{kind}[]" for place, (kind, _, _) in enumerate(COLUMNS.values(), 2))
_VALUES = ", ".join(f"coalesce(i.{name}, {missing})" for name, (_, _, missing) in COLUMNS.items())


def _search_rows(name: str, table: str, first: int, columns: dict[str, str], order: str = "") -> str:
    names = ", ".join(columns)
    arrays = ", ".join(f"${first + place}::{kind}[]" for place, kind in enumerate(("int", *columns.values())))
    return f"""{name} AS (
    INSERT INTO {table} (organization_id, lead_id, created_at, {names})
    SELECT $1, w.id, w.created_at, {", ".join(f"i.{name}" for name in columns)}
    FROM unnest({arrays}) AS i(ordinal, {names}) JOIN written AS w ON w.ordinal = i.ordinal {order}
)"""  # noqa: S608 - names of columns only


# `updated_at` of the n-th lead is n microseconds after the transaction's beginning. Thus the answer says which row
# became which lead, whatever the order it comes in and whichever rows a unique key has kept out.
_INSERT = f"""
WITH written AS (
    INSERT INTO leads (organization_id, {_NAMES}, updated_at)
    SELECT $1, {_VALUES}, now() + i.ordinal * interval '1 microsecond'
    FROM unnest({_ARRAYS}) WITH ORDINALITY AS i({_NAMES}, ordinal)
    ORDER BY i.ordinal
    ON CONFLICT DO NOTHING
    RETURNING round(extract(epoch FROM updated_at - now()) * 1000000)::int AS ordinal, id, created_at
), {_search_rows("tags", "lead_tags", _SEARCHED, {"tag": "text"})}
, {
    _search_rows(
        "fields", "lead_fields", _SEARCHED + 2, {"name": "text", "text_value": "text", "number_value": "float8"}
    )
}
, {
    _search_rows(
        "words",
        "lead_terms",
        _SEARCHED + 6,
        {"term": "text", "weight": "smallint"},
        'ORDER BY i.term COLLATE "C", w.created_at, w.id',
    )
}
SELECT ordinal, id, created_at FROM written
"""  # noqa: S608 - names of columns only


@dataclass(frozen=True)
class Prepared:
    """Leads as the arguments of the statement that writes them."""

    declared: frozenset[str]
    """The custom fields that were declared then."""
    arrays: list[list[Any]]


def prepared(leads: Sequence[Lead], declared: frozenset[str]) -> Prepared:
    """Leads given by column name, with the words, tags and declared fields they are found by."""
    arrays = [sent(name, (lead.get(name) for lead in leads)) for name in COLUMNS]
    numbered = list(enumerate(leads, 1))
    arrays += _columns(2, ((at, tag) for at, lead in numbered for tag in index.tags(lead)))
    arrays += _columns(4, ((at, *field) for at, lead in numbered for field in _fields(lead, declared)))
    ordinals, terms, weights = list[int](), list[str](), list[int]()
    for at, lead in numbered:
        found = index.terms(lead)
        ordinals += [at] * len(found)
        terms += found
        weights += found.values()
    return Prepared(declared, [*arrays, ordinals, terms, weights])


def _fields(lead: Lead, declared: Collection[str]) -> Iterable[tuple[Any, ...]]:
    return index.fields(lead, declared) if lead.get("custom_fields") else ()


def _columns(width: int, rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


async def insert(unit: UnitOfWork, leads: Sequence[Lead] | Prepared) -> dict[int, Key]:
    """Write leads given by column name, or what `prepared` made of them, with their search rows.

    Returns position → key of those written; the others' e-mail address or external id is taken.
    """
    ready = leads if isinstance(leads, Prepared) else prepared(leads, unit.viewer.indexed_fields)
    rows = await unit.fetch(_INSERT, unit.viewer.organization_id, *ready.arrays)
    return {ordinal - 1: (lead_id, created_at) for ordinal, lead_id, created_at in rows}
