"""GraphiQL in a real Chromium, against a small real schema on a real socket."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from strawberry.asgi import GraphQL
from tests.app.browser import Browser, Page, find_chromium

from lma_graph.app import explorer
from lma_graph.app.examples import Example, load_examples

CHROMIUM = find_chromium()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is installed")

TOKEN = "header.payload.signature"
FIRST = Example("first", "First", "# Two leads.\nquery First { leads(first: 2) { id email } }\n")
WRONG = Example("wrong", "Wrong", "query Wrong { leads { id emial } }\n")
WITH_VARIABLES = Example("some", "Some", "query Some($n: Int!) { leads(first: $n) { id } }\n", '{\n  "n": 1\n}\n')
QUERY_EDITOR = ".graphiql-query-editor .monaco-editor"
HEADERS_EDITOR = ".graphiql-editor-tool .graphiql-editor:not(.hidden) .monaco-editor"


@strawberry.type
class Lead:
    """Somebody who may become a customer."""

    id: strawberry.ID
    email: str


@strawberry.type
class Query:
    @strawberry.field(description="The leads, by number.")
    def leads(self, info: strawberry.Info, first: int = 3) -> list[Lead]:
        found = info.context["request"].headers.get("Authorization")
        if found != f"Bearer {TOKEN}":
            raise PermissionError(f"seen: {found}")
        return [Lead(id=strawberry.ID(str(n)), email=f"lead-{n}@example.test") for n in range(1, first + 1)]


@dataclass
class Served:
    """A running server: its address and the `Authorization` header of every request to its API."""

    host: str
    seen: list[str | None] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"


class Api(GraphQL[None, None]):
    """Strawberry's own view, noting who asks."""

    def __init__(self, seen: list[str | None]) -> None:
        super().__init__(strawberry.Schema(Query), graphql_ide=None)
        self.seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append(Headers(scope=scope).get("Authorization"))
        await super().__call__(scope, receive, send)


def bad_page(request: Request) -> Response:
    """A page that does all that the others must not."""
    content = (
        "<script>document.title = 'ran'</script><img src='http://elsewhere.invalid/a.png'>"
        "<link rel=icon href=/absent.svg><script src=/absent.js></script>"
    )
    return HTMLResponse(content, headers={"Content-Security-Policy": "script-src 'self'"})


def application(seen: list[str | None]) -> Starlette:
    def page(token: str | None, *tabs: Example) -> Route:
        def show(request: Request) -> Response:
            return explorer.page("/graphql", token, tabs)

        return Route("/" + "-".join([tabs[0].name, *(["token"] if token else [])]), show)

    return Starlette(
        routes=[
            Route("/graphql", Api(seen), methods=["POST"]),
            page(TOKEN, *load_examples()),
            page(TOKEN, FIRST, WITH_VARIABLES),
            page(None, FIRST),
            page(TOKEN, WRONG),
            Route("/bad", bad_page),
            *explorer.routes(),
        ]
    )


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    if explorer.find_bundle() is None:
        pytest.fail("GraphiQL has not been built: run `make graphiql` first")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = Served(f"127.0.0.1:{listener.getsockname()[1]}")
        config = uvicorn.Config(application(served.seen), log_config=None, ws="none", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield served
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM
    with Browser(CHROMIUM) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A first visitor's page; in the end nothing may have gone wrong or to another host."""
    served.seen.clear()
    page = browser.open_page()
    yield page
    assert page.errors == []
    assert page.failures == []
    assert page.foreign_requests(served.host) == []
    assert [url for url in page.requests if TOKEN in url] == []
    page.close()


def text(page: Page, document: str) -> str:
    """What an editor holds, by its name in GraphiQL, such as `operation.graphql` or `response.json`."""
    return page.wait_for(
        "globalThis.__MONACO && __MONACO.editor.getModels()"
        f".filter((model) => model.uri.path.endsWith('{document}')).map((model) => [model.getValue()])[0]"
    )[0]


def wait_for_text(page: Page, document: str, part: str) -> str:
    page.wait_for(
        "globalThis.__MONACO && __MONACO.editor.getModels().some((model) =>"
        f" model.uri.path.endsWith('{document}') && model.getValue().includes('{part}'))"
    )
    return text(page, document)


def tab_titles(page: Page) -> list[str]:
    return page.wait_for(
        "(() => { const tabs = [...document.querySelectorAll('.graphiql-tab-button')];"
        " return tabs.length && tabs.map((tab) => tab.textContent); })()"
    )


def run_query(page: Page) -> None:
    page.wait_for(f"document.querySelector('{QUERY_EDITOR}')")
    page.click(".graphiql-execute-button")


def test_first_visit_opens_the_examples_with_the_first_active(page: Page, served: Served) -> None:
    page.navigate(served.url("/01-lead-timelines-token"))
    assert page.evaluate("document.title") == "LMA Graph · GraphiQL"
    assert tab_titles(page) == [
        "Timelines",
        "OneLead",
        "Filter",
        "Paging",
        "Search",
        "Campaigns",
        "Scoring",
        "Automation",
        "Viewer",
        "Nodes",
        "Timeline",
        "AuditTrail",
        "Assignment",
        "AssignLeads",
        "BulkUpdateLeads",
        "ActivitiesAndNotes",
        "Upsert",
        "Merge",
        "ImportAndExport",
        "ScoreLeads",
        "Criteria",
        "Enrolling",
        "ExplainScores",
        "Numbers",
        "CampaignPerformance",
    ]
    active = "document.querySelector('.graphiql-tab-active .graphiql-tab-button').textContent"
    assert page.evaluate(active) == "Timelines"
    assert text(page, "operation.graphql") == load_examples()[0].query
    assert page.evaluate("document.querySelector('.graphiql-logo').textContent") == "LMA Graph"


def test_first_query_runs_at_once(page: Page, served: Served) -> None:
    page.navigate(served.url("/first-token"))
    run_query(page)
    assert '"email": "lead-2@example.test"' in wait_for_text(page, "response.json", "lead-2")
    assert served.seen == [f"Bearer {TOKEN}", f"Bearer {TOKEN}"]  # the schema, then the query


def test_token_stays_out_of_the_browsers_storage(page: Page, served: Served) -> None:
    page.navigate(served.url("/first-token"))
    run_query(page)
    wait_for_text(page, "response.json", "lead-2")
    stored = page.wait_for("localStorage['lma-graph:graphiql:queries'] && JSON.stringify(localStorage)")
    assert "query First" in stored
    assert TOKEN not in stored
    assert page.evaluate("JSON.stringify(sessionStorage) + document.cookie") == "{}"


def test_tabs_and_a_fresh_token_are_there_after_a_reload(page: Page, served: Served) -> None:
    page.navigate(served.url("/first-token"))
    assert tab_titles(page) == ["First", "Some"]
    page.wait_for("localStorage['lma-graph:graphiql:tabState']")
    page.navigate(served.url("/wrong-token"))
    assert tab_titles(page) == ["First", "Some"]
    run_query(page)
    wait_for_text(page, "response.json", "lead-2")
    assert set(served.seen) == {f"Bearer {TOKEN}"}


def test_headers_editor_shows_the_token_and_what_it_says_is_sent(page: Page, served: Served) -> None:
    page.navigate(served.url("/first-token"))
    expected = f'{{\n  "Authorization": "Bearer {TOKEN}"\n}}'
    assert wait_for_text(page, "request-headers.json", "Authorization") == expected
    page.wait_for("document.querySelector('.graphiql-editor-tools button:nth-of-type(2)')")
    page.click(".graphiql-editor-tools button:nth-of-type(2)")
    page.replace_text(HEADERS_EDITOR, '{"Authorization": "Bearer another"}')
    run_query(page)
    wait_for_text(page, "response.json", "seen: Bearer another")
    page.replace_text(HEADERS_EDITOR, "{}")
    run_query(page)
    wait_for_text(page, "response.json", "seen: None")
    assert served.seen == [f"Bearer {TOKEN}", "Bearer another", None]


def test_without_a_token_the_headers_editor_says_what_is_missing(page: Page, served: Served) -> None:
    page.navigate(served.url("/first"))
    assert "// A token is needed" in wait_for_text(page, "request-headers.json", "lma-graph token")
    page.wait_for(f"document.querySelector('{HEADERS_EDITOR}')?.getBoundingClientRect().height > 0")
    run_query(page)
    wait_for_text(page, "response.json", "seen: None")
    assert served.seen == [None, None]


def test_variables_of_a_tab_are_used(page: Page, served: Served) -> None:
    page.navigate(served.url("/first-token"))
    tab_titles(page)
    page.wait_for(f"document.querySelector('{QUERY_EDITOR}')")
    page.click(".graphiql-tab:nth-of-type(2) .graphiql-tab-button")
    assert wait_for_text(page, "variables.json", "n") == '{\n  "n": 1\n}\n'
    run_query(page)
    answer = wait_for_text(page, "response.json", "leads")
    assert re.sub(r"\s", "", answer) == '{"data":{"leads":[{"id":"1"}]}}'


def test_workers_check_the_query_against_the_schema(page: Page, served: Served) -> None:
    page.navigate(served.url("/wrong-token"))
    page.wait_for(
        "globalThis.__MONACO && __MONACO.editor.getModelMarkers({})"
        '.some((marker) => marker.message.includes(\'Cannot query field "emial" on type "Lead"\'))'
    )
    bundle = explorer.find_bundle()
    assert bundle
    for name in bundle.workers.values():
        assert served.url(f"/graphiql/{name}") in page.requests


def test_documentation_and_explorer_open(page: Page, served: Served) -> None:
    page.navigate(served.url("/first-token"))
    page.click("[aria-label='Show Documentation Explorer']")
    page.wait_for("document.querySelector('.graphiql-doc-explorer')?.textContent.includes('Query')")
    page.click("[aria-label='Show GraphiQL Explorer']")
    page.wait_for("document.querySelector('.graphiql-explorer-root')?.textContent.includes('leads')")


def test_the_browser_notices_what_the_other_tests_rely_on(browser: Browser, served: Served) -> None:
    page = browser.open_page()
    page.navigate(served.url("/bad"))
    page.evaluate("console.error('said', 1)")
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    page.wait_for("new Promise((done) => setTimeout(() => done(true), 200))")
    assert page.evaluate("document.title") == ""
    assert page.foreign_requests(served.host) == ["http://elsewhere.invalid/a.png"]
    assert f"404 {served.url('/absent.js')}" in page.failures
    assert any("ERR_NAME_NOT_RESOLVED" in failure for failure in page.failures)
    assert any("inline script violates the following Content Security Policy" in error for error in page.errors)
    assert "said 1" in page.errors
    assert any(error.startswith("Error: thrown") for error in page.errors)
    page.close()
