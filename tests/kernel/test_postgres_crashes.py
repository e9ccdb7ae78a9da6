"""Attacks on the embedded server: killed users, killed servers, false process ids, and many at once."""

import asyncio
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from postgres_world import World, fetch, kill, template, until, world

from lma_graph.kernel.postgres import EmbeddedPostgres, EmbeddedPostgresError
from lma_graph.kernel.postgres.account import Account


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


def test_eight_processes_starting_at_once_make_one_server(cold: World) -> None:
    users = [cold.user() for _ in range(8)]
    for user in users:
        user.tell("start")
    started = [user.said() for user in users]
    assert started == [started[0]] * 8
    assert cold.postmasters() == [started[0]["pid"]]
    for user in users:
        user.tell("stop")
    assert sorted(user.said() for user in users) == [False] * 7 + [True]
    assert cold.processes() == []


def test_a_killed_user_has_left_and_the_others_are_not_disturbed(world: World) -> None:
    one, two = world.user(), world.user()
    started = one.ask("start")
    assert two.ask("start") == started
    one.kill()
    assert fetch(started["url"], "SELECT 1") == [(1,)]
    assert world.postmasters() == [started["pid"]]
    assert two.ask("stop") is True
    assert world.processes() == []


def test_the_server_of_killed_users_is_adopted_by_the_next_start(world: World) -> None:
    users = [world.user(), world.user()]
    started, _ = [user.ask("start") for user in users]
    fetch(started["url"], "CREATE TABLE kept AS SELECT 42 AS answer")
    for user in users:
        user.kill()
    time.sleep(0.2)
    assert world.postmasters() == [started["pid"]]
    with EmbeddedPostgres(world.home) as server:
        assert world.postmasters() == [started["pid"]]
        assert fetch(server.url(), "SELECT answer FROM kept") == [(42,)]
    assert world.processes() == []


BUSY = "DO $$ BEGIN LOOP END LOOP; END $$"
"""Keeps a backend computing: it does not notice by itself that its postmaster is dead."""


@contextmanager
def client(url: str, sql: str) -> Iterator[list[BaseException]]:
    """A connection that is running a statement, in a thread; gives what it ended with."""
    ended: list[BaseException] = []

    async def run() -> None:
        connection = await asyncpg.connect(url)
        connected.set()
        try:
            await connection.execute(sql)
        except (OSError, asyncpg.PostgresError) as error:
            ended.append(error)
        finally:
            connection.terminate()

    connected = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert connected.wait(10)
    time.sleep(0.2)
    assert ended == []
    yield ended
    thread.join(20)
    assert not thread.is_alive()
    assert [type(error) for error in ended] in ([asyncpg.ConnectionDoesNotExistError], [ConnectionResetError])


@pytest.mark.parametrize("sql", ["SELECT pg_sleep(600)", BUSY], ids=["idle", "busy"])
def test_a_killed_server_with_a_client_is_started_again_with_its_data(world: World, sql: str) -> None:
    other = world.user()
    started = other.ask("start")
    fetch(started["url"], "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    with client(started["url"], sql):
        kill(started["pid"])
        with EmbeddedPostgres(world.home) as server:
            assert server.url() == started["url"]  # so that a pool finds it again
            assert fetch(server.url(), "SELECT count(*), sum(n) FROM kept") == [(1000, 500500)]
            assert len(world.postmasters()) == 1
            assert world.postmasters() != [started["pid"]]
    assert other.ask("stop") is True
    assert world.processes() == []


def test_the_starter_itself_brings_a_killed_server_up_again(world: World) -> None:
    with EmbeddedPostgres(world.home) as server:
        fetch(server.url(), "CREATE TABLE kept AS SELECT 42 AS answer")
        kill(world.postmasters()[0])
        server.start()
        assert fetch(server.url(), "SELECT answer FROM kept") == [(42,)]
    assert world.processes() == []


def test_stop_after_the_server_was_killed_leaves_nothing(world: World) -> None:
    server = EmbeddedPostgres(world.home)
    server.start()
    with client(server.url(), BUSY) as ended:
        kill(world.postmasters()[0])
        assert ended == []  # still busy, an orphan
        assert server.stop() is True
        assert world.processes() == []


def crashed(world: World) -> Path:
    """A home whose server and users were killed; gives its `postmaster.pid`."""
    user = world.user()
    started = user.ask("start")
    fetch(started["url"], "CREATE TABLE kept AS SELECT 42 AS answer")
    user.kill()
    kill(started["pid"])
    until(lambda: world.processes() == [])
    return Path(started["data"]) / "postmaster.pid"


def name_in(file: Path, pid: int) -> None:
    """Makes a process the one that `postmaster.pid` and the socket's lock file name."""
    for path in (file, next(file.parents[1].glob("run-*/.s.PGSQL.5432.lock"))):
        lines = path.read_text().split("\n")
        path.write_text("\n".join([str(pid), *lines[1:]]))


def starts_with_its_data(world: World) -> None:
    with EmbeddedPostgres(world.home) as server:
        assert fetch(server.url(), "SELECT answer FROM kept") == [(42,)]
    assert world.processes() == []


def test_a_recycled_process_id_is_no_obstacle_and_its_process_is_left_alone(world: World) -> None:
    file = crashed(world)
    with subprocess.Popen(["/bin/sleep", "600"], **Account.default().identity) as stranger:
        try:
            name_in(file, stranger.pid)
            starts_with_its_data(world)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_process_id_recycled_by_another_homes_server_is_no_obstacle(world: World, template: Path) -> None:
    file = crashed(world)
    neighbour = world.root / "neighbour"
    subprocess.run(["cp", "-a", template, neighbour], check=True)
    with EmbeddedPostgres(neighbour) as other:
        pid = int((other.data / "postmaster.pid").read_text().split("\n")[0])
        name_in(file, pid)
        with EmbeddedPostgres(world.home) as server:
            assert server.url() != other.url()
            assert fetch(server.url(), "SELECT answer FROM kept") == [(42,)]
        assert world.postmasters() == [pid]
        assert fetch(other.url(), "SELECT to_regclass('kept')") == [(None,)]


def test_a_zombie_in_the_place_of_the_server_is_no_obstacle(world: World) -> None:
    file = crashed(world)
    with subprocess.Popen(["/bin/true"], **Account.default().identity) as child:
        until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
        name_in(file, child.pid)
        starts_with_its_data(world)
        assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE


def test_a_broken_pid_file_is_no_obstacle(world: World) -> None:
    file = crashed(world)
    for content in ("", "\n\n", "nonsense\n", "99999999999999999999\n", "-1\n", "0\n"):
        file.write_text(content)
        starts_with_its_data(world)


def test_killing_a_user_in_the_middle_of_initdb_does_not_poison_the_next_start(cold: World) -> None:
    user = cold.user()
    user.tell("start")
    root = cold.home / "postgres"
    until(lambda: list(root.glob("data.new-*/base")))
    user.kill()
    assert not (root / "data").exists()
    with EmbeddedPostgres(cold.home) as server:
        assert fetch(server.url(), "SELECT current_database()") == [("lma",)]
        until(lambda: "initdb" not in [process.name() for process in cold.processes()])
    with EmbeddedPostgres(cold.home):
        assert list(root.glob("data.new-*")) == []
    assert cold.processes() == []


def test_an_initdb_out_of_time_leaves_no_data_and_says_why(cold: World) -> None:
    server = EmbeddedPostgres(cold.home)
    with pytest.raises(EmbeddedPostgresError, match=r"/initdb did not end within 0\.\d s\.$"):
        server.start(timeout=0.2)
    assert not server.data.exists()
    assert server.stop() is False  # it never joined
    until(lambda: cold.processes() == [])
    server.start()
    assert server.stop() is True
    names = {path.name for path in (cold.home / "postgres").iterdir()}
    assert names == {"data", "server.lock", "start.lock", "users.lock"}


def test_whoever_starts_while_another_stops_has_a_server(world: World) -> None:
    leaving, coming = world.user(), world.user()
    leaving.ask("start")
    for delay in (0, 0.005, 0.02, 0.05, 0.1):
        leaving.tell("stop")
        time.sleep(delay)
        coming.tell("start")
        leaving.said()
        started = coming.said()
        assert fetch(started["url"], "SELECT 1") == [(1,)], started
        assert world.postmasters() == [started["pid"]]
        leaving, coming = coming, leaving
    assert leaving.ask("stop") is True
    assert world.processes() == []


def test_a_server_that_is_just_shutting_down_is_waited_for(world: World) -> None:
    user = world.user()
    started = user.ask("start")
    user.kill()
    psutil.Process(started["pid"]).send_signal(signal.SIGINT)
    with EmbeddedPostgres(world.home) as server:
        assert fetch(server.url(), "SELECT 1") == [(1,)]
        assert started["pid"] not in world.postmasters()


def test_a_hanging_server_is_reported_in_time_and_can_still_be_used_afterwards(world: World) -> None:
    user = world.user()
    pid = user.ask("start")["pid"]
    psutil.Process(pid).suspend()
    server = EmbeddedPostgres(world.home)
    try:
        began = time.monotonic()
        with pytest.raises(EmbeddedPostgresError, match="did not answer in time; it may still be recovering"):
            server.start(timeout=0.5)
        assert time.monotonic() - began < 10
    finally:
        psutil.Process(pid).resume()
    assert server.stop() is False  # it never joined
    server.start()
    assert world.postmasters() == [pid]
    assert user.ask("stop") is False
    assert server.stop() is True


def test_a_home_deleted_under_its_server_does_not_harm_the_next_one(world: World, template: Path) -> None:
    old = EmbeddedPostgres(world.home)
    old.start()
    (ghost,) = world.postmasters()
    processes = world.processes()
    for process in processes:
        process.suspend()  # until its successor is there
    shutil.rmtree(world.home)
    world.furnish(template)
    with EmbeddedPostgres(world.home) as new:
        assert old.stop() is False
        os.kill(ghost, signal.SIGQUIT)  # what it does to itself within a minute, once it notices
        for process in processes:
            process.resume()
        until(lambda: ghost not in world.postmasters())
        assert fetch(new.url(), "SELECT 1") == [(1,)]
    assert world.processes() == []
