"""Finding leads that may stand for the same person: by e-mail address, telephone number, name and company.

Candidates are found by keys alone, which indexes serve under row security: the address, the number, and whole words
of names and company among the words leads are searched by. How alike they are is then computed here, by the share of
common trigrams. Enter at `likely`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.choices import Choice
from lma_graph.kernel.scope import ORGANIZATION, Scope, conditions, table_of
from lma_graph.kernel.transactions import Row, Transaction
from lma_graph.leads.index import words
from lma_graph.leads.loaders import ALIVE
from lma_graph.leads.models import LeadRow, LeadTermRow

MOST = 50
"""How many are told at most."""
_PER_KEY = 200
"""How many leads of a word or number are looked at, the newest first: a word that thousands share says little."""
_LIKE = 0.5
_NAMES = ("first_name", "last_name", "company")


class DuplicateReason(Choice):
    """Why two leads may be one."""

    EMAIL = "EMAIL", "They have the same e-mail address; one of them is deleted, or not a lead yet."
    PHONE = "PHONE", "They have the same telephone number."
    NAME = "NAME", "Their names and companies are alike."


@dataclass(frozen=True)
class Duplicate:
    """A lead that may be the same as another."""

    lead: int
    score: float
    reasons: tuple[DuplicateReason, ...]


async def likely(reader: Transaction, scope: Scope, leads: Sequence[Mapping[str, Any]]) -> list[list[Duplicate]]:
    """What each of some leads, given by column name, may be the same as; best first. Two statements for all."""
    probes = range(len(leads))
    tokens = [(at, word) for at in probes for word in _words(leads[at])]
    candidates: dict[int, set[int]] = defaultdict(set)
    rows = await reader.rows(
        _candidates(scope),
        {
            "probes": list(probes),
            "emails": [lead.get("email") for lead in leads],
            "phones": [lead.get("phone") for lead in leads],
            "at": [at for at, _ in tokens],
            "words": [word for _, word in tokens],
        },
    )
    for at, number in rows:  # type: ignore[misc]  # two columns, by construction
        if number != leads[at].get("id"):
            candidates[at].add(number)
    every = sorted({number for found in candidates.values() for number in found})
    known = {row.id: row for row in await reader.rows(_read(scope), {"keys": every})} if every else {}
    return [_best(leads[at], [known[number] for number in candidates[at] if number in known]) for at in probes]


def _words(lead: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(word for name in _NAMES for word in words(lead.get(name) or "")))[:12]


def _bound(name: str, kind: Any) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=sa.ARRAY(kind))


def _candidates(scope: Scope) -> sa.CompoundSelect[Any]:
    """(probe, id of a lead) by every key."""
    probe = (
        sa.func.unnest(_bound("probes", sa.Integer()), _bound("emails", sa.Text()), _bound("phones", sa.Text()))
        .table_valued(sa.column("probe", sa.Integer()), sa.column("email", sa.Text()), sa.column("phone", sa.Text()))
        .render_derived("p")
    )
    token = (
        sa.func.unnest(_bound("at", sa.Integer()), _bound("words", sa.Text()))
        .table_valued(sa.column("probe", sa.Integer()), sa.column("word", sa.Text()))
        .render_derived("w")
    )
    # Postgres folds the address, as for the column; and only once, so that the index serves the comparison.
    folded = sa.select(probe.c.probe, sa.func.lower(sa.func.btrim(probe.c.email)).label("norm")).cte("folded")
    given = folded.prefix_with("MATERIALIZED")
    lead, other = table_of(LeadRow).alias("l"), table_of(LeadRow).alias("o")
    same = sa.and_(*conditions(lead, scope, lifting=ALIVE), lead.c.email_norm == given.c.norm)
    # Each of the two has an index of its own.
    by_email = [
        sa.select(given.c.probe, lead.c.id).join(lead, sa.and_(same, there))
        for there in (lead.c.deleted_at.is_(None), lead.c.deleted_at.is_not(None))
    ]
    numbered = (
        sa.select(other.c.id)
        .where(*conditions(other, scope), other.c.phone == probe.c.phone)
        .order_by(other.c.id.desc())
        .limit(_PER_KEY)
        .lateral("numbered")
    )
    by_phone = sa.select(probe.c.probe, numbered.c.id).join(numbered, sa.true())
    term = table_of(LeadTermRow).alias("t")
    worded = (
        sa.select(term.c.lead_id)
        .where(term.c.organization_id == ORGANIZATION, term.c.term == token.c.word)
        .order_by(term.c.created_at.desc(), term.c.lead_id.desc())
        .limit(_PER_KEY)
        .lateral("worded")
    )
    by_word = sa.select(token.c.probe, worded.c.lead_id).join(worded, sa.true())
    return sa.union(*by_email, by_phone, by_word)


def _read(scope: Scope) -> sa.Select[Any]:
    """What is compared of the leads of `:keys`, deleted ones included, merged ones not."""
    lead = table_of(LeadRow).alias("t")
    columns = [lead.c[name] for name in ("id", "email_norm", "phone", "deleted_at", *_NAMES)]
    seen = conditions(lead, scope, lifting=ALIVE)
    keys = _bound("keys", sa.BigInteger())
    return sa.select(*columns).where(*seen, lead.c.merged_into_id.is_(None), lead.c.id == sa.any_(keys))


def _best(lead: Mapping[str, Any], candidates: Sequence[Row]) -> list[Duplicate]:
    found = [one for one in (_compared(lead, row) for row in candidates) if one is not None]
    return sorted(found, key=lambda one: (-one.score, one.lead))[:MOST]


def _compared(lead: Mapping[str, Any], row: Row) -> Duplicate | None:
    """How likely they are one; independent signs strengthen each other."""
    signs: dict[DuplicateReason, float] = {}
    email = (lead.get("email") or "").strip().lower()
    if email and row.email_norm == email:
        signs[DuplicateReason.EMAIL] = 0.95
    elif row.deleted_at is not None:
        return None
    if lead.get("phone") and row.phone == lead["phone"]:
        signs[DuplicateReason.PHONE] = 0.8
    alike = _alike(lead, row._mapping)
    if alike >= _LIKE:
        signs[DuplicateReason.NAME] = 0.8 * alike
    doubt = 1.0
    for strength in signs.values():
        doubt *= 1 - strength
    return Duplicate(row.id, round(1 - doubt, 3), tuple(signs)) if signs else None


def _alike(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> float:
    """Likeness of names, and of companies where both have one; a company alone does not make two people one."""
    name = _similarity(*(f"{lead.get('first_name') or ''} {lead.get('last_name') or ''}" for lead in (one, other)))
    companies = [lead.get("company") or "" for lead in (one, other)]
    if not all(companies):
        return 0.75 * name
    return 0.65 * name + 0.35 * _similarity(*companies) if name >= _LIKE else 0.0


def _similarity(one: str, other: str) -> float:
    """The share of trigrams that two texts have in common."""
    first, second = _trigrams(one), _trigrams(other)
    return len(first & second) / len(first | second) if first and second else 0.0


def _trigrams(text: str) -> set[str]:
    return {padded[at : at + 3] for word in words(text) for padded in (f"  {word} ",) for at in range(len(padded) - 2)}
