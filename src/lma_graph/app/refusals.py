"""Answers of HTTP itself, before any GraphQL is run. Enter at `Refusal`.

They are shaped like GraphQL responses, since clients turn anything else into a nameless network error.
"""

from collections.abc import Sequence

Header = tuple[bytes, bytes]
"""A header line as ASGI writes it; the name in lower case."""


class Refusal(Exception):
    """The request is refused with this status; `code` is what clients find under `extensions`.

    `soft` marks what the specification counts as an error of a well-formed request: its status is 200 for
    clients that only know `application/json`. `close` ends the connection, because the rest of the body was
    not read. `path` says where in the request the trouble lies.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Sequence[Header] = (),
        soft: bool = False,
        close: bool = False,
        path: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = tuple(headers)
        self.soft = soft
        self.close = close
        self.path = list(path)

    def body(self) -> dict[str, object]:
        """The response's JSON."""
        where = {"path": self.path} if self.path else {}
        return {"errors": [{"message": self.message, "extensions": {"code": self.code, **where}}]}


class ClientGone(Exception):
    """The client has closed the connection; nobody reads an answer."""


def bad_request(message: str) -> Refusal:
    """A request that is not GraphQL over HTTP."""
    return Refusal(400, "BAD_REQUEST", message)
