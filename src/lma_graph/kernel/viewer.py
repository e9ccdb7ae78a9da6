"""Who is asking: the viewer, the roles, and the one table of what each role may do."""

import enum
from dataclasses import dataclass, field

from lma_graph.kernel.choices import Choice


class Role(Choice):
    """What a user is within their organization."""

    ADMIN = "ADMIN", "Everything, including users, settings, integrations, tokens and erasing a person."
    MANAGER = "MANAGER", "Runs the team: bulk work, merging, campaigns, scoring rules, workflows."
    SALES_REP = "SALES_REP", "Works leads: creates, updates, converts, logs activities and notes."
    VIEWER = "VIEWER", "Reads and changes nothing."


class Permission(enum.StrEnum):
    """One thing a role may or may not do. `docs/access.md` is generated from this and the table below."""

    READ = "read"
    LEADS_WRITE = "leads.write"
    LEADS_ASSIGN = "leads.assign"
    LEADS_DELETE = "leads.delete"
    LEADS_MERGE = "leads.merge"
    LEADS_BULK = "leads.bulk"
    LEADS_TRANSFER = "leads.transfer"
    LEADS_ERASE = "leads.erase"
    ACTIVITIES_WRITE = "activities.write"
    NOTES_WRITE = "notes.write"
    NOTES_READ_PRIVATE = "notes.readPrivate"
    SCORES_ADJUST = "scores.adjust"
    SCORING_WRITE = "scoring.write"
    CAMPAIGNS_WRITE = "campaigns.write"
    WORKFLOWS_WRITE = "workflows.write"
    INTEGRATIONS_WRITE = "integrations.write"
    TOKENS_WRITE = "tokens.write"
    USERS_WRITE = "users.write"
    ORGANIZATION_WRITE = "organization.write"


_VIEWER = frozenset({Permission.READ})
_SALES_REP = _VIEWER | {
    Permission.LEADS_WRITE,
    Permission.LEADS_ASSIGN,
    Permission.ACTIVITIES_WRITE,
    Permission.NOTES_WRITE,
}
_MANAGER = _SALES_REP | {
    Permission.LEADS_DELETE,
    Permission.LEADS_MERGE,
    Permission.LEADS_BULK,
    Permission.LEADS_TRANSFER,
    Permission.SCORES_ADJUST,
    Permission.SCORING_WRITE,
    Permission.CAMPAIGNS_WRITE,
    Permission.WORKFLOWS_WRITE,
}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.SALES_REP: _SALES_REP,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: frozenset(Permission),
}
"""Role by role, everything it may do. The only place where this is said."""


class Visibility(enum.StrEnum):
    """Which leads a sales representative sees, from `settings.visibility.salesRep`."""

    ALL = "ALL"
    OWN = "OWN"


@dataclass(frozen=True)
class Viewer:
    """A user of exactly one organization, as the database knew them when the request began.

    `state` is the database's own digest of what this says; it is compared again inside every transaction, so
    a deactivated user or a changed role is noticed at once although the viewer itself is cached.
    """

    organization_id: int
    user_id: int
    role: Role
    visibility: Visibility = Visibility.ALL
    time_zone: str = "UTC"
    indexed_fields: frozenset[str] = field(default=frozenset())
    """Names of the custom fields the organization has declared, which have an index of their own."""
    state: str = ""
    claims: tuple[str, str] = ("", "")
    """The organization and the subject as the token named them."""

    def may(self, permission: Permission) -> bool:
        """Whether the viewer's role holds the permission."""
        return permission in PERMISSIONS[self.role]

    @property
    def sees_all_leads(self) -> bool:
        """False where the viewer sees only their own and unassigned leads, and what hangs on them."""
        return self.role is not Role.SALES_REP or self.visibility is Visibility.ALL
