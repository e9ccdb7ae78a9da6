"""Pools of names by culture, made once per process with mimesis: first names, last names, companies.

People and companies are put together from these pools. Company names are composed of a family name, a trade and a
legal form, so that none of them is meant to be a company that exists.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mimesis import Person
from mimesis.enums import Gender

from lma_graph.demo.draws import Weighted, pick, source

MOST_NAMES = 240
MOST_COMPANIES = 1_800

_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True)
class Name:
    """A name as it is written and as it stands in an address."""

    text: str
    address: str


@dataclass(frozen=True)
class Company:
    """A company and the domain of its addresses."""

    name: str
    domain: str
    trade: str
    employees: int


@dataclass(frozen=True)
class Habits:
    """How names, companies and telephone numbers look somewhere; the company's form is a format string."""

    locale: str
    country: str
    dialling: tuple[str, ...]
    digits: int
    company: str
    trades: tuple[str, ...]
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Culture:
    """The pools of one country: first and last names by gender, companies."""

    habits: Habits
    first: tuple[tuple[Name, ...], tuple[Name, ...]]
    last: tuple[tuple[Name, ...], tuple[Name, ...]]
    companies: tuple[Company, ...]


_ENGLISH = ("Logistics", "Software", "Foods", "Consulting", "Health", "Energy", "Robotics", "Media", "Textiles",
            "Analytics", "Packaging", "Dental", "Construction", "Travel", "Insurance", "Optics")  # fmt: skip
_GERMAN = ("Logistik", "Maschinenbau", "Feinkost", "Beratung", "Medizintechnik", "Energie", "Software", "Verlag",
           "Textil", "Verpackung", "Werkzeuge", "Bau", "Reisen", "Optik", "Elektrotechnik")  # fmt: skip
_FRENCH = ("Logistique", "Logiciels", "Conseil", "Énergie", "Santé", "Médias", "Textiles", "Emballages", "Travaux",
           "Voyages", "Optique", "Boulangeries")  # fmt: skip
_SPANISH = ("Logística", "Programas", "Consultores", "Energía", "Salud", "Textiles", "Envases", "Obras", "Viajes",
            "Óptica", "Alimentos", "Talleres")  # fmt: skip
_ITALIAN = ("Logistica", "Informatica", "Consulenza", "Energia", "Salute", "Tessuti", "Imballaggi", "Costruzioni",
            "Viaggi", "Ottica", "Alimentari", "Meccanica")  # fmt: skip
_DUTCH = ("Logistiek", "Software", "Advies", "Energie", "Zorg", "Media", "Textiel", "Verpakking", "Bouw", "Reizen",
          "Optiek", "Bloemen")  # fmt: skip
_POLISH = ("Logistyka", "Oprogramowanie", "Doradztwo", "Energia", "Zdrowie", "Media", "Tekstylia", "Opakowania",
           "Budowa", "Podróże", "Optyka", "Meble")  # fmt: skip
_SWEDISH = ("Logistik", "Programvara", "Rådgivning", "Energi", "Vård", "Media", "Textil", "Förpackning", "Bygg",
            "Resor", "Optik", "Verktyg")  # fmt: skip
_PORTUGUESE = ("Logística", "Sistemas", "Consultoria", "Energia", "Saúde", "Mídia", "Têxteis", "Embalagens", "Obras",
               "Viagens", "Óptica", "Alimentos")  # fmt: skip

_STATES = ("212555", "312555", "415555", "512555", "617555", "702555", "720555", "813555", "917555")
# The weights say how often a lead comes from there.
_HABITS = (
    (Habits("en", "US", tuple(f"+1{s}" for s in _STATES), 4, "{name} {trade} {form}", _ENGLISH,
            ("Inc.", "LLC", "Group", "Co.")), 26),
    (Habits("en-gb", "GB", ("+4477", "+4478", "+4420"), 8, "{name} {trade} {form}", _ENGLISH,
            ("Ltd", "plc", "LLP")), 14),
    (Habits("de", "DE", ("+49151", "+49170", "+4930", "+4989"), 8, "{name} {trade} {form}", _GERMAN,
            ("GmbH", "AG", "KG", "GmbH & Co. KG")), 22),
    (Habits("fr", "FR", ("+336", "+331", "+334"), 8, "{trade} {name} {form}", _FRENCH, ("SARL", "SAS", "SA")), 9),
    (Habits("es", "ES", ("+346", "+3491"), 8, "{trade} {name} {form}", _SPANISH, ("S.L.", "S.A.")), 6),
    (Habits("it", "IT", ("+39333", "+39347"), 7, "{trade} {name} {form}", _ITALIAN, ("S.r.l.", "S.p.A.")), 6),
    (Habits("nl", "NL", ("+316",), 8, "{name} {trade} {form}", _DUTCH, ("B.V.", "N.V.")), 6),
    (Habits("pl", "PL", ("+4850", "+4860"), 7, "{name} {trade} {form}", _POLISH, ("Sp. z o.o.", "S.A.")), 4),
    (Habits("sv", "SE", ("+4670", "+4673"), 7, "{name} {trade} {form}", _SWEDISH, ("AB",)), 4),
    (Habits("pt-br", "BR", ("+55119", "+55219"), 8, "{trade} {name} {form}", _PORTUGUESE, ("Ltda.", "S.A.")), 3),
)  # fmt: skip


def address(text: str, *, german: bool = False) -> str:
    """A name in the letters of an address: lower case, without accents, nothing but letters and digits."""
    lower = text.lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", lower.translate(_UMLAUTS) if german else lower)
    return "".join(c for c in plain if c.isascii() and c.isalnum())


@lru_cache(maxsize=1)
def cultures() -> tuple[Culture, ...]:
    """Every culture, in a fixed order."""
    domains: set[str] = set()
    return tuple(_culture(habits, domains) for habits, _ in _HABITS)


@lru_cache(maxsize=1)
def any_culture() -> Weighted[Culture]:
    """The choice among them."""
    return Weighted(*zip(cultures(), (weight for _, weight in _HABITS), strict=True))


def _culture(habits: Habits, domains: set[str]) -> Culture:
    person = Person(habits.locale, seed=f"names of {habits.locale}")
    german = habits.locale in {"de", "sv"}

    def pool(draw: Callable[..., str], gender: Gender, taken: set[str]) -> tuple[Name, ...]:
        found: list[Name] = []
        for _ in range(4 * MOST_NAMES):
            text = draw(gender=gender)
            name = Name(text, address(text, german=german))
            if len(name.address) > 1 and name.address not in taken:
                taken.add(name.address)
                found.append(name)
            if len(found) == MOST_NAMES:
                break
        return tuple(found)

    last = pool(person.last_name, Gender.FEMALE, set()), pool(person.last_name, Gender.MALE, set())
    # A first name given to both genders counts once, so that no two people get the same address.
    taken: set[str] = set()
    first = pool(person.first_name, Gender.FEMALE, taken), pool(person.first_name, Gender.MALE, taken)
    return Culture(habits, first, last, tuple(_companies(habits, last[1], domains)))


def _companies(habits: Habits, names: tuple[Name, ...], domains: set[str]) -> Iterator[Company]:
    """Companies, each with a domain that no other one in any country has."""
    draw = source("companies", habits.locale)
    pairs = [(name, trade) for name in names for trade in habits.trades]
    draw.shuffle(pairs)
    for name, trade in pairs[:MOST_COMPANIES]:
        text = habits.company.format(name=name.text, trade=trade, form=pick(draw, habits.forms))
        domain = f"{name.address}-{address(trade)}"
        domain = f"{domain}-{habits.country.lower()}" if domain in domains else domain
        domains.add(domain)
        ending = "test" if draw.random() < 0.7 else "example"
        yield Company(text, f"{domain}.{ending}", trade, int(10 ** (0.5 + 3.4 * draw.random() ** 1.2)))
