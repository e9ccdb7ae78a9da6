"""What the mutations of leads are given."""

from typing import Any

from lma_graph.kernel import checks
from lma_graph.kernel.graphql.given import (
    Given,
    Made,
    Values,
    chosen,
    criteria,
    day,
    document,
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
    texts,
    value,
)
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.intake.values import LONGEST_NOTES, LONGEST_TAG, MOST_TAGS
from lma_graph.leads.models import LeadRow
from lma_graph.leads.service.dealing import MOST_USERS, AssignmentStrategy
from lma_graph.leads.service.merging import MergeField
from lma_graph.leads.service.rules import RuleStrategy
from lma_graph.leads.service.upserting import MatchOn

MOST_RULES = 50


def _email(description: str, **options: Any) -> Given:
    return value(str, lambda sent: checks.email(sent.strip()), description, **options)


def _phone(description: str, **options: Any) -> Given:
    return value(str, lambda sent: checks.phone(sent.strip()), description, **options)


def _url(description: str, **options: Any) -> Given:
    return value(str, lambda sent: checks.url(sent.strip()), description, **options)


@given
class LeadPatch:
    """Values of a lead. What is absent stays as it is; null clears."""

    email = of(LeadRow.email, _email)
    first_name = of(LeadRow.first_name, text)
    last_name = of(LeadRow.last_name, text)
    company = of(LeadRow.company, text)
    job_title = of(LeadRow.job_title, text)
    phone = of(LeadRow.phone, _phone)
    website = of(LeadRow.website, _url)
    linkedin_url = of(LeadRow.linkedin_url, _url)
    status = chosen(LeadRow.status)
    status_reason = of(LeadRow.status_reason, text)
    source = chosen(LeadRow.source)
    value = of(LeadRow.value, integer)
    notes_text = of(LeadRow.notes, text, limit=LONGEST_NOTES)
    tags = of(LeadRow.tags, texts, limit=LONGEST_TAG, most=MOST_TAGS)
    custom_fields = document(
        "Values of the organization's own fields by their names. Names that are absent stay as they are, null removes "
        "a field."
    )
    expected_close_date = of(LeadRow.expected_close_date, day)
    external_source = of(LeadRow.external_source, text, limit=checks.LONGEST_KEY)
    external_id = of(LeadRow.external_id, text, limit=checks.LONGEST_KEY)


_patch: Made = LeadPatch
_COLUMNS = {name: name for name in (*_patch.fields, "assigned_to_id")} | {"notes_text": "notes"}


def columns_of(given: Values) -> dict[str, Any]:
    """The values of a lead under the names of their columns; everything else that was given is left out."""
    return {_COLUMNS[name]: value for name, value in given.items() if name in _COLUMNS}


@merged(LeadPatch)
class CreateLeadInput:
    """A new lead. It needs a name, a company, an e-mail address, a telephone number or an external id."""

    assigned_to_id = key("User", "The user who is to own it; nobody by default.")


@merged(LeadPatch)
class UpsertLeadInput:
    """One lead to create or to change. What is absent stays as it is; null clears."""


@given
class UpsertLeadsInput:
    """Leads to create or to change, and what tells them apart."""

    match_on = member(MatchOn, "What tells which lead a row is about.", required=True)
    leads = several(UpsertLeadInput, "The leads, at most 1,000.", most=1_000, alone=True, required=True)


@given
class FindDuplicateLeadsInput:
    """What is known of a person who may be a lead already."""

    email = of(LeadRow.email, _email)
    phone = of(LeadRow.phone, _phone)
    first_name = of(LeadRow.first_name, text)
    last_name = of(LeadRow.last_name, text)
    company = of(LeadRow.company, text)


@given
class MergeChoice:
    """From which of the leads a value is taken."""

    field = member(MergeField, "The value.", required=True)
    lead_id = key("Lead", "The lead it is taken from, as it is there, even where it is missing.", required=True)


@given
class MergeLeadsInput:
    """Which leads to merge, and how."""

    lead_id = key("Lead", "The lead that survives.", required=True)
    duplicate_ids = keys("Lead", "The leads to merge into it, at most 100.", most=100, required=True)
    choices = several(MergeChoice, "Values to take from a certain lead.", most=100)


@given
class UnmergeLeadsInput:
    """Which merge to take back."""

    lead_id = key("Lead", "A lead that was merged, or the lead that survived.", required=True)


@given
class UpdateLeadInput:
    """Which lead to change, and how."""

    id = key("Lead", "The lead.", required=True)
    expected_version = integer(
        "The `version` you have seen. Where the lead has another by now, nothing is changed and the result is "
        "`Conflict` with the lead as it is."
    )
    patch = nested(LeadPatch, "The values to change.", required=True)


@given
class DeleteLeadInput:
    """Which lead to delete."""

    id = key("Lead", "The lead.", required=True)
    expected_version = integer("The `version` you have seen; another one is a `Conflict`.")
    reason = text("Why, for the audit trail.")


@given
class ConvertLeadInput:
    """Which lead became a customer."""

    id = key("Lead", "The lead.", required=True)
    value = integer("What it is worth, in whole units of the organization's currency; as it was by default.")
    reason = text("Why, for the audit trail.")
    expected_version = integer("The `version` you have seen; another one is a `Conflict`.")


@given
class EraseLeadInput:
    """Whom to erase."""

    id = key("Lead", "The lead; it may be deleted, or merged into another.", required=True)


@given
class RestoreLeadInput:
    """Which deleted lead to restore."""

    id = key("Lead", "The deleted lead.", required=True)


@given
class LeadSelection:
    """Which leads: by ids or by a filter, one of the two."""

    lead_ids = keys("Lead", "The leads; not together with `filter`.", as_sent=True)
    filter = criteria(LEAD, "All leads that match and that you see; not together with `leadIds`.")


_OWNER = key(
    "User", "The user who is to own them; null takes them from their owners. It must be given either way.", clears=True
)
_REASON = text("Why, for the audit trail.")


@given
class AssignLeadInput:
    """Which lead to give to whom."""

    lead_id = key("Lead", "The lead.", required=True)
    user_id = key(
        "User", "The user who is to own it; null takes it from its owner. It must be given either way.", clears=True
    )
    reason = _REASON


@merged(LeadSelection)
class AssignLeadsInput:
    """Which leads to give to whom."""

    user_id = _OWNER
    reason = _REASON


@merged(LeadSelection)
class AutoAssignLeadsInput:
    """Which leads to deal, how, and among whom."""

    strategy = member(AssignmentStrategy, "How owners are found.", required=True)
    user_ids = keys(
        "User",
        "Among whom, for `ROUND_ROBIN` and `LEAST_LOADED`; rules name their users themselves.",
        most=MOST_USERS,
        as_sent=True,
    )


@merged(AutoAssignLeadsInput)
class PreviewAssignmentInput:
    """What to try out: the same as `autoAssignLeads` takes."""


@given
class AssignmentRuleInput:
    """A rule of assignment: which leads go to whom."""

    name = text("Its name, the reason in the audit trail; no two rules have the same.", limit=200, required=True)
    criteria = criteria(LEAD, "Which leads it is for; `{}` is all. Give either this or `criteriaQuery`.")
    criteria_query = query(LEAD, "criteria", required=True)
    user_ids = keys("User", "Among whom they are dealt.", most=MOST_USERS, as_sent=True, required=True)
    strategy = member(RuleStrategy, "How they are dealt.", required=True)


_rule: Made = AssignmentRuleInput


@given
class SetAssignmentRulesInput:
    """The organization's rules of assignment."""

    rules = several(
        _rule, "All rules, the first to be asked first; none at all takes them away.", most=MOST_RULES, required=True
    )


@given
class ConvertLeadFilterInput:
    """A filter in one of its two forms."""

    filter = criteria(LEAD, "As `LeadFilter`. Give either this or `filterQuery`.")
    filter_query = query(LEAD, "filter", required=True)


@given
class TagsPatch:
    """What to do to the labels of each lead."""

    set = texts("Labels in place of all that are there.", limit=LONGEST_TAG, most=MOST_TAGS)
    add = texts("Labels to add.", limit=LONGEST_TAG, most=MOST_TAGS)
    remove = texts("Labels to take away, before others are added.", limit=LONGEST_TAG, most=MOST_TAGS)


_tags: Made = TagsPatch


@given
class BulkLeadPatch:
    """Values of many leads. What is absent stays as it is; null clears."""

    company = _patch.fields["company"]
    job_title = _patch.fields["job_title"]
    website = _patch.fields["website"]
    status = _patch.fields["status"]
    status_reason = _patch.fields["status_reason"]
    source = _patch.fields["source"]
    value = _patch.fields["value"]
    tags = nested(_tags, "What to do to the labels.")
    custom_fields = _patch.fields["custom_fields"]
    expected_close_date = _patch.fields["expected_close_date"]


_bulk_patch: Made = BulkLeadPatch


@merged(LeadSelection)
class BulkUpdateLeadsInput:
    """Which leads to change, and how."""

    patch = nested(_bulk_patch, "The values to change.", required=True)
