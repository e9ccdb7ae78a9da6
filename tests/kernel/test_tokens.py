"""Tokens signed with the shared secret, and what every token has to claim. Published keys: `test_jwks`."""

import base64
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lma_graph.kernel import tokens
from lma_graph.kernel.errors import Unauthenticated
from lma_graph.kernel.tokens import Claims, TokenVerifier, build_verifier, mint, parse_bearer

SECRET = b"0123456789abcdef0123456789abcdef"
START = 1_800_000_000
GOOD: dict[str, object] = {"sub": "ann@demo.test", "org": "demo", "exp": START + 60}
ALGORITHM = "The token is signed with an algorithm that is not allowed here."
ABSENT = "Authentication is required: send the header Authorization: Bearer <token>."
MALFORMED = "The token is malformed."


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


def verifier(clock: Clock | None = None, **expected: str | None) -> TokenVerifier:
    return TokenVerifier(secret=SECRET, jwks_url=None, wall=clock or Clock(), **expected)


def signed(claims: dict[str, object], secret: bytes = SECRET, algorithm: str = "HS256") -> str:
    """Signs whatever it is given, also what no issuer would send; a claim that is None is left out."""
    payload = json.dumps({claim: value for claim, value in claims.items() if value is not None})
    return jwt.PyJWS().encode(payload.encode(), secret, algorithm)


def segment(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


async def refusal(verify: TokenVerifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verify.verify(token)
    assert caught.value.extensions() == {"code": "UNAUTHENTICATED"}
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.message


async def test_a_good_token_gives_its_claims() -> None:
    token = signed(GOOD | {"scope": "read leads", "iat": START, "nbf": START, "aud": "unasked", "iss": "unasked"})
    assert await verifier().verify(token) == Claims(
        subject="ann@demo.test",
        organization="demo",
        scope=frozenset({"read", "leads"}),
        expires_at=datetime.fromtimestamp(START + 60, UTC),
    )


async def test_a_minted_token_is_accepted_and_lives_as_long_as_asked() -> None:
    before = int(time.time())
    token = mint(
        SECRET,
        organization="demo",
        subject="ann@demo.test",
        ttl=timedelta(hours=1),
        audience="lma",
        issuer="us",
        scope={"b", "a"},
    )
    checker = build_verifier(secret=SECRET, jwks_url=None, audience="lma", issuer="us")
    claims = await checker.verify(token)
    assert (claims.subject, claims.organization, claims.scope) == ("ann@demo.test", "demo", {"a", "b"})
    assert before + 3600 <= claims.expires_at.timestamp() <= time.time() + 3600
    bare = mint(SECRET, organization="demo", subject="1", ttl=timedelta(seconds=5))
    payload = jwt.decode(bare, SECRET, ["HS256"])
    assert set(payload) == {"sub", "org", "iat", "exp"}
    assert payload["exp"] - payload["iat"] == 5


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": START}, "The token has expired."),
        ({"exp": START - 1}, "The token has expired."),
        ({"exp": None}, "The token lacks the claim exp."),
        ({"sub": None}, "The token lacks the claim sub."),
        ({"org": None}, "The token lacks the claim org."),
        ({"exp": "1900000000"}, "The token's claim exp is not a time."),
        ({"exp": True}, "The token's claim exp is not a time."),
        ({"exp": float("inf")}, "The token's claim exp is not a time."),
        ({"exp": float("nan")}, "The token's claim exp is not a time."),
        ({"exp": 10**400}, "The token's claim exp is not a time."),
        ({"nbf": START + 31}, "The token is not valid yet."),
        ({"iat": START + 31}, "The token is not valid yet."),
        ({"nbf": []}, "The token's claim nbf is not a time."),
        ({"iat": "now"}, "The token's claim iat is not a time."),
        ({"sub": ""}, "The token's claim sub must be a non-empty text or a whole number."),
        ({"sub": "a\x00b"}, "The token's claim sub must be a non-empty text or a whole number."),
        ({"sub": "\ud800"}, "The token's claim sub must be a non-empty text or a whole number."),
        ({"sub": "a" * 321}, "The token's claim sub must be a non-empty text or a whole number."),
        ({"sub": True}, "The token's claim sub must be a non-empty text or a whole number."),
        ({"org": "  "}, "The token's claim org must be a non-empty text or a whole number."),
        ({"org": 1.5}, "The token's claim org must be a non-empty text or a whole number."),
        ({"org": ["demo"]}, "The token's claim org must be a non-empty text or a whole number."),
        ({"scope": 1}, "The token's claim scope must be text."),
        ({"scope": ["a", 1]}, "The token's claim scope must be text."),
    ],
)
async def test_bad_claims_are_refused(claims: dict[str, object], message: str) -> None:
    assert await refusal(verifier(), signed(GOOD | claims)) == message


@pytest.mark.parametrize(
    ("claims", "subject", "organization", "scope"),
    [
        ({"sub": 7, "org": 3}, "7", "3", set()),
        ({"nbf": START + 30, "iat": START + 30}, "ann@demo.test", "demo", set()),
        ({"scope": ["a", "b"]}, "ann@demo.test", "demo", {"a", "b"}),
        ({"exp": START + 0.5, "sub": "a" * 320}, "a" * 320, "demo", set()),
    ],
)
async def test_claims_at_the_edge_are_accepted(
    claims: dict[str, object], subject: str, organization: str, scope: set[str]
) -> None:
    found = await verifier().verify(signed(GOOD | claims))
    assert (found.subject, found.organization, found.scope) == (subject, organization, scope)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"aud": "other", "iss": "us"}, "The token is meant for another audience."),
        ({"aud": ["other", 1], "iss": "us"}, "The token is meant for another audience."),
        ({"aud": "lma", "iss": "them"}, "The token comes from another issuer."),
        ({"aud": "lma", "iss": 1}, "The token comes from another issuer."),
        ({"iss": "us"}, "The token lacks the claim aud."),
        ({"aud": "lma"}, "The token lacks the claim iss."),
        ({"aud": ["other", "lma"], "iss": "us"}, None),
    ],
)
async def test_audience_and_issuer_are_checked_when_set(claims: dict[str, object], message: str | None) -> None:
    checker, token = verifier(audience="lma", issuer="us"), signed(GOOD | claims)
    if message is None:
        assert (await checker.verify(token)).organization == "demo"
    else:
        assert await refusal(checker, token) == message


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", ABSENT),
        ("abc", MALFORMED),
        ("a.b.c", MALFORMED),
        ("a.b.c.d.e", MALFORMED),
        ("ü.ü.ü", MALFORMED),
        ("\ud800", MALFORMED),
        (signed(GOOD) + " ", MALFORMED),
        (signed(GOOD | {"padding": "x" * 8192}), MALFORMED),
        (segment([]) + ".e30.AA", MALFORMED),
        (segment({"alg": "HS256", "kid": 1}) + ".e30.AA", MALFORMED),
        (segment({"alg": "HS256", "crit": ["exp"]}) + ".e30.AA", MALFORMED),
        (signed(GOOD, b"x" * 32), "The token's signature is wrong."),
        (signed(GOOD).rsplit(".", 1)[0] + ".", "The token's signature is wrong."),
        (segment({"alg": "none"}) + "." + segment(GOOD) + ".", ALGORITHM),
        (segment({"alg": ["HS256"]}) + "." + segment(GOOD) + ".", ALGORITHM),
        (segment({"typ": "JWT"}) + "." + segment(GOOD) + ".", ALGORITHM),
        (signed(GOOD, SECRET * 2, "HS512"), ALGORITHM),
        (segment({"alg": "RS256", "kid": "k"}) + "." + segment(GOOD) + ".AA", ALGORITHM),
    ],
)
async def test_what_is_not_signed_by_us_is_refused(token: str, message: str) -> None:
    assert await refusal(verifier(), token) == message


async def test_a_remembered_token_still_expires_to_the_second() -> None:
    clock = Clock()
    checker, token = verifier(clock), signed(GOOD)
    first = await checker.verify(token)
    clock.now = START + 59.9
    assert await checker.verify(token) is first
    clock.now = START + 60
    assert await refusal(checker, token) == "The token has expired."


async def test_a_signature_is_verified_again_after_ten_minutes() -> None:
    clock = Clock()
    checker, token = verifier(clock), signed(GOOD | {"exp": START + 86_400})
    first = await checker.verify(token)
    clock.now = START + 599
    assert await checker.verify(token) is first
    clock.now = START + 600
    again = await checker.verify(token)
    assert again is not first
    assert again == first


async def test_only_verified_tokens_are_remembered_and_the_longest_unused_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 2)
    checker = verifier()
    one, two, three = (signed(GOOD | {"sub": subject}) for subject in ("1", "2", "3"))
    first, second = await checker.verify(one), await checker.verify(two)
    for number in range(5):
        await refusal(checker, signed(GOOD | {"sub": str(number)}, b"x" * 32))
    assert await checker.verify(one) is first
    await checker.verify(three)
    assert await checker.verify(one) is first
    assert await checker.verify(two) is not second


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.text() | st.text("abcAB09-_=.", max_size=60))
async def test_garbage_is_only_ever_unauthenticated(token: str) -> None:
    assert await refusal(verifier(), token) in {ABSENT, MALFORMED, ALGORITHM}


@settings(deadline=None)
@given(st.integers(0, len(signed(GOOD)) - 1), st.characters())
async def test_a_token_with_one_character_changed_is_refused(place: int, character: str) -> None:
    token = signed(GOOD)
    if token[place] != character:
        await refusal(verifier(), token[:place] + character + token[place + 1 :])


@settings(deadline=None)
@given(
    claims=st.dictionaries(st.sampled_from(["exp", "sub", "org", "nbf", "iat", "scope", "aud", "iss", "jti"]), JSON),
    expected=st.sampled_from([{}, {"audience": "lma", "issuer": "us"}]),
)
async def test_strange_claims_under_a_good_signature_do_no_harm(
    claims: dict[str, object], expected: dict[str, str]
) -> None:
    try:
        found = await verifier(**expected).verify(signed(GOOD | claims))
    except Unauthenticated:
        return
    assert found.subject.strip()
    assert found.organization.strip()


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "  BEARER   abc "])
def test_a_bearer_header_gives_its_token(header: str) -> None:
    assert parse_bearer(header) == "abc"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, ABSENT),
        ("", ABSENT),
        (" ", ABSENT),
        ("Bearer", "The Authorization header must have the form: Bearer <token>."),
        ("abc", "The Authorization header must have the form: Bearer <token>."),
        ("Basic abc", "The Authorization header must have the form: Bearer <token>."),
        ("Bearer abc def", "The Authorization header must have the form: Bearer <token>."),
    ],
)
def test_another_header_is_refused(header: str | None, message: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        parse_bearer(header)
    assert caught.value.message == message
