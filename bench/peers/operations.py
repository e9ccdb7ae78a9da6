"""What is asked: five operations, in the argument syntax of every dialect. Enter at `OPERATIONS`.

The dialects differ in the names of arguments and in how ids are written, never in what is asked for: a field that
one of them calls otherwise is asked for under the same alias, so that the answers can be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.peers.dialects import BY_HAND, LMA, POSTGRAPHILE, TAUGHT, Dialect
from bench.peers.ground import STATUS, Ground

_LEAD = "id email firstName lastName company jobTitle status source leadTemperature score tags createdAt"
_INFO = "pageInfo { hasNextPage endCursor }"
_NEWEST = "orderBy: [CREATED_AT_DESC, ROW_ID_DESC]"
_TIMELINES = f"""
edges {{ cursor node {{
  {_LEAD}
  assignedTo$user {{ id firstName lastName email }}
  activities$activities {{
    edges {{ node {{ id activityType subject createdAt actor {{ id firstName lastName }} }} }} {_INFO}
  }}
  notes$notes {{ edges {{ node {{ id noteType content createdAt actor {{ id firstName lastName }} }} }} {_INFO} }}
  scoreHistory$scores {{
    edges {{ node {{ id previousScore newScore scoreChange reason createdAt rule$rule {{ id name }} }} }} {_INFO}
  }}
  campaignLeads$campaigns {{
    edges {{ node {{ id status addedAt campaign$campaign {{ id name status }} }} }} {_INFO}
  }}
}} }}
{_INFO}
"""


@dataclass(frozen=True)
class Operation:
    """One thing to ask."""

    name: str
    title: str
    documents: Mapping[str, str]
    """By dialect: the GraphQL document, or the name under which a server without GraphQL knows the operation."""
    first: int | None = None
    """How many rows its first list has, where that is a variable."""
    pages: bool = False
    """Whether the second page is compared too, so that cursors are known to lead somewhere."""

    def body(self, dialect: Dialect, ground: Ground, after: str | None = None) -> dict[str, Any]:
        """The request."""
        owner = ground.owner
        values = {
            "id": dialect.write_id("Lead", ground.organization, ground.lead),
            "owner": str(owner) if dialect is POSTGRAPHILE else dialect.write_id("User", ground.organization, owner),
            "status": STATUS,
            "first": self.first,
            "after": after,
            "organization": str(ground.organization),
        }
        document = self.documents[dialect.name]
        if dialect is BY_HAND:
            return {"operation": document, "variables": values}
        return {
            "query": document,
            "variables": {name: value for name, value in values.items() if f"${name}:" in document},
        }


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, value in words.items():
        text = text.replace(f"${name}", value)
    return " ".join(text.split())


def _timelines(arguments: str, words: Mapping[str, str]) -> str:
    return _filled(f"query Timelines($first: Int!, $after: $CURSOR) {{ leads{arguments} {{ {_TIMELINES} }} }}", words)


_PLAIN_WORDS = {
    "user": "",
    "actor": "",
    "activities": "(first: 10)",
    "notes": "(first: 5)",
    "scores": "(first: 5)",
    "campaigns": "(first: 5)",
    "rule": "",
    "campaign": "",
    "CURSOR": "String",
}
_OF_LEAD = "ByOrganizationIdAndLeadId"
_POSTGRAPHILE_WORDS = {
    "user": ": userByOrganizationIdAndAssignedToId",
    "activities": f": activities{_OF_LEAD}(first: 10, condition: {{communication: true}}, {_NEWEST})",
    "notes": f": leadNotes{_OF_LEAD}(first: 5, {_NEWEST})",
    "scores": f": leadScoreHistories{_OF_LEAD}(first: 5, {_NEWEST})",
    "campaigns": f": campaignLeads{_OF_LEAD}(first: 5, orderBy: [ADDED_AT_DESC, ROW_ID_DESC])",
    "rule": ": leadScoringRuleByOrganizationIdAndRuleId",
    "campaign": ": campaignByOrganizationIdAndCampaignId",
    "CURSOR": "Cursor",
}
_ACTOR = "user: userByOrganizationIdAndUserId"
_W1 = {
    LMA.name: _timelines(
        "(first: $first, after: $after, orderBy: [{ field: CREATED_AT, direction: DESC }])", _PLAIN_WORDS
    ).replace("actor {", "user {"),
    TAUGHT.name: _timelines("(first: $first, after: $after)", _PLAIN_WORDS).replace("actor {", "user {"),
    POSTGRAPHILE.name: _timelines(
        ": allLeads(first: $first, after: $after, condition: {organizationId: $organization, alive: true}, "
        f"{_NEWEST})",
        _POSTGRAPHILE_WORDS,
    )
    .replace("actor {", f"{_ACTOR} {{")
    .replace("($first: Int!", "($organization: BigInt!, $first: Int!"),
    BY_HAND.name: "timelines",
}
_SIX = "{ id email firstName lastName status score }"
_POINT = "query Lead($id: ID!) { lead(id: $id) " + _SIX + " }"
_EIGHT = "{ edges { node { id email firstName lastName company status score createdAt } } " + _INFO + " }"
_PAGE = {
    LMA.name: "query Page($owner: ID!, $status: LeadStatus!, $first: Int!, $after: String) { leads(first: $first,"
    " after: $after, filter: {status: {eq: $status}, assignedToId: {eq: $owner}},"
    " orderBy: [{ field: CREATED_AT, direction: DESC }]) " + _EIGHT + " }",
    TAUGHT.name: "query Page($owner: ID!, $status: String!, $first: Int!, $after: String) { leads(first: $first,"
    " after: $after, status: $status, assignedToId: $owner) " + _EIGHT + " }",
    POSTGRAPHILE.name: "query Page($organization: BigInt!, $owner: BigInt!, $status: String!, $first: Int!,"
    " $after: Cursor) { leads: allLeads(first: $first, after: $after, condition: {organizationId: $organization,"
    f" alive: true, status: $status, assignedToId: $owner}}, {_NEWEST}) {_EIGHT} }}",
    BY_HAND.name: "page",
}


def _deep(root: str, users: str, leads: str, activities: str, actor: str) -> str:
    return (
        f"{{ {root} {{ id name {users} {{ edges {{ node {{ id firstName lastName"
        f" {leads} {{ edges {{ node {{ id email status"
        f" {activities} {{ edges {{ node {{ id activityType createdAt {actor} {{ id firstName lastName }}"
        " } } } } } } } } } } }"
    )


_PLAIN_DEEP = "query Deep " + _deep(
    "organization", "users(first: 10)", "assignedLeads(first: 5)", "activities(first: 5)", "user"
)
_DEEP = {
    LMA.name: _PLAIN_DEEP,
    TAUGHT.name: _PLAIN_DEEP,
    POSTGRAPHILE.name: "query Deep($organization: BigInt!) "
    + _deep(
        "organization: organizationByRowId(rowId: $organization)",
        f"users: usersByOrganizationId(first: 10, {_NEWEST})",
        f"assignedLeads: leadsByOrganizationIdAndAssignedToId(first: 5, condition: {{alive: true}}, {_NEWEST})",
        f"activities: activities{_OF_LEAD}(first: 5, condition: {{communication: true}}, {_NEWEST})",
        _ACTOR,
    ),
    BY_HAND.name: "deep",
}

OPERATIONS = {
    one.name: one
    for one in (
        Operation("w1", "W1: 50 leads with owner, activities, notes, scores and campaigns", _W1, 50, pages=True),
        Operation(
            "point",
            "Point read: one lead by id, 6 fields",
            {LMA.name: _POINT, TAUGHT.name: _POINT, POSTGRAPHILE.name: _POINT, BY_HAND.name: "point"},
        ),
        Operation("page", "Filtered page: status and owner, 20 rows, 8 fields", _PAGE, 20, pages=True),
        Operation("deep", "Four levels: organization, users, their leads, activities and who did them", _DEEP),
        Operation("w1-200", "W1 with `first: 200`", _W1, 200),
    )
}
"""All operations by name."""
