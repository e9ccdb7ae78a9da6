"""Who a lead is: a person at a company, with addresses that follow from both.

Within an organization no two leads are the same person at the same company: a lead's number, multiplied by a prime,
walks through all combinations of first name, last name and company without meeting one twice.
"""

import random
from dataclasses import dataclass

from lma_graph.demo.draws import Weighted, pick
from lma_graph.demo.ground import Organization
from lma_graph.demo.names import Company, Culture, Name, any_culture

_STRIDE = 2_654_435_761
_LEADS_PER_COMPANY = 5
_CULTURES = 10

_AREAS = ("Marketing", "Sales", "Operations", "Finance", "Purchasing", "Customer Service", "Logistics", "Production",
          "Human Resources", "Engineering", "Product", "Quality", "Data", "IT", "Legal")  # fmt: skip
_LEVELS: Weighted[str] = Weighted(
    ("{} Manager", 26), ("Head of {}", 14), ("{} Director", 8), ("VP of {}", 5), ("{} Specialist", 16),
    ("{} Coordinator", 10), ("Senior {} Manager", 7), ("{} Analyst", 8), ("{} Assistant", 6),
)  # fmt: skip
_CHIEFS = ("Chief Executive Officer", "Chief Technology Officer", "Chief Financial Officer", "Managing Director",
           "Founder", "Owner", "Chief Operating Officer")  # fmt: skip
_FREE_MAIL = ("mail.example", "post.example", "inbox.example")


@dataclass(slots=True)
class Person:
    """What a lead's own columns say about the person."""

    first: Name
    last: Name
    company: Company | None
    country: str
    email: str | None
    job_title: str | None
    phone: str | None
    website: str | None
    linkedin: str | None


def person(home: Organization, place: int, draw: random.Random) -> Person:
    """The person behind the lead at that place of the organization."""
    culture = any_culture()(draw)
    first, last, company, round_ = _combination(home, culture, place, int(draw.random() * 2))
    employed = draw.random() >= 0.04
    number = f"{round_ or ''}" if employed else f"{place + 1}"
    return Person(
        first=first,
        last=last,
        company=company if employed else None,
        country=culture.habits.country,
        email=_email(first, last, company if employed else None, number, draw),
        job_title=_job_title(draw) if employed and draw.random() < 0.93 else None,
        phone=_phone(culture, draw) if draw.random() < 0.82 else None,
        website=f"https://www.{company.domain}/" if employed and draw.random() < 0.7 else None,
        linkedin=_linkedin(first, last, draw) if draw.random() < 0.45 else None,
    )


def _combination(home: Organization, culture: Culture, place: int, gender: int) -> tuple[Name, Name, Company, int]:
    """First name, last name, company, and how often the walk has been all the way round."""
    firsts, lasts = culture.first[gender], culture.last[gender]
    wanted = home.count // (_LEADS_PER_COMPANY * _CULTURES) + 20
    companies = culture.companies[:wanted]
    size = len(firsts) * len(lasts) * len(companies)
    step = (place + 1_000_003 * home.number) * _STRIDE % size
    rest, company = divmod(step, len(companies))
    rest, first = divmod(rest, len(firsts))
    return firsts[first], lasts[rest], companies[company], place // size


def _email(first: Name, last: Name, company: Company | None, number: str, draw: random.Random) -> str | None:
    chance = draw.random()
    if company is None:
        return f"{first.address}.{last.address}{number}@{pick(draw, _FREE_MAIL)}"
    if chance < 0.02:
        return None
    # Each company has one way to form addresses, or two people could be given the same.
    style = len(company.name) % 3
    local = (f"{first.address}.{last.address}", f"{last.address}.{first.address}", f"{first.address}_{last.address}")
    return f"{local[style]}{number}@{company.domain}"


def _job_title(draw: random.Random) -> str:
    if draw.random() < 0.09:
        return pick(draw, _CHIEFS)
    return _LEVELS(draw).format(pick(draw, _AREAS))


def _phone(culture: Culture, draw: random.Random) -> str:
    digits = culture.habits.digits
    return f"{pick(draw, culture.habits.dialling)}{int(draw.random() * 10**digits):0{digits}d}"


def _linkedin(first: Name, last: Name, draw: random.Random) -> str:
    return f"https://www.linkedin.example/in/{first.address}-{last.address}-{int(draw.random() * 16**5):05x}"
