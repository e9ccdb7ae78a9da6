"""The commands that serve: `dev`, `serve` and `worker`."""

import asyncio
import datetime as dt
import os
import tempfile
from typing import Annotated, Any

import asyncpg
import typer
import uvicorn

from lma_graph.app.asgi import Development, create, verifier_of
from lma_graph.app.logs import configure
from lma_graph.app.protocol import OneWrite
from lma_graph.cli.data import write_demo_data
from lma_graph.cli.output import fail, say
from lma_graph.cli.place import database
from lma_graph.demo.accounts import fixed
from lma_graph.kernel import migrations
from lma_graph.kernel.errors import ConfigurationError
from lma_graph.kernel.settings import Settings
from lma_graph.kernel.tokens import dev_secret, mint
from lma_graph.worker.work import work, working

_TOKEN_LIVES = dt.timedelta(days=30)
_FINISH_S = 20
"""How long requests under way may take to finish when the server is told to stop."""
_WORKER = "LMA_SERVE_DATABASE_URL"


def dev(
    leads: Annotated[int, typer.Option(min=0, help="Demo leads to write where the database is empty.")] = 2_000,
) -> None:
    """Serve everything on this machine: embedded Postgres, migrations, demo data, a worker, GraphiQL with a token."""
    settings = _settings()
    configure(settings.log_level, settings.log_format)
    with database(settings) as urls:
        say("Bringing the database up to date …")
        migrations.upgrade(urls.owner)
        if asyncio.run(_is_empty(urls.owner)):
            say("Writing demo data …")
            write_demo_data(urls.owner, leads, organizations=2)
        secret = dev_secret(settings.home)
        admin = fixed("demo")[0].email
        development = Development(secret, mint(secret, organization="demo", subject=admin, ttl=_TOKEN_LIVES))
        app = create(settings, urls.application, development, lambda: working(settings, urls.application))
        say(f"\nGraphiQL and the API: http://{settings.host}:{settings.port}/graphql  (signed in as {admin})")
        say("A token for curl:     ./lma-graph token --organization demo --user admin@demo.test\n")
        uvicorn.run(app, **_options(settings))


def serve() -> None:
    """Serve in production: a Postgres of your own, tokens of your own."""
    settings = _settings()
    configure(settings.log_level, settings.log_format)
    with database(settings) as urls:
        try:
            create(settings, urls.application)
        except ConfigurationError as error:
            fail(str(error))
        os.environ[_WORKER] = urls.application
        if settings.workers > 1:
            # Each process keeps its numbers in a file here, and /metrics of any of them adds them up.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="lma-graph-metrics-")
        uvicorn.run("lma_graph.cli.serve:worker_app", factory=True, workers=settings.workers, **_options(settings))


def worker() -> None:
    """Do the jobs: whatever the server has promised to do that takes longer than a request.

    Any number of workers may run, on any machine; LMA_JOB_CONCURRENCY says how many jobs each does at a time. A worker
    needs the same settings as the server. On SIGTERM it takes no more jobs and ends when those under way are done or
    have gone back to the queue, within LMA_JOB_SHUTDOWN_S. The job of a worker that died is done by another after
    LMA_JOB_STALLED_S, from where it was.
    """
    settings = _settings()
    configure(settings.log_level, settings.log_format)
    with database(settings) as urls:
        try:
            verifier_of(settings, None)
        except ConfigurationError as error:
            fail(str(error))
        say(f"Waiting for jobs, {settings.job_concurrency} at a time.")
        asyncio.run(work(settings, urls.application))
        say("Stopped.")


def worker_app() -> object:
    """The application of one of several server processes."""
    settings = _settings()
    configure(settings.log_level, settings.log_format)
    return create(settings, os.environ[_WORKER])


def _settings() -> Settings:
    """The settings; `PORT` is understood beside `LMA_PORT`, since platforms set it."""
    port = os.environ.get("PORT")
    return Settings(port=int(port)) if port and "LMA_PORT" not in os.environ else Settings()


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "http": OneWrite,
        "proxy_headers": False,  # nothing here looks at the client's address or scheme
        "timeout_graceful_shutdown": _FINISH_S,
        "ws": "none",
    }


async def _is_empty(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM organizations)")
    finally:
        await connection.close()
