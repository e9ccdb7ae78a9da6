"""Encoding and sending a response. Enter at `Reply`."""

import asyncio
import time
import zlib
from typing import Final, NamedTuple

from starlette.types import Receive, Send

from lma_graph.app.refusals import Header

_WORTH_COMPRESSING: Final = 1_024
_WORTH_A_THREAD: Final = 64 * 1_024
_LEVEL: Final = 1
_GZIP_FRAME: Final = 31
_LINGER_S: Final = 1.0
_LINGER_BYTES: Final = 4_000_000

_COMMON: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept, Accept-Encoding"),
)


class Reply(NamedTuple):
    """A complete response; `close` ends the connection, because the rest of the request was not read."""

    status: int
    media: str
    body: bytes
    headers: tuple[Header, ...] = ()
    close: bool = False

    async def send(self, receive: Receive, send: Send, *, gzip: bool) -> None:
        """Send it, compressed if the client takes that and it is worth the time."""
        body, extra = self.body, self.headers
        if gzip and len(body) >= _WORTH_COMPRESSING:
            body = await _compressed(body)
            extra = (*extra, (b"content-encoding", b"gzip"))
        if self.close:
            extra = (*extra, (b"connection", b"close"))
        headers = [
            (b"content-type", f"{self.media}; charset=utf-8".encode()),
            (b"content-length", str(len(body)).encode()),
            *_COMMON,
            *extra,
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": self.close})
        if self.close:
            await _linger(receive)
            await send({"type": "http.response.body", "body": b""})


async def _compressed(body: bytes) -> bytes:
    """Large bodies are compressed beside the event loop: zlib lets go of the interpreter meanwhile."""
    return await asyncio.to_thread(_gzip, body) if len(body) >= _WORTH_A_THREAD else _gzip(body)


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_FRAME)
    return packer.compress(body) + packer.flush()


async def _linger(receive: Receive) -> None:
    """Throw away what the client is still sending, for a moment, so that it comes to read the answer.

    Closing at once would reset the connection under a client that writes its whole body first, and it would
    see a broken pipe in place of the refusal. What comes is neither kept nor waited for long.
    """
    until = time.monotonic() + _LINGER_S
    left = _LINGER_BYTES
    while left > 0:
        try:
            async with asyncio.timeout(until - time.monotonic()):
                message = await receive()
        except TimeoutError:
            return
        if message["type"] != "http.request" or not message.get("more_body"):
            return
        left -= len(message.get("body", b""))
