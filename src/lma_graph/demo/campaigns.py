"""The campaigns of each demo organization: whom they are for, when they run, what they cost and aim at.

Members are leads that the campaign's own `targetCriteria` would select: see `audience`.
"""

from dataclasses import dataclass
from functools import lru_cache

from lma_graph.campaigns.models import CampaignStatus
from lma_graph.demo.audience import REACHABLE, Audience, countries, employees, plan, sources, tagged
from lma_graph.demo.draws import DAY
from lma_graph.demo.ground import Ground, Organization
from lma_graph.demo.story import Story


@dataclass(frozen=True)
class Campaign:
    """A campaign as every organization has it; days count from the present, `paused` since when it takes no one."""

    name: str
    kind: str
    status: CampaignStatus
    starts: int
    ends: int | None
    budget: int | None
    spent: int
    goals: tuple[tuple[str, int], ...]
    audience: Audience
    paused: int | None = None
    description: str | None = None

    def window(self, ground: Ground) -> tuple[int, int]:
        """From when to when it takes members, in seconds; empty for a draft."""
        days = [0, *(day for day in (self.ends, self.paused) if day is not None)]
        return ground.until + self.starts * DAY, ground.until + min(days) * DAY


_DRAFT, _ACTIVE, _PAUSED, _DONE = (
    CampaignStatus.DRAFT, CampaignStatus.ACTIVE, CampaignStatus.PAUSED, CampaignStatus.COMPLETED,
)  # fmt: skip
_GOALS = (("responses", 150), ("conversions", 20))
CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign("Welcome series", "EMAIL", _ACTIVE, -700, None, 12_000, 7_900, _GOALS,
             sources("WEB_FORM", "WEBSITE", "ORGANIC_SEARCH", "PAID_ADS"),
             description="Five e-mails in the first month after a lead finds us on the web."),
    Campaign("Trade fair, first edition", "EVENT", _DONE, -650, -560, 45_000, 43_750, (("visits", 400),),
             countries("DE", "NL", "PL", "FR")),
    Campaign("Getting started webinar", "WEBINAR", _DONE, -540, -455, 6_000, 5_120, (("registrations", 250),),
             REACHABLE),
    Campaign("Newsletter relaunch", "EMAIL", _DONE, -430, -300, 8_000, 8_000, _GOALS, tagged("newsletter")),
    Campaign("Enterprise outreach", "CALLS", _DONE, -340, -205, 30_000, 27_300, (("meetings", 60),), employees(500)),
    Campaign("Referral programme", "REFERRAL", _DONE, -270, -165, 15_000, 11_240, (("conversions", 40),),
             sources("REFERRAL", "PARTNER", "EXISTING_CUSTOMER")),
    Campaign("Product tour", "WEBINAR", _DONE, -190, -95, 9_000, 7_680, (("registrations", 300),), REACHABLE),
    Campaign("Field days", "EVENT", _PAUSED, -130, 40, 25_000, 9_900, (("visits", 200),), countries("DE", "PL"),
             paused=-18, description="Paused until a new venue is found."),
    Campaign("Starter upgrade", "EMAIL", _PAUSED, -85, 25, 4_000, 1_460, (("conversions", 25),), plan("starter"),
             paused=-9),
    Campaign("Round table for large companies", "EVENT", _ACTIVE, -75, 45, 40_000, 18_300, (("meetings", 45),),
             employees(250)),
    Campaign("Monthly product newsletter", "EMAIL", _ACTIVE, -365, None, 10_000, 6_450, _GOALS, REACHABLE),
    Campaign("Case study mailing", "EMAIL", _ACTIVE, -100, 60, 7_500, 3_050, _GOALS,
             countries("US", "GB", "DE", "FR")),
    Campaign("Launch of the next release", "EMAIL", _DRAFT, 20, 80, 20_000, 0, _GOALS, tagged("trial", "newsletter")),
)  # fmt: skip


def open_to(story: Story, *, room: int) -> list[tuple[int, int, int]]:
    """Campaigns that could have taken the lead, as (number, from, to), with at least `room` seconds to join."""
    born = story.born
    return [
        (number, max(opens, born), closes)
        for number, (opens, closes) in enumerate(windows(story.ground))
        if closes - max(opens, born) > room and CAMPAIGNS[number].audience.matches(story)
    ]


@lru_cache(maxsize=4)
def windows(ground: Ground) -> tuple[tuple[int, int], ...]:
    """From when to when each campaign takes members."""
    return tuple(campaign.window(ground) for campaign in CAMPAIGNS)


def campaign_id(home: Organization, number: int) -> int:
    """The id of the organization's campaign of that number."""
    return home.campaigns + number
