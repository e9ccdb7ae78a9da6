"""What of a configuration may be shown: values under secret-looking keys never leave the server."""

from collections.abc import Mapping
from typing import Any

SHOWN_AS = "***"
_SECRET = (
    "secret",
    "token",
    "password",
    "passphrase",
    "apikey",
    "api_key",
    "privatekey",
    "private_key",
    "credential",
)


def masked(document: Any) -> Any:
    """The document with every secret value replaced, at any depth."""
    if isinstance(document, Mapping):
        return {key: SHOWN_AS if is_secret(key) and value else masked(value) for key, value in document.items()}
    return [masked(value) for value in document] if isinstance(document, list) else document


def is_secret(key: str) -> bool:
    """Whether a configuration key names a secret."""
    folded = key.lower().replace("-", "_")
    return any(mark in folded for mark in _SECRET)
