"""The clients: a process of its own that keeps connections open and asks again as soon as it is answered.

`Clients` is the parent's handle on that process; run as a program this file is the process. Every answer is compared,
byte for byte, with the one that was found to be right, so nothing wrong is ever timed.
"""

import asyncio
import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True)
class Timing:
    """What the clients saw: seconds from the first request to the last answer, and each answer's milliseconds."""

    elapsed: float
    latencies: list[float]

    def percentile(self, share: float) -> float:
        """The latency that this share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class LoadError(Exception):
    """A server failed a request while it was timed, or answered otherwise than before."""


class Clients:
    """The process of the clients, for as long as the block runs."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.peers.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait()

    def ask(
        self,
        port: int,
        request: bytes,
        expected: bytes,
        *,
        clients: int,
        warm: float,
        seconds: float,
        go: Callable[[], None],
    ) -> Timing:
        """Warm up, call `go`, then ask for so many seconds; requests under way at the end are waited for."""
        job = {"port": port, "clients": clients, "warm": warm, "seconds": seconds}
        self._say(job | {"request": _text(request), "expected": _text(expected)})
        self._hear()
        go()
        self._say({})
        heard = self._hear()
        return Timing(heard["elapsed"], heard["latencies"])

    def _say(self, message: Mapping[str, Any]) -> None:
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise LoadError("The clients' process has ended.")
        heard: dict[str, Any] = json.loads(line)
        if "error" in heard:
            raise LoadError(heard["error"])
        return heard


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Client(asyncio.Protocol):
    """One connection: `ask` sends the request and gives the answer's seconds."""

    def __init__(self, request: bytes, expected: bytes) -> None:
        self._request = request
        self._expected = expected
        self._answered: asyncio.Future[float] | None = None

    def connection_made(self, transport: Any) -> None:
        """Remember where to write."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """A server that hangs up on a request has failed it."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(LoadError(f"The server closed the connection: {exc}."))

    def ask(self) -> "asyncio.Future[float]":
        """Send the request."""
        self._answered = asyncio.get_running_loop().create_future()
        self._head: bytes | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._began = time.perf_counter()
        self._transport.write(self._request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        """Collect the answer; when it is whole, compare it."""
        if self._head is None:
            self._parts.append(data)
            whole = b"".join(self._parts)
            end = whole.find(_HEAD_END)
            if end < 0:
                return
            self._head = whole[:end].lower()
            at = self._head.find(_LENGTH)
            self._wanted = int(self._head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else None
            self._parts, self._size, data = [], 0, whole[end + len(_HEAD_END) :]
        self._parts.append(data)
        self._size += len(data)
        if self._size == self._wanted or (self._wanted is None and data.endswith(_LAST_CHUNK)):
            self._finish(time.perf_counter() - self._began)

    def _finish(self, seconds: float) -> None:
        body = b"".join(self._parts)
        if self._wanted is None:
            body = _unchunked(body)
        if body == self._expected:
            self._answered.set_result(seconds)
        else:
            self._answered.set_exception(LoadError(f"Another answer than before: {body[:300]!r}"))

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


def _unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, body = body.split(b"\r\n", 1)
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(parts)


async def _serve_jobs() -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        job = json.loads(line)
        try:
            told = await _work(job)
        except (LoadError, OSError) as error:
            told = {"error": str(error)}
        print(json.dumps(told), flush=True)


async def _work(job: Mapping[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    request, expected = base64.b64decode(job["request"]), base64.b64decode(job["expected"])
    clients = []
    for _ in range(job["clients"]):
        _, client = await loop.create_connection(lambda: Client(request, expected), "127.0.0.1", job["port"])
        clients.append(client)
    try:
        await asyncio.gather(*(_ask_for(client, job["warm"]) for client in clients))
        print("{}", flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
        began = time.perf_counter()
        found = await asyncio.gather(*(_ask_for(client, job["seconds"]) for client in clients))
        elapsed = time.perf_counter() - began
    finally:
        for client in clients:
            client.close()
    return {"elapsed": elapsed, "latencies": [round(one * 1000, 3) for each in found for one in each]}


async def _ask_for(client: Client, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    found = [await client.ask()]
    while time.perf_counter() < until:
        found.append(await client.ask())
    return found


if __name__ == "__main__":
    uvloop.run(_serve_jobs())
