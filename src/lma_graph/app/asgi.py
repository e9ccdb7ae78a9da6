"""The composition root of the server: settings in, one ASGI application out. Enter at `create`."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from graphql import OperationType
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lma_graph.app import explorer
from lma_graph.app.examples import load_examples
from lma_graph.app.file_links import FileLinks
from lma_graph.app.graphql_http import GraphQLHTTP
from lma_graph.app.health import Health
from lma_graph.app.logs import RequestLog, record_of
from lma_graph.app.metrics import metrics
from lma_graph.kernel import migrations
from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import Unavailable
from lma_graph.kernel.graphql.context import CommandContext, Context
from lma_graph.kernel.graphql.engine import GraphQLEngine, run_standard
from lma_graph.kernel.graphql.execution.runner import planned
from lma_graph.kernel.graphql.limits import Limits
from lma_graph.kernel.object_files import files_at
from lma_graph.kernel.session import Session
from lma_graph.kernel.settings import Settings
from lma_graph.kernel.tokens import TokenVerifier, build_verifier, parse_bearer, server_secret
from lma_graph.kernel.transactions import Reader
from lma_graph.kernel.viewer import Role, Viewer
from lma_graph.schema.graph import build

ENDPOINT = "/graphql"
DEBUG_HEADER = "x-debug"
"""In `dev`, an administrator who sends this header sees the SQL of the operation under `extensions.debug`."""


@dataclass(frozen=True)
class Development:
    """What only `lma-graph dev` adds: the secret it signs with, and a ready token for GraphiQL."""

    secret: bytes
    token: str


Beside = Callable[[], AbstractAsyncContextManager[object]]
"""Something else that is at work for as long as the application is, on its event loop."""


def create(
    settings: Settings, database_url: str, development: Development | None = None, beside: Beside = nullcontext
) -> ASGIApp:
    """The application. Raises `ConfigurationError` where nothing says how tokens are signed."""
    verifier = verifier_of(settings, development)
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    signed_with = server_secret(secret, settings.home)
    files = files_at(settings.files_url, settings.home, signed_with, **settings.file_options)
    database = Database(
        database_url,
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        files=files,
    )
    health = Health({"database": database.ping, "migrations": lambda: _check_revision(database)})
    graphql = _endpoint(settings, database, verifier, development)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # What lives for ever need not be looked through at every collection.
        gc.collect()
        gc.freeze()
        gc.set_threshold(5_000, 20, 20)
        async with database, beside():
            yield
            health.begin_shutdown()

    pages = Starlette(
        routes=[
            Route(ENDPOINT, _Endpoint(graphql)),  # under other spellings of its path
            Route("/", lambda _: RedirectResponse(ENDPOINT)),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
            Route("/metrics", metrics),
            *FileLinks(database, files).routes(),
            *explorer.routes(),
        ],
        lifespan=lifespan,
    )
    return RequestLog(_cors(settings, _Front(graphql, pages)))


class _Front:
    """Hands GraphQL on at once, since Starlette's way to it costs a point read a tenth of its time."""

    def __init__(self, graphql: ASGIApp, pages: ASGIApp) -> None:
        self._graphql = graphql
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        at_graphql = scope["type"] == "http" and scope["path"] == ENDPOINT
        await (self._graphql if at_graphql else self._pages)(scope, receive, send)


class _Endpoint:
    """Starlette hands every method to an ASGI class, and only GET to a function."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def verifier_of(settings: Settings, development: Development | None) -> TokenVerifier:
    """What tokens are checked with."""
    secret = settings.jwt_secret.get_secret_value().encode() if settings.jwt_secret else None
    if secret is None and settings.jwks_url is None and development is not None:
        secret = development.secret
    return build_verifier(
        secret=secret, jwks_url=settings.jwks_url, audience=settings.jwt_audience, issuer=settings.jwt_issuer
    )


def limits_of(settings: Settings) -> Limits:
    """What one operation may be at most."""
    return Limits(**{name: getattr(settings, name) for name in Limits.__slots__})


def _endpoint(
    settings: Settings, database: Database, verifier: TokenVerifier, development: Development | None
) -> GraphQLHTTP[Viewer]:
    examples = load_examples()
    engine = GraphQLEngine(
        build(),
        limits_of(settings),
        timeout_s=settings.request_timeout_s,
        introspection=settings.introspection,
        runner=planned if settings.batched_execution else run_standard,
    )

    async def authenticate(authorization: str) -> Viewer:
        claims = await verifier.verify(parse_bearer(authorization))
        return await database.viewer(claims.organization, claims.subject)

    def open_context(viewer: Viewer, scope: Scope, kind: OperationType) -> AbstractAsyncContextManager[object]:
        traced = development is not None and viewer.role is Role.ADMIN and DEBUG_HEADER in Headers(scope=scope)
        if kind is OperationType.MUTATION:
            record = record_of(scope)
            return _changing(Session(database, viewer, record.id if record else None), traced=traced)
        return _Reading(database.reader(viewer), traced=traced)

    def page(request: Request) -> Response:
        token = development.token if development is not None and is_local(request) else None
        return explorer.page(ENDPOINT, token, examples)

    return GraphQLHTTP(
        engine,
        authenticate=authenticate,
        open_context=open_context,
        page=page,
        max_body_bytes=settings.max_body_bytes,
    )


class _Reading(AbstractAsyncContextManager[Context]):
    """The context of a query, as long as its reader is open. A class, as for a reader itself."""

    __slots__ = ("_reader", "_traced")

    def __init__(self, reader: AbstractAsyncContextManager[Reader], *, traced: bool) -> None:
        self._reader = reader
        self._traced = traced

    async def __aenter__(self) -> Context:
        reader = await self._reader.__aenter__()
        context = Context.over(reader)
        if self._traced:
            context.debug, reader.observe = trace()
        return context

    async def __aexit__(self, *error: Any) -> None:
        await self._reader.__aexit__(*error)


@asynccontextmanager
async def _changing(session: Session, *, traced: bool) -> AsyncIterator[Context]:
    """The context of a mutation."""
    async with session:
        context = CommandContext(session)
        if traced:
            context.debug, session.observe = trace()
        yield context


def trace() -> tuple[dict[str, object], Callable[[str, float], None]]:
    """What shows under `extensions.debug`, and the observer that adds each statement to it with its time."""
    statements: list[dict[str, object]] = []
    return {"statements": statements}, lambda text, seconds: statements.append(
        {"sql": text, "ms": round(seconds * 1e3, 3)}
    )


def is_local(request: Request) -> bool:
    """Whether the page was asked for by this machine's own address and not from another site.

    The ready token must not reach a page that has pointed its own name at 127.0.0.1, nor one that frames this one.
    """
    host = request.url.hostname or ""
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    return local and request.headers.get("sec-fetch-site", "none") in {"none", "same-origin"}


async def _check_revision(database: Database) -> None:
    found, wanted = await database.revision(), migrations.head()
    if found != wanted:
        raise Unavailable(f"The database is at revision {found}, this server needs {wanted}; run lma-graph migrate.")


def _cors(settings: Settings, app: ASGIApp) -> ASGIApp:
    if not settings.allowed_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=list(settings.allowed_origins),
        allow_methods=["GET", "POST", "PUT"],
        allow_headers=["authorization", "content-type", "x-request-id"],
        expose_headers=["x-request-id"],
        max_age=86_400,
    )
