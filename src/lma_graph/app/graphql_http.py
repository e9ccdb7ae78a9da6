"""GraphQL over HTTP: `POST` and `GET /graphql`. Enter at `GraphQLHTTP`.

Written straight on ASGI, because for a small query the framework around it costs more than its execution.
Cheap refusals come first, the viewer next, and only then is the body read.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Generic, TypeVar

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lma_graph.app.body import Parameters, from_json, from_query_string, read_body
from lma_graph.app.logs import note_operation
from lma_graph.app.negotiation import GRAPHQL, JSON, choose, is_json, prefers_page, takes_gzip
from lma_graph.app.persisted import PersistedQueries
from lma_graph.app.refusals import ClientGone, Header, Refusal
from lma_graph.app.reply import Reply
from lma_graph.kernel.graphql.engine import GraphQLEngine
from lma_graph.kernel.graphql.errors import Incident, ResponseError, translate
from lma_graph.kernel.graphql.exchange import (
    READ_ONLY,
    READ_WRITE,
    Failure,
    GraphQLRequest,
    GraphQLResponse,
)

V = TypeVar("V")

_ALLOW: Final[Header] = (b"allow", b"GET, POST")
_ALLOW_POST: Final[Header] = (b"allow", b"POST")
_STATUS: Final[dict[Failure, int]] = {
    Failure.REQUEST: 400,
    Failure.NOT_ALLOWED: 400,
    Failure.UNAUTHENTICATED: 401,
    Failure.UNAVAILABLE: 503,
    Failure.TIMEOUT: 504,
    Failure.INTERNAL: 500,
    Failure.FIELDS: 200,
}
_SOFT: Final = frozenset({Failure.REQUEST, Failure.NOT_ALLOWED})
"""Failures of a well-formed request: 200 for clients that only know `application/json`."""
_FAILURE_HEADERS: Final[dict[Failure, tuple[Header, ...]]] = {
    Failure.UNAUTHENTICATED: ((b"www-authenticate", b"Bearer"),),
    Failure.UNAVAILABLE: ((b"retry-after", b"1"),),
}
_LONGEST_UNREAD: Final = 64_000
"""A body up to this long is left to the server to skip when a request is refused unread; the connection of
a longer one is closed."""


class GraphQLHTTP(Generic[V]):
    """The ASGI application of the endpoint.

    `authenticate` gives the viewer for an `Authorization` header (or "") or raises a domain error,
    `Unauthenticated` above all. `open_context` is entered for operations that run, and its value is the
    resolvers' context. `page` answers browsers. A body larger than `max_body_bytes` or under way for
    `body_timeout_s` is refused.
    """

    def __init__(
        self,
        engine: GraphQLEngine,
        *,
        authenticate: Callable[[str], Awaitable[V]],
        open_context: Callable[[V, Scope, OperationType], AbstractAsyncContextManager[object]],
        page: Callable[[Request], Response],
        max_body_bytes: int = 1_000_000,
        body_timeout_s: float = 10,
        persisted: PersistedQueries | None = None,
    ) -> None:
        self._engine = engine
        self._authenticate = authenticate
        self._open_context = open_context
        self._page = page
        self._max_body_bytes = max_body_bytes
        self._body_timeout_s = body_timeout_s
        self._persisted = persisted if persisted is not None else PersistedQueries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        accept = headers.get(b"accept", "")
        if scope["method"] == "GET" and prefers_page(accept):
            response = self._page(Request(scope, receive))
            response.headers.setdefault("Vary", "Accept")
            await response(scope, receive, send)
            return
        media = choose(accept) or JSON
        try:
            reply = await self._answer(scope, receive, headers, media)
        except Refusal as refusal:
            reply = _refused(refusal, media)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - the edge of the server: no client sees a bare 500
            reply = _failed(Incident(stage="http").error(error), Failure.behind(translate(error)), media)
        await reply.send(receive, send, gzip=takes_gzip(headers.get(b"accept-encoding", "")))

    async def _answer(self, scope: Scope, receive: Receive, headers: dict[bytes, str], media: str) -> Reply:
        self._check_head(scope, headers)
        try:
            viewer = await self._authenticate(_authorization(scope))
        except Exception as error:  # noqa: BLE001 - answered below, with the connection closed if need be
            failure = Failure.behind(translate(error))
            return _failed(Incident(stage="viewer").error(error), failure, media, close=_is_long(headers))
        parameters = await self._parameters(scope, receive, headers)
        query = self._persisted.resolve(parameters.query, parameters.extensions)
        request = GraphQLRequest(
            query,
            parameters.operation_name,
            parameters.variables,
            parameters.extensions,
            READ_ONLY if scope["method"] == "GET" else READ_WRITE,
        )
        response = await self._engine.execute(request, lambda kind: self._open_context(viewer, scope, kind))
        if response.failure is not Failure.REQUEST:
            self._persisted.remember(query, parameters.extensions)
        if response.operation is not None:
            note_operation(scope, response.operation.name)
        return _reply(response, media)

    def _check_head(self, scope: Scope, headers: dict[bytes, str]) -> None:
        """What can be refused without knowing the viewer or the body. Raises `Refusal`."""
        method = scope["method"]
        if method not in {"GET", "POST"}:
            text = "Send GraphQL by POST, or a query by GET."
            raise Refusal(405, "METHOD_NOT_ALLOWED", text, headers=[_ALLOW], close=_is_long(headers))
        if choose(headers.get(b"accept", "")) is None:
            text = f"Only {GRAPHQL} and {JSON} can be produced."
            raise Refusal(406, "NOT_ACCEPTABLE", text, close=_is_long(headers))
        if method == "GET":
            return
        if not is_json(headers.get(b"content-type", "")):
            text = f"The body must be {JSON} in UTF-8."
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", text, close=_is_long(headers))
        if headers.get(b"content-encoding", "identity").strip().lower() not in {"", "identity"}:
            text, takes = "Compressed bodies are not read.", (b"accept-encoding", b"identity")
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", text, headers=[takes], close=_is_long(headers))

    async def _parameters(self, scope: Scope, receive: Receive, headers: dict[bytes, str]) -> Parameters:
        if scope["method"] == "GET":
            return from_query_string(scope["query_string"])
        declared = headers.get(b"content-length", "")
        limit, patience = self._max_body_bytes, self._body_timeout_s
        return from_json(await read_body(receive, declared=declared, max_bytes=limit, timeout_s=patience))


def _authorization(scope: Scope) -> str:
    """The first header of that name, or ""."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value, "latin-1")
    return ""


def _is_long(headers: dict[bytes, str]) -> bool:
    """Whether there is a body too long, or of unknown length, to be skipped on a connection kept open."""
    declared = headers.get(b"content-length", "0")
    return b"transfer-encoding" in headers or not declared.isdigit() or int(declared[:20]) > _LONGEST_UNREAD


def _refused(refusal: Refusal, media: str) -> Reply:
    status = 200 if refusal.soft and media == JSON else refusal.status
    return Reply(status, media, orjson.dumps(refusal.body()), refusal.headers, refusal.close)


def _failed(error: ResponseError, failure: Failure, media: str, *, close: bool = False) -> Reply:
    body = orjson.dumps({"errors": [error]})
    return Reply(_status(failure, media), media, body, _FAILURE_HEADERS.get(failure, ()), close)


def _status(failure: Failure, media: str) -> int:
    return 200 if failure in _SOFT and media == JSON else _STATUS[failure]


def _reply(response: GraphQLResponse, media: str) -> Reply:
    body = orjson.dumps(response.body(), option=orjson.OPT_UTC_Z)
    failure = response.failure
    if failure is None:
        return Reply(200, media, body)
    kind = response.operation.type if response.operation is not None else None
    if failure is Failure.NOT_ALLOWED and kind is OperationType.MUTATION:
        return Reply(405, media, body, (_ALLOW_POST,))
    return Reply(_status(failure, media), media, body, _FAILURE_HEADERS.get(failure, ()))
