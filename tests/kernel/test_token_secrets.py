"""What a server may be configured to check tokens with, and how the development secret comes about."""

import multiprocessing
import stat
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lma_graph.kernel.errors import ConfigurationError
from lma_graph.kernel.tokens import TokenVerifier, build_verifier, dev_secret, mint

SECRET = b"0123456789abcdef0123456789abcdef"
TOO_SHORT = "LMA_JWT_SECRET must have at least 32 bytes; it has 31."
HTTPS = "LMA_JWKS_URL must begin with https:// (http:// is accepted for a loopback address only)."


def public_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (SECRET[:31], TOO_SHORT),
        (
            public_pem(),
            "LMA_JWT_SECRET holds a key pair's key or a certificate; it must be a random secret.",
        ),
    ],
)
def test_an_unfit_secret_is_refused_for_checking_and_for_minting(secret: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError) as checking:
        TokenVerifier(secret=secret, jwks_url=None)
    with pytest.raises(ConfigurationError) as minting:
        mint(secret, organization="demo", subject="1", ttl=timedelta(hours=1))
    assert str(checking.value) == str(minting.value) == message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://issuer.example/keys", HTTPS),
        ("http://127.0.0.1.issuer.example/keys", HTTPS),
        ("http://localhost@issuer.example/keys", HTTPS),
        ("file:///etc/keys", HTTPS),
        ("keys.json", HTTPS),
        ("https:///keys", HTTPS),
        ("https://[::1", "LMA_JWKS_URL is not an address."),
        ("https://me:secret@issuer.example/", "LMA_JWKS_URL must not contain a user name or password."),
        ("https://issuer.example/keys", None),
        ("http://127.0.0.1:9/keys", None),
        ("http://[::1]:9/keys", None),
        ("http://localhost/keys", None),
    ],
)
def test_keys_are_fetched_over_https_unless_from_this_machine(url: str, message: str | None) -> None:
    if message is None:
        TokenVerifier(secret=None, jwks_url=url)
        return
    with pytest.raises(ConfigurationError) as caught:
        TokenVerifier(secret=None, jwks_url=url)
    assert str(caught.value) == message


@pytest.mark.parametrize(("secret", "url"), [(None, None), (b"", ""), (b"", None)])
def test_a_server_needs_something_to_check_tokens_with(secret: bytes | None, url: str | None) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build_verifier(secret=secret, jwks_url=url, audience=None, issuer=None)
    assert str(caught.value) == (
        "Tokens could not be checked: set LMA_JWT_SECRET (a secret of at least 32 bytes that the tokens'"
        " issuer has too) or LMA_JWKS_URL (where the issuer publishes its keys)."
    )


def test_the_dev_secret_is_made_once_and_private(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    secret = dev_secret(home)
    assert len(secret) == 64
    assert dev_secret(home) == secret
    assert dev_secret(tmp_path / "other") != secret
    assert [entry.name for entry in home.iterdir()] == ["jwt-secret"]
    assert stat.S_IMODE((home / "jwt-secret").stat().st_mode) == 0o600
    assert mint(secret, organization="demo", subject="1", ttl=timedelta(hours=1)).count(".") == 2


def test_a_damaged_dev_secret_is_reported_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "jwt-secret"
    path.write_bytes(b"short")
    with pytest.raises(ConfigurationError) as caught:
        dev_secret(tmp_path)
    assert str(caught.value) == f"{path} holds no usable secret. Delete it and a new one is made."
    assert path.read_bytes() == b"short"


def _race(home: Path, start: Barrier, found: "multiprocessing.Queue[bytes]") -> None:
    start.wait()
    found.put(dev_secret(home))


def test_processes_that_start_together_get_the_same_dev_secret(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, found = context.Barrier(4), context.Queue()
    racers = [context.Process(target=_race, args=(tmp_path, start, found)) for _ in range(4)]
    for racer in racers:
        racer.start()
    secrets = {found.get(timeout=60) for _ in racers}
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0, 0, 0, 0]
    assert len(secrets) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["jwt-secret"]
