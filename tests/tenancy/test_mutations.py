"""Every mutation of the schema: who may do it, and what it makes of ids of another organization."""

from typing import Any

import pytest
from deeds import DEEDS, UNREHEARSED, Of, filled, places, replaced
from inhabitants import Populated, kind_of, tenant_tables

from lma_graph.kernel import ids
from lma_graph.kernel.graphql.commands import CommandField
from lma_graph.kernel.viewer import PERMISSIONS, Role
from world import SCHEMA

NEVER = 2**48 + 7
FIELDS = SCHEMA._schema.mutation_type.fields
PLACES = [(name, path, node) for name, given in DEEDS.items() for path, node in places(given)]


def definition(name: str) -> CommandField:
    found: CommandField = FIELDS[name].extensions["strawberry-definition"]
    return found


async def state(populated: Populated) -> dict[str, Any]:
    """Every row of an organization's tables, as digests."""
    tables = [table.name for table in tenant_tables()]
    texts = [
        f"SELECT '{name}' AS name, md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS rows "
        f"FROM {name} t WHERE organization_id = $1"
        for name in tables
    ]
    return {row["name"]: row["rows"] for row in await populated.world.fetch(" UNION ALL ".join(texts))}


async def done(populated: Populated, name: str, given: dict[str, Any], role: Role) -> Any:
    rehearsed = {} if name in UNREHEARSED else {"dryRun": True}
    found = await populated.world.do(name, {**given, **rehearsed}, "__typename", role=role)
    found.pop("lead", None)
    return found


def test_every_mutation_has_a_deed_and_says_whether_it_rehearses() -> None:
    assert list(DEEDS) == list(FIELDS)
    assert {name for name in FIELDS if "dryRun" not in FIELDS[name].args["input"].type.of_type.fields} == UNREHEARSED


@pytest.mark.parametrize("name", DEEDS)
async def test_a_role_that_may_does_it_and_any_other_changes_nothing(name: str, tenants: Any) -> None:
    asking, _ = tenants
    needs = definition(name).needs
    given = filled(DEEDS[name], asking.id)
    before = await state(asking)
    for role in Role:
        found = await done(asking, name, given, role)
        if needs not in PERMISSIONS[role]:
            assert (found["__typename"], found["permission"], found["path"]) == ("Denied", needs.value, ["input"])
        elif role is Role.ADMIN:
            assert found["__typename"] == f"{name[0].upper()}{name[1:]}Payload", found
    if name not in UNREHEARSED:
        assert await state(asking) == before


@pytest.mark.parametrize(("name", "path", "node"), PLACES, ids=[f"{n}.{'.'.join(map(str, p))}" for n, p, _ in PLACES])
async def test_another_organizations_id_is_one_never_issued(name: str, path: Any, node: str, tenants: Any) -> None:
    asking, stranger = tenants
    before, theirs = await state(asking), await state(stranger)

    async def ask(id_: str) -> Any:
        return await done(asking, name, filled(replaced(DEEDS[name], path, id_), asking.id), Role.ADMIN)

    kind = kind_of(node)
    never = await ask(ids.encode(kind, NEVER))
    assert (never["__typename"], never["code"]) == ("NotFound", "NOT_FOUND")
    assert await ask(stranger.id(node)) == never
    assert await ask("nonsense") == never
    assert await ask(stranger.id("Campaign" if kind != "Campaign" else "Lead")) == never
    assert (await state(asking), await state(stranger)) == (before, theirs)


def test_ids_are_marked_as_such() -> None:
    assert all(isinstance(node, str) for _, _, node in PLACES)
    assert Of("Lead") in DEEDS["updateLead"].values()
