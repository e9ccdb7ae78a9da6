"""The search rows of a lead: its tags, its declared custom fields, and the words it can be found by.

One place computes them for every writer (seed, import, mutations), and one place folds words for both sides of a
search, so that what is stored and what is asked for can never differ. The tables are described in `models`.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

LONGEST_TERM = 40
"""Characters of a word that count; longer words are cut on both sides."""
LONGEST_TEXT = 200
"""Custom-field texts longer than this are not indexed; filters read them from the lead itself."""
MOST_TERMS = 60

WEIGHTS = (("email", 4), ("first_name", 3), ("last_name", 3), ("company", 2), ("job_title", 1))
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text in order: lower case, without accents, letters and digits only."""
    plain = text  # without accents already, as most are
    if not text.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return [word[:LONGEST_TERM] for word in _WORD.findall(plain.casefold())]


def terms(lead: Mapping[str, Any]) -> dict[str, int]:
    """Word → weight of a lead given by column name; a word keeps the highest weight it occurs with."""
    return _weighed({name: words(value) for name, _ in WEIGHTS if (value := lead.get(name))})


def changed_terms(lead: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """The terms that a lead loses, and those it wins, by new values; a term of another weight is among both."""
    old = {name: words(value) for name, _ in WEIGHTS if (value := lead[name])}
    new = {**old, **{name: words(values[name] or "") for name, _ in WEIGHTS if name in values}}
    before, after = _weighed(old), _weighed(new)
    lost = {term: weight for term, weight in before.items() if after.get(term) != weight}
    return lost, {term: weight for term, weight in after.items() if before.get(term) != weight}


def _weighed(found: Mapping[str, Sequence[str]]) -> dict[str, int]:
    weights: dict[str, int] = {}
    for name, weight in WEIGHTS:
        for word in found.get(name, ()):
            weights.setdefault(word, weight)
    return weights if len(weights) <= MOST_TERMS else dict(list(weights.items())[:MOST_TERMS])


def tags(lead: Mapping[str, Any]) -> list[str]:
    """The distinct tags of a lead."""
    return list(dict.fromkeys(lead.get("tags") or ()))


def fields(lead: Mapping[str, Any], declared: Collection[str]) -> Iterator[tuple[str, str | None, float | None]]:
    """(name, text, number) of each declared custom field that holds text, a number or a truth value."""
    for name in declared:
        value = at_path(lead.get("custom_fields"), name.split("."))
        if isinstance(value, bool):
            yield name, "true" if value else "false", None
        elif isinstance(value, str) and len(value) <= LONGEST_TEXT:
            yield name, value, None
        elif isinstance(value, int | float):
            yield name, None, float(value)


def at_path(document: Any, path: Sequence[str]) -> Any:
    """The value at a path of a JSON document; None where there is none."""
    for step in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(step)
    return document
