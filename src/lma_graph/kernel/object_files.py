"""Files in a bucket of an S3-compatible store, for servers and workers on several machines. Enter at `files_at`.

Credentials come from where the cloud's own tools look for them: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, roles.
"""

import asyncio
import contextlib
import datetime as dt
import shutil
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import S3Store

from lma_graph.kernel.errors import ConfigurationError
from lma_graph.kernel.files import Files, TooLarge

_BLOCK = 1_000_000
_PART = 8 * 2**20
"""Bytes of one part of an upload; two are held at a time."""
_CLAIM = ".claim"
_MOST_FETCHED = 4
_OPTIONS = {"endpoint", "region"}
_FORM = "LMA_FILES_URL must look like s3://bucket/prefix?endpoint=https://s3.example&region=eu-central-1"


def files_at(url: str | None, home: Path, secret: bytes, **options: Any) -> Files:
    """Files in the bucket of a URL, or in a directory of the home where there is none."""
    return Files.at(home, secret, **options) if url is None else Files.within(ObjectFiles.at(url), secret, **options)


class ObjectFiles:
    """A store in a bucket, under a prefix."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self._fetched: OrderedDict[str, _Fetched] = OrderedDict()
        self._folder = Path(tempfile.mkdtemp(prefix="lma-files-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @classmethod
    def at(cls, url: str) -> "ObjectFiles":
        """`s3://bucket/prefix?endpoint=…&region=…`; without an endpoint it is AWS. Raises `ConfigurationError`."""
        parts = urlsplit(url)
        given = parse_qsl(parts.query, keep_blank_values=True)
        options = dict(given)
        if parts.scheme != "s3" or not parts.hostname or len(options) != len(given) or options.keys() - _OPTIONS:
            raise ConfigurationError(f"{_FORM}.")
        endpoint = options.get("endpoint")
        if endpoint is not None and urlsplit(endpoint).scheme not in {"http", "https"}:
            raise ConfigurationError(f"{_FORM}: the endpoint is an address with http or https.")
        config: dict[str, Any] = {"region": options.get("region", "us-east-1")}
        if endpoint is not None:
            config |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        return cls(
            S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                client_options={"allow_http": (endpoint or "").startswith("http:")},
                **config,
            )
        )

    async def put(self, key: str, content: AsyncIterator[bytes], *, most: int) -> int:
        """See `FileStore`. Who has made the claim beside it is alone at writing; an object appears when it is whole."""
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            async for block in content:
                size += len(block)
                if size > most:
                    raise TooLarge
                if block:
                    yield block

        try:
            await obstore.put_async(self._store, key + _CLAIM, b"", mode="create")
        except AlreadyExistsError:
            raise FileExistsError(key) from None
        try:
            if await self.size(key) is not None:
                raise FileExistsError(key)
            await obstore.put_async(self._store, key, counted(), chunk_size=_PART, max_concurrency=2)
        finally:
            await obstore.delete_async(self._store, key + _CLAIM)
        return size

    async def size(self, key: str) -> int | None:
        """See `FileStore`."""
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except FileNotFoundError:
            return None

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """See `FileStore`."""
        found = await obstore.get_async(self._store, key)
        async for block in found.stream(min_chunk_size=_BLOCK):
            yield bytes(block)

    @asynccontextmanager
    async def local(self, key: str) -> AsyncIterator[Path]:
        """See `FileStore`. A copy is fetched once and kept while it is among the latest few: work comes in steps."""
        copy = self._fetched.setdefault(key, _Fetched(self._folder / key.replace("/", "-")))
        self._fetched.move_to_end(key)
        copy.users += 1
        try:
            async with copy.lock:
                if not copy.path.exists():
                    await self._fetch(key, copy.path)
            yield copy.path
        finally:
            copy.users -= 1
            self._forget_copies()

    async def _fetch(self, key: str, path: Path) -> None:
        draft = path.with_name(f"{path.name}.draft")
        try:
            with await asyncio.to_thread(draft.open, "wb") as file:
                async for block in self.read(key):
                    await asyncio.to_thread(file.write, block)
            await asyncio.to_thread(draft.rename, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def _forget_copies(self) -> None:
        """Drop the oldest copies that nobody uses; whoever has one open reads on."""
        spare = [key for key, copy in self._fetched.items() if not copy.users]
        for key in spare[: max(0, len(self._fetched) - _MOST_FETCHED)]:
            self._fetched.pop(key).path.unlink(missing_ok=True)

    async def remove(self, key: str) -> None:
        """See `FileStore`."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, key)
        copy = self._fetched.get(key)
        if copy is not None:
            copy.path.unlink(missing_ok=True)

    async def sweep(self, before: dt.datetime) -> int:
        """See `FileStore`. Claims that a killed process has left go too."""
        gone = 0
        async for listed in obstore.list(self._store, chunk_size=500):
            old = [one["path"] for one in listed if one["last_modified"] < before]
            if old:
                await obstore.delete_async(self._store, old)
            gone += len(old)
        return gone


class _Fetched:
    """A copy on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = asyncio.Lock()
        self.users = 0
