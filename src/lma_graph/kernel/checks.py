"""Checks of single values, whoever brings them: a file, a mutation, another system.

A check takes a value and returns it in the form in which it is kept, or raises `Refused` with a sentence for whoever
has to mend it.
"""

import re
from urllib.parse import urlsplit

import email_validator
import orjson
import phonenumbers

LONGEST_TEXT = 1_000
LONGEST_KEY = 200
"""Characters of what is indexed: an index entry must stay below 2,700 bytes."""
INT_RANGE = (-(2**31), 2**31 - 1)
# Addresses of this shape are valid beyond doubt; the library, which knows all others too, takes 200 times as long.
_PLAIN_EMAIL = re.compile(r"[A-Za-z0-9_+-]{1,30}(\.[A-Za-z0-9_+-]{1,30})?@([a-z0-9]{1,60}\.){1,3}[a-z]{2,20}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Names that nobody can have, such as `example.invalid`, end in these.
_SPECIAL = frozenset(name.rpartition(".")[2] for name in email_validator.SPECIAL_USE_DOMAIN_NAMES) - {"test"}


class Refused(Exception):
    """A value that cannot be taken; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def text(value: str, limit: int = LONGEST_TEXT) -> str:
    """Text of up to `limit` characters that Postgres can hold."""
    if _UNSTORABLE.search(value):
        raise Refused("INVALID_TEXT", "The text holds a NUL character or half of a surrogate pair.")
    if len(value) > limit:
        raise Refused("TOO_LONG", f"The text has {len(value):,} characters; at most {limit:,} are kept.")
    return value


def email(value: str) -> str:
    """An e-mail address as written, if it is one by its syntax. No DNS is asked; `.test` domains are fine."""
    if _PLAIN_EMAIL.fullmatch(value) and value.rpartition(".")[2] not in _SPECIAL:
        return value
    try:
        email_validator.validate_email(value, check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as error:
        raise Refused("INVALID_EMAIL", f"This is not an e-mail address: {error}") from None
    return value


def phone(value: str, region: str | None = None) -> str:
    """The number in E.164 form (`+493012345678`). What cannot be recognised as a valid number is kept as written."""
    text(value)
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return value
    if number.extension or not phonenumbers.is_valid_number(number):
        return value
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def url(value: str) -> str:
    """A web address. One without a scheme, as people write them, gets `https://`."""
    text(value)
    whole = value if "://" in value else f"https://{value}"
    refused = Refused("INVALID_URL", "This is not a web address such as https://example.com/page .")
    try:
        parts = urlsplit(whole)
        plain = parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        raise refused from None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or "." not in host or not plain:
        raise refused
    if not whole.isprintable() or " " in whole:
        raise refused
    return whole


def integer(value: int, least: int = INT_RANGE[0], most: int = INT_RANGE[1]) -> int:
    """A whole number between two bounds."""
    if not least <= value <= most:
        raise Refused("OUT_OF_RANGE", f"The number must lie between {least:,} and {most:,}.")
    return value


def document(value: object, limit: int) -> object:
    """A JSON value of at most `limit` bytes that Postgres can hold."""
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise Refused("INVALID_JSON", "The document holds half of a surrogate pair, or a number too large.") from None
    if len(written) > limit:
        raise Refused("TOO_LARGE", f"The document has {len(written):,} bytes; at most {limit:,} are kept.")
    if b"\\u0000" in written and _holds_nul(value):
        raise Refused("INVALID_TEXT", "The document holds a NUL character.")
    return value


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(part) for key, part in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
