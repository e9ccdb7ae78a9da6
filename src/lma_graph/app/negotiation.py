"""Reading `Accept`, `Accept-Encoding` and `Content-Type`. Enter at `choose`, `prefers_page` and `takes_gzip`.

The same few headers come again and again, so the answers are kept; only short headers are, as clients choose
what to send.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"
HTML: Final = "text/html"

_EXACT, _TYPE, _ANY = 3, 2, 1


def _quality(text: str) -> float:
    """A weight between 0 and 1; what is not a number counts as 0, so that nonsense is never preferred."""
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    """Each media range or coding with its weight. A range of another charset than UTF-8 is left out."""
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        given = dict(each.partition("=")[::2] for each in parameters)
        if name and given.get("charset", "utf-8").strip('"') in {"utf-8", "utf8"}:
            yield name, _quality(given.get("q", "1"))


def _match(offer: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """The weight and the precision of the most precise range that covers the offer; (0, 0) if none does."""
    precision = {offer: _EXACT, f"{offer.partition('/')[0]}/*": _TYPE, "*/*": _ANY}
    found = [(precision[name], quality) for name, quality in ranges if name in precision]
    best = max(found, default=(0, 0.0))
    return best[1], best[0]


def choose(accept: str) -> str | None:
    """`GRAPHQL`, `JSON`, or None where the client takes neither.

    A client that names neither type (`*/*`, or no header at all) gets plain JSON, as the specification's
    older clients expect; one that names both alike gets the newer type.
    """
    return _choose_kept(accept) if len(accept) <= 200 else _choose(accept)


def _choose(accept: str) -> str | None:
    ranges = list(_ranges(accept)) if accept.strip() else [("*/*", 1.0)]
    offers = []
    for offer in (GRAPHQL, JSON):
        quality, precision = _match(offer, ranges)
        preferred = (offer is GRAPHQL) == (precision == _EXACT)
        offers.append((quality, precision, preferred, offer))
    quality, _, _, offer = max(offers)
    return offer if quality > 0 else None


_choose_kept = lru_cache(maxsize=256)(_choose)


def prefers_page(accept: str) -> bool:
    """Whether a browser is asking: HTML is named, and no JSON type is wanted as much."""
    ranges = list(_ranges(accept))
    html = max((quality for name, quality in ranges if name == HTML), default=0.0)
    data = max((quality for name, quality in ranges if name in {JSON, GRAPHQL}), default=0.0)
    return html > data


@lru_cache(maxsize=256)
def _gzip_kept(accept_encoding: str) -> bool:
    weights = dict(_ranges(accept_encoding))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a response may be compressed."""
    return len(accept_encoding) <= 200 and _gzip_kept(accept_encoding)


@lru_cache(maxsize=64)
def _is_json_kept(content_type: str) -> bool:
    name, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    given = dict(each.partition("=")[::2] for each in parameters)
    return name == JSON and given.get("charset", "utf-8").strip('"') in {"utf-8", "utf8"}


def is_json(content_type: str) -> bool:
    """Whether a body of this content type is JSON in UTF-8."""
    return len(content_type) <= 200 and _is_json_kept(content_type)
