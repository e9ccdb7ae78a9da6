"""From any exception to an entry of a response's `errors`. Enter at `request_error` and `Incident.error`.

Only what was written for the caller reaches the caller: the messages of domain errors, and graphql-core's
own words about a document or its variables. Everything else is a bug: it is logged under a correlation id
and the caller is told nothing but that id.
"""

import re
import socket
import uuid
from collections.abc import Iterator
from typing import Final

import structlog
from asyncpg import exceptions as postgres
from graphql import GraphQLError, GraphQLSyntaxError, ValueNode
from graphql.language import ArgumentNode
from sqlalchemy import exc as alchemy
from strawberry.exceptions import StrawberryInputCoercionError

from lma_graph.kernel.errors import DomainError, TimedOut, Unavailable

ResponseError = dict[str, object]
"""One entry of `errors`: `message`, `extensions`, and `locations` and `path` where they are known."""

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
INTERNAL: Final = "INTERNAL_SERVER_ERROR"

MASK: Final = "Something went wrong on our side."
_LONGEST_MESSAGE = 500
_MOST_TRACEBACKS = 5
_SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)

_UNREACHABLE = (
    ConnectionError,
    socket.gaierror,
    postgres.PostgresConnectionError,
    postgres.CannotConnectNowError,
    postgres.TooManyConnectionsError,
    postgres.AdminShutdownError,
    postgres.CrashShutdownError,
    postgres.InternalClientError,  # the server said goodbye while nothing was asked of it
    alchemy.TimeoutError,  # the pool had no connection free in time
)
_TOO_SLOW = (postgres.QueryCanceledError, TimeoutError)
_UNSTORABLE = (postgres.CharacterNotInRepertoireError, postgres.UntranslatableCharacterError)

log = structlog.get_logger("lma_graph.graphql")


class BadInput(DomainError):
    """A value that no field could accept."""

    code = BAD_USER_INPUT


class OperationUnresolved(DomainError):
    """The document holds no such operation, or several and no name to choose by."""

    code = "OPERATION_RESOLUTION_FAILURE"


class OperationNotAllowed(DomainError):
    """An operation that cannot be sent this way: a mutation by GET, a subscription as a plain request."""

    code = "OPERATION_NOT_ALLOWED"


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what graphql-core's and SQLAlchemy's wrappers hold, outermost first.

    A `raise … from` of anybody else is not followed: what a bug was raised from does not make it expected.
    """
    found: BaseException | None = error
    while found is not None:
        yield found
        if isinstance(found, GraphQLError):
            found = found.original_error
        elif isinstance(found, alchemy.DBAPIError):
            driver = found.orig
            found = driver.__cause__ if driver is not None and driver.__cause__ is not None else driver
        else:
            found = None


def translate(error: BaseException) -> DomainError | None:
    """The expected failure behind an exception; None if there is none, which makes it a bug."""
    for found in chain(error):
        if isinstance(found, DomainError):
            return found
        if isinstance(found, _TOO_SLOW):
            return TimedOut("This took longer than allowed and was stopped.")
        if isinstance(found, _UNREACHABLE):
            return Unavailable("The database cannot be reached at the moment. Please try again.")
        if isinstance(found, _UNSTORABLE):
            return BadInput("Text may not contain the character U+0000.")
        if isinstance(found, postgres.InterfaceError) and "closed" in str(found):
            return Unavailable("The connection to the database was lost. Please try again.")
    return None


def _shorten(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[: _LONGEST_MESSAGE - 1]}…"


def _public_message(error: GraphQLError) -> str:
    """graphql-core's message without suggestions and without the words of what a scalar's parser raised."""
    message = error.message
    for found in chain(error):
        if not isinstance(found, GraphQLError | DomainError):
            message = message.replace(f", but encountered error '{found}'; found", ", found")
    return _shorten(_SUGGESTION.sub("", message))


def _located(error: GraphQLError, message: str, extensions: dict[str, object]) -> ResponseError:
    found: ResponseError = {"message": message}
    if error.locations:
        found["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        found["path"] = list(error.path)
    found["extensions"] = extensions
    return found


def request_error(error: GraphQLError, code: str) -> ResponseError:
    """For an error of parsing, validating or coercing; `code` is used unless the error is one of syntax."""
    used = PARSE_FAILED if isinstance(error, GraphQLSyntaxError) else code
    return _located(error, _public_message(error), {"code": used})


def domain_error(error: DomainError) -> ResponseError:
    """For an expected failure that belongs to no field."""
    return {"message": error.message, "extensions": error.extensions()}


def _is_callers_value(error: GraphQLError) -> bool:
    """Whether a field failed because of an argument's value, which only its variables could show.

    graphql-core points such errors at the value in the document and raises them from nothing; errors about
    a result point at the field or nowhere.
    """
    root = error
    while isinstance(root.original_error, GraphQLError):
        root = root.original_error
    if isinstance(root.original_error or root, StrawberryInputCoercionError):
        return True
    return root.original_error is None and bool(
        root.nodes and all(isinstance(node, ValueNode | ArgumentNode) for node in root.nodes)
    )


class Incident:
    """The unexpected errors of one response: they share a correlation id, and some are logged with traces.

    A list of 2,000 rows whose field fails gives 2,000 errors of one cause, so only some are logged in full.
    """

    def __init__(self, **context: object) -> None:
        self._context = context
        self._correlation_id: str | None = None
        self._logged: set[tuple[type[BaseException], str]] = set()

    def error(self, error: BaseException) -> ResponseError:
        """For whatever was raised while the operation ran."""
        known = translate(error)
        if isinstance(error, GraphQLError):
            if known is not None:
                return _located(error, known.message, known.extensions())
            if _is_callers_value(error):
                return _located(error, _public_message(error), {"code": BAD_USER_INPUT})
            return _located(error, MASK, self._masked(error))
        if known is not None:
            return domain_error(known)
        return {"message": MASK, "extensions": self._masked(error)}

    def _masked(self, error: BaseException) -> dict[str, object]:
        if self._correlation_id is None:
            self._correlation_id = uuid.uuid4().hex
        cause = list(chain(error))[-1]
        kind = (type(cause), str(cause))
        if kind not in self._logged and len(self._logged) < _MOST_TRACEBACKS:
            self._logged.add(kind)
            path = error.path if isinstance(error, GraphQLError) else None
            log.error(
                "unexpected error",
                correlation_id=self._correlation_id,
                path=".".join(map(str, path or ())),
                exc_info=cause,
                **self._context,
            )
        return {"code": INTERNAL, "correlationId": self._correlation_id}
