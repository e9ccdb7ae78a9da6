"""An S3-compatible server in a process of its own, with one bucket.

It is not installed among the tests' own packages, since it wants others of their versions: `LMA_TEST_S3_PYTHON` names
the Python that has those of `requirements/s3.lock`, as `make test` does.
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

PYTHON = os.environ.get("LMA_TEST_S3_PYTHON")
BUCKET = "leads"


@contextmanager
def s3_server() -> Iterator[str]:
    """The server's address."""
    assert PYTHON is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PYTHON, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _make_bucket(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _make_bucket(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{address}/{BUCKET}", method="PUT"), timeout=5):
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError("the S3 server does not answer")
