"""Where the files of a test database are kept: told by its URL alone, so that processes of their own find them too."""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from lma_graph.kernel.files import Files, FileStore

SECRET = b"a secret that only the tests know"


def home_of(url: str) -> Path:
    return Path(tempfile.gettempdir()) / f"lma-files-{urlsplit(url).path.strip('/')}"


ELSEWHERE: dict[str, FileStore] = {}
"""Stores in which the files of a database are kept instead, for a while."""


def files_of(url: str) -> Files:
    if url in ELSEWHERE:
        return Files.within(ELSEWHERE[url], SECRET, most_bytes=2_000_000)
    return Files.at(home_of(url), SECRET, most_bytes=2_000_000)
