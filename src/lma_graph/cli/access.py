"""The command `token`."""

import datetime as dt
import re
from typing import Annotated

import typer

from lma_graph.cli.output import fail, out
from lma_graph.kernel.settings import Settings
from lma_graph.kernel.tokens import dev_secret, mint

_TTL = re.compile(r"(?P<number>\d{1,6})(?P<unit>[smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def token(
    organization: Annotated[str, typer.Option(help="Slug or id of the organization.")],
    user: Annotated[str, typer.Option(help="E-mail address or id of the user.")],
    ttl: Annotated[str, typer.Option(help="How long it is valid: 90s, 30m, 1h, 7d.")] = "1h",
) -> None:
    """Print a token for a user, signed with LMA_JWT_SECRET or, in development, the secret under LMA_HOME."""
    settings = Settings()
    if settings.jwt_secret is None and settings.jwks_url is not None:
        fail("Tokens come from the provider behind LMA_JWKS_URL; set LMA_JWT_SECRET to sign some here.")
    secret = settings.jwt_secret.get_secret_value().encode() if settings.jwt_secret else dev_secret(settings.home)
    out(
        mint(
            secret,
            organization=organization,
            subject=user,
            ttl=read_ttl(ttl),
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer,
        )
    )


def read_ttl(text: str) -> dt.timedelta:
    """A duration such as `90s`, `30m`, `1h` or `7d`."""
    found = _TTL.fullmatch(text)
    if found is None or int(found["number"]) == 0:
        fail(f"{text!r} is not a duration; write 90s, 30m, 1h or 7d.", code=2)
    return dt.timedelta(**{_UNITS[found["unit"]]: int(found["number"])})
