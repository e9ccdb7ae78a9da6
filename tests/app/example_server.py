"""A small graph behind the real endpoint, served by real uvicorn on a real socket.

`serve` runs it in a thread; `uvicorn example_server:app` runs it as a process of its own.
"""

import asyncio
import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from lma_graph.app.graphql_http import GraphQLHTTP
from lma_graph.app.health import Check, Health
from lma_graph.app.logs import RequestLog
from lma_graph.app.metrics import metrics
from lma_graph.app.protocol import OneWrite
from lma_graph.kernel.errors import Unauthenticated, Unavailable
from lma_graph.kernel.graphql.engine import GraphQLEngine
from lma_graph.kernel.graphql.limits import Limits

TOKEN = {"Authorization": "Bearer good"}
GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@strawberry.type
class Lead:
    name: str

    @strawberry.field
    def leads(self, first: int = 10) -> "LeadConnection":
        return LeadConnection(nodes=[])


@strawberry.type
class LeadConnection:
    nodes: list[Lead]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def whoami(self, info: strawberry.Info) -> str:
        return str(info.context["viewer"])

    @strawberry.field
    def leads(self, first: int = 10) -> LeadConnection:
        return LeadConnection(nodes=[Lead(name=f"lead number {i}") for i in range(first)])

    @strawberry.field
    def fails(self) -> str | None:
        raise RuntimeError("s3cret")

    @strawberry.field
    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"


TOUCHED: list[str] = []


@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self, name: str = "x") -> str:
        TOUCHED.append(name)
        return name


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncIterator[int]:
        yield 1


async def authenticate(token: str) -> str:
    if token == "Bearer down":
        raise Unavailable("The database cannot be reached at the moment. Please try again.")
    if token == "Bearer bug":
        raise RuntimeError("s3cret")
    if token != "Bearer good":
        raise Unauthenticated("A bearer token is needed.")
    return "ada"


@asynccontextmanager
async def open_context(viewer: str, scope: Scope, kind: object) -> AsyncIterator[dict[str, Any]]:
    if Headers(scope=scope).get("x-context") == "down":
        raise Unavailable("No connection is free.")
    yield {"viewer": viewer}


def make_app(*, checks: dict[str, Check] | None = None, timeout_s: float = 10, **overrides: Any) -> ASGIApp:
    schema = strawberry.Schema(Query, Mutation, Subscription)
    endpoint = GraphQLHTTP(
        GraphQLEngine(schema, Limits(), timeout_s=timeout_s),
        authenticate=authenticate,
        open_context=open_context,
        page=lambda request: HTMLResponse("<!doctype html><title>page</title>"),
        **overrides,
    )
    health = Health(checks or {}, timeout_s=0.2)
    routes = [
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", metrics),
    ]
    inner = Starlette(routes=routes)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        at_graph = scope["type"] == "http" and scope["path"] == "/graphql"
        await (endpoint if at_graph else inner)(scope, receive, send)

    outer = RequestLog(app)
    outer.health = health  # type: ignore[attr-defined]
    return outer


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """The base address of a server that runs as long as the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, loop="uvloop", http=OneWrite, log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def client(base: str, **headers: str) -> httpx2.Client:
    return httpx2.Client(base_url=base, headers={**TOKEN, **headers}, trust_env=False, timeout=10)


def persisted(query: str) -> dict[str, object]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}


def raw(base: str, data: bytes, *, wait: float = 5) -> tuple[bytes, float]:
    """What comes back for these bytes until the server closes, and after how many seconds."""
    host, _, port = base.removeprefix("http://").partition(":")
    started = time.monotonic()
    found = b""
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while chunk := connection.recv(65_536):
                found += chunk
    return found, time.monotonic() - started


def code_of(response: httpx2.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


app = make_app()
