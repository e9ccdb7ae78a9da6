"""Batched execution: an operation runs breadth first, each field once for all objects of its level.

graphql-core resolves and completes every field of every object by itself; for a dashboard query that is thousands of
calls, and they, not SQL, are what it costs. Here an operation is compiled once into a plan (`planner`): per type and
selection a generated function that turns columns into response objects (`shapes`), and per level one statement that
fetches the columns of all relations of that level (`levels`, `statements`). `runner` runs plans, keeps them with the
document, and falls back.

The field collection (fragments, type conditions, aliases, merging, directives), the coercion of arguments and every
error are graphql-core's own: whatever surprises a plan discards its result, and the operation runs again field by
field, which gives the specification's exact errors and null propagation.
"""
