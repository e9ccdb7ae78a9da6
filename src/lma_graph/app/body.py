"""From bytes to the parameters of a request. Enter at `read_body`, `from_json` and `from_query_string`.

Everything that a client can get wrong here is answered with a 4xx that says what is wrong.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, cast
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from lma_graph.app.refusals import ClientGone, Refusal, bad_request
from lma_graph.kernel.deadline import Deadline

_MOST_PARAMETERS: Final = 50
_JSON_PARAMETERS: Final = ("variables", "extensions")


class Parameters(NamedTuple):
    """The parameters of a GraphQL request, of the right types but not yet checked further."""

    query: str | None
    operation_name: str | None
    variables: Mapping[str, object]
    extensions: Mapping[str, object]


async def read_body(receive: Receive, *, declared: str, max_bytes: int, timeout_s: float) -> bytes:
    """The whole body. `declared` is the `Content-Length` header or "".

    Raises `Refusal` 413 as soon as the body is known to be larger than `max_bytes`, 408 if it has not ended
    after `timeout_s`; `ClientGone` if the connection was closed.
    """
    if declared.isdigit() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size = 0
    try:
        with Deadline(timeout_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > max_bytes:
                    raise _too_large(max_bytes)
                chunks.append(chunk)
                if not message.get("more_body"):
                    return b"".join(chunks)
    except TimeoutError:
        text = f"The body had not ended after {timeout_s:g} s."
        raise Refusal(408, "REQUEST_TIMEOUT", text, close=True) from None


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(413, "PAYLOAD_TOO_LARGE", f"A body may have at most {max_bytes} bytes.", close=True)


def from_json(body: bytes) -> Parameters:
    """The parameters in a POST's body. Raises `Refusal`."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad_request("The body is not valid JSON in UTF-8.") from None
    if isinstance(found, list):
        raise bad_request("Send one operation per request; batches are not supported.")
    if not isinstance(found, dict):
        raise bad_request("The body must be a JSON object.")
    return _parameters(found, may_hold_nul=b"\\u0000" in body)


def from_query_string(query_string: bytes) -> Parameters:
    """The parameters in a GET's address. Raises `Refusal`."""
    try:
        pairs = parse_qsl(
            query_string.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError:  # also what UnicodeDecodeError is
        raise bad_request("The address has too many parameters or is not in UTF-8.") from None
    found: dict[str, object] = dict(pairs)
    if len(found) < len(pairs):
        raise bad_request("A parameter is given more than once.")
    for name in _JSON_PARAMETERS:
        text = cast("str", found.pop(name, ""))
        if text:
            found[name] = _loads(name, text)
    return _parameters(found, may_hold_nul=b"%00" in query_string or b"u0000" in query_string)


def _loads(name: str, text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_request(f"The parameter {name} is not valid JSON.") from None


def _parameters(found: dict[str, object], *, may_hold_nul: bool) -> Parameters:
    where = _path_of_nul(found) if may_hold_nul else None
    if where is not None:
        raise Refusal(400, "BAD_USER_INPUT", "Text may not contain the character U+0000.", path=where)
    return Parameters(
        _text(found, "query"),
        _text(found, "operationName") or None,
        _object(found, "variables"),
        _object(found, "extensions"),
    )


def _text(found: dict[str, object], name: str) -> str | None:
    value = found.get(name)
    if value is None or isinstance(value, str):
        return value
    raise bad_request(f"{name} must be a string.")


def _object(found: dict[str, object], name: str) -> Mapping[str, object]:
    value = found.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise bad_request(f"{name} must be a JSON object.")


def _path_of_nul(value: object) -> tuple[str, ...] | None:
    """Where a text in the value has a NUL, which Postgres cannot store; None where none has."""
    queue: list[tuple[object, tuple[str, ...]]] = [(value, ())]
    while queue:
        found, path = queue.pop()
        if isinstance(found, str) and "\0" in found:
            return path
        if isinstance(found, dict):
            queue += [(key, path) for key in found] + [(part, (*path, key)) for key, part in found.items()]
        elif isinstance(found, list):
            queue += [(part, (*path, str(at))) for at, part in enumerate(found)]
    return None
