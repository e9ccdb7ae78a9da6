"""`make run` in a fresh checkout of HEAD, until W1 is answered."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench.place import ROOT, Place, say
from bench.result import Result, Verdict
from bench.w1_bench import W1

MARK_S = 90
_GIVE_UP_S = 600

METHOD = f"""
A clone of HEAD in an empty directory, without virtual environment, GraphiQL or data; then `make run`, timed until the
first W1 has come back from `/graphql` without errors, with a token of `./lma-graph token`. The caches of pip and npm
are warm: what is downloaded otherwise depends on the network. The mark is {MARK_S} s.
"""


async def run(_: Place) -> Result:
    """The whole benchmark."""
    seconds, phases = await asyncio.to_thread(_measure)
    result = Result("cold", "Cold `make run`", METHOD, ("", "seconds"))
    for name, at in phases:
        result.add(name, f"{at:.1f}")
    result.verdicts.append(
        Verdict("seconds until the first W1 is answered", f"{seconds:.0f}", f"< {MARK_S}", seconds < MARK_S)
    )
    return result


def _measure() -> tuple[float, list[tuple[str, float]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="lma-cold-") as directory:
        checkout = Path(directory) / "checkout"
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, checkout], check=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("LMA_", "PYTHON", "VIRTUAL_ENV"))}
        with (Path(directory) / "output").open("wb") as output:
            began = time.monotonic()
            process = subprocess.Popen(
                ["make", "run", f"PORT={port}"],
                cwd=checkout,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                return _wait(process, checkout, port, began)
            except RuntimeError:
                shutil.copy(output.name, ROOT / ".lma-bench" / "cold.log")
                raise
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(60)


def _wait(
    process: subprocess.Popen[bytes], checkout: Path, port: int, began: float
) -> tuple[float, list[tuple[str, float]]]:
    phases: list[tuple[str, float]] = []
    while not _ready(port):
        if process.poll() is not None or time.monotonic() - began > _GIVE_UP_S:
            raise RuntimeError("make run did not start a server; see .lma-bench/cold.log")
        time.sleep(0.1)
    phases.append(("until the server answers /readyz", time.monotonic() - began))
    say("ready")
    command = ["./lma-graph", "token", "--organization", "demo", "--user", "admin@demo.test"]
    token = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout.strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": W1}).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    if "errors" in answer or len(answer["data"]["leads"]["edges"]) != 50:
        raise RuntimeError(str(answer)[:2000])
    seconds = time.monotonic() - began
    phases.append(("until W1 is answered", seconds))
    return seconds, phases


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
