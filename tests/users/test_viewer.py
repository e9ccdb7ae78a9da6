"""Who a token names, and how soon a change of it holds."""

import asyncio

import pytest
import sqlalchemy as sa

from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import Unauthenticated
from lma_graph.kernel.viewer import Role, Viewer, Visibility


async def one(database: Database, viewer: Viewer) -> int:
    async with database.reader(viewer) as reader:
        return (await reader.rows(sa.text("SELECT 1")))[0][0]


@pytest.mark.parametrize("role", Role)
async def test_an_organization_by_slug_or_id_and_a_user_by_address_or_id(role, world, small) -> None:
    address, number = f"{role.lower()}@{world.slug}.test", world.users[role]
    found = [
        await small.viewer(organization, subject)
        for organization in (world.slug, str(world.organization_id))
        for subject in (address, f"  {address.upper()} ", str(number))
    ]
    for viewer in found:
        assert (viewer.organization_id, viewer.user_id, viewer.role) == (world.organization_id, number, role)
        assert (viewer.visibility, viewer.time_zone) == (Visibility.ALL, "UTC")
        assert viewer.indexed_fields == {"country", "plan", "employees"}
        assert await one(small, viewer) == 1
    assert len({viewer.state for viewer in found}) == 1


async def test_names_that_name_nobody(world, other_world, small) -> None:
    admin = world.users[Role.ADMIN]
    for organization, subject in (
        (world.slug, "nobody@nowhere.test"),
        (world.slug, str(2**40)),
        (world.slug, str(other_world.users[Role.ADMIN])),
        (world.slug, f"admin@{other_world.slug}.test"),
        (other_world.slug, str(admin)),
        (world.slug.upper(), str(admin)),
        ("", str(admin)),
        (world.slug, ""),
        (world.slug, "9" * 30),
        ("-1", str(admin)),
        (world.slug, f"{admin}.0"),
        (world.slug, f"{admin}' OR '1'='1"),
        ("%", "%"),
    ):
        with pytest.raises(Unauthenticated) as refused:
            await small.viewer(organization, subject)
        assert refused.value.message == "The token names no active user of an active organization."
        assert refused.value.extensions() == {"code": "UNAUTHENTICATED"}


CHANGES = {
    "user": "UPDATE users SET is_active = $2 WHERE id = $1",
    "organization": "UPDATE organizations o SET is_active = $2"
    " FROM users u WHERE u.id = $1 AND o.id = u.organization_id",
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_deactivation_holds_at_once_and_can_be_taken_back(what, world, owner, small) -> None:
    number = world.users[Role.SALES_REP]
    viewer = await small.viewer(world.slug, str(number))
    assert await one(small, viewer) == 1
    await owner.execute(CHANGES[what], number, False)
    assert await small.viewer(world.slug, str(number)) is viewer  # still remembered, and yet:
    for transaction in (small.reader, small.unit_of_work):
        with pytest.raises(Unauthenticated):
            async with transaction(viewer):
                pytest.fail("a transaction began")
    with pytest.raises(Unauthenticated):
        await small.viewer(world.slug, str(number))
    await owner.execute(CHANGES[what], number, True)
    assert await one(small, await small.viewer(world.slug, str(number))) == 1


async def test_a_deleted_user_is_nobody_at_once(world, owner, small) -> None:
    number = world.users[Role.VIEWER]
    viewer = await small.viewer(world.slug, str(number))
    await owner.execute("DELETE FROM users WHERE id = $1", number)
    with pytest.raises(Unauthenticated):
        await one(small, viewer)


async def test_a_changed_role_and_changed_settings_hold_at_once(world, owner, small) -> None:
    number = world.users[Role.SALES_REP]
    viewer = await small.viewer(world.slug, str(number))
    await owner.execute("UPDATE users SET role = 'VIEWER' WHERE id = $1", number)
    async with small.unit_of_work(viewer) as unit:
        assert unit.viewer.role is Role.VIEWER
    await owner.execute("UPDATE users SET role = 'SALES_REP' WHERE id = $1", number)
    await owner.execute(
        "UPDATE organizations SET settings = $2::text::jsonb WHERE id = $1",
        world.organization_id,
        '{"visibility": {"salesRep": "OWN"}, "timeZone": "Europe/Berlin", "customFields": [{"name": "a.b"}]}',
    )
    async with small.reader(viewer) as reader:
        found = reader.viewer
    assert (found.role, found.visibility, found.time_zone) == (Role.SALES_REP, Visibility.OWN, "Europe/Berlin")
    assert found.indexed_fields == {"a.b"}
    assert not found.sees_all_leads
    assert await small.viewer(world.slug, str(number)) is found


async def test_fifty_readers_at_once_each_see_their_own(world, other_world, small) -> None:
    await world.lead()
    viewers = [await small.viewer(each.slug, str(each.users[role])) for each in (world, other_world) for role in Role]

    async def read(viewer: Viewer) -> tuple[int, int, int]:
        async with small.reader(viewer) as reader:
            await reader.rows(sa.text("SELECT pg_sleep(0.005)"))
            seen = await reader.rows(sa.text("SELECT count(*) FROM leads"))
            whose = await reader.rows(sa.text("SELECT current_setting('app.user_id')::bigint"))
            return viewer.organization_id, seen[0][0], whose[0][0]

    asking = [viewers[at % len(viewers)] for at in range(50)]
    leads = {world.organization_id: 1, other_world.organization_id: 0}
    assert await asyncio.gather(*map(read, asking)) == [
        (viewer.organization_id, leads[viewer.organization_id], viewer.user_id) for viewer in asking
    ]
