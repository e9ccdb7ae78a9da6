"""Files beside the database: what clients upload, and what long work leaves for them to download.

A `FileStore` keeps bytes under keys; `LocalFiles` is one in a directory. `Files` adds signed links, by which a client
reaches one file without a token, for a while. Keys begin with the organization's id, and only a link or the store's
callers say which one, so nobody reaches another organization's files.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import jwt

PATH = "/files"
_BLOCK = 1_000_000
_DRAFT = ".draft"
_UPLOAD = re.compile(r"[0-9a-f]{32}")


class TooLarge(Exception):
    """More bytes came than may be kept; none were."""


class LinkRefused(Exception):
    """A link that was altered, has expired, or is for something else; the message is for the client."""


class FileStore(Protocol):
    """Bytes under keys. A file is there whole or not at all, and is never changed."""

    async def put(self, key: str, content: AsyncIterator[bytes], *, most: int) -> int:
        """Keep a new file; its size. Raises `FileExistsError` and `TooLarge`."""

    async def size(self, key: str) -> int | None:
        """Bytes of a file; None where there is none."""

    def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes of a file, in blocks."""

    def local(self, key: str) -> AbstractAsyncContextManager[Path]:
        """The file on this machine, for as long as the block runs."""

    async def remove(self, key: str) -> None:
        """Forget a file, if it is there."""

    async def sweep(self, before: dt.datetime) -> int:
        """Forget all files that are older; how many there were."""


class LocalFiles:
    """A store in a directory, which all servers and workers must share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, key: str) -> Path:
        return self._root / key

    async def put(self, key: str, content: AsyncIterator[bytes], *, most: int) -> int:
        """See `FileStore`. Written beside its place first, so that a broken connection leaves nothing there."""
        path = self._path(key)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_DRAFT}")
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        file = await asyncio.to_thread(draft.open, "xb")
        try:
            with file:
                size, held = 0, bytearray()
                async for block in content:
                    size += len(block)
                    if size > most:
                        raise TooLarge
                    held += block
                    if len(held) >= _BLOCK:
                        await asyncio.to_thread(file.write, bytes(held))
                        held.clear()
                await asyncio.to_thread(file.write, bytes(held))
            # A link appears with all of its content and, unlike a rename, never replaces what is there.
            await asyncio.to_thread(path.hardlink_to, draft)
        finally:
            await asyncio.to_thread(draft.unlink)
        return size

    async def size(self, key: str) -> int | None:
        """See `FileStore`."""
        try:
            return (await asyncio.to_thread(self._path(key).stat)).st_size
        except FileNotFoundError:
            return None

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """See `FileStore`."""
        file = await asyncio.to_thread(self._path(key).open, "rb")
        with file:
            while block := await asyncio.to_thread(file.read, _BLOCK):
                yield block

    @asynccontextmanager
    async def local(self, key: str) -> AsyncIterator[Path]:
        """See `FileStore`: it is here already."""
        yield self._path(key)

    async def remove(self, key: str) -> None:
        """See `FileStore`."""
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(self._path(key).unlink)

    async def sweep(self, before: dt.datetime) -> int:
        """See `FileStore`. Drafts that a killed process has left go too."""
        return await asyncio.to_thread(self._sweep, before.timestamp())

    def _sweep(self, before: float) -> int:
        gone = 0
        for path in self._root.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    gone += 1
        return gone


@dataclass(frozen=True)
class Link:
    """An address at which one file can be sent or fetched without a token."""

    url: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class Files:
    """The store, and who may reach what of it from outside."""

    store: FileStore
    secret: bytes
    public_url: str = ""
    """Put before the path of links."""
    most_bytes: int = 1_000_000_000
    link_lives_s: int = 3_600

    @classmethod
    def at(cls, home: Path, secret: bytes, **options: Any) -> "Files":
        """Files in a directory of a home."""
        return cls.within(LocalFiles(home / "files"), secret, **options)

    @classmethod
    def within(cls, store: FileStore, secret: bytes, **options: Any) -> "Files":
        """Files of a store. Links are signed with a key made from the secret: no token is ever a link."""
        return cls(store, hmac.digest(secret, b"lma-graph files", hashlib.sha256), **options)

    def link(self, what: str, **claims: Any) -> Link:
        """A link that lets whoever has it do one thing until it expires."""
        expires = int(time.time()) + self.link_lives_s
        token = jwt.encode({"do": what, "exp": expires, **claims}, self.secret, "HS256")
        url = f"{self.public_url.rstrip('/')}{PATH}/{what}?{urlencode({'token': token})}"
        return Link(url, dt.datetime.fromtimestamp(expires, dt.UTC))

    def granted(self, what: str, token: str) -> dict[str, Any]:
        """What a link says, or `LinkRefused`."""
        try:
            claims: dict[str, Any] = jwt.decode(token, self.secret, ["HS256"], options={"require": ["exp", "do"]})
        except jwt.ExpiredSignatureError:
            raise LinkRefused("The link has expired; ask for a new one.") from None
        except jwt.PyJWTError:
            raise LinkRefused("The link is not one of this server's, or was altered.") from None
        if claims["do"] != what:
            raise LinkRefused("The link is for something else.")
        return claims


def new_upload() -> str:
    """The id of an upload to come."""
    return secrets.token_hex(16)


def upload_key(organization_id: int, upload: str) -> str | None:
    """Where an upload of an organization is kept; None where this is no id of an upload."""
    return f"{organization_id}/uploads/{upload}" if _UPLOAD.fullmatch(upload) else None


def part_key(organization_id: int, execution_id: int, part: str) -> str:
    """Where a part of what an execution writes is kept."""
    return f"{organization_id}/executions/{execution_id}/{part}"
