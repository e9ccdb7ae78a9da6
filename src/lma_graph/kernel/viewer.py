"""Who is asking: the viewer, the roles, and the one table of what each role may do."""

from dataclasses import dataclass, field
from typing import Any

from lma_graph.kernel.choices import Choice


class Role(Choice):
    """What a user is within their organization."""

    ADMIN = "ADMIN", "Everything, including users, settings, integrations, tokens and erasing a person."
    MANAGER = "MANAGER", "Runs the team: bulk work, merging, campaigns, scoring rules, workflows."
    SALES_REP = "SALES_REP", "Works leads: creates, updates, converts, logs activities and notes."
    VIEWER = "VIEWER", "Reads and changes nothing."


class Permission(Choice):
    """One thing a role may or may not do. `docs/access.md` is generated from this and the table below."""

    READ = (
        "read",
        "Read whatever one sees: leads and all that belongs to them, and how the organization works.",
    )
    LEADS_WRITE = "leads.write", "Create, change, upsert and convert leads."
    LEADS_ASSIGN = "leads.assign", "Take leads that nobody owns, and pass on one's own."
    LEADS_DELETE = "leads.delete", "Delete leads and restore deleted ones."
    LEADS_MERGE = "leads.merge", "Merge leads that stand for one person, and separate them again."
    LEADS_BULK = "leads.bulk", "Change many leads at once, import and export them."
    LEADS_TRANSFER = "leads.transfer", "Assign leads that others own, and set the rules of assignment."
    LEADS_ERASE = "leads.erase", "Erase a person for good, wherever they are mentioned."
    ACTIVITIES_WRITE = "activities.write", "Log, schedule, complete and cancel activities."
    NOTES_WRITE = "notes.write", "Write notes, and change and delete one's own."
    NOTES_READ_PRIVATE = "notes.readPrivate", "Read every private note, whoever wrote it."
    SCORES_ADJUST = "scores.adjust", "Add points to a lead's score or take them, by hand."
    SCORING_WRITE = "scoring.write", "Change scoring rules and thresholds, and rescore leads."
    CAMPAIGNS_WRITE = "campaigns.write", "Change campaigns, enrol leads in them and move members on."
    WORKFLOWS_WRITE = "workflows.write", "Change and start workflows, cancel and retry their runs."
    INTEGRATIONS_WRITE = "integrations.write", "Connect other systems, and synchronise with them."
    TOKENS_WRITE = "tokens.write", "Issue and revoke tokens of other systems."
    USERS_WRITE = "users.write", "Invite users, change their roles and deactivate them."
    ORGANIZATION_WRITE = "organization.write", "Change the organization and its settings."


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


class Visibility(Choice):
    """Which leads a sales representative sees, from `settings.visibility.salesRep`."""

    ALL = "ALL", "Every lead of the organization."
    OWN = "OWN", "Their own leads, and those that nobody owns."


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
    memo: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What others have worked out from the above and want to keep as long as the viewer is kept."""

    def may(self, permission: Permission) -> bool:
        """Whether the viewer's role holds the permission."""
        return permission in PERMISSIONS[self.role]

    @property
    def sees_all_leads(self) -> bool:
        """False where the viewer sees only their own and unassigned leads, and what hangs on them."""
        return self.role is not Role.SALES_REP or self.visibility is Visibility.ALL
