"""What the mutations of campaigns are given."""

from collections.abc import Iterator
from typing import Any

from lma_graph.campaigns.criteria import MEMBER
from lma_graph.campaigns.models import CampaignRow, CampaignStatus, MemberStatus
from lma_graph.campaigns.service import life
from lma_graph.kernel.criteria import to_stored
from lma_graph.kernel.errors import FieldError
from lma_graph.kernel.graphql.given import (
    Made,
    Values,
    chosen,
    criteria,
    day,
    flag,
    given,
    integer,
    key,
    keys,
    member,
    merged,
    nested,
    of,
    query,
    several,
    text,
)
from lma_graph.leads.criteria import LEAD

LONGEST_NAME = 200
LONGEST_DESCRIPTION = 10_000
MOST_GOALS = 20


@given
class CampaignGoalInput:
    """Something that a campaign is to reach."""

    name = text("What is counted, such as `responses`; no two goals have the same.", limit=LONGEST_NAME, required=True)
    target = integer("How much of it.", least=0, required=True)


_goal: Made = CampaignGoalInput


@given
class CampaignPatch:
    """Values of a campaign. What is absent stays as it is; null clears."""

    name = of(CampaignRow.name, text, limit=LONGEST_NAME)
    description = of(CampaignRow.description, text, limit=LONGEST_DESCRIPTION)
    campaign_type = of(CampaignRow.campaign_type, text, limit=LONGEST_NAME)
    target_criteria = criteria(LEAD, "Whom it is for.", clears=True)
    target_criteria_query = query(LEAD, "target_criteria", clears=True)
    follow_criteria = chosen(CampaignRow.follow_criteria)
    start_date = of(CampaignRow.start_date, day)
    end_date = of(CampaignRow.end_date, day)
    budget_allocated = of(CampaignRow.budget_allocated, integer, least=0)
    budget_spent = of(CampaignRow.budget_spent, integer, least=0)
    goals = several(_goal, "What it is to reach, in place of all goals that are there.", most=MOST_GOALS)

    @staticmethod
    def together(values: Values) -> Iterator[FieldError]:
        """What is wrong between the values; what they do not say, the campaign may have."""
        yield from _faults({"target_criteria": {}, **values})


def _faults(values: dict[str, Any]) -> Iterator[FieldError]:
    readable = all(goal.get("name") is not None for goal in values.get("goals") or ())
    yield from life.inconsistencies(values if readable else {**values, "goals": []})


_patch: Made = CampaignPatch


@given
class _Naming:
    name = of(CampaignRow.name, text, limit=LONGEST_NAME, required=True)
    campaign_type = of(CampaignRow.campaign_type, text, limit=LONGEST_NAME, required=True)


@merged(CampaignPatch, _Naming)
class CreateCampaignInput:
    """A new campaign, a draft at first."""

    together = staticmethod(_faults)


def columns_of(given: Values) -> dict[str, Any]:
    """The values of a campaign by its columns; everything else that was given is left out."""
    found = {name: value for name, value in given.items() if name in _patch.fields}
    if found.get("target_criteria") is not None:
        found["target_criteria"] = to_stored(found["target_criteria"])
    if "goals" in found:
        found["goals"] = [dict(goal) for goal in found["goals"]]
    return found


@given
class UpdateCampaignInput:
    """Which campaign to change, and how."""

    id = key("Campaign", "The campaign.", required=True)
    patch = nested(_patch, "The values to change.", required=True)


@given
class SetCampaignStatusInput:
    """Where a campaign is to stand in its life."""

    id = key("Campaign", "The campaign.", required=True)
    status = member(CampaignStatus, "The status it is to have.", required=True)


@given
class DeleteCampaignInput:
    """Which campaign to delete."""

    id = key("Campaign", "The campaign: a draft that nobody has ever been in.", required=True)


_CAMPAIGN = key("Campaign", "The campaign.", required=True)
_EXCLUDE = criteria(LEAD, "Leads to leave out of these.")


@given
class EnrollLeadsInput:
    """Whom to enrol in which campaign: by ids, by a filter, or by the campaign's own criteria, one of the three."""

    campaign_id = _CAMPAIGN
    lead_ids = keys("Lead", "The leads.", as_sent=True)
    filter = criteria(LEAD, "All leads that match and that you see.")
    use_target_criteria = flag("All leads that the campaign's own `targetCriteria` match.")
    exclude = _EXCLUDE


@given
class PreviewCampaignAudienceInput:
    """Whose audience to look at: a campaign's, that of criteria, or that of criteria in a campaign."""

    campaign_id = key("Campaign", "The campaign whose members are not counted again.")
    criteria = criteria(LEAD, "Whom it is for; the campaign's own `targetCriteria` where there are none.")
    criteria_query = query(LEAD, "criteria")
    exclude = _EXCLUDE


@given
class UpdateCampaignLeadInput:
    """How far a lead has come in a campaign."""

    campaign_id = _CAMPAIGN
    lead_id = key("Lead", "The lead, a member.", required=True)
    status = member(MemberStatus, "How far it has come.", required=True)


@given
class MemberSelection:
    """Which members of which campaign: by the leads' ids or by a filter, one of the two."""

    campaign_id = _CAMPAIGN
    lead_ids = keys("Lead", "The leads, all of them members; not together with `filter`.", as_sent=True)
    filter = criteria(MEMBER, "All members that match and that you see; not together with `leadIds`.")


@merged(MemberSelection)
class UpdateCampaignLeadsInput:
    """How far members of a campaign have come."""

    status = member(MemberStatus, "How far they have come.", required=True)


@merged(MemberSelection)
class RemoveLeadsFromCampaignInput:
    """Whom to take out of which campaign."""
