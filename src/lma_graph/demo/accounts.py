"""The accounts that every demo database has, for whoever needs a token: the command line and the tests."""

from dataclasses import dataclass

from lma_graph.kernel.viewer import Role

DEMO = "demo"
"""Slug of the first demo organization."""
RIVAL = "rival"
"""Slug of the second one, which must never see anything of the first."""
ORGANIZATIONS = (DEMO, RIVAL)


@dataclass(frozen=True)
class Account:
    """One user whose e-mail address is known beforehand."""

    organization: str
    email: str
    role: Role
    first_name: str
    last_name: str


def fixed(slug: str) -> tuple[Account, ...]:
    """The four accounts of an organization, one of each role: `admin@<slug>.test` and so on."""
    names = (("admin", Role.ADMIN), ("manager", Role.MANAGER), ("rep", Role.SALES_REP), ("viewer", Role.VIEWER))
    return tuple(
        Account(slug, f"{name}@{slug}.test", role, slug.capitalize(), name.capitalize()) for name, role in names
    )


ACCOUNTS = tuple(account for slug in ORGANIZATIONS for account in fixed(slug))
"""All eight of `demo` and `rival`."""
