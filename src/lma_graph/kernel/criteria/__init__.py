"""The filter language: one vocabulary per entity, one JSON form, one compiler to SQL.

Enter at `Vocabulary`. The same tree is what a client writes as a `…Filter` input, what is stored in a rule or a
campaign (`stored`), and what `Vocabulary.compile` turns into SQL, so a list, an audience and a rule cannot disagree.

Logic is two-valued: `ne`, `notIn` and `not` include nulls and missing JSON keys, every other comparison with null
is false.
"""

from lma_graph.kernel.criteria.language import Filter, Term, Vocabulary
from lma_graph.kernel.criteria.operators import Family, Operator
from lma_graph.kernel.criteria.relations import ManyTerm, OneTerm
from lma_graph.kernel.criteria.stored import read_stored, to_stored
from lma_graph.kernel.criteria.terms import ColumnTerm, JsonTerm, ValueTerm
from lma_graph.kernel.criteria.values import Kind

__all__ = [
    "ColumnTerm",
    "Family",
    "Filter",
    "JsonTerm",
    "Kind",
    "ManyTerm",
    "OneTerm",
    "Operator",
    "Term",
    "ValueTerm",
    "Vocabulary",
    "read_stored",
    "to_stored",
]
