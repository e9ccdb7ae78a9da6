"""An input of every mutation that succeeds in a populated organization; whoever adds a mutation adds one here.

An id is written as `Of("Lead")`: the tests put in one's own, another organization's, or one that was never issued.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Of:
    """The id of the populated organization's row of a type."""

    node: str


DEEDS: dict[str, dict[str, Any]] = {
    "createLead": {"firstName": "new", "assignedToId": Of("User")},
    "updateLead": {"id": Of("Lead"), "patch": {"company": "new"}},
    "convertLead": {"id": Of("Lead"), "value": 5},
    "eraseLead": {"id": Of("Lead")},
    "deleteLead": {"id": Of("Lead")},
    "restoreLead": {"id": Of("DeletedLead")},
    "upsertLeads": {"matchOn": "EMAIL", "leads": [{"email": "new@upsert.test"}]},
    "mergeLeads": {"leadId": Of("DoubledLead"), "duplicateIds": [Of("Lead")]},
    "unmergeLeads": {"leadId": Of("MergedLead")},
    "assignLead": {"leadId": Of("Lead"), "userId": Of("User"), "reason": "new"},
    "assignLeads": {"leadIds": [Of("Lead")], "userId": Of("User")},
    "autoAssignLeads": {"leadIds": [Of("Lead")], "strategy": "ROUND_ROBIN", "userIds": [Of("User")]},
    "setAssignmentRules": {
        "rules": [{"name": "new", "criteria": {}, "userIds": [Of("User")], "strategy": "LEAST_LOADED"}]
    },
    "bulkUpdateLeads": {"leadIds": [Of("Lead")], "patch": {"value": 1}},
    "createUpload": {},
    "importLeads": {"content": "email,firstName\nnew@import.test,new\n"},
    "exportLeads": {"filter": {"company": {"eq": "new"}}},
    "logActivity": {"leadId": Of("Lead"), "activityType": "CALL", "campaignId": Of("Campaign")},
    "scheduleActivity": {
        "leadId": Of("Lead"),
        "activityType": "TASK",
        "scheduledAt": "2026-05-01T12:00:00Z",
        "campaignId": Of("Campaign"),
    },
    "updateActivity": {"id": Of("Activity"), "patch": {"subject": "new", "campaignId": Of("Campaign")}},
    "completeActivity": {"id": Of("ScheduledActivity")},
    "cancelActivity": {"id": Of("ScheduledActivity")},
    "addNote": {"leadId": Of("Lead"), "content": "new", "mentionedUserIds": [Of("User")]},
    "updateNote": {"id": Of("OwnLeadNote"), "patch": {"content": "new", "mentionedUserIds": [Of("User")]}},
    "deleteNote": {"id": Of("OwnLeadNote")},
    "cancelExecution": {"id": Of("PendingWorkflowExecution")},
    "retryExecution": {"id": Of("FailedWorkflowExecution")},
    "createScoringRule": {
        "name": "new",
        "ruleType": "FIRMOGRAPHIC",
        "criteria": {"company": {"isNull": True}},
        "scorePoints": 5,
    },
    "updateScoringRule": {"id": Of("LeadScoringRule"), "patch": {"scorePoints": 7}},
    "deleteScoringRule": {"id": Of("LeadScoringRule")},
    "adjustLeadScore": {"leadId": Of("Lead"), "change": 5, "reason": "new"},
    "rescoreLeads": {"leadIds": [Of("Lead")]},
    "setScoreThresholds": {"warm": 5, "hot": 15, "caps": [{"ruleType": "DEMOGRAPHIC", "limit": 3}]},
    "createCampaign": {"name": "new", "campaignType": "EMAIL", "targetCriteria": {"company": {"eq": "new"}}},
    "updateCampaign": {"id": Of("Campaign"), "patch": {"name": "new"}},
    "setCampaignStatus": {"id": Of("Campaign"), "status": "ARCHIVED"},
    "deleteCampaign": {"id": Of("EmptyCampaign")},
    "enrollLeads": {"campaignId": Of("Campaign"), "leadIds": [Of("Lead")]},
    "updateCampaignLead": {"campaignId": Of("Campaign"), "leadId": Of("Lead"), "status": "CONVERTED"},
    "updateCampaignLeads": {"campaignId": Of("Campaign"), "leadIds": [Of("Lead")], "status": "CONVERTED"},
    "removeLeadsFromCampaign": {"campaignId": Of("Campaign"), "leadIds": [Of("Lead")]},
}
"""Mutation → input."""
UNREHEARSED: frozenset[str] = frozenset({"createUpload"})
"""Mutations without a `dryRun`."""


def filled(value: Any, encode: Callable[[str], str]) -> Any:
    """The input with ids in the places of `Of`."""
    if isinstance(value, Of):
        return encode(value.node)
    if isinstance(value, Mapping):
        return {key: filled(part, encode) for key, part in value.items()}
    return [filled(part, encode) for part in value] if isinstance(value, list) else value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every place of an id, and its type."""
    if isinstance(value, Of):
        yield path, value.node
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with something else at one place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, Mapping) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy
