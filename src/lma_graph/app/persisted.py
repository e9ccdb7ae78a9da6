"""Automatic persisted queries: a client sends a hash instead of a document. Enter at `PersistedQueries`.

The protocol is Apollo's, which urql and Relay speak too: `extensions.persistedQuery {version sha256Hash}`.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from lma_graph.app.refusals import Refusal, bad_request
from lma_graph.kernel.lru import BoundedLru

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_VERSION: Final = 1
_OVERHEAD: Final = 300


class PersistedQueries:
    """The texts known by hash, of all clients of this process; whoever has the hash had the text."""

    def __init__(self, *, max_items: int = 2_000, max_bytes: int = 16_000_000) -> None:
        self._texts: BoundedLru[str, str] = BoundedLru(max_items=max_items, max_weight=max_bytes)

    def __len__(self) -> int:
        return len(self._texts)

    def resolve(self, query: str | None, extensions: Mapping[str, object]) -> str:
        """The document's text. Raises `Refusal` if it is missing, unknown, or not what the hash says."""
        sha = _hash(extensions)
        if sha is None:
            if not query:
                raise bad_request("query is missing.")
            return query
        if not query:
            return self._known(sha)
        if hashlib.sha256(query.encode()).hexdigest() != sha:
            raise Refusal(400, "PERSISTED_QUERY_HASH_MISMATCH", "sha256Hash is not the SHA-256 of query.", soft=True)
        return query

    def remember(self, query: str, extensions: Mapping[str, object]) -> None:
        """Keep a text that was sent with its hash: what `resolve` gave, once it has proved valid."""
        sha = _hash(extensions)
        if sha is not None and sha not in self._texts:
            self._texts.put(sha, query, len(query.encode()) + _OVERHEAD)

    def _known(self, sha: str) -> str:
        text = self._texts.get(sha)
        if text is None:
            # Clients look for exactly this message and then send the text along.
            raise Refusal(400, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound", soft=True)
        return text


def _hash(extensions: Mapping[str, object]) -> str | None:
    given = extensions.get("persistedQuery")
    if given is None:
        return None
    sha = given.get("sha256Hash") if isinstance(given, dict) else None
    if not isinstance(given, dict) or given.get("version") != _VERSION or not isinstance(sha, str):
        raise bad_request("extensions.persistedQuery must be { version: 1, sha256Hash: … }.")
    sha = sha.lower()
    if not _HASH.fullmatch(sha):
        raise bad_request("extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits.")
    return sha
