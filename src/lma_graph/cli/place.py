"""Where the data is: the Postgres that the settings name, or the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lma_graph.kernel.postgres import EmbeddedPostgres
from lma_graph.kernel.settings import Settings


@dataclass(frozen=True)
class Urls:
    """Two logins to one database."""

    application: str
    owner: str
    embedded: bool


@contextmanager
def database(settings: Settings) -> Iterator[Urls]:
    """The database's URLs, for as long as the block runs; starts the embedded server where none is set."""
    if settings.database_url is not None:
        yield Urls(settings.database_url, settings.migration_database_url or settings.database_url, embedded=False)
        return
    with EmbeddedPostgres(settings.home) as server:
        url = server.url("postgres", "lma")
        yield Urls(url, url, embedded=True)
