"""The command `doctor`: looks at everything the server needs, and says what to do about what is missing."""

import asyncio
import platform
from collections.abc import AsyncIterator

import asyncpg
import typer

from lma_graph import __version__
from lma_graph.app.asgi import Development, verifier_of
from lma_graph.app.explorer import find_bundle
from lma_graph.cli.output import out
from lma_graph.cli.place import database
from lma_graph.kernel import migrations
from lma_graph.kernel.db import Database, connect_arguments
from lma_graph.kernel.errors import ConfigurationError
from lma_graph.kernel.files import new_upload
from lma_graph.kernel.object_files import files_at
from lma_graph.kernel.settings import Settings

_OLDEST, _NEWEST = 15, 18


def doctor() -> None:
    """Check Python, the database, migrations, tokens and GraphiQL; exit with 1 if something is wrong."""
    settings = Settings()
    out(f"LMA Graph {__version__}, Python {platform.python_version()}")
    with database(settings) as urls:
        found = [
            asyncio.run(_database(urls.application)),
            asyncio.run(_revision(urls.application)),
            _tokens(settings, embedded=urls.embedded),
            asyncio.run(_files(settings)),
            _explorer(),
        ]
    if not all(found):
        raise typer.Exit(1)


def _report(well: bool, text: str) -> bool:  # noqa: FBT001
    out(f"{'ok  ' if well else 'FAIL'}  {text}")
    return well


async def _database(url: str) -> bool:
    try:
        connection = await asyncpg.connect(connect_arguments(url), timeout=5)
        version = connection.get_server_version()
        await connection.close()
    except (OSError, asyncpg.PostgresError, ValueError, TimeoutError) as error:
        return _report(False, f"database: {error}; check LMA_DATABASE_URL")
    supported = _OLDEST <= version.major <= _NEWEST
    wish = "" if supported else f"; versions {_OLDEST} to {_NEWEST} are supported"
    return _report(supported, f"database: PostgreSQL {version.major}.{version.minor}{wish}")


async def _revision(url: str) -> bool:
    wanted = migrations.head()
    try:
        async with Database(url, pool_size=1) as reached:
            revision = await reached.revision()
    except Exception as error:  # noqa: BLE001  # whatever it is, the person should read it
        return _report(False, f"migrations: {error}")
    hint = "" if revision == wanted else f", {wanted} is needed; run lma-graph migrate"
    return _report(revision == wanted, f"migrations: at {revision}{hint}")


def _tokens(settings: Settings, *, embedded: bool) -> bool:
    try:
        verifier_of(settings, Development(b"0" * 32, "") if embedded else None)
    except ConfigurationError as error:
        return _report(False, f"tokens: {error}")
    if settings.jwks_url is not None and settings.jwt_audience is None:
        return _report(False, "tokens: LMA_JWKS_URL without LMA_JWT_AUDIENCE accepts the provider's tokens for others")
    return _report(True, "tokens: can be checked")


async def _files(settings: Settings) -> bool:
    """Keeps a file for a moment, which also tells whether the store keeps the first of two."""
    key = f"doctor/{new_upload()}"
    try:
        store = files_at(settings.files_url, settings.home, b"").store
        await store.put(key, _nothing(), most=0)
        try:
            await store.put(key, _nothing(), most=0)
            return _report(False, "files: the store replaces files; it must know If-None-Match")
        except FileExistsError:
            pass
        finally:
            await store.remove(key)
    except Exception as error:  # noqa: BLE001  # whatever it is, the person should read it
        return _report(False, f"files: {error}")
    return _report(True, "files: can be kept")


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


def _explorer() -> bool:
    return _report(find_bundle() is not None, "GraphiQL: built" if find_bundle() else "GraphiQL: run make graphiql")
