"""An organization with numbers, made once: nothing changes in it."""

import asyncpg
import pytest
from numbers_ground import Ground, settle

from world import World


@pytest.fixture(scope="module")
async def ground(database, owner_url) -> Ground:
    """In Berlin; sales representatives see their own leads and those of nobody."""
    owner = await asyncpg.connect(owner_url)
    try:
        world = await World.create(database, owner, timeZone="Europe/Berlin", visibility={"salesRep": "OWN"})
        return await settle(world)
    finally:
        await owner.close()
