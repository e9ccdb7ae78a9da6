"""react-querybuilder's JSON and the filter language, both ways.

`to_filter` turns a query into a checked filter and names every fault by its place in the query; `to_query` gives the
query of a filter, so that a stored rule can be loaded into a query builder again. What the operators of one are in the
other stands once, in `words`. The format is that of react-querybuilder 8 (docs/criteria.md).
"""

from lma_graph.kernel.criteria.querybuilder.reading import read_query, to_filter
from lma_graph.kernel.criteria.querybuilder.writing import stored_query, to_query

__all__ = ["read_query", "stored_query", "to_filter", "to_query"]
