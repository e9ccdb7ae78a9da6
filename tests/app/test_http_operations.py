"""Around the endpoint: request ids, the request's line, health, metrics, and an orderly end."""

import asyncio
import contextlib
import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import structlog
from example_server import TOKEN, client, make_app, serve

from lma_graph.app import logs

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def configured(log_format: str) -> Iterator[io.StringIO]:
    """Everything that is logged in that format within the block; what was set up before comes back."""
    stream = io.StringIO()
    loggers = [logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.error", "uvicorn.access")]
    before = [(logger, logger.handlers[:], logger.propagate) for logger in loggers]
    level = logging.getLogger().level
    logs.configure("info", log_format, stream)
    structlog.configure(cache_logger_on_first_use=False)
    try:
        yield stream
    finally:
        structlog.reset_defaults()
        logging.getLogger().setLevel(level)
        for logger, handlers, propagate in before:
            logger.handlers[:] = handlers
            logger.propagate = propagate


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    with configured("json") as stream:
        yield stream


def read(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_line_per_request_without_secrets(lines: io.StringIO) -> None:
    query = "query Named($n: String!) { hello(name: $n) fails }"
    with serve(make_app()) as base, client(base, **{"X-Request-Id": "abc-1"}) as http:
        http.post("/graphql", json={"query": query, "variables": {"n": "v4riable"}})
        http.get("/healthz")
    found = read(lines)
    requests = [line for line in found if line["event"] == "request"]
    assert len(requests) == 1, "probes are not worth a line"
    line = requests[0]
    assert isinstance(line.pop("ms"), float)
    assert line.pop("timestamp")
    assert line == {
        "event": "request",
        "level": "info",
        "method": "POST",
        "path": "/graphql",
        "operation": "Named",
        "status": 200,
        "request_id": "abc-1",
    }
    bug = next(line for line in found if line["event"] == "unexpected error")
    assert (bug["request_id"], bug["path"], bug["operation"]) == ("abc-1", "fails", "Named")
    assert 'raise RuntimeError("s3cret")' in str(bug["exception"])
    assert "v4riable" not in lines.getvalue()
    assert "Bearer" not in lines.getvalue()


def test_other_loggers_are_written_alike(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started %s", "here")
    logging.getLogger("uvicorn.access").info("GET /?token=s3cret")
    logging.getLogger("library").debug("too much detail")
    found = read(lines)
    assert [(line["event"], line["level"]) for line in found] == [("Started here", "info")]


def test_people_get_readable_lines_without_local_variables() -> None:
    with configured("console") as stream:
        password = "".join(("s3", "cret"))  # noqa: F841 - what a pretty traceback would show
        try:
            raise RuntimeError("boom")  # noqa: TRY301
        except RuntimeError:
            structlog.get_logger("x").error("failed", exc_info=True)
    assert "failed" in stream.getvalue()
    assert "RuntimeError: boom" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()


def test_the_request_id_is_the_callers_or_ours() -> None:
    with serve(make_app()) as base, client(base) as http:
        given = http.post("/graphql", json={"query": "{ hello }"}, headers={"X-Request-Id": "a.b_c-1"})
        assert given.headers["x-request-id"] == "a.b_c-1"
        for harmful in ("", "a b", "x" * 129, 'a"b', "ü"):
            made = http.post("/graphql", json={}, headers={"X-Request-Id": harmful.encode()})  # type: ignore[dict-item]
            assert re.fullmatch(r"[0-9a-f]{16}", made.headers["x-request-id"]), harmful


async def fine() -> None:
    return None


async def broken() -> None:
    raise ConnectionError("postgresql://lma:s3cret@db.internal/lma refused")


async def hanging() -> None:
    await asyncio.sleep(10)


def test_health_names_what_fails_and_nothing_more() -> None:
    checks = {"database": broken, "migrations": fine, "search": hanging}
    with serve(make_app(checks=checks)) as base, client(base) as http:
        assert (http.get("/healthz").status_code, http.get("/healthz").json()) == (200, {"status": "ok"})
        started = time.monotonic()
        found = http.get("/readyz")
        assert time.monotonic() - started < 8  # the hanging check alone takes 10 s
    assert found.status_code == 503
    assert found.json() == {
        "status": "unavailable",
        "checks": {"database": "failed", "migrations": "ok", "search": "timed out"},
    }


def test_ready_until_it_shuts_down() -> None:
    app = make_app(checks={"database": fine})
    with serve(app) as base, client(base) as http:
        found = http.get("/readyz")
        assert (found.status_code, found.json()) == (200, {"status": "ok", "checks": {"database": "ok"}})
        app.health.begin_shutdown()  # type: ignore[attr-defined]
        found = http.get("/readyz")
        assert (found.status_code, found.json()) == (503, {"status": "shutting down"})


def test_metrics_are_published() -> None:
    with serve(make_app()) as base, client(base) as http:
        http.post("/graphql", json={"query": "{ hello }"})
        found = http.get("/metrics")
    assert found.headers["content-type"].startswith("text/plain")
    assert 'lma_graphql_operations_total{outcome="ok",type="query"}' in found.text
    assert "lma_graphql_operation_duration_seconds_bucket" in found.text


@contextlib.contextmanager
def process(tmp_path: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The example as a process of its own, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    directory = tmp_path / "metrics"
    directory.mkdir()
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'src'}:{Path(__file__).parent}",
        "PROMETHEUS_MULTIPROC_DIR": str(directory),
    }
    command = [sys.executable, "-m", "uvicorn", "example_server:app", "--port", str(port), *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as running:
        base = f"http://127.0.0.1:{port}"
        try:
            wait_for(base, "/healthz", '"ok"')
            yield running, base
        finally:
            running.terminate()
            running.wait(15)


def wait_for(base: str, path: str, expected: str, seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    found = "nothing"
    with httpx2.Client(trust_env=False) as http:
        while time.monotonic() < until:
            with contextlib.suppress(httpx2.TransportError):
                found = http.get(base + path).text
                if expected in found:
                    return
            time.sleep(0.05)
    pytest.fail(f"{path} never said {expected!r} but {found}")


def test_a_terminated_process_finishes_what_it_has_begun(tmp_path: Path) -> None:
    found: list[httpx2.Response] = []
    with process(tmp_path) as (running, base), client(base) as http:
        body = {"query": "{ slow(seconds: 3) }"}
        thread = threading.Thread(target=lambda: found.append(http.post("/graphql", json=body)))
        thread.start()
        wait_for(base, "/metrics", "lma_graphql_in_flight 1.0")
        running.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(httpx2.ConnectError), httpx2.Client(trust_env=False, headers=TOKEN) as late:
            late.post(f"{base}/graphql", json={"query": "{ hello }"})
        thread.join(10)
        assert [each.json()["data"] for each in found] == [{"slow": "done"}]
        running.wait(10)


def test_metrics_of_all_workers_are_added_up(tmp_path: Path) -> None:
    with process(tmp_path, "--workers", "2") as (_, base):
        for _ in range(20):
            with client(base) as http:
                http.post("/graphql", json={"query": "{ hello }"})
        with client(base) as http:
            text = http.get("/metrics").text
    assert re.search(r'lma_graphql_operations_total{outcome="ok",type="query"} 20\.0', text), text
    assert re.search(r"lma_graphql_in_flight 0\.0", text), text
