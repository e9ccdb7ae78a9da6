"""Every list of children that the graph offers has an index in its order, and the planner may use it."""

import pytest
import sqlalchemy as sa
from graphql import GraphQLObjectType
from sqlalchemy.dialects import postgresql
from test_catalog import INDEXES

from lma_graph.kernel.loaders import Children, Link
from lma_graph.kernel.order import order_by
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Scope, column_of, table_of
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.loaders import LEADS
from lma_graph.leads.models import LeadRow
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


@pytest.mark.parametrize("field", CHILDREN)
async def test_children_have_an_index_in_their_order(field, owner) -> None:
    """(organization_id, parent, sort columns), in whole or read backwards."""
    spec = CHILDREN[field]
    if isinstance(spec.parent, Link):
        table = table_of(spec.parent.row).name
        wanted = ["organization_id", column_of(spec.parent.parent).name]
    else:
        table = table_of(spec.row).name
        ordered = [sort.column + (" DESC" if sort.descending else "") for sort in spec.order]
        wanted = list(dict.fromkeys(["organization_id", spec.key, *ordered]))
    keys = [row["keys"] for row in await owner.fetch(INDEXES) if row["table"] == table]
    assert any(found[: len(wanted)] == wanted for found in keys), f"{table} lacks an index {wanted}"


async def plan_of(world: World, statement: sa.Select) -> str:
    """How Postgres would run it for the application's role, where it has to use indexes if it can."""
    bound = {"organization_id": world.organization_id, "viewer_id": 1}
    compiled = statement.params(bound).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    async with world.database.reader(await world.viewer()) as reader:
        for way in ("seqscan", "bitmapscan", "sort"):
            await reader.raw.execute(f"SET LOCAL enable_{way} = off")
        return "\n".join(row[0] for row in await reader.raw.fetch(f"EXPLAIN {compiled}"))


async def crowd(world: World) -> None:
    """Leads enough to matter: in an empty table the planner takes the unique index for anything."""
    async with world.database.unit_of_work(await world.viewer()) as unit:
        insert = "INSERT INTO leads (organization_id) SELECT $1 FROM generate_series(1, 2000)"
        await unit.raw.execute(insert, world.organization_id)


@pytest.mark.parametrize("field", [name for name, spec in CHILDREN.items() if not isinstance(spec.parent, Link)])
async def test_the_planner_can_use_that_index_under_row_security(field, world) -> None:
    """Partial indexes fit the spec's condition, and nothing between the parent and the index stops the planner."""
    spec = CHILDREN[field]
    if spec.row is LeadRow:
        await crowd(world)
    child = table_of(spec.row).alias("c")
    statement = (
        sa.select(child.c.id)
        .where(*spec.conditions(child, Scope(), None), child.c[spec.key] == world.organization_id)
        .order_by(*order_by(child.c, spec.order))
        .limit(10)
    )
    plan = await plan_of(world, statement)
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert f"({spec.key} = " in condition, plan


def test_pages_of_children_ask_for_the_same_order() -> None:
    for field, spec in CHILDREN.items():
        assert spec.order[-1].column == "id", field
        assert len({sort.descending for sort in spec.order}) == 1, field
        assert Page(limit=1, order=spec.order).running == spec.order


@pytest.mark.parametrize(
    ("tree", "condition"),
    [
        ({"tags": {"containsAny": ["a"]}}, "(tag = 'a'::text)"),
        ({"search": "a*"}, "(term >= 'a'::text) AND (term < 'b'::text)"),
        ({"status": {"eq": "NEW"}}, "(status = 'NEW'::text)"),
    ],
)
async def test_filters_reach_their_index_under_row_security(tree, condition, world) -> None:
    await crowd(world)
    page = Page(limit=10, order=LEADS.order, filter=LEAD.filter(tree))
    plan = await plan_of(world, LEADS.statement(Scope(), page))
    line = next((line for line in plan.splitlines() if condition in line), "")
    assert "Index Cond" in line, plan
    assert "(organization_id = " in line, plan
