"""Which published keys are used for what, and that no token talks its way to another key or algorithm."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from issuer import (
    ALGORITHM,
    EC,
    GOOD,
    RSA,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    Issuer,
    outcome,
    public,
    running,
    signed,
    verifier,
)
from jwt.algorithms import RSAAlgorithm

from lma_graph.kernel.errors import Unauthenticated
from lma_graph.kernel.tokens import TokenVerifier

P384 = ec.generate_private_key(ec.SECP384R1())


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    with running() as issuer:
        yield issuer


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    server.publish(public(RSA, "r"), public(EC, "e"))
    return server


@pytest.fixture(scope="module")
def checker(server: Issuer) -> TokenVerifier:
    """One for all examples, which so share a fetch."""
    server.publish(public(RSA, "r"), public(EC, "e"))
    return verifier(server, secret=SECRET)


@pytest.mark.parametrize(
    "unfit",
    [
        public(EC, "k", use="enc"),
        public(EC, "k", alg="ES384"),
        public(EC, "k", key_ops=["sign"]),
        public(EC, "k", key_ops="verify"),
        public(EC, "k", crv="P-384"),
        public(EC, "k", x=1),
        public(EC, "k", d="AA"),
        public(EC, "k") | {"kid": 1},
        public(P384, "k"),
        {"kty": "oct", "kid": "k", "alg": "HS256", "k": base64.urlsafe_b64encode(SECRET).decode()},
        {"kty": ["EC"], "kid": "k"},
        RSAAlgorithm.to_jwk(RSA, as_dict=True) | {"kid": "k", "key_ops": ["verify"]},
        public(rsa.generate_private_key(65537, 1024), "k"),
        {"kty": "RSA", "kid": "k", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "k"},
    ],
)
async def test_unfit_keys_are_passed_over(issuer: Issuer, unfit: dict[str, Any]) -> None:
    issuer.publish(unfit, public(RSA, "r"))
    checker = verifier(issuer)
    assert await outcome(checker, signed(RSA, "r")) == "ann@demo.test"
    assert await outcome(checker, signed(EC, "k")) == UNKNOWN
    assert await outcome(checker, signed(RSA, "k")) == UNKNOWN


async def test_a_key_is_used_with_its_own_algorithm_only(issuer: Issuer) -> None:
    checker = verifier(issuer)
    assert await outcome(checker, signed(EC, "r")) == ALGORITHM
    assert await outcome(checker, signed(RSA, "e")) == ALGORITHM
    for algorithm in ("PS256", "RS384", "RS512"):
        assert await outcome(checker, signed(RSA, "r", algorithm)) == ALGORITHM
    assert await outcome(checker, signed(SECRET, "r", "HS256")) == ALGORITHM
    assert issuer.fetches == 1, "another key's kid is no reason to fetch again"


@pytest.mark.parametrize(("secret", "message"), [(None, ALGORITHM), (SECRET, SIGNATURE)])
async def test_a_public_key_is_never_taken_for_a_shared_secret(
    issuer: Issuer, secret: bytes | None, message: str
) -> None:
    checker = verifier(issuer, secret=secret)
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for material in (pem, json.dumps(public(RSA, "r")).encode(), public(RSA)["n"].encode()):
        parts = ({"alg": "HS256", "kid": "r"}, GOOD)
        body = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
        tag = base64.urlsafe_b64encode(hmac.digest(material, body, hashlib.sha256)).rstrip(b"=")
        assert await outcome(checker, (body + b"." + tag).decode()) == message
    assert issuer.fetches == 0


async def test_secret_and_published_keys_can_serve_together(issuer: Issuer) -> None:
    checker = verifier(issuer, secret=SECRET)
    assert await outcome(checker, signed(SECRET, "r", "HS256", sub="shared")) == "shared"
    assert issuer.fetches == 0
    assert await outcome(checker, signed(RSA, "r", sub="published")) == "published"


VALUE = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.lists(st.text(max_size=2), max_size=2)
HEADER = st.fixed_dictionaries(
    {"alg": st.sampled_from(["HS256", "RS256", "ES256", "none"]) | VALUE},
    optional={
        "kid": st.sampled_from(["r", "e"]) | VALUE,
        "crit": VALUE,
        "b64": VALUE,
        "typ": VALUE,
        "jwk": VALUE,
    },
)


@settings(deadline=None)
@given(header=HEADER, payload=VALUE | st.just(GOOD), signature=st.binary(max_size=80))
async def test_any_forged_header_is_only_ever_unauthenticated(
    checker: TokenVerifier, header: dict[str, Any], payload: object, signature: bytes
) -> None:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    token = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()
    with pytest.raises(Unauthenticated):
        await checker.verify(token)
