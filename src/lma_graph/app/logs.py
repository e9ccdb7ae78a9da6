"""Logs: how lines look, and one line per request. Enter at `configure` and `RequestLog`.

Lines go to standard error, so that commands can print their result on standard output. Tokens, variables and
documents are never logged: a request is known by its id and its operation's name.
"""

import logging
import re
import secrets
import sys
import time
from dataclasses import dataclass
from typing import Final, TextIO

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import Processor

_KEY: Final = "lma_graph.request"
_HEADER: Final = b"x-request-id"
_ACCEPTABLE_ID: Final = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_QUIET_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})

access = structlog.get_logger("lma_graph.access")


@dataclass(slots=True)
class RequestRecord:
    """What is known of the request being answered."""

    id: str
    operation: str | None = None


def record_of(scope: Scope) -> RequestRecord | None:
    """The record that `RequestLog` made for this request; None where it does not stand in front."""
    found = scope.get(_KEY)
    return found if isinstance(found, RequestRecord) else None


def note_operation(scope: Scope, name: str | None) -> None:
    """Let the request's line name its operation."""
    record = record_of(scope)
    if record is not None:
        record.operation = name


def _request_id(scope: Scope) -> str:
    """The caller's id if it is harmless in a header and a log line, else one of our own."""
    for name, value in scope["headers"]:
        if name == _HEADER and _ACCEPTABLE_ID.fullmatch(value):
            return str(value, "ascii")
    return secrets.token_hex(8)


class RequestLog:
    """ASGI middleware: gives every request an id, in and out as `X-Request-Id`, and writes its line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        record = scope[_KEY] = RequestRecord(_request_id(scope))
        bound = structlog.contextvars.bind_contextvars(request_id=record.id)
        try:
            if scope["type"] == "http":
                await self._http(scope, receive, send, record)
            else:
                await self._app(scope, receive, send)
        finally:
            structlog.contextvars.reset_contextvars(**bound)

    async def _http(self, scope: Scope, receive: Receive, send: Send, record: RequestRecord) -> None:
        started = time.perf_counter()
        status = 0
        header = (_HEADER, record.id.encode())

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], header]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._write(scope, record, status, time.perf_counter() - started)

    def _write(self, scope: Scope, record: RequestRecord, status: int, seconds: float) -> None:
        write = access.debug if scope["path"] in _QUIET_PATHS else access.info
        write(
            "request",
            method=scope["method"],
            path=scope["path"],
            operation=record.operation,
            status=status or None,  # None: the client left before it was answered
            ms=round(seconds * 1000, 1),
        )


def configure(level: str, log_format: str, stream: TextIO | None = None) -> None:
    """Set up structlog and, through it, the standard library's loggers; once, when a process starts.

    `level` is `debug`, `info`, `warning` or `error`; `log_format` is `json`, `console` or `auto`, which
    means `console` on a terminal. `stream` is standard error unless given.
    """
    target = sys.stderr if stream is None else stream
    readable = log_format == "console" or (log_format == "auto" and target.isatty())
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = _for_people() if readable else _for_machines()
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=True,
    )
    _configure_standard(target, threshold, shared, last)


def _for_people() -> list[Processor]:
    # plain tracebacks: the pretty ones print local variables, and with them tokens and personal data
    return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]


def _for_machines() -> list[Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_dumps)]


def _dumps(event: object, **_: object) -> str:
    return orjson.dumps(event, default=repr).decode()


def _configure_standard(target: TextIO, threshold: int, shared: list[Processor], last: list[Processor]) -> None:
    """Everybody else's loggers in the same shape; uvicorn's access lines are dropped for our own."""
    handler = logging.StreamHandler(target)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()], processors=[remove, *last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    quiet = logging.getLogger("uvicorn.access")
    quiet.handlers.clear()
    quiet.propagate = False
