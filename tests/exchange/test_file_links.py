"""The addresses behind links: what is refused, and that nothing is kept then."""

import datetime as dt
from dataclasses import replace

import httpx2
import pytest
from exchange_world import exported, uploaded
from starlette.applications import Starlette

from kept_files import files_of, home_of
from lma_graph.app.file_links import FileLinks
from lma_graph.kernel.files import LocalFiles

ALTERED = "The link is not one of this server's, or was altered."


def told(response: httpx2.Response) -> tuple[int, str, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"], error["message"]


def kept(world, url: str) -> list[str]:
    return sorted(
        str(path) for path in (home_of(url) / "files" / str(world.organization_id)).rglob("*") if path.is_file()
    )


async def test_a_link_takes_one_file(world, http) -> None:
    made = await world.do("createUpload", {}, "url method maxBytes expiresAt")
    assert (made["method"], made["maxBytes"]) == ("PUT", 2_000_000)
    assert (await http.put(made["url"], content=b"one")).status_code == 201
    again = await http.put(made["url"], content=b"two")
    assert told(again) == (409, "CONFLICT", "A file was sent to this link already; ask for another one.")


async def test_links_and_rows_are_not_kept_beside_a_key(world, http) -> None:
    made = [await world.do("createUpload", {"idempotencyKey": "k"}, "uploadId url") for _ in range(2)]
    assert made[0]["uploadId"] == made[1]["uploadId"]
    assert (await http.put(made[1]["url"], content=b"email\n")).status_code == 201
    given = {"content": "email\nada@x.test\n", "idempotencyKey": "k"}
    looks = [await world.do("importLeads", given, "execution { id } preview { line }") for _ in range(2)]
    assert looks[0]["execution"] == looks[1]["execution"]
    assert [look["preview"] for look in looks] == [[{"line": 2}], []]
    kept = await world.fetch("SELECT outcome::text FROM idempotency_results WHERE organization_id = $1")
    assert len(kept) == 2
    assert not any(word in str(kept) for word in ("token", "ada@x.test"))


async def test_an_altered_or_expired_link_is_refused(world, http, database, owner_url) -> None:
    made = await world.do("createUpload", {}, "url")
    head, _, signature = made["url"].rpartition(".")
    for url in (f"{head}.{signature[::-1]}", f"{head[:-2]}xx.{signature}", "/files/upload", "/files/upload?token=x"):
        assert told(await http.put(url, content=b"x")) == (403, "FORBIDDEN", ALTERED)
    late = replace(files_of(owner_url), link_lives_s=-1).link(
        "upload", organization=world.organization_id, upload="0" * 32
    )
    expected = (403, "FORBIDDEN", "The link has expired; ask for a new one.")
    assert told(await http.put(late.url, content=b"x")) == expected
    other = files_of(owner_url).link("download", organization=world.organization_id, upload="0" * 32)
    wrong = await http.put(other.url.replace("/download", "/upload"), content=b"x")
    assert told(wrong) == (403, "FORBIDDEN", "The link is for something else.")
    assert kept(world, owner_url) == []


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_that_is_too_large_is_not_kept(announced, world, http, owner_url) -> None:
    made = await world.do("createUpload", {}, "url")

    async def body():
        for _ in range(30):
            yield b"x" * 100_000

    content = b"x" * 3_000_000 if announced else body()
    found = await http.put(made["url"], content=content)
    assert told(found) == (413, "PAYLOAD_TOO_LARGE", "The file is larger than 2,000,000 bytes.")
    assert kept(world, owner_url) == []


async def test_a_download_ends_with_the_user_and_with_the_file(world, http, owner, owner_url) -> None:
    await world.lead()
    found = await exported(world, owner_url, {})
    url = found["file"]["url"]
    got = await http.get(url)
    assert got.status_code == 200
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''leads.csv"
    assert got.headers["cache-control"] == "private, no-store"
    assert told(await http.get(url[:-3])) == (403, "FORBIDDEN", ALTERED)
    await LocalFiles(home_of(owner_url) / "files").sweep(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    assert told(await http.get(url)) == (404, "NOT_FOUND", "There is no such file any more.")
    await owner.execute("UPDATE users SET is_active = false WHERE organization_id = $1", world.organization_id)
    assert (await http.get(url)).status_code == 403


async def test_an_upload_is_kept_for_its_organization_alone(world, other_world, http, owner_url) -> None:
    await uploaded(world, http, b"email\n")
    assert len(kept(world, owner_url)) == 1
    assert kept(other_world, owner_url) == []


def test_routes_are_those_of_the_links(database, owner_url) -> None:
    routes = Starlette(routes=FileLinks(database, files_of(owner_url)).routes()).routes
    assert [(route.path, route.methods - {"HEAD"}) for route in routes] == [
        ("/files/upload", {"PUT"}),
        ("/files/download", {"GET"}),
    ]
