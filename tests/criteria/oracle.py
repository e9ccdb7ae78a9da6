"""What a filter means, said a second time in plain Python over rows in memory: the judge of the SQL.

Written from the contract's two-valued logic. Enter at `Oracle.ids`. Field names, relations and the rules of who sees
what are spelled out here, so that a term that changes its meaning is noticed.
"""

import base64
import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dates import moment, shifted

COMMUNICATION = {"EMAIL", "CALL", "MEETING", "SMS", "WHATSAPP", "LINKEDIN", "TASK"} | {
    "FORM_SUBMISSION",
    "PAGE_VISIT",
    "EMAIL_OPEN",
    "EMAIL_CLICK",
}
COLUMNS = {"notesText": "notes", "createdById": "created_by"}
ONE = {
    ("Lead", "assignedTo"): ("User", "assigned_to_id"),
    ("Activity", "lead"): ("Lead", "lead_id"),
    ("Activity", "user"): ("User", "user_id"),
    ("Activity", "campaign"): ("Campaign", "campaign_id"),
    ("LeadNote", "lead"): ("Lead", "lead_id"),
    ("LeadNote", "user"): ("User", "user_id"),
    ("CampaignLead", "campaign"): ("Campaign", "campaign_id"),
    ("CampaignLead", "lead"): ("Lead", "lead_id"),
    ("Campaign", "createdBy"): ("User", "created_by"),
    ("LeadScoreHistory", "lead"): ("Lead", "lead_id"),
    ("LeadScoreHistory", "rule"): ("LeadScoringRule", "rule_id"),
    ("WorkflowExecution", "user"): ("User", "user_id"),
    ("WorkflowExecution", "lead"): ("Lead", "lead_id"),
    ("WorkflowExecution", "workflow"): ("Workflow", "workflow_id"),
    ("Workflow", "createdBy"): ("User", "created_by"),
}
MANY = {
    ("Lead", "activities"): ("Activity", "lead_id"),
    ("Lead", "notes"): ("LeadNote", "lead_id"),
    ("Lead", "campaignLeads"): ("CampaignLead", "lead_id"),
    ("Lead", "scoreHistory"): ("LeadScoreHistory", "lead_id"),
    ("Lead", "workflowExecutions"): ("WorkflowExecution", "lead_id"),
    ("Campaign", "campaignLeads"): ("CampaignLead", "campaign_id"),
    ("Workflow", "executions"): ("WorkflowExecution", "workflow_id"),
}
JSON_FIELDS = {"customFields", "enrichmentData", "metadata", "inputData", "outputData"}


class Oracle:
    """The rows that one viewer may see, and which of them a filter finds."""

    def __init__(self, rows: Mapping[str, list[Any]], *, viewer: int | None, private: bool, own: bool) -> None:
        """`viewer` is None for stored criteria, which see no private note; `own` hides other people's leads."""
        self.now = dt.datetime.now(dt.UTC)
        self._viewer = viewer
        self._private = private
        leads = [
            lead
            for lead in rows["Lead"]
            if lead.deleted_at is None and (not own or lead.assigned_to_id in {None, viewer})
        ]
        seen = {lead.id for lead in leads} | {None}
        self.rows = {
            name: leads if name == "Lead" else [row for row in found if getattr(row, "lead_id", None) in seen]
            for name, found in rows.items()
        }
        self.rows["LeadNote"] = [note for note in self.rows["LeadNote"] if self._sees(note)]
        self._by_id = {name: {row.id: row for row in found} for name, found in self.rows.items()}

    def _sees(self, note: Any) -> bool:
        if self._private or not note.is_private:
            return True
        return self._viewer is not None and (self._viewer == note.user_id or self._viewer in note.mentioned_users)

    def ids(self, entity: str, tree: Mapping[str, Any]) -> set[int]:
        """The rows that the filter finds."""
        return {row.id for row in self.rows[entity] if self.holds(entity, row, tree)}

    def holds(self, entity: str, row: Any, tree: Mapping[str, Any]) -> bool:
        """Whether a row is like the filter says."""
        return all(self._key(entity, row, key, value) for key, value in tree.items())

    def _key(self, entity: str, row: Any, key: str, value: Any) -> bool:  # a line per kind of key
        if key in {"and", "or"}:
            return (all if key == "and" else any)(self.holds(entity, row, part) for part in value)
        if key == "not":
            return not self.holds(entity, row, value)
        if (entity, key) in ONE:
            target, column = ONE[entity, key]
            other = self._by_id[target].get(getattr(row, column))
            return other is not None and self.holds(target, other, value)
        if (entity, key) in MANY:
            return self._many(*MANY[entity, key], row, value)
        if key == "search":
            return _found(row, value)
        if key == "tags":
            return all(_tags(row.tags, operator, operand) for operator, operand in value.items())
        if key in JSON_FIELDS:
            conditions = value if isinstance(value, list) else [value]
            return all(_json(getattr(row, snake(key)), condition) for condition in conditions)
        actual = self.value(row, key)
        return all(compare(actual, operator, operand, self.now) for operator, operand in value.items())

    def value(self, row: Any, key: str) -> Any:
        """What a row has under a plain key of a filter."""
        if key in {"firstContactedAt", "lastContactedAt"}:
            contacts = [
                activity.completed_at
                for activity in self.rows["Activity"]
                if activity.lead_id == row.id
                and activity.activity_type in COMMUNICATION
                and (activity.direction, activity.status) == ("OUTBOUND", "COMPLETED")
                and activity.completed_at is not None
            ]
            return (min if key == "firstContactedAt" else max)(contacts, default=None)
        if key == "isOverdue":
            now = dt.datetime.now(dt.UTC)
            return row.status == "SCHEDULED" and row.scheduled_at is not None and row.scheduled_at < now
        return getattr(row, COLUMNS.get(key, snake(key)))

    def _many(self, target: str, column: str, row: Any, value: Mapping[str, Any]) -> bool:
        related = [
            other
            for other in self.rows[target]
            if getattr(other, column) == row.id and (target != "Activity" or other.activity_type in COMMUNICATION)
        ]
        return all(self._related(target, related, key, part) for key, part in value.items())

    def _related(self, target: str, related: list[Any], key: str, part: Mapping[str, Any]) -> bool:
        where = part.get("where", {}) if key == "count" else part
        like = [other for other in related if self.holds(target, other, where)]
        if key == "count":
            bounds = {name: bound for name, bound in part.items() if name != "where"}
            return all(compare(len(like), name, bound, self.now) for name, bound in bounds.items())
        return {"some": bool(like), "none": not like, "every": len(like) == len(related)}[key]


def snake(name: str) -> str:
    """`assigned_to_id` of `assignedToId`."""
    return re.sub("[A-Z]", lambda found: "_" + found.group().lower(), name)


def compare(actual: Any, operator: str, operand: Any, now: dt.datetime) -> bool:  # a line per rule
    """One operator on one value: `ne` and `notIn` hold for null, `isNull` asks for it, nothing else does."""
    if operator == "isNull":
        return (actual is None) is operand
    if operator in {"ne", "notIn"}:
        return not compare(actual, {"ne": "eq", "notIn": "in"}[operator], operand, now)
    if actual is None:
        return False
    if operator == "in":
        return any(compare(actual, "eq", one, now) for one in operand)
    if operator in {"withinLast", "withinNext", "olderThan"}:
        return _relative(actual, operator, operand, now)
    operand = _read(actual, operand)
    if operator.startswith("i"):
        return compare(actual.lower(), operator[1:], operand.lower(), now)
    return {
        "eq": lambda: actual == operand,
        "lt": lambda: actual < operand,
        "lte": lambda: actual <= operand,
        "gt": lambda: actual > operand,
        "gte": lambda: actual >= operand,
        "contains": lambda: operand in actual,
        "startsWith": lambda: actual.startswith(operand),
        "endsWith": lambda: actual.endswith(operand),
    }[operator]()


def _read(actual: Any, operand: Any) -> Any:
    if isinstance(actual, dt.datetime):
        return moment(operand)
    if isinstance(actual, dt.date):
        return dt.date.fromisoformat(operand)
    if isinstance(actual, int) and isinstance(operand, str):
        return int.from_bytes(base64.urlsafe_b64decode(operand)[1:])
    return operand


def _relative(actual: Any, operator: str, duration: str, now: dt.datetime) -> bool:
    far = shifted(now, duration, forward=operator == "withinNext")
    here, there = (now, far) if isinstance(actual, dt.datetime) else (now.date(), far.date())
    if operator == "olderThan":
        return bool(actual < there)
    return bool(min(here, there) <= actual <= max(here, there))


def _tags(tags: list[str], operator: str, operand: Any) -> bool:
    if operator == "isEmpty":
        return (not tags) is operand
    return (any if operator == "containsAny" else all)(tag in tags for tag in operand)


MISSING = object()


def _json(document: Any, condition: Mapping[str, Any]) -> bool:
    value = document
    for step in condition["path"]:
        value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
    return all(_json_holds(value, operator, operand) for operator, operand in condition.items() if operator != "path")


def _json_holds(value: Any, operator: str, operand: Any) -> bool:  # a line per rule
    if operator == "exists":
        return (value is not MISSING) is operand
    if operator in {"ne", "notIn"}:
        return not _json_holds(value, {"ne": "eq", "notIn": "in"}[operator], operand)
    if operator == "in":
        return any(_json_holds(value, "eq", one) for one in operand)
    kind, of_operand = _kind(value), _kind(operand)
    if kind != of_operand or kind == "other":
        return False
    if operator == "eq":
        return bool(_comparable(value) == _comparable(operand))
    if kind not in {"number", "string"}:
        return False
    return compare(_comparable(value), operator, _comparable(operand), dt.datetime.now(dt.UTC))


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (int | float, "number"), (str, "string"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "other")


def _comparable(value: Any) -> Any:
    """Numbers as JSON has them: by their digits, not by their bits."""
    return Decimal(repr(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _found(lead: Any, text: str) -> bool:
    parts = (lead.email, lead.first_name, lead.last_name, lead.company, lead.job_title)
    known = {word for part in parts for word in _words(part or "")}
    pieces = [(_words(piece), piece.endswith("*")) for piece in text.split()]
    asked = [(word, open_ and at == len(found)) for found, open_ in pieces for at, word in enumerate(found, 1)]
    return bool(asked) and all(
        any(term.startswith(word) for term in known) if prefix else word in known for word, prefix in asked
    )


def _words(text: str) -> list[str]:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", bare.casefold())
