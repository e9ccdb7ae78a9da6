"""What is fixed before the first lead is made: the reserved ids, and each organization's staff and furniture.

Enter at `organization`. Everything follows from a `Ground` and the number of the organization, so that a process
which makes leads computes it anew instead of being sent it.
"""

import random
from dataclasses import dataclass
from functools import lru_cache

from lma_graph.demo.accounts import ORGANIZATIONS, fixed
from lma_graph.demo.draws import DAY, HOUR, Weighted, pick, source
from lma_graph.demo.names import any_culture, cultures
from lma_graph.kernel.viewer import Role

YEARS = 730 * DAY
"""How far back the first leads reach."""
SETTLED = YEARS + 60 * DAY
"""How long ago the organizations, their users and rules began."""
NEWEST = 12 * HOUR
"""How old the newest lead is, so that it too has a history."""
FEWEST_COLLEAGUES, MOST_COLLEAGUES = 6, 20
MOST_USERS = 4 + MOST_COLLEAGUES

RULES, CAMPAIGNS, WORKFLOWS, INTEGRATIONS, OWN_RUNS = 11, 13, 6, 5, 14
"""How many of each an organization has; `OWN_RUNS` are the executions that are about no single lead."""
MOST_ACTIVITIES, MOST_NOTES, MOST_ENTRIES, MOST_MEMBERSHIPS, MOST_RUNS = 72, 8, 16, 6, 2
"""How many of each a lead can have: ids are reserved for that many."""


@dataclass(frozen=True)
class Blocks:
    """The first id reserved in each table."""

    organizations: int
    users: int
    lead_scoring_rules: int
    campaigns: int
    workflows: int
    integrations: int
    leads: int
    activities: int
    lead_notes: int
    lead_score_history: int
    campaign_leads: int
    workflow_executions: int


@dataclass(frozen=True)
class Ground:
    """What every process knows. `until` is the present of the data, in seconds since 1970."""

    seed: int
    until: int
    leads: int
    organizations: int
    blocks: Blocks


def sizes(leads: int, organizations: int) -> Blocks:
    """How many ids each table needs."""
    return Blocks(
        organizations=organizations,
        users=organizations * MOST_USERS,
        lead_scoring_rules=organizations * RULES,
        campaigns=organizations * CAMPAIGNS,
        workflows=organizations * WORKFLOWS,
        integrations=organizations * INTEGRATIONS,
        leads=leads,
        activities=leads * MOST_ACTIVITIES,
        lead_notes=leads * MOST_NOTES,
        lead_score_history=leads * MOST_ENTRIES,
        campaign_leads=leads * MOST_MEMBERSHIPS,
        workflow_executions=leads * MOST_RUNS + organizations * OWN_RUNS,
    )


@dataclass(frozen=True)
class User:
    """A member of an organization."""

    id: int
    email: str
    first_name: str
    last_name: str
    role: Role
    time_zone: str
    is_active: bool


@dataclass(frozen=True)
class Organization:
    """An organization, the people in it, and which leads are its own: `count` of them from number `first`."""

    number: int
    id: int
    slug: str
    name: str
    industry: str
    time_zone: str
    currency: str
    first: int
    count: int
    users: tuple[User, ...]
    sellers: tuple[int, ...]
    """Ids of those who own leads."""
    managers: tuple[int, ...]
    members: tuple[int, ...]
    """Ids of everyone who is active."""
    former: int
    """Id of the seller who has left."""
    rules: int
    campaigns: int
    workflows: int
    integrations: int
    """Ids of the first of each."""


_INDUSTRIES = ("Software", "Logistics", "Manufacturing", "Energy", "Health care", "Retail", "Education", "Finance")
_PLACES = Weighted(
    (("Europe/Berlin", "EUR"), 4),
    (("Europe/London", "GBP"), 2),
    (("America/New_York", "USD"), 3),
    (("America/Sao_Paulo", "BRL"), 1),
    (("Europe/Warsaw", "PLN"), 1),
)
_ROLES = Weighted((Role.SALES_REP, 5), (Role.MANAGER, 1))


def slugs(seed: int, organizations: int) -> tuple[str, ...]:
    """The short names, in order: `demo`, `rival`, then made-up companies."""
    return tuple(_named(seed, number)[0] for number in range(organizations))


def _named(seed: int, number: int) -> tuple[str, str]:
    """Slug and name. The cultures take turns, each going through its companies from a place the seed gives."""
    if number < len(ORGANIZATIONS):
        slug = ORGANIZATIONS[number]
        return slug, f"{slug.capitalize()} {('Trading', 'Partners')[number]}"
    turn, culture = divmod(number - len(ORGANIZATIONS), len(cultures()))
    companies = cultures()[culture].companies
    again, place = divmod(turn, len(companies))
    company = companies[(place + 97 * seed) % len(companies)]
    slug = company.domain.rsplit(".", maxsplit=1)[0]
    return (f"{slug}-{again + 1}", f"{company.name} {again + 1}") if again else (slug, company.name)


@lru_cache(maxsize=16)
def organization(ground: Ground, number: int) -> Organization:
    """The organization of that number, from 0."""
    draw = source(ground.seed, "organization", number)
    slug, name = _named(ground.seed, number)
    time_zone, currency = _PLACES(draw) if number else ("Europe/Berlin", "EUR")
    users = _users(ground, number, slug, time_zone, draw)
    each, left = divmod(ground.leads, ground.organizations)
    blocks = ground.blocks
    return Organization(
        number=number,
        id=blocks.organizations + number,
        slug=slug,
        name=name,
        industry=pick(draw, _INDUSTRIES),
        time_zone=time_zone,
        currency=currency,
        first=number * each + min(number, left),
        count=each + (number < left),
        users=users,
        sellers=tuple(u.id for u in users if u.is_active and u.role is Role.SALES_REP),
        managers=tuple(u.id for u in users if u.is_active and u.role is Role.MANAGER),
        members=tuple(u.id for u in users if u.is_active),
        former=users[-1].id,
        rules=blocks.lead_scoring_rules + number * RULES,
        campaigns=blocks.campaigns + number * CAMPAIGNS,
        workflows=blocks.workflows + number * WORKFLOWS,
        integrations=blocks.integrations + number * INTEGRATIONS,
    )


def _users(ground: Ground, number: int, slug: str, time_zone: str, draw: random.Random) -> tuple[User, ...]:
    """The four fixed accounts, then the colleagues; the last of them has left."""
    first = ground.blocks.users + number * MOST_USERS
    users = [
        User(first + place, account.email, account.first_name, account.last_name, account.role, time_zone, True)
        for place, account in enumerate(fixed(slug))
    ]
    colleagues = FEWEST_COLLEAGUES + int(draw.random() * (MOST_COLLEAGUES - FEWEST_COLLEAGUES + 1))
    taken: set[str] = set()
    for place in range(colleagues):
        gender = int(draw.random() * 2)
        culture = any_culture()(draw)
        given, family = pick(draw, culture.first[gender]), pick(draw, culture.last[gender])
        email = f"{given.address}.{family.address}"
        email = f"{email}{place}" if email in taken else email
        taken.add(email)
        left = place == colleagues - 1
        role = Role.SALES_REP if left or place < 4 else _ROLES(draw)
        users.append(
            User(first + 4 + place, f"{email}@{slug}.test", given.text, family.text, role, time_zone, not left)
        )
    return tuple(users)


def born(ground: Ground, home: Organization, place: int, draw: random.Random) -> int:
    """When the lead at that place of its organization was created, in seconds: in order, recent ones denser.

    The density grows linearly to three times its first value; each lead falls somewhere within its own share of it.
    """
    share = (place + draw.random()) / home.count
    passed = (float((1 + 8 * share) ** 0.5) - 1) / 2
    return ground.until - YEARS + int(passed * (YEARS - NEWEST))
