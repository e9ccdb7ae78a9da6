"""What a rule looks at, so that nobody scores a lead anew for a change that no rule can notice. Enter at `looks_of`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lma_graph.activities.criteria import ACTIVITY
from lma_graph.kernel.criteria import ColumnTerm, Filter, ManyTerm, OneTerm
from lma_graph.kernel.criteria.operators import RELATIVE
from lma_graph.kernel.criteria.walking import Used, walk
from lma_graph.kernel.errors import FieldError
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import table_of
from lma_graph.leads import index
from lma_graph.leads.criteria import LEAD, SearchTerm
from lma_graph.leads.models import LeadRow

_COLUMNS = {camel(column.name): column.name for column in table_of(LeadRow).columns} | {"notesText": "notes"}
_CONTACT = frozenset({"firstContactedAt", "lastContactedAt"})
_RELATIVE = frozenset(operator.name for operator in RELATIVE)
ITS_OWN = frozenset({"score", "leadTemperature", "scoreHistory", "updatedAt"})
"""What scoring itself changes: a rule that looked at it would never come to rest."""
_ALWAYS = frozenset({"updated_at", "version"})
"""Columns that change with every other."""


@dataclass(frozen=True)
class Looks:
    """What criteria look at."""

    columns: frozenset[str] = frozenset()
    """Columns of the lead."""
    relations: frozenset[str] = frozenset()
    """Terms on other rows than the lead's own, such as `activities`, by their names, wherever they stand."""
    time_dependent: bool = False
    """Whether time alone changes the answer."""

    def notice(self, columns: frozenset[str]) -> bool:
        """Whether a change of these columns of a lead can change the answer."""
        return bool(self.columns & (columns | _ALWAYS))

    @property
    def unannounced(self) -> bool:
        """Whether the answer can change without anything being done that scoring takes part in."""
        return self.time_dependent or bool(self.relations - {"activities"})


NOTHING = Looks()


def looks_of(criteria: Filter) -> Looks:
    """What a filter of leads looks at."""
    columns: set[str] = set()
    relations: set[str] = set()
    by_time = False
    for used in walk(criteria.vocabulary, criteria.tree):
        by_time = by_time or _by_time(used)
        if isinstance(used.term, OneTerm | ManyTerm):
            relations.add(used.term.name)
        elif used.vocabulary is LEAD and used.term.name in _CONTACT:
            relations.add("activities")
        elif used.vocabulary is LEAD and isinstance(used.term, SearchTerm):
            columns |= {name for name, _ in index.WEIGHTS}
        elif used.vocabulary is LEAD:
            columns.add(_COLUMNS[used.term.name])
        if used.vocabulary is LEAD and isinstance(used.term, OneTerm):
            columns.add(used.term.key)
    return Looks(frozenset(columns), frozenset(relations), by_time)


def _by_time(used: Used) -> bool:
    if used.vocabulary is ACTIVITY and used.term.name == "isOverdue":
        return True
    return isinstance(used.term, ColumnTerm) and isinstance(used.value, Mapping) and bool(_RELATIVE & used.value.keys())


def looks_at_itself(criteria: Filter, path: tuple[Any, ...] = ("criteria",)) -> Iterator[FieldError]:
    """A fault for each place where criteria look at what scoring changes."""
    for used in walk(criteria.vocabulary, criteria.tree, path):
        if used.vocabulary is LEAD and used.term.name in ITS_OWN:
            text = "Rules cannot look at what they change: score, leadTemperature, scoreHistory and updatedAt."
            yield FieldError(used.path, text, "NOT_ALLOWED")
