"""Whether two servers have given the same answer. Enter at `verified`.

What may differ is only how a thing is written: ids are read as numbers, moments as microseconds since 1970, a cursor
counts as present or absent. That cursors lead somewhere is seen by asking for the second page with each server's own.
"""

import datetime as dt
import http.client
import json
from collections.abc import Mapping
from typing import Any

from bench.peers.contestants import Running
from bench.peers.dialects import Dialect
from bench.peers.ground import Ground
from bench.peers.operations import Operation

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CURSORS = {"cursor", "endCursor"}


class DifferentAnswerError(Exception):
    """A contestant must not be timed: it has not given the answer of the first one."""


def ask(server: Running, ground: Ground, body: Mapping[str, Any]) -> bytes:
    """The body of the answer to one request, which must be good."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        connection.request("POST", server.contestant.path, request_body(body), request_headers(ground))
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or b'"errors"' in content:
        raise DifferentAnswerError(f"{server.contestant.name}: {answer.status} {content[:1000].decode()}")
    return content


def request_body(body: Mapping[str, Any]) -> bytes:
    """A request as it goes over the wire."""
    return json.dumps(body, separators=(",", ":")).encode()


def request_headers(ground: Ground) -> dict[str, str]:
    """The same for every contestant."""
    return {
        "content-type": "application/json",
        "accept": "application/json",
        "authorization": f"Bearer {ground.token}",
    }


def verified(server: Running, operation: Operation, ground: Ground, wanted: Any | None) -> tuple[bytes, Any]:
    """The answer's bytes and what it says; raises `DifferentAnswerError` unless that is what is wanted."""
    dialect = server.contestant.dialect
    content = ask(server, ground, operation.body(dialect, ground))
    said = [json.loads(content)["data"]]
    if operation.pages:
        after = said[0]["leads"]["pageInfo"]["endCursor"]
        said.append(json.loads(ask(server, ground, operation.body(dialect, ground, after)))["data"])
    canonical = [_canonical(one, dialect) for one in said]
    if wanted is not None:
        difference = first_difference(wanted, canonical)
        if difference is not None:
            raise DifferentAnswerError(f"{server.contestant.name}, {operation.name}: {difference}")
    return content, canonical


def _canonical(value: Any, dialect: Dialect, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _canonical(one, dialect, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_canonical(one, dialect, name) for one in value]
    if name == "id":
        return dialect.read_id(str(value))
    if name in _CURSORS:
        return value is not None and len(value) > 0
    if name.endswith("At") and value is not None:
        return (dt.datetime.fromisoformat(value) - _EPOCH) // dt.timedelta(microseconds=1)
    return value


def first_difference(wanted: Any, found: Any, path: str = "") -> str | None:
    """Where two answers part, in words; None where they do not."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        if wanted.keys() != found.keys():
            return f"{path}: fields {sorted(wanted.keys() ^ found.keys())} are only on one side"
        pairs = [(f"{path}.{key}", wanted[key], found[key]) for key in wanted]
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return f"{path}: {len(found)} instead of {len(wanted)}"
        pairs = [(f"{path}[{at}]", *both) for at, both in enumerate(zip(wanted, found, strict=True))]
    else:
        return None if wanted == found and type(wanted) is type(found) else f"{path}: {found!r} instead of {wanted!r}"
    return next((found for found in (first_difference(w, f, where) for where, w, f in pairs) if found), None)
