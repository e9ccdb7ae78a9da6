"""Ranked search over leads: names, company, job title and e-mail address by word, notes as the viewer may see them.

The last word may be the beginning of one; all words must be found together, in the lead or in one of its notes.
At most `MOST_HITS` of the newest leads with the words are ranked, so that a search stays quick in any organization.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.loaders import LIMIT, chosen
from lma_graph.kernel.order import Sort, behind, order_by
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import ORGANIZATION, Condition, Scope, conditions, table_of
from lma_graph.kernel.transactions import ANEW
from lma_graph.leads.criteria import prefixed
from lma_graph.leads.index import LONGEST_TERM, words
from lma_graph.leads.models import LeadRow, LeadTermRow

MOST_HITS = 1000
MOST_WORDS = 8
SHORTEST_PREFIX = 2
BY_RANK = (Sort("rank", descending=True), Sort("created_at", descending=True), Sort("id", descending=True))
RANK_TYPES = {"rank": float, "created_at": dt.datetime, "id": int}
_WORD = re.compile(r"[^\W_]+")
_NOTE_WEIGHT = 0.5
_WHOLE_WORD = 0.5


def search_statement(text: str, scope: Scope, page: Page, columns: Sequence[str] | None = None) -> sa.Select[Any]:
    """`:limit` leads by rank, then newest; none where the text has no words. A column `rank` comes last."""
    asked = words(text)[:MOST_WORDS]
    lead = table_of(LeadRow).alias("t")
    hits = _ranked(asked, _as_written(text), scope) if asked else _nothing()
    rank: sa.ColumnElement[Any] = sa.type_coerce(hits.c.rank, sa.Double())
    wanted: list[Condition] = [*conditions(lead, scope)]
    if page.filter is not None:
        wanted.append(page.filter.sql(lead, scope))
    keys: dict[str, sa.ColumnElement[Any]] = {"rank": rank, "created_at": lead.c.created_at, "id": lead.c.id}
    if page.position is not None:
        wanted.append(behind(keys, page.running, page.position))
    return (
        sa.select(*chosen(lead, columns), rank.label("rank"))
        .join_from(lead, hits, hits.c.lead_id == lead.c.id)
        .where(*wanted)
        .order_by(*order_by(keys, page.running))
        .limit(LIMIT)
        .execution_options(**{ANEW: True})
    )


def count_statement(text: str, scope: Scope, page: Page) -> sa.Select[Any]:
    """How many leads a search ranks."""
    found = search_statement(text, scope, Page(limit=0, order=page.order, filter=page.filter), ["id"])
    counted = sa.select(sa.func.count().label("count")).select_from(found.order_by(None).limit(None).subquery())
    return counted.execution_options(**{ANEW: True})


def _as_written(text: str) -> list[str]:
    """The words with their accents, as notes hold them."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())[:MOST_WORDS]


def _ranked(asked: Sequence[str], written: Sequence[str], scope: Scope) -> sa.Subquery:
    """(lead_id, rank) of the leads that have all the words, in themselves or in one note."""
    in_leads, in_notes = _in_leads(asked), _in_notes([asked, written], scope)
    either = sa.union_all(sa.select(in_leads), sa.select(in_notes)).subquery("either")
    rank = sa.func.max(either.c.rank).label("rank")
    return sa.select(either.c.lead_id, rank).group_by(either.c.lead_id).subquery("hits")


def _nothing() -> sa.Subquery:
    """(lead_id, rank) of no lead at all."""
    no_id: sa.ColumnElement[Any] = sa.cast(sa.null(), sa.BigInteger())
    no_rank: sa.ColumnElement[Any] = sa.cast(sa.null(), sa.Double())
    return sa.select(no_id.label("lead_id"), no_rank.label("rank")).where(sa.false()).subquery("hits")


def _in_leads(asked: Sequence[str]) -> sa.Subquery:
    first, *others = [table_of(LeadTermRow).alias(f"w{at}") for at in range(len(asked))]
    entries = [first, *others]
    wanted: list[Condition] = []
    for at, (entry, word) in enumerate(zip(entries, asked, strict=True)):
        wanted += [entry.c.organization_id == ORGANIZATION, *_matches(entry.c.term, word, last=at == len(asked) - 1)]
    for entry in others:
        wanted += [entry.c.created_at == first.c.created_at, entry.c.lead_id == first.c.lead_id]
    weight: sa.ColumnElement[Any] = sa.literal(0.0, sa.Double())
    for entry, word in zip(entries, asked, strict=True):
        weight = weight + entry.c.weight + sa.case((entry.c.term == word, _WHOLE_WORD), else_=0.0)
    newest = (
        sa.select(first.c.lead_id, weight.label("rank"))
        .where(*wanted)
        .order_by(first.c.created_at.desc(), first.c.lead_id.desc())
        .limit(MOST_HITS)
    )
    return newest.subquery("in_leads")


def _matches(term: sa.ColumnElement[Any], word: str, *, last: bool) -> Sequence[Condition]:
    return prefixed(term, word) if last and len(word) >= SHORTEST_PREFIX else (term == word,)


def _in_notes(spellings: Sequence[Sequence[str]], scope: Scope) -> sa.Subquery:
    """Through the function that may use the text index; it repeats the privacy rule of notes."""
    query = " | ".join(dict.fromkeys(_all_of(words_) for words_ in spellings if words_))
    found = (
        sa.func.search_notes(query, scope.sees_private_notes, MOST_HITS)
        .table_valued(
            sa.column("id", sa.BigInteger()), sa.column("lead_id", sa.BigInteger()), sa.column("rank", sa.REAL())
        )
        .alias("note")
    )
    rank: sa.ColumnElement[Any] = (sa.cast(found.c.rank, sa.Double()) * _NOTE_WEIGHT).label("rank")
    return sa.select(found.c.lead_id, rank).subquery("in_notes")


def _all_of(asked: Sequence[str]) -> str:
    """A text query for all the words; they hold letters and digits only, so that quotes are enough."""
    *whole, last = asked
    parts = [f"'{word}':*" if len(word) >= LONGEST_TERM else f"'{word}'" for word in whole]
    parts.append(f"'{last}':*" if len(last) >= SHORTEST_PREFIX else f"'{last}'")
    return f"({' & '.join(parts)})"
