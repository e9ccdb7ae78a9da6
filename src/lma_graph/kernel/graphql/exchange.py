"""What goes into the engine and what comes out: `GraphQLRequest`, `GraphQLResponse` and its `Failure`."""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from graphql import OperationType

from lma_graph.kernel.errors import DomainError, TimedOut, Unauthenticated, Unavailable
from lma_graph.kernel.graphql.documents import Operation
from lma_graph.kernel.graphql.errors import OperationNotAllowed, ResponseError

READ_ONLY: Final = frozenset({OperationType.QUERY})
READ_WRITE: Final = frozenset({OperationType.QUERY, OperationType.MUTATION})


class Failure(enum.StrEnum):
    """Why a response has errors, as far as a transport cares."""

    REQUEST = "request"
    """The document, its variables or its size: the caller's to mend."""
    NOT_ALLOWED = "not_allowed"
    """This kind of operation cannot be sent this way."""
    UNAUTHENTICATED = "unauthenticated"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    INTERNAL = "internal"
    FIELDS = "fields"
    """The operation ran, and some of its fields failed."""

    @classmethod
    def behind(cls, error: DomainError | None) -> "Failure":
        """The failure that an error stands for when it ends the whole request; None is a bug."""
        if error is None:
            return cls.INTERNAL
        return next((failure for kind, failure in _FAILURES if isinstance(error, kind)), cls.REQUEST)


_FAILURES: Final[tuple[tuple[type[DomainError], Failure], ...]] = (
    (OperationNotAllowed, Failure.NOT_ALLOWED),
    (Unauthenticated, Failure.UNAUTHENTICATED),
    (Unavailable, Failure.UNAVAILABLE),
    (TimedOut, Failure.TIMEOUT),
)


# Tuples, since making a frozen dataclass takes three times as long and every request makes these.
class GraphQLRequest(NamedTuple):
    """One operation to run. `allowed` are the kinds of operation that the transport may carry."""

    query: str
    operation_name: str | None = None
    variables: Mapping[str, object] = MappingProxyType({})
    extensions: Mapping[str, object] = MappingProxyType({})
    allowed: frozenset[OperationType] = READ_WRITE


class GraphQLResponse(NamedTuple):
    """What to answer. `failure` is None if there are no errors; `data` counts only if the operation `ran`."""

    extensions: Mapping[str, object]
    errors: tuple[ResponseError, ...] = ()
    failure: Failure | None = None
    operation: Operation | None = None
    ran: bool = False
    data: dict[str, Any] | None = None

    def body(self) -> dict[str, object]:
        """The response map of the GraphQL specification: there is no `data` key unless execution began."""
        found: dict[str, object] = {"errors": self.errors} if self.errors else {}
        if self.ran:
            found["data"] = self.data
        found["extensions"] = self.extensions
        return found
