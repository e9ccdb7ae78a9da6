"""A server process over the benchmarks' database, and requests to it over a socket. Enter at `served`."""

import asyncio
import datetime as dt
import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from bench.clock import Run
from bench.place import HOME, ROOT, Place
from lma_graph.kernel.tokens import mint

_PATIENCE = 60


class Served:
    """One keep-alive connection to the server."""

    def __init__(self, port: int, secret: str) -> None:
        self.port = port
        self.secret = secret
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, token: str, query: str) -> bytes:
        """The answer to a query; raises where it has errors."""
        body = orjson.dumps({"query": query})
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._connection.request("POST", "/graphql", body, headers)
        answer = self._connection.getresponse().read()
        if b'"errors"' in answer:
            raise AssertionError(answer[:2000])
        return answer

    def run(self, slug: str, email: str, query: str) -> Run:
        """A call to repeat."""
        token = mint(self.secret.encode(), organization=slug, subject=email, ttl=dt.timedelta(hours=1))
        return lambda: asyncio.to_thread(self.ask, token, query)


@asynccontextmanager
async def served(place: Place) -> AsyncIterator[Served]:
    """A server for as long as the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret = secrets.token_urlsafe(40)
    settings = {
        "LMA_DATABASE_URL": place.url,
        "LMA_JWT_SECRET": secret,
        "LMA_PORT": str(port),
        "LMA_LOG_LEVEL": "error",
    }
    environment = {**os.environ, **settings, "LMA_HOME": str(HOME), "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen([sys.executable, "-m", "lma_graph", "serve"], env=environment, cwd=ROOT)
    try:
        await _listening(port, process)
        yield Served(port, secret)
    finally:
        process.terminate()
        process.wait(_PATIENCE)


async def _listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")
