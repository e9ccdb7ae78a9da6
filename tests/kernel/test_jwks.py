"""When published keys are fetched, from a real HTTP server that counts how often it is asked."""

import asyncio
import gzip
import time
from collections.abc import Iterator
from typing import Any

import pytest
from issuer import (
    EC,
    NO_KEYS,
    RSA,
    RSA_2,
    SIGNATURE,
    START,
    UNKNOWN,
    Clock,
    Issuer,
    outcome,
    public,
    running,
    signed,
    verifier,
)
from structlog.testing import capture_logs

from lma_graph.kernel import jwks
from lma_graph.kernel.errors import Unavailable


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    with running() as issuer:
        yield issuer


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    server.publish(public(RSA, "r"), public(EC, "e"))
    return server


async def test_both_kinds_of_key_are_used_after_one_fetch(issuer: Issuer) -> None:
    checker = verifier(issuer)
    assert issuer.fetches == 0
    assert await outcome(checker, signed(RSA, "r", sub="1")) == "1"
    assert await outcome(checker, signed(EC, "e", sub="2")) == "2"
    assert await outcome(checker, signed(RSA_2, "r")) == SIGNATURE
    assert issuer.fetches == 1
    assert issuer.accepted == "identity"


async def test_without_a_kid_the_only_key_of_the_algorithm_is_meant(issuer: Issuer) -> None:
    issuer.publish(public(RSA, "r"), public(RSA_2), public(EC))
    checker = verifier(issuer)
    assert await outcome(checker, signed(EC)) == "ann@demo.test"
    assert await outcome(checker, signed(RSA)) == UNKNOWN
    assert issuer.fetches == 1


async def test_a_rotated_key_is_found_at_once_and_a_withdrawn_one_ends(issuer: Issuer) -> None:
    clock = Clock()
    checker = verifier(issuer, clock)
    old, new = signed(RSA, "r"), signed(RSA_2, "r2", sub="new")
    assert await outcome(checker, old) == "ann@demo.test"
    issuer.publish(public(RSA_2, "r2"))
    clock.now += 30
    assert await outcome(checker, new) == "new"
    assert issuer.fetches == 1
    assert await outcome(checker, old) == "ann@demo.test", "the signature is remembered for ten minutes"
    clock.now = START + 600
    assert await outcome(checker, old) == UNKNOWN


async def test_a_flood_of_unknown_kids_makes_one_fetch_in_thirty_seconds(issuer: Issuer) -> None:
    clock = Clock()
    checker = verifier(issuer, clock)
    flood = [signed(EC, f"made-up-{number}") for number in range(50)]
    for second, fetches in ((0, 1), (29.9, 1), (30, 2), (59.9, 2), (60, 3)):
        clock.now = START + second
        assert set(await asyncio.gather(*(outcome(checker, token) for token in flood))) == {UNKNOWN}
        assert issuer.fetches == fetches
    assert await outcome(checker, signed(EC, "e")) == "ann@demo.test"
    assert issuer.fetches == 3


async def test_the_document_is_fetched_anew_after_ten_minutes_and_kept_while_that_fails(
    issuer: Issuer,
) -> None:
    clock = Clock()
    checker = verifier(issuer, clock)
    for number, (second, status, fetches) in enumerate(
        (
            (0, 200, 1),
            (599, 200, 1),
            (600, 503, 2),
            (629, 503, 2),
            (630, 503, 3),
            (9000, 200, 4),
            (9599, 200, 4),
        )
    ):
        clock.now, issuer.status = START + second, status
        assert await outcome(checker, signed(RSA, "r", sub=str(number + 1))) == str(number + 1)
        assert issuer.fetches == fetches


async def test_without_any_keys_the_service_is_unavailable_until_they_come(issuer: Issuer) -> None:
    clock = Clock()
    checker = verifier(issuer, clock)
    issuer.status = 500
    with pytest.raises(Unavailable) as caught:
        await checker.verify(signed(RSA, "r"))
    assert caught.value.message == NO_KEYS
    assert caught.value.extensions() == {"code": "SERVICE_UNAVAILABLE", "retriable": True}
    issuer.status = 200
    assert await outcome(checker, signed(RSA, "r")) == NO_KEYS, "within the cool-down"
    clock.now += 30
    assert await outcome(checker, signed(RSA, "r")) == "ann@demo.test"
    assert issuer.fetches == 2


async def test_callers_share_one_fetch_and_one_that_leaves_does_not_stop_it(issuer: Issuer) -> None:
    issuer.gate.clear()
    checker = verifier(issuer)
    calls = [asyncio.create_task(checker.verify(signed(RSA, "r", sub=str(n)))) for n in range(1, 21)]
    await asyncio.to_thread(issuer.asked.wait, 10)
    calls[0].cancel()
    issuer.gate.set()
    first, *others = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert [claims.subject for claims in others] == [str(n) for n in range(2, 21)]
    assert issuer.fetches == 1


@pytest.mark.parametrize(
    ("trouble", "error", "reason"),
    [
        ({"document": b" " * (256 * 1024 + 1)}, "ValueError", "the document is larger than 262144 bytes"),
        ({"document": b"<html>"}, "JSONDecodeError", "Expecting value: line 1 column 1 (char 0)"),
        ({"document": b"[]"}, "ValueError", "the document has no list of keys"),
        ({"document": b'{"keys": {}}'}, "ValueError", "the document has no list of keys"),
        ({"document": b'{"keys": ["x", {}]}'}, "ValueError", "the document has no key for RS256 or ES256"),
        ({"document": b"[" * 200_000}, "RecursionError", "maximum recursion depth exceeded"),
        (
            {"document": gzip.compress(b"{}"), "headers": {"Content-Encoding": "gzip"}},
            "UnicodeDecodeError",
            "can't decode byte 0x8b",
        ),
        (
            {"status": 302, "headers": {"Location": "/elsewhere"}},
            "HTTPStatusError",
            "Redirect response '302 Found'",
        ),
        ({"status": 404}, "HTTPStatusError", "Client error '404 Not Found'"),
        ({"drip": 0.05}, "TimeoutError", ""),
    ],
)
async def test_an_answer_that_cannot_be_used_changes_nothing(
    issuer: Issuer,
    trouble: dict[str, Any],
    error: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    checker = verifier(issuer, clock)
    assert await outcome(checker, signed(RSA, "r", sub="before")) == "before"
    if "drip" in trouble:
        monkeypatch.setattr(jwks, "TIMEOUT_S", 0.5)
    for name, value in trouble.items():
        setattr(issuer, name, value)
    clock.now += 600
    began = time.monotonic()
    with capture_logs() as logged:
        assert await outcome(checker, signed(RSA, "r", sub="after")) == "after"
        assert await outcome(verifier(issuer), signed(RSA, "r")) == NO_KEYS
    assert time.monotonic() - began < 10
    assert issuer.fetches == 3, "the first document, the refresh, and the new verifier's only try"
    assert [(line["event"], line["error"]) for line in logged] == [("jwks_not_refreshed", error)] * 2
    assert reason in logged[0]["reason"]
