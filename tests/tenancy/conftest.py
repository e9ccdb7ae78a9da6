"""Two organizations with rows in every table, for tests that leave them as they are."""

import asyncpg
import pytest
from inhabitants import Populated, populate

from world import World


@pytest.fixture(scope="module")
async def tenants(database, owner_url) -> tuple[Populated, Populated]:
    """The organization that asks, and the one that must stay unseen."""
    owner = await asyncpg.connect(owner_url)
    try:
        return await populate(await World.create(database, owner)), await populate(await World.create(database, owner))
    finally:
        await owner.close()
