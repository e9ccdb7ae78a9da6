"""LMA Graph: a multi-tenant GraphQL API server for lead management.

Enter at `lma_graph.cli` for the commands, at `lma_graph.schema` for the graph, and at `ARCHITECTURE.md`
for the order in which the packages stand on one another.
"""

__version__ = "0.1.0"
