"""A client of the addresses behind links, and quiet logs."""

import logging
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import structlog
from exchange_world import client_of


@pytest.fixture
async def http(database, owner_url) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(database, owner_url) as made:
        yield made


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()
