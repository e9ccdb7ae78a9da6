"""Files in a bucket: the store keeps its promises, and import and export work with it as they do with a directory."""

import asyncio
import datetime as dt
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from exchange_world import client_of, exported, imported, uploaded
from s3_server import BUCKET, PYTHON, s3_server

from kept_files import ELSEWHERE, files_of
from lma_graph.kernel import object_files
from lma_graph.kernel.errors import ConfigurationError
from lma_graph.kernel.files import FileStore, LocalFiles, TooLarge
from lma_graph.kernel.object_files import ObjectFiles, files_at

NEEDS_S3 = pytest.mark.skipif(PYTHON is None, reason="LMA_TEST_S3_PYTHON names no Python with an S3 server")
LONG_AGO, SOON = dt.timedelta(days=-1), dt.timedelta(minutes=1)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with s3_server() as found:
        yield found


@pytest.fixture
def bucket(address: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ObjectFiles:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return ObjectFiles.at(f"s3://{BUCKET}/{abs(hash(request.node.name))}/files?endpoint={address}&region=eu-central-1")


@pytest.fixture(params=["directory", pytest.param("bucket", marks=NEEDS_S3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    found: FileStore = LocalFiles(tmp_path) if request.param == "directory" else request.getfixturevalue("bucket")
    return found


async def of(*blocks: bytes) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block


async def content(store: FileStore, key: str) -> bytes:
    return b"".join([block async for block in store.read(key)])


async def test_a_file_is_there_whole_and_stays_as_it_is(store: FileStore) -> None:
    assert await store.size("1/a") is None
    assert await store.put("1/a", of(b"one", b"", b"two"), most=6) == 6
    assert (await store.size("1/a"), await content(store, "1/a")) == (6, b"onetwo")
    with pytest.raises(FileExistsError):
        await store.put("1/a", of(b"other"), most=6)
    assert await content(store, "1/a") == b"onetwo"
    async with store.local("1/a") as path:
        assert path.read_bytes() == b"onetwo"
    await store.remove("1/a")
    await store.remove("1/a")
    assert await store.size("1/a") is None


async def test_an_empty_file_is_one(store: FileStore) -> None:
    assert await store.put("1/a", of(), most=6) == 0
    assert (await store.size("1/a"), await content(store, "1/a")) == (0, b"")


async def test_what_is_too_large_or_breaks_off_leaves_nothing(store: FileStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 9_000_000
        raise ConnectionError("gone")

    with pytest.raises(TooLarge):
        await store.put("1/a", of(b"x" * 9_000_000, b"x"), most=9_000_000)
    with pytest.raises(ConnectionError):
        await store.put("1/a", broken(), most=10_000_000)
    assert await store.size("1/a") is None
    assert await store.put("1/a", of(b"x"), most=1) == 1


async def test_of_many_who_write_one_file_one_does(store: FileStore) -> None:
    async def written(number: int) -> int | None:
        try:
            return await store.put("1/a", of(bytes([number])), most=1) and number
        except FileExistsError:
            return None

    found = [number for number in await asyncio.gather(*map(written, range(1, 9))) if number is not None]
    assert len(found) == 1
    assert await content(store, "1/a") == bytes(found)


async def test_old_files_are_swept(store: FileStore) -> None:
    for key in ("1/uploads/a", "2/executions/3/b"):
        await store.put(key, of(b"x"), most=1)
    now = dt.datetime.now(dt.UTC)
    assert await store.sweep(now + LONG_AGO) == 0
    assert await store.sweep(now + SOON) == 2
    assert await store.size("1/uploads/a") is None


@NEEDS_S3
async def test_large_files_pass_through_little_memory(bucket: ObjectFiles) -> None:
    blocks = 120

    async def large() -> AsyncIterator[bytes]:
        for _ in range(blocks):
            yield b"x" * 1_000_000

    tracemalloc.start()
    try:
        await bucket.put("1/a", large(), most=blocks * 1_000_000)
        async with bucket.local("1/a") as path:
            assert path.stat().st_size == blocks * 1_000_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


@NEEDS_S3
async def test_copies_are_fetched_once_and_only_a_few_are_kept(bucket: ObjectFiles) -> None:
    keys = [f"1/{number}" for number in range(7)]
    for key in keys:
        await bucket.put(key, of(b"x"), most=1)
    paths = []
    for key in keys:
        async with bucket.local(key) as path:
            paths.append(path)
    assert [path.exists() for path in paths] == [False] * 3 + [True] * 4
    paths[-1].write_bytes(b"y")
    async with bucket.local(keys[-1]) as path:
        assert path.read_bytes() == b"y"
    await bucket.remove(keys[-1])
    assert not paths[-1].exists()


@NEEDS_S3
async def test_import_and_export_go_through_the_bucket(
    world: Any, database: Any, owner_url: str, bucket: ObjectFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ELSEWHERE, owner_url, bucket)
    monkeypatch.setattr(database, "files", files_of(owner_url))
    async with client_of(database, owner_url) as http:
        upload = await uploaded(world, http, b"email\nada@x.test\nnobody\n")
        done = await imported(world, owner_url, {"uploadId": upload})
        assert (done["status"], done["outputData"]["created"], done["outputData"]["failed"]) == ("SUCCEEDED", 1, 1)
        assert "nobody" in (await http.get(done["file"]["url"])).text
        found = await exported(world, owner_url, {"columns": ["email"]})
        assert (await http.get(found["file"]["url"])).text == "\ufeffemail\nada@x.test\n"
    assert await bucket.size(f"{world.organization_id}/uploads/{upload}") == 24


WRONG = "LMA_FILES_URL must look like s3://bucket/prefix?endpoint=https://s3.example&region=eu-central-1"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///tmp", f"{WRONG}."),
        ("s3:///prefix", f"{WRONG}."),
        ("s3://bucket?zone=x", f"{WRONG}."),
        ("s3://bucket?region=a&region=b", f"{WRONG}."),
        ("s3://bucket?endpoint=s3.example", f"{WRONG}: the endpoint is an address with http or https."),
    ],
)
def test_an_address_that_is_none_is_refused(url: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        files_at(url, tmp_path, b"secret")
    assert str(caught.value) == message


def test_without_an_address_files_are_kept_at_home(tmp_path: Path) -> None:
    assert isinstance(files_at(None, tmp_path, b"secret").store, LocalFiles)
    assert isinstance(files_at("s3://bucket/a/b", tmp_path, b"secret").store, object_files.ObjectFiles)
