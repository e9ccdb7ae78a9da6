"""GraphiQL's page and assets without a browser: headers, caching, compression, and what is refused."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.testclient import TestClient

from lma_graph.app import explorer
from lma_graph.app.examples import Example, load_examples

SCRIPT = b"console.log('hello');\n" * 20
FILES = {
    "page-1.js": SCRIPT,
    "page-2.css": b"body{}",
    "favicon-3.svg": b"<svg/>",
    "font-4.woff2": b"wOF2",
    "json-5.js": b"0",
    "page-1.js.LEGAL.txt": b"MIT",
}
TAB = Example("01-a", "A", "# one\nquery A { a }\n", '{"b": 1}')
ASSET_POLICY = "default-src 'self'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; font-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "graphiql"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "unlisted.js").write_text("unlisted")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (folder / "page-1.js.gz").write_bytes(gzip.compress(SCRIPT))
    manifest = {
        "stamp": "x",
        "script": "page-1.js",
        "style": "page-2.css",
        "icon": "favicon-3.svg",
        "workers": {"json": "json-5.js"},
        "files": {name: name == "page-1.js" for name in FILES},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(explorer, "BUNDLE", folder)
    return folder


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=explorer.routes())) as client:
        yield client


def config_of(response: Response) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="explorer-config">(.*)</script>', text_of(response))
    assert found
    return json.loads(found[1])


def text_of(response: Response) -> str:
    return bytes(response.body).decode()


def test_page_carries_what_graphiql_needs(bundle: Path) -> None:
    response = explorer.page("/graphql", None, [TAB])
    assert response.status_code == 200
    assert config_of(response) == {
        "endpoint": "/graphql",
        "headers": None,
        "tabs": [{"query": "# one\nquery A { a }\n", "variables": '{"b": 1}'}],
        "workers": {"json": "/graphiql/json-5.js"},
    }
    assert '<script type="module" src="/graphiql/page-1.js"></script>' in text_of(response)
    assert '<link rel="stylesheet" href="/graphiql/page-2.css">' in text_of(response)
    assert '<link rel="icon" type="image/svg+xml" href="/graphiql/favicon-3.svg">' in text_of(response)
    assert "://" not in text_of(response)


def test_page_headers(bundle: Path) -> None:
    headers = dict(explorer.page("/graphql", "t", [TAB]).headers)
    del headers["content-length"]
    assert headers == {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": PAGE_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-store",
        "vary": "Accept",
    }


def test_token_stands_in_the_default_headers_only(bundle: Path) -> None:
    response = explorer.page("/graphql", "aaa.bbb.ccc", [TAB])
    assert config_of(response)["headers"] == {"Authorization": "Bearer aaa.bbb.ccc"}
    assert text_of(response).count("aaa.bbb.ccc") == 1
    assert "aaa.bbb.ccc" not in str(response.headers)


def test_nothing_in_a_tab_can_leave_the_script_element(bundle: Path) -> None:
    hostile = "# </script><script>alert(1)</script><!-- <script>\n{ a }"
    response = explorer.page("/graphql", None, [Example("x", "X", hostile)])
    assert config_of(response)["tabs"] == [{"query": hostile, "variables": None}]
    assert "alert(1)</script>" not in text_of(response)
    assert "<!--" not in text_of(response)


def test_page_without_a_bundle_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: TestClient
) -> None:
    monkeypatch.setattr(explorer, "BUNDLE", tmp_path / "absent")
    response = explorer.page("/graphql", "aaa.bbb.ccc", [TAB])
    assert response.status_code == 503
    assert "GraphiQL has not been built" in text_of(response)
    assert "<code>make graphiql</code>" in text_of(response)
    assert "<script" not in text_of(response)
    assert "://" not in text_of(response)
    assert "aaa.bbb.ccc" not in text_of(response)
    assert response.headers["content-security-policy"] == PAGE_POLICY
    assert response.headers["cache-control"] == "no-store"
    assert client.get("/graphiql/page-1.js").status_code == 404


def test_bundle_built_while_serving_is_picked_up(bundle: Path) -> None:
    manifest = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").unlink()
    assert explorer.page("/graphql", None, [TAB]).status_code == 503
    (bundle / "manifest.json").write_text(manifest)
    assert explorer.page("/graphql", None, [TAB]).status_code == 200


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("page-1.js", "text/javascript; charset=utf-8"),
        ("page-2.css", "text/css; charset=utf-8"),
        ("favicon-3.svg", "image/svg+xml"),
        ("font-4.woff2", "font/woff2"),
        ("page-1.js.LEGAL.txt", "text/plain; charset=utf-8"),
    ],
)
def test_asset_headers(bundle: Path, client: TestClient, name: str, media_type: str) -> None:
    response = client.get(f"/graphiql/{name}", headers={"Accept-Encoding": "identity"})
    assert response.status_code == 200
    assert response.content == FILES[name]
    headers = response.headers
    assert headers["content-type"] == media_type
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-security-policy"] == ASSET_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in headers


@pytest.mark.parametrize(
    ("accept", "gzipped"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("*", True),
        ("gzip; q=0.001", True),
        ("gzip;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=nonsense", False),
        ("*;q=0", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_asset_is_gzipped_for_who_takes_it(bundle: Path, client: TestClient, accept: str, gzipped: bool) -> None:
    with client.stream("GET", "/graphiql/page-1.js", headers={"Accept-Encoding": accept}) as response:
        sent = b"".join(response.iter_raw())
    assert response.headers.get("content-encoding") == ("gzip" if gzipped else None)
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["content-length"] == str(len(sent))
    assert (gzip.decompress(sent) if gzipped else sent) == SCRIPT
    assert (len(sent) < len(SCRIPT)) is gzipped


def test_asset_without_a_gzipped_twin_is_sent_as_it_is(bundle: Path, client: TestClient) -> None:
    response = client.get("/graphiql/font-4.woff2", headers={"Accept-Encoding": "gzip"})
    assert response.content == b"wOF2"
    assert "content-encoding" not in response.headers


def test_head_and_other_methods(bundle: Path, client: TestClient) -> None:
    head = client.head("/graphiql/page-1.js", headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(SCRIPT))
    assert client.post("/graphiql/page-1.js").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/graphiql/",
        "/graphiql/absent.js",
        "/graphiql/unlisted.js",
        "/graphiql/manifest.json",
        "/graphiql/page-1.js.gz",
        "/graphiql/../secret.txt",
        "/graphiql/%2e%2e/secret.txt",
        "/graphiql/..%2fsecret.txt",
        "/graphiql/..%5csecret.txt",
        "/graphiql/%2e%2e%2fsecret.txt",
        "/graphiql//etc/passwd",
        "/graphiql/%2fetc%2fpasswd",
        "/graphiql/page-1.js%00.css",
    ],
)
def test_only_listed_names_exist(bundle: Path, client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "secret" not in response.text
    assert "immutable" not in response.headers.get("cache-control", "")


def test_examples_are_whole() -> None:
    examples = load_examples()
    assert [example.name for example in examples] == [
        "01-lead-timelines",
        "02-one-lead",
        "03-filter",
        "04-paging",
        "05-search",
        "06-campaigns",
        "07-scoring",
        "08-automation",
        "09-viewer",
        "10-nodes",
        "11-timeline",
        "12-audit-trail",
        "13-assignment",
        "14-assign-leads",
        "15-bulk-update",
        "16-activities-and-notes",
        "17-upsert",
        "18-merge",
        "19-import-and-export",
        "20-score-leads",
        "21-criteria",
        "22-enrolling",
        "23-explain-scores",
        "24-numbers",
        "25-campaign-performance",
    ]
    assert examples[0].title == "Lead timelines"
    for example in examples:
        assert re.match(r"(# .+\n){1,3}(query|mutation) \w+", example.query), example.name
        operations = [node for node in parse(example.query).definitions if isinstance(node, OperationDefinitionNode)]
        assert len(operations) == 1, example.name
        declared = {variable.variable.name.value for variable in operations[0].variable_definitions or ()}
        given = set(json.loads(example.variables)) if example.variables else set()
        assert given <= declared, example.name
        assert bool(given) == bool(declared), example.name
