"""What can be asked of leads: columns, tags, custom fields, words, contact, and what hangs on a lead.

Tags, declared custom fields and words are asked of the search tables, joined by the lead's `created_at` as well as
its id: that tells the planner that those tables sort like the lead, so a page needs no more rows than it shows.
"""

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from lma_graph.activities.criteria import ACTIVITY, NOTE, is_communication
from lma_graph.activities.models import ActivityRow, LeadNoteRow
from lma_graph.executions.criteria import EXECUTION
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.kernel.criteria import (
    ColumnTerm,
    Family,
    JsonTerm,
    Kind,
    ManyTerm,
    OneTerm,
    Operator,
    Term,
    ValueTerm,
    Vocabulary,
)
from lma_graph.kernel.criteria.columns import column_terms
from lma_graph.kernel.criteria.operators import DATETIME, TEXT
from lma_graph.kernel.criteria.seen import Seen, as_json
from lma_graph.kernel.errors import FieldError, Path
from lma_graph.kernel.scope import ORGANIZATION, Condition, Scope, conditions, table_of
from lma_graph.kernel.tables import Base
from lma_graph.leads.index import LONGEST_TEXT, WEIGHTS, words
from lma_graph.leads.models import LeadFieldRow, LeadRow, LeadTagRow, LeadTermRow
from lma_graph.users.criteria import USER


def _found(row: type[Base], lead: sa.FromClause, *wanted: Callable[[sa.FromClause], Condition]) -> Condition:
    """The lead has a row in a search table that satisfies everything wanted."""
    entry = table_of(row).alias()
    return sa.exists(
        sa.select(sa.literal_column("1"))
        .where(
            entry.c.organization_id == ORGANIZATION,
            *(want(entry) for want in wanted),
            entry.c.created_at == lead.c.created_at,
            entry.c.lead_id == lead.c.id,
        )
        .correlate(lead)
    )


MOST_JOINED = 8
"""How many tags or words are asked for by one EXISTS each; the planner's time grows with them."""


def _no_sql(_: Any, __: Any) -> Condition:
    raise AssertionError("tags are asked of their own table")


_TAGS = Family(
    "TagsFilter",
    "Which labels there must be.",
    Kind.TEXT,
    (
        Operator("containsAny", "At least one of these.", _no_sql, many=True, words="include {}"),
        Operator("containsAll", "All of these.", _no_sql, many=True, words="include all of {}", last="and"),
        Operator(
            "isEmpty",
            "True: has no label. False: has one.",
            _no_sql,
            value=Kind.BOOLEAN,
            words=("are empty", "are not empty"),
        ),
    ),
)


class TagsTerm(ColumnTerm):
    """Labels, asked of `lead_tags`."""

    def apply(self, operator: Operator, operand: Any, column: sa.ColumnElement[Any], table: sa.FromClause) -> Condition:
        """One operator's condition."""
        if operator.name == "isEmpty":
            empty = column == sa.literal_column("'[]'::jsonb")
            return empty if operand else sa.not_(empty)
        wanted = list(dict.fromkeys(self.read(operator, one) for one in operand))
        listed = sa.literal(wanted, sa.ARRAY(sa.Text()))
        if operator.name == "containsAny" and len(wanted) != 1:
            return _found(LeadTagRow, table, lambda entry: entry.c.tag == sa.any_(listed))
        if len(wanted) > MOST_JOINED:
            return self._how_many(listed, table) == len(wanted)
        return sa.and_(sa.true(), *(self._has(tag, table) for tag in wanted))

    @staticmethod
    def _how_many(listed: sa.ColumnElement[Any], lead: sa.FromClause) -> sa.ColumnElement[Any]:
        entry = table_of(LeadTagRow).alias()
        return (
            sa.select(sa.func.count())
            .where(entry.c.organization_id == ORGANIZATION, entry.c.lead_id == lead.c.id)
            .where(entry.c.tag == sa.any_(listed))
            .correlate(lead)
            .scalar_subquery()
        )

    @staticmethod
    def _has(tag: str, table: sa.FromClause) -> Condition:
        return _found(LeadTagRow, table, lambda entry: entry.c.tag == tag)


# Wider than asked for: two numbers that differ may be the same as doubles, and the document decides.
_AT_LEAST_AS_WIDE = {"eq": "__eq__", "lt": "__le__", "lte": "__le__", "gt": "__ge__", "gte": "__ge__"}


class CustomFieldsTerm(JsonTerm):
    """Custom fields: those the organization has declared are found through `lead_fields`, the others in the lead."""

    def condition(self, path: list[str], name: str, operand: Any, table: sa.FromClause, scope: Scope) -> Condition:
        """The condition on the field's rows where there are any, else on the document."""
        exact = super().condition(path, name, operand, table, scope)
        field = ".".join(path)
        declared = field in scope.indexed_fields and not any("." in step for step in path)
        indexed = self._indexed(name, operand) if declared else None
        if indexed is None:
            return exact
        found = _found(LeadFieldRow, table, lambda entry: entry.c.name == field, indexed)
        if isinstance(operand, str) and operand not in {"true", "false"}:
            return found
        # Text is told by the row alone; what rounding or a truth value leaves open, the document decides. As a CASE,
        # since the planner would expect hardly any row to pass the condition itself, and sort all that match.
        return sa.and_(found, sa.case((exact, sa.true()), else_=sa.false()))

    def called(self, path: list[str]) -> str:
        """What the field is called in a sentence."""
        return f"{'.'.join(path)} (custom field)"

    @staticmethod
    def _indexed(name: str, operand: Any) -> Callable[[sa.FromClause], Condition] | None:
        if isinstance(operand, bool):
            return (lambda entry: entry.c.text_value == str(operand).lower()) if name == "eq" else None
        if isinstance(operand, str) and len(operand) <= LONGEST_TEXT and name == "eq":
            return lambda entry: entry.c.text_value == operand
        if isinstance(operand, int | float) and name in _AT_LEAST_AS_WIDE:
            compare = _AT_LEAST_AS_WIDE[name]
            return lambda entry: getattr(entry.c.number_value, compare)(float(operand))
        return None


class SearchTerm(ValueTerm):
    """Words, all of which must be among the lead's; a word that ends in `*` may go on."""

    def check(self, value: Any, path: Path) -> Iterator[FieldError]:
        """Readable text of not too many words."""
        unreadable = list(super().check(value, path))
        if not unreadable and len(_asked_of(value)) > MOST_JOINED:
            yield FieldError(path, f"holds more than {MOST_JOINED} words", "TOO_LARGE")
        yield from unreadable

    def sql(self, value: Any, table: sa.FromClause, scope: Scope) -> Condition:  # noqa: ARG002  # the protocol's
        """One EXISTS per word; a text without words finds nothing."""
        asked = _asked_of(value)
        if not asked:
            return sa.false()
        return sa.and_(sa.true(), *(self._word(word, table, prefix=prefix) for word, prefix in asked))

    def seen(self, value: Any, table: sa.FromClause, scope: Scope) -> Iterator[Seen]:  # noqa: ARG002  # whatever is searched
        """The texts that are searched."""
        searched = sa.func.concat_ws(" ", *(table.c[name] for name, _ in WEIGHTS))
        yield Seen(self.name, as_json(searched))

    @staticmethod
    def _word(word: str, table: sa.FromClause, *, prefix: bool) -> Condition:
        if not prefix:
            return _found(LeadTermRow, table, lambda entry: entry.c.term == word)
        return _found(LeadTermRow, table, lambda entry: sa.and_(*prefixed(entry.c.term, word)))


def _asked_of(text: str) -> list[tuple[str, bool]]:
    """(word, whether it may go on) of a text."""
    return [part for piece in text.split() for part in _asked(piece)]


def _asked(piece: str) -> list[tuple[str, bool]]:
    found = words(piece)
    return [(word, piece.endswith("*") and at == len(found) - 1) for at, word in enumerate(found)]


def prefixed(term: sa.ColumnElement[Any], word: str) -> tuple[Condition, Condition]:
    """The terms that begin with a word, as a range that an index serves."""
    return term >= word, term < word[:-1] + chr(ord(word[-1]) + 1)


class EmailTerm(ColumnTerm):
    """The e-mail address; exact questions also ask its normalized form, which has an index."""

    def apply(self, operator: Operator, operand: Any, column: sa.ColumnElement[Any], table: sa.FromClause) -> Condition:
        """One operator's condition."""
        exact = super().apply(operator, operand, column, table)
        if operator.name not in {"eq", "ieq"}:
            return exact
        return sa.and_(table.c.email_norm == sa.func.lower(sa.func.btrim(sa.literal(operand))), exact)


def is_contact(activity: sa.FromClause) -> Condition:
    """Communication from us that has happened. Literal values, so that the partial index is recognised."""
    return sa.and_(
        is_communication(activity),
        activity.c.direction == sa.literal_column("'OUTBOUND'"),
        activity.c.status == sa.literal_column("'COMPLETED'"),
    )


def is_scheduled(activity: sa.FromClause) -> Condition:
    """Planned communication, overdue included."""
    return sa.and_(is_communication(activity), activity.c.status == sa.literal_column("'SCHEDULED'"))


def _contact(extreme: Callable[..., Any]) -> Callable[[sa.FromClause, Scope], sa.ColumnElement[Any]]:
    def expression(lead: sa.FromClause, scope: Scope) -> sa.ColumnElement[Any]:
        activity = table_of(ActivityRow).alias()
        return (
            sa.select(extreme(activity.c.completed_at))
            .where(*conditions(activity, scope, child_of="lead_id"), activity.c.lead_id == lead.c.id)
            .where(is_contact(activity))
            .correlate(lead)
            .scalar_subquery()
        )

    return expression


LEAD = Vocabulary("Lead", LeadRow, "What a lead must be like.")


def _columns() -> list[Term]:
    special = {"email", "tags", "custom_fields", "email_norm", "deleted_at"}
    named = {"notes": "notesText"}
    keys = {"assigned_to_id": "User", "merged_into_id": "Lead"}
    return list(column_terms(LeadRow, "Lead", ids=keys, names=named, without=special))


LEAD.extend(
    EmailTerm("email", "E-mail address.", TEXT, lambda lead, _: lead.c.email, column=table_of(LeadRow).c.email),
    *_columns(),
    TagsTerm("tags", "Labels.", _TAGS, lambda lead, _: lead.c.tags),
    CustomFieldsTerm("customFields", "The organization's own fields.", lambda lead, _: lead.c.custom_fields),
    SearchTerm(
        "search",
        "Words that must all occur in the names, company, job title or e-mail address; "
        "`ber*` stands for every word that begins with ber.",
    ),
    OneTerm("assignedTo", "The user who owns the lead.", USER, key=LeadRow.assigned_to_id),
    ManyTerm(
        "activities",
        "Communication with the lead; the audit trail does not count.",
        ACTIVITY,
        parent=ActivityRow.lead_id,
        where=is_communication,
    ),
    ManyTerm("notes", "Notes about the lead that you may see.", NOTE, parent=LeadNoteRow.lead_id),
    ManyTerm(
        "workflowExecutions",
        "Runs of workflows, and of the server's own work, about the lead.",
        EXECUTION,
        parent=WorkflowExecutionRow.lead_id,
    ),
    ColumnTerm(
        "firstContactedAt", "When our first communication to the lead was completed.", DATETIME, _contact(sa.func.min)
    ),
    ColumnTerm(
        "lastContactedAt", "When our last communication to the lead was completed.", DATETIME, _contact(sa.func.max)
    ),
)
ACTIVITY.extend(OneTerm("lead", "The lead it is about.", LEAD, key=ActivityRow.lead_id))
NOTE.extend(OneTerm("lead", "The lead it is about.", LEAD, key=LeadNoteRow.lead_id))
EXECUTION.extend(OneTerm("lead", "The lead it is about.", LEAD, key=WorkflowExecutionRow.lead_id))
