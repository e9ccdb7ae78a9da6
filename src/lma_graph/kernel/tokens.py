"""Signed bearer tokens (JWT, RFC 7519): what they claim, how they are checked and how they are made.

Enter at `build_verifier` and `TokenVerifier.verify` to check, at `mint` and `dev_secret` to make. A verified
token says who somebody claims to be in which organization; whether that user and that organization exist and
are active is asked of the database on every request, elsewhere.
"""

import contextlib
import hashlib
import os
import secrets
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from jwt.algorithms import HMACAlgorithm

from lma_graph.kernel.errors import ConfigurationError, Unauthenticated
from lma_graph.kernel.jwks import WRONG_ALGORITHM, KeySet

MIN_SECRET_BYTES = 32
"""RFC 7518 section 3.2: a key for HS256 is at least as long as its hash."""
LEEWAY_S = 30.0
"""How far the issuer's clock may run ahead in `iat` and `nbf`. `exp` is exact."""
MAX_TOKEN_CHARS = 8192
"""Longest token that is looked at."""
MAX_ID_CHARS = 320
"""Longest `sub` and `org`; the longest e-mail address has as many."""
REMEMBERED = 8192
"""How many verified tokens are remembered, the longest unused given up first."""
REMEMBER_S = 600.0
"""How long a signature is taken as verified, so that a withdrawn key ends with the JWKS document's age."""

ABSENT = "Authentication is required: send the header Authorization: Bearer <token>."
BAD_HEADER = "The Authorization header must have the form: Bearer <token>."
MALFORMED = "The token is malformed."
EXPIRED = "The token has expired."
NOT_YET_VALID = "The token is not valid yet."
WRONG_SIGNATURE = "The token's signature is wrong."
WRONG_AUDIENCE = "The token is meant for another audience."
WRONG_ISSUER = "The token comes from another issuer."

_YEAR_10000 = 253_402_300_800
_REFUSALS: Mapping[type[jwt.PyJWTError], str] = {
    jwt.InvalidAlgorithmError: WRONG_ALGORITHM,
    jwt.InvalidSignatureError: WRONG_SIGNATURE,
    jwt.InvalidAudienceError: WRONG_AUDIENCE,
    jwt.InvalidIssuerError: WRONG_ISSUER,
}


@dataclass(frozen=True)
class Claims:
    """What a verified token says. `organization` is a slug or id, `subject` a user's id or e-mail address."""

    subject: str
    organization: str
    scope: frozenset[str]
    expires_at: datetime
    """With time zone UTC. The token is refused from this moment on."""


class TokenVerifier:
    """Checks tokens against a shared secret (HS256), published keys (RS256, ES256), or either.

    An absent `audience` or `issuer` is not checked. `wall` gives seconds since 1970, `monotonic` seconds that
    never run backwards.
    """

    def __init__(
        self,
        *,
        secret: bytes | None,
        jwks_url: str | None,
        audience: str | None = None,
        issuer: str | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secret = None if secret is None else _usable_secret(secret)
        self._published = None if jwks_url is None else KeySet(jwks_url, clock=monotonic)
        self._audience = audience
        self._issuer = issuer
        self._wall = wall
        self._verified = _Verified()

    async def verify(self, token: str) -> Claims:
        """The token's claims.

        Raises `Unauthenticated` with the reason, or `Unavailable` if the token's key would have to come from
        a JWKS address that has never answered.
        """
        if not token:
            raise Unauthenticated(ABSENT)
        if len(token) > MAX_TOKEN_CHARS or not token.isascii():
            raise Unauthenticated(MALFORMED)
        digest = hashlib.sha256(token.encode("ascii")).digest()
        claims = self._verified.get(digest, self._wall())
        if claims is None:
            claims = self._accept(await self._checked(token))
            self._verified.put(digest, claims, self._wall())
        return claims

    async def _checked(self, token: str) -> dict[str, object]:
        """The payload, once signature, audience and issuer have been found right."""
        try:
            key, algorithm = await self._key(jwt.get_unverified_header(token))
            payload: dict[str, object] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": ["exp", "sub", "org"],
                    "verify_aud": self._audience is not None,
                    # The rest is ours: `_accept` reads times by our clock and lets ids be numbers.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
        except jwt.MissingRequiredClaimError as error:
            raise Unauthenticated(f"The token lacks the claim {error.claim}.") from None
        except jwt.PyJWTError as error:
            raise Unauthenticated(_REFUSALS.get(type(error), MALFORMED)) from None
        return payload

    async def _key(self, header: Mapping[str, object]) -> tuple[bytes | jwt.PyJWK, str]:
        """The key and the one algorithm it may be used with.

        The header chooses among what is configured here and nothing else: HS256 always means the shared
        secret, whatever `kid` says, and a published key is only ever used with the algorithm of its type.
        """
        match header.get("alg"), header.get("kid"):
            case "HS256", _ if self._secret is not None:
                return self._secret, "HS256"
            case ("RS256" | "ES256") as algorithm, (str() | None) as kid if self._published is not None:
                return await self._published.find(kid, algorithm), algorithm
        raise Unauthenticated(WRONG_ALGORITHM)

    def _accept(self, payload: Mapping[str, object]) -> Claims:
        now = self._wall()
        expires = _time(payload["exp"], "exp")
        if now >= expires:
            raise Unauthenticated(EXPIRED)
        for claim in ("nbf", "iat"):
            if payload.get(claim) is not None and _time(payload[claim], claim) > now + LEEWAY_S:
                raise Unauthenticated(NOT_YET_VALID)
        return Claims(
            subject=_identifier(payload["sub"], "sub"),
            organization=_identifier(payload["org"], "org"),
            scope=_scope(payload.get("scope")),
            expires_at=datetime.fromtimestamp(expires, UTC),
        )


class _Verified:
    """Claims of the tokens verified last, by the SHA-256 of the token; the tokens themselves are not kept."""

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, tuple[Claims, float]] = OrderedDict()

    def get(self, digest: bytes, now: float) -> Claims | None:
        entry = self._entries.get(digest)
        if entry is None:
            return None
        claims, until = entry
        if now >= until:
            del self._entries[digest]
            return None
        self._entries.move_to_end(digest)
        return claims

    def put(self, digest: bytes, claims: Claims, now: float) -> None:
        self._entries[digest] = claims, min(claims.expires_at.timestamp(), now + REMEMBER_S)
        if len(self._entries) > REMEMBERED:
            self._entries.popitem(last=False)


def build_verifier(
    *, secret: bytes | None, jwks_url: str | None, audience: str | None, issuer: str | None
) -> TokenVerifier:
    """The verifier of a server that is starting; empty values count as absent.

    Raises `ConfigurationError` if there is nothing to check tokens with, or if it cannot be used.
    """
    if not secret and not jwks_url:
        raise ConfigurationError(
            f"Tokens could not be checked: set LMA_JWT_SECRET (a secret of at least {MIN_SECRET_BYTES} bytes "
            "that the tokens' issuer has too) or LMA_JWKS_URL (where the issuer publishes its keys)."
        )
    return TokenVerifier(
        secret=secret or None, jwks_url=jwks_url or None, audience=audience or None, issuer=issuer or None
    )


def parse_bearer(header: str | None) -> str:
    """The token in the value of an `Authorization` header (RFC 6750), or `Unauthenticated`."""
    words = (header or "").split()
    if not words:
        raise Unauthenticated(ABSENT)
    if len(words) != 2 or words[0].lower() != "bearer":
        raise Unauthenticated(BAD_HEADER)
    return words[1]


def mint(
    secret: bytes,
    *,
    organization: str,
    subject: str,
    ttl: timedelta,
    scope: Collection[str] = (),
    audience: str | None = None,
    issuer: str | None = None,
) -> str:
    """A token signed with the shared secret (HS256), good from now for `ttl`, counted in whole seconds.

    Raises `ConfigurationError` if the secret cannot be used.
    """
    now = int(time.time())
    claims: dict[str, object] = {
        "sub": subject,
        "org": organization,
        "iat": now,
        "exp": now + int(ttl.total_seconds()),
    }
    optional = {"scope": " ".join(sorted(scope)), "aud": audience, "iss": issuer}
    claims |= {claim: value for claim, value in optional.items() if value}
    return jwt.encode(claims, _usable_secret(secret), "HS256")


def dev_secret(home: Path) -> bytes:
    """The signing secret of `lma-graph dev`, made on first use and kept in `home/jwt-secret` (mode 0600).

    Processes that start together get the same one. Raises `ConfigurationError` if the file is damaged.
    """
    path = home / "jwt-secret"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_hex(MIN_SECRET_BYTES).encode())
    secret = path.read_bytes()
    if len(secret) < MIN_SECRET_BYTES:
        raise ConfigurationError(f"{path} holds no usable secret. Delete it and a new one is made.")
    return secret


def server_secret(given: str | None, home: Path) -> bytes:
    """What the server signs its own links with: the secret of tokens, or one kept in `home` where there is none."""
    return given.encode() if given else dev_secret(home)


def _write_once(path: Path, content: bytes) -> None:
    """Creates the file whole (mode 0600), or leaves the one that another process was quicker to create."""
    handle, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link appears with all of its content at once and, unlike a rename, never replaces what is there.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()


def _usable_secret(secret: bytes) -> bytes:
    if len(secret) < MIN_SECRET_BYTES:
        raise ConfigurationError(f"LMA_JWT_SECRET must have at least {MIN_SECRET_BYTES} bytes; it has {len(secret)}.")
    try:
        return HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except jwt.InvalidKeyError:
        raise ConfigurationError(
            "LMA_JWT_SECRET holds a key pair's key or a certificate; it must be a random secret."
        ) from None


def _time(value: object, claim: str) -> float:
    """Seconds since 1970, up to the last moment that a `datetime` can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _YEAR_10000:
        raise Unauthenticated(f"The token's claim {claim} is not a time.")
    return float(value)


def _identifier(value: object, claim: str) -> str:
    """A slug, e-mail address or id. Control characters are refused: Postgres text cannot hold all of them."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.strip() or not text.isprintable() or len(text) > MAX_ID_CHARS:
        raise Unauthenticated(f"The token's claim {claim} must be a non-empty text or a whole number.")
    return text


def _scope(value: object) -> frozenset[str]:
    """Words separated by spaces (RFC 8693), or a list of them as some providers send."""
    words = value.split() if isinstance(value, str) else [] if value is None else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise Unauthenticated("The token's claim scope must be text.")
    return frozenset(words)
