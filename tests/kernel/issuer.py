"""An issuer of tokens for tests: keys, tokens signed with them, and a real server that publishes them."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from lma_graph.kernel.errors import DomainError
from lma_graph.kernel.tokens import TokenVerifier

START = 1_800_000_000
GOOD = {"sub": "ann@demo.test", "org": "demo", "exp": START + 86_400}
RSA, RSA_2 = (rsa.generate_private_key(65537, 2048) for _ in range(2))
EC = ec.generate_private_key(ec.SECP256R1())
SECRET = b"0123456789abcdef0123456789abcdef"

ALGORITHM = "The token is signed with an algorithm that is not allowed here."
UNKNOWN = "The token is signed with an unknown key."
SIGNATURE = "The token's signature is wrong."
NO_KEYS = "The keys that tokens are checked with cannot be fetched at the moment. Try again later."


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


class Issuer(ThreadingHTTPServer):
    """Publishes `document` at every path; `status`, `headers`, `drip` and `gate` say how badly it does so."""

    accepted: str
    """The encodings that the last request asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Publish)
        self.url = f"http://127.0.0.1:{self.server_port}/keys"
        self.publish()

    def publish(self, *keys: dict[str, Any]) -> None:
        self.document = json.dumps({"keys": keys}).encode()
        self.status, self.headers, self.drip, self.fetches = 200, {"Content-Type": "application/json"}, 0.0, 0
        self.asked, self.gate = threading.Event(), threading.Event()
        self.gate.set()


class _Publish(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.fetches += 1
        self.server.accepted = self.headers["Accept-Encoding"]
        self.server.asked.set()
        self.server.gate.wait(10)
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        step = 1 if self.server.drip else len(self.server.document)
        try:
            for start in range(0, len(self.server.document), step or 1):
                self.wfile.write(self.server.document[start : start + step])
                time.sleep(self.server.drip)
        except ConnectionError:
            return

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def running() -> Iterator[Issuer]:
    with Issuer() as issuer:
        thread = threading.Thread(target=issuer.serve_forever, args=(0.01,))
        thread.start()
        yield issuer
        issuer.shutdown()
        thread.join()


def verifier(issuer: Issuer, clock: Clock | None = None, secret: bytes | None = None) -> TokenVerifier:
    clock = clock or Clock()
    return TokenVerifier(secret=secret, jwks_url=issuer.url, wall=clock, monotonic=clock)


def public(key: Any, kid: str | None = None, **more: object) -> dict[str, Any]:
    maker = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    jwk = maker.to_jwk(key.public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return jwk | ({} if kid is None else {"kid": kid}) | more


def signed(key: Any, kid: str | None = None, algorithm: str | None = None, **claims: object) -> str:
    algorithm = algorithm or ("RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256")
    return jwt.encode(GOOD | claims, key, algorithm, headers=None if kid is None else {"kid": kid})


async def outcome(checker: TokenVerifier, token: str) -> str:
    """The subject of an accepted token, else the message."""
    try:
        return (await checker.verify(token)).subject
    except DomainError as error:
        return error.message
