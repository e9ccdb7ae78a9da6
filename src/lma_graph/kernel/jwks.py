"""Published signing keys: a JWKS document (RFC 7517), fetched in the background of requests and kept.

Enter at `KeySet.find`. A provider rotates its keys by publishing a new `kid` first and using it later, so a
`kid` that is not known is a reason to look again, but never more often than the cool-down allows: anybody can
send a token with an invented one.
"""

import asyncio
import ipaddress
import json
import math
import time
from collections.abc import Callable, Sequence

import httpx2
import jwt
import structlog

from lma_graph.kernel.errors import ConfigurationError, Unauthenticated, Unavailable

KEEP_S = 600.0
"""How long a fetched document is good for."""
COOL_DOWN_S = 30.0
"""Shortest time between two fetches, whether the first succeeded or not."""
TIMEOUT_S = 5.0
"""Longest one fetch may take, from connecting to the last byte."""
MAX_BYTES = 256 * 1024
"""Largest document; real ones have a few kilobytes."""
MIN_RSA_BITS = 2048
"""RFC 7518 section 3.3 allows no shorter key."""

WRONG_ALGORITHM = "The token is signed with an algorithm that is not allowed here."
UNKNOWN_KEY = "The token is signed with an unknown key."
NO_KEYS = "The keys that tokens are checked with cannot be fetched at the moment. Try again later."

_log = structlog.get_logger(__name__)


class KeySet:
    """The keys of one JWKS address for RS256 and ES256; belongs to one event loop.

    While the address does not answer, the keys last fetched stay good. `clock` gives seconds that never run
    backwards.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._loopback = _address(url)
        # Reading the certificates takes 40 to 200 ms: at start, not while requests wait.
        self._tls = httpx2.create_ssl_context()
        self._clock = clock
        self._keys: Sequence[jwt.PyJWK] = ()
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """The key named `kid` for `algorithm`; without a `kid`, the only key there is for `algorithm`.

        Raises `Unauthenticated` if there is no such key, `Unavailable` if no document was ever fetched (the
        token may well be good, so the client should keep it).
        """
        if self._clock() - self._fetched_at >= KEEP_S:
            await self._refresh()
        key = self._known(kid, algorithm)
        if key is None:
            await self._refresh()
            key = self._known(kid, algorithm)
        if key is None:
            raise Unavailable(NO_KEYS) if self._fetched_at == -math.inf else Unauthenticated(UNKNOWN_KEY)
        return key

    def _known(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        named = [key for key in self._keys if kid in (None, key.key_id)]
        fitting = [key for key in named if key.algorithm_name == algorithm]
        if kid is not None and named and not fitting:
            raise Unauthenticated(WRONG_ALGORITHM)
        return fitting[0] if len(fitting) == 1 or (fitting and kid is not None) else None

    async def _refresh(self) -> None:
        """Joins the fetch under way, or starts one unless the last is too recent."""
        if self._fetching is None:
            if self._clock() - self._tried_at < COOL_DOWN_S:
                return
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
        # A caller that goes away must not take the fetch along: others wait for the same one.
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            keys = _read(await self._download())
        except (httpx2.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            _log.warning("jwks_not_refreshed", error=type(error).__name__, reason=str(error))
        else:
            self._keys, self._fetched_at = keys, self._clock()
        finally:
            self._fetching = None

    async def _download(self) -> bytes:
        body = bytearray()
        # Unencoded and raw, so that the limit counts what is kept and nothing can be inflated past it.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        client = httpx2.AsyncClient(timeout=TIMEOUT_S, verify=self._tls, trust_env=not self._loopback)
        async with (
            asyncio.timeout(TIMEOUT_S),
            client,
            client.stream("GET", self._url, headers=headers) as response,
        ):
            response.raise_for_status()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError(f"the document is larger than {MAX_BYTES} bytes")
        return bytes(body)


def _address(url: str) -> tuple[httpx2.URL, bool]:
    """The parsed address, and whether it is this machine's own."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise ConfigurationError("LMA_JWKS_URL is not an address.") from None
    loopback = _is_loopback(parsed.host)
    if not parsed.host or parsed.scheme not in (("https", "http") if loopback else ("https",)):
        raise ConfigurationError(
            "LMA_JWKS_URL must begin with https:// (http:// is accepted for a loopback address only)."
        )
    if parsed.userinfo:
        raise ConfigurationError("LMA_JWKS_URL must not contain a user name or password.")
    return parsed, loopback


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(document: bytes) -> Sequence[jwt.PyJWK]:
    """The usable keys of a document. One without any counts as broken, and the keys at hand are kept."""
    match json.loads(document):
        case {"keys": [*entries]}:
            keys = [key for entry in entries if isinstance(entry, dict) and (key := _usable(entry))]
        case _:
            raise ValueError("the document has no list of keys")
    if not keys:
        raise ValueError("the document has no key for RS256 or ES256")
    return keys


def _usable(entry: dict[str, object]) -> jwt.PyJWK | None:
    """The key with its algorithm fixed by its type, never by a token; None for what checks no signatures."""
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(entry.get("kty")))
    operations = entry.get("key_ops", ["verify"])
    if (
        algorithm is None
        or entry.get("alg", algorithm) != algorithm
        or entry.get("use", "sig") != "sig"
        or not (isinstance(operations, list) and "verify" in operations)
        or not isinstance(entry.get("kid", ""), str)
        or "d" in entry  # a private key that was published by mistake proves nothing any more
    ):
        return None
    try:
        key = jwt.PyJWK(entry, algorithm)
        key.Algorithm.prepare_key(key.key)
    except jwt.PyJWTError:
        return None
    return key if algorithm == "ES256" or key.key.key_size >= MIN_RSA_BITS else None
