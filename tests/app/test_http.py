"""GraphQL over HTTP as the specification has it: negotiation, methods, statuses, GET, persisted queries."""

import gzip
from collections.abc import Iterator

import httpx2
import pytest
from example_server import GRAPHQL, JSON, TOUCHED, client, code_of, compact, make_app, persisted, serve

from lma_graph.app.negotiation import choose

COST = {"cost": {"requested": 0, "limit": 100_000}}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serve(make_app(timeout_s=0.5)) as address:
        yield address


@pytest.fixture
def http(base: str) -> Iterator[httpx2.Client]:
    with client(base) as made:
        yield made


def post(http: httpx2.Client, query: str, accept: str = GRAPHQL, **more: object) -> httpx2.Response:
    return http.post("/graphql", json={"query": query, **more}, headers={"Accept": accept})


def test_a_query_by_post(http: httpx2.Client) -> None:
    found = post(http, "query Q($n: String!) { hello(name: $n) whoami }", variables={"n": "you"})
    assert found.status_code == 200
    assert found.json() == {"data": {"hello": "hello you", "whoami": "ada"}, "extensions": COST}
    assert found.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert found.headers["vary"] == "Accept, Accept-Encoding"
    assert found.headers["cache-control"] == "no-store"


def test_a_query_by_get(http: httpx2.Client) -> None:
    parameters = {
        "query": "query A($n: String!) { hello(name: $n) } query B { whoami }",
        "operationName": "A",
        "variables": compact({"n": "ü"}),
        "extensions": "",
    }
    found = http.get("/graphql", params=parameters, headers={"Accept": JSON})
    assert (found.status_code, found.json()["data"]) == (200, {"hello": "hello ü"})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL},{JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{JSON}, */*", JSON),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
        (f"{JSON};q=nonsense", None),
        ("text/plain", None),
        (f"{JSON};q=0", None),
        ("application/json; charset=iso-8859-1", None),
    ],
)
def test_the_media_type_is_negotiated(accept: str, expected: str | None) -> None:
    assert choose(accept) == expected


def test_nothing_acceptable_is_406_in_json(http: httpx2.Client) -> None:
    found = post(http, "{ hello }", accept="text/plain")
    assert (found.status_code, code_of(found)) == (406, "NOT_ACCEPTABLE")
    assert found.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 400), (JSON, 200), ("*/*", 200)])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ helo }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($n: String!) { hello(name: $n) }", "variables": {"n": 1}}, "BAD_USER_INPUT"),
        ({"query": "query A { hello }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "{ leads(first: 200000) { nodes { name } } }"}, "LIMIT_EXCEEDED"),
        ({"query": "subscription { ticks }"}, "OPERATION_NOT_ALLOWED"),
        ({"extensions": persisted("{ unknown }")}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
def test_errors_before_execution(
    http: httpx2.Client, accept: str, status: int, body: dict[str, object], code: str
) -> None:
    found = http.post("/graphql", json=body, headers={"Accept": accept})
    assert (found.status_code, code_of(found)) == (status, code)
    assert "data" not in found.json()


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
def test_errors_of_fields_come_with_data_and_200(http: httpx2.Client, accept: str) -> None:
    found = post(http, "{ hello fails }", accept)
    assert (found.status_code, found.json()["data"]) == (200, {"hello": "hello world", "fails": None})
    assert found.json()["errors"][0]["message"] == "Something went wrong on our side."
    assert "s3cret" not in found.text


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
def test_a_mutation_by_get_is_405_and_does_nothing(http: httpx2.Client, accept: str) -> None:
    TOUCHED.clear()
    found = http.get("/graphql", params={"query": "mutation { touch }"}, headers={"Accept": accept})
    assert (found.status_code, code_of(found)) == (405, "OPERATION_NOT_ALLOWED")
    assert found.headers["allow"] == "POST"
    assert TOUCHED == []
    assert post(http, 'mutation { touch(name: "y") }', accept).json()["data"] == {"touch": "y"}
    assert TOUCHED == ["y"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405(http: httpx2.Client, method: str) -> None:
    found = http.request(method, "/graphql", json={"query": "{ hello }"})
    assert (found.status_code, code_of(found)) == (405, "METHOD_NOT_ALLOWED")
    assert found.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/graphql", "application/json; charset=iso-8859-1", "multipart/form-data", ""],
)
def test_other_content_types_are_415(http: httpx2.Client, content_type: str) -> None:
    found = http.post("/graphql", content=b'{"query":"{hello}"}', headers={"Content-Type": content_type})
    assert (found.status_code, code_of(found)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_compressed_bodies_are_415(http: httpx2.Client) -> None:
    packed = gzip.compress(b'{"query":"{hello}"}')
    headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    found = http.post("/graphql", content=packed, headers=headers)
    assert (found.status_code, code_of(found)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert found.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("", 401, "UNAUTHENTICATED"),
        ("Bearer down", 503, "SERVICE_UNAVAILABLE"),
        ("Bearer bug", 500, "INTERNAL_SERVER_ERROR"),
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
def test_requests_without_a_viewer(base: str, accept: str, token: str, status: int, code: str) -> None:
    headers = {"Accept": accept, "Authorization": token}
    with client(base) as http:
        for found in (
            http.post("/graphql", json={"query": "{ hello }"}, headers=headers),
            http.get("/graphql", params={"query": "{ hello }"}, headers=headers),
        ):
            assert (found.status_code, code_of(found)) == (status, code)
            assert found.headers["content-type"] == f"{accept}; charset=utf-8"
            assert found.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)
            assert "s3cret" not in found.text


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
def test_a_context_that_does_not_open_is_503(http: httpx2.Client, accept: str) -> None:
    found = http.post("/graphql", json={"query": "{ hello }"}, headers={"Accept": accept, "X-Context": "down"})
    assert (found.status_code, code_of(found), found.headers["retry-after"]) == (
        503,
        "SERVICE_UNAVAILABLE",
        "1",
    )


def test_a_request_that_takes_too_long_is_504(http: httpx2.Client) -> None:
    found = post(http, "{ slow(seconds: 20) }")
    assert (found.status_code, code_of(found)) == (504, "TIMEOUT")


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        (f"text/html;q=0.5, {JSON}", False),
        ("*/*", False),
        (JSON, False),
    ],
)
def test_browsers_get_the_page_without_a_token(base: str, accept: str, html: bool) -> None:
    with httpx2.Client(base_url=base, trust_env=False) as http:
        found = http.get("/graphql", headers={"Accept": accept})
    assert ("<title>page</title>" in found.text) is html
    assert found.status_code == (200 if html else 401)


def test_persisted_queries_are_learnt_and_then_known(http: httpx2.Client) -> None:
    query = "query Learnt { hello whoami }"
    extensions = persisted(query)
    answers = [
        http.post("/graphql", json=body, headers={"Accept": JSON}).json()
        for body in (
            {"extensions": extensions},
            {"query": query, "extensions": extensions},
            {"extensions": extensions},
        )
    ]
    assert answers[0]["errors"][0]["message"] == "PersistedQueryNotFound"
    assert answers[1]["data"] == answers[2]["data"] == {"hello": "hello world", "whoami": "ada"}
    by_get = http.get("/graphql", params={"extensions": compact(extensions)}, headers={"Accept": JSON})
    assert by_get.json()["data"] == answers[2]["data"]


def test_a_persisted_hash_is_checked(http: httpx2.Client) -> None:
    extensions = persisted("{ whoami }")
    found = post(http, "{ hello }", extensions=extensions)
    assert (found.status_code, code_of(found)) == (400, "PERSISTED_QUERY_HASH_MISMATCH")
    assert code_of(http.post("/graphql", json={"extensions": extensions})) == "PERSISTED_QUERY_NOT_FOUND"


def test_invalid_documents_are_not_persisted(http: httpx2.Client) -> None:
    query = "{ nothing }"
    assert code_of(post(http, query, extensions=persisted(query))) == "GRAPHQL_VALIDATION_FAILED"
    assert code_of(http.post("/graphql", json={"extensions": persisted(query)})) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_persisted_mutation_is_not_run_by_get(http: httpx2.Client) -> None:
    query = 'mutation { touch(name: "persisted") }'
    post(http, query, extensions=persisted(query))
    TOUCHED.clear()
    found = http.get("/graphql", params={"extensions": compact(persisted(query))})
    assert (found.status_code, TOUCHED) == (405, [])


@pytest.mark.parametrize(
    "given",
    [
        1,
        "x",
        [],
        {},
        {"version": 2, "sha256Hash": "0" * 64},
        {"version": 1, "sha256Hash": "0"},
        {"version": 1},
    ],
)
def test_malformed_persisted_queries_are_400(http: httpx2.Client, given: object) -> None:
    found = post(http, "{ hello }", JSON, extensions={"persistedQuery": given})
    assert (found.status_code, code_of(found)) == (400, "BAD_REQUEST")


def test_large_answers_are_compressed_for_who_takes_it(http: httpx2.Client) -> None:
    query = "{ leads(first: 500) { nodes { name } } }"
    answers = {}
    for encoding in ("gzip", "identity", "gzip;q=0, br", "br, gzip;q=0.5"):
        headers = {"Accept": JSON, "Accept-Encoding": encoding}
        answers[encoding] = http.post("/graphql", json={"query": query}, headers=headers)
    packed = {name: found.headers.get("content-encoding") for name, found in answers.items()}
    assert packed == {"gzip": "gzip", "identity": None, "gzip;q=0, br": None, "br, gzip;q=0.5": "gzip"}
    assert len({found.text for found in answers.values()}) == 1
    lengths = [int(answers[name].headers["content-length"]) for name in ("gzip", "identity")]
    assert lengths[0] * 4 < lengths[1]


def test_small_answers_are_not_compressed(http: httpx2.Client) -> None:
    found = http.post("/graphql", json={"query": "{ hello }"}, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in found.headers
