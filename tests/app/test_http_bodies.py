"""Bodies and addresses that are not what they should be: a clean 4xx, soon, and never more."""

import contextlib
import socket
import time
from collections.abc import Iterator

import httpx2
import pytest
from example_server import GRAPHQL, JSON, client, code_of, make_app, raw, serve

HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serve(make_app(max_body_bytes=300_000, body_timeout_s=0.5)) as address:
        yield address


@pytest.fixture
def server(base: str) -> Iterator[httpx2.Client]:
    with client(base) as made:
        yield made


DEEP = b"[" * 100_000 + b"]" * 100_000
BODIES = {
    b"": "The body is not valid JSON in UTF-8.",
    b"{": "The body is not valid JSON in UTF-8.",
    b"null": "The body must be a JSON object.",
    b'"x"': "The body must be a JSON object.",
    b"1": "The body must be a JSON object.",
    b"true": "The body must be a JSON object.",
    b"[]": "Send one operation per request; batches are not supported.",
    b'[{"query":"{hello}"}]': "Send one operation per request; batches are not supported.",
    b"{}": "query is missing.",
    b'{"query":null}': "query is missing.",
    b'{"query":""}': "query is missing.",
    b'{"query":1}': "query must be a string.",
    b'{"query":["{hello}"]}': "query must be a string.",
    b'{"query":"{hello}","operationName":{}}': "operationName must be a string.",
    b'{"query":"{hello}","variables":"{}"}': "variables must be a JSON object.",
    b'{"query":"{hello}","variables":[]}': "variables must be a JSON object.",
    b'{"query":"{hello}","extensions":1}': "extensions must be a JSON object.",
    b'{"query":"\xff"}': "The body is not valid JSON in UTF-8.",
    b"\x1f\x8b\x08\x00": "The body is not valid JSON in UTF-8.",
    b'\xef\xbb\xbf{"query":"{hello}"}': "The body is not valid JSON in UTF-8.",
    b'{"query":"{hello}","operationName":"\\ud800"}': "The body is not valid JSON in UTF-8.",
    b'{"query":"{hello}","variables":{"n":' + b"1" * 5_000 + b"}}": "The body is not valid JSON in UTF-8.",
    b'{"query":"{hello}","variables":{"n":' + DEEP + b"}}": "The body is not valid JSON in UTF-8.",
    b'{"query":"{hello}","variables":{"n":NaN}}': "The body is not valid JSON in UTF-8.",
    b"a" * 1_000: "The body is not valid JSON in UTF-8.",
}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40])[2:-1])
def test_bodies_that_are_no_request(server: httpx2.Client, body: bytes, accept: str) -> None:
    found = server.post("/graphql", content=body, headers={"Content-Type": JSON, "Accept": accept})
    errors = [{"message": BODIES[body], "extensions": {"code": "BAD_REQUEST"}}]
    assert (found.status_code, found.json()) == (400, {"errors": errors})
    assert found.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"query":"query($n:String){hello(name:$n)}","variables":{"n":"a\\u0000b"}}', ["variables", "n"]),
        (b'{"query":"{hello}","variables":{"a":[{"\\u0000":1}]}}', ["variables", "a", "0"]),
        (b'{"query":"{hello}","operationName":"\\u0000"}', ["operationName"]),
    ],
)
def test_nul_is_refused_anywhere(server: httpx2.Client, body: bytes, path: list[str]) -> None:
    found = server.post("/graphql", content=body, headers={"Content-Type": JSON})
    assert (found.status_code, code_of(found)) == (400, "BAD_USER_INPUT")
    assert found.json()["errors"][0]["message"] == "Text may not contain the character U+0000."
    assert found.json()["errors"][0]["extensions"]["path"] == path


def test_an_escaped_backslash_before_u0000_is_no_nul(server: httpx2.Client) -> None:
    body = b'{"query":"query($n:String!){hello(name:$n)}","variables":{"n":"\\\\u0000"}}'
    found = server.post("/graphql", content=body, headers={"Content-Type": JSON})
    assert found.json()["data"] == {"hello": "hello \\u0000"}


@pytest.mark.parametrize(
    ("query_string", "message"),
    [
        ("", "query is missing."),
        ("query={hello}&query={hello}", "A parameter is given more than once."),
        ("query={hello}&variables=", None),
        ("query={hello}&variables={", "The parameter variables is not valid JSON."),
        ("query={hello}&variables=1", "variables must be a JSON object."),
        ("query={hello}&extensions=[]", "extensions must be a JSON object."),
        ("query={hello}&variables=" + "[" * 20_000, "The parameter variables is not valid JSON."),
        (
            "query={hello}&variables={%22n%22:" + "1" * 5_000 + "}",
            "The parameter variables is not valid JSON.",
        ),
        ("query={hello}&operationName=%ED%A0%80", "The address has too many parameters or is not in UTF-8."),
        ("query=%ff", "The address has too many parameters or is not in UTF-8."),
        ("query={hello}" + "&a=1" * 60, "The address has too many parameters or is not in UTF-8."),
        ("query={hello}&operationName=%00", "Text may not contain the character U+0000."),
        ("query={hello}&variables={%22n%22:%22\\u0000%22}", "Text may not contain the character U+0000."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_addresses_that_are_no_request(base: str, query_string: str, message: str | None) -> None:
    request = f"GET /graphql?{query_string} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n"
    found, _ = raw(base, request.encode() + b"Connection: close\r\n\r\n")
    head, _, body = found.partition(b"\r\n\r\n")
    if message is None:
        assert (head[:12], b"hello world" in body) == (b"HTTP/1.1 200", True)
    else:
        assert (head[:12], f'"message":"{message}"'.encode() in body) == (b"HTTP/1.1 400", True), found


def test_a_declared_body_past_the_limit_is_413_at_once(base: str) -> None:
    found, seconds = raw(base, HEAD + b"Content-Length: 999999999\r\n\r\n{", wait=5)
    assert found.startswith(b"HTTP/1.1 413 ")
    assert b'"message":"A body may have at most 300000 bytes."' in found
    assert b'"code":"PAYLOAD_TOO_LARGE"' in found
    assert b"connection: close" in found
    assert seconds < 3, "the connection is closed without waiting for the rest"


def test_a_client_that_writes_its_whole_body_first_still_reads_the_413(base: str) -> None:
    host, _, port = base.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(HEAD + b"Content-Length: 2000000\r\n\r\n")
        for _ in range(20):  # at the pace of a network: a connection closed meanwhile would be reset
            connection.sendall(b"a" * 100_000)
            time.sleep(0.01)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_an_endless_chunked_body_is_cut_off(base: str) -> None:
    host, _, port = base.removeprefix("http://").partition(":")
    sent = 0
    chunk = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError, TimeoutError):
            while sent < 80_000_000:
                connection.sendall(chunk)
                sent += len(chunk)
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 20_000_000


@pytest.mark.parametrize("rest", [b"Content-Length: 1000\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
def test_a_half_sent_body_is_408_and_the_connection_is_closed(base: str, rest: bytes) -> None:
    found, seconds = raw(base, HEAD + rest, wait=5)
    assert found.startswith(b"HTTP/1.1 408 ")
    assert b'"message":"The body had not ended after 0.5 s."' in found
    assert b'"code":"REQUEST_TIMEOUT"' in found
    assert 0.4 < seconds < 10


def test_half_sent_bodies_do_not_wait_for_each_other(base: str, server: httpx2.Client) -> None:
    host, _, port = base.removeprefix("http://").partition(":")
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=5))
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        started = time.monotonic()
        assert server.post("/graphql", json={"query": "{ hello }"}).status_code == 200
        assert time.monotonic() - started < 10  # one after the other they would take 25 s


def test_without_a_token_the_body_is_not_waited_for(base: str) -> None:
    head = HEAD.replace(b"Authorization: Bearer good\r\n", b"")
    found, seconds = raw(base, head + b"Content-Length: 250000\r\n\r\n{", wait=5)
    assert found.startswith(b"HTTP/1.1 401 ")
    assert b"www-authenticate: Bearer" in found
    assert b"connection: close" in found
    assert seconds < 3


def test_a_client_that_leaves_amid_its_body_does_no_harm(base: str, server: httpx2.Client) -> None:
    host, _, port = base.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
    assert server.post("/graphql", json={"query": "{ hello }"}).json()["data"] == {"hello": "hello world"}
