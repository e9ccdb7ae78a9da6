"""Every list of children that the graph offers has an index in its order, and the planner may use it."""

import asyncpg
import pytest
import sqlalchemy as sa
from graphql import GraphQLObjectType
from sqlalchemy.dialects import postgresql
from test_catalog import INDEXES

from lma_graph.kernel.loaders import Children, Link
from lma_graph.kernel.order import order_by
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Scope, column_of, table_of
from world import SCHEMA, World


def children_of_the_schema() -> dict[str, Children]:
    """Every list of children that a field of the graph names, by the field."""
    found = {}
    for kind in SCHEMA._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and "strawberry-definition" in kind.extensions:
            for field in kind.extensions["strawberry-definition"].fields:
                spec = getattr(field, "spec", None)
                spec = getattr(spec, "children", spec)
                if isinstance(spec, Children):
                    found[f"{kind.name}.{field.python_name}"] = spec
    return found


CHILDREN = children_of_the_schema()


def test_the_schema_has_children() -> None:
    assert len(CHILDREN) >= 18


def wanted_by(spec: Children) -> tuple[str, list[str]]:
    """The table and the columns that an index must begin with: organization, parent, and the order."""
    if isinstance(spec.parent, Link):
        return table_of(spec.parent.row).name, ["organization_id", column_of(spec.parent.parent).name]
    ordered = [sort.column + (" DESC" if sort.descending else "") for sort in spec.order]
    return table_of(spec.row).name, list(dict.fromkeys(["organization_id", spec.key, *ordered]))


async def indexes_for(spec: Children, owner: asyncpg.Connection) -> list[str]:
    """The names of the indexes that fit."""
    table, wanted = wanted_by(spec)
    rows = await owner.fetch(INDEXES)
    return [row["name"] for row in rows if row["table"] == table and row["keys"][: len(wanted)] == wanted]


@pytest.mark.parametrize("field", CHILDREN)
async def test_children_have_an_index_in_their_order(field, owner) -> None:
    found = await indexes_for(CHILDREN[field], owner)
    assert found != [], "{} lacks an index on {}".format(*wanted_by(CHILDREN[field]))


async def plan_with(indexes: list[str], statement: sa.Select, world: World, owner: asyncpg.Connection) -> str:
    """How Postgres would run it as the application's role, were there no other indexes."""
    bound = {"organization_id": world.organization_id, "viewer_id": 1}
    compiled = statement.params(bound).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    hidden = "UPDATE pg_index SET indisvalid = false WHERE indexrelid <> ALL ($1::regclass[]) AND indrelid IN (%s)"
    tables = "SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute(hidden % tables, indexes)
        for way in ("seqscan", "bitmapscan", "sort"):
            await owner.execute(f"SET LOCAL enable_{way} = off")
        await owner.execute(f"SET LOCAL app.organization_id = '{world.organization_id}'; SET LOCAL ROLE lma_app")
        return "\n".join(row[0] for row in await owner.fetch(f"EXPLAIN {compiled}"))
    finally:
        await transaction.rollback()


@pytest.mark.parametrize("field", [name for name, spec in CHILDREN.items() if not isinstance(spec.parent, Link)])
async def test_the_planner_can_use_that_index_under_row_security(field, world, owner) -> None:
    """Partial indexes fit the spec's condition, and nothing between the parent and the index stops the planner."""
    spec = CHILDREN[field]
    child = table_of(spec.row).alias("c")
    statement = (
        sa.select(child.c.id)
        .where(*spec.conditions(child, Scope(), None), child.c[spec.key] == world.organization_id)
        .order_by(*order_by(child.c, spec.order))
        .limit(10)
    )
    indexes = [*await indexes_for(spec, owner), "pk_leads"]  # by which the leads of rows are looked at
    plan = await plan_with(indexes, statement, world, owner)
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan
    assert f"({spec.key} = " in "".join(line for line in plan.splitlines() if "Index Cond" in line), plan


def test_pages_of_children_ask_for_the_same_order() -> None:
    for field, spec in CHILDREN.items():
        assert spec.order[-1].column == "id", field
        assert len({sort.descending for sort in spec.order}) == 1, field
        assert Page(limit=1, order=spec.order).running == spec.order
