"""What a viewer may see: the one place from which loaders, counts, search and filters take their conditions.

A feature registers a rule for a table with `visible`; every statement adds the rules of every table it reads through
`conditions`. The organization is always the first of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.tables import Base
from lma_graph.kernel.viewer import Permission, Viewer

ORGANIZATION: sa.BindParameter[int] = sa.bindparam("organization_id", type_=sa.BigInteger())
VIEWER: sa.BindParameter[int] = sa.bindparam("viewer_id", type_=sa.BigInteger())

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Scope:
    """The shape of what is visible; the viewer's own id is a bind, so viewers of one shape share statements."""

    sees_all_leads: bool = True
    sees_private_notes: bool = False
    sees_mentioned_notes: bool = False
    """Private notes one wrote or is mentioned in; false only for criteria that run without a viewer."""
    indexed_fields: frozenset[str] = frozenset()

    @classmethod
    def of(cls, viewer: Viewer) -> "Scope":
        """What this viewer sees."""
        found: Scope | None = viewer.memo.get("scope")
        if found is None:
            found = viewer.memo["scope"] = cls._of(viewer)
        return found

    @classmethod
    def _of(cls, viewer: Viewer) -> "Scope":
        return cls(
            sees_all_leads=viewer.sees_all_leads,
            sees_private_notes=viewer.may(Permission.NOTES_READ_PRIVATE),
            sees_mentioned_notes=True,
            indexed_fields=viewer.indexed_fields,
        )


Rule = Callable[[sa.FromClause, Scope], Condition | None]


@dataclass(frozen=True)
class _Registered:
    rule: Rule
    via: str | None
    name: str | None


_RULES: dict[str, list[_Registered]] = {}


def visible(row: type[Base], *, via: Any = None, name: str | None = None) -> Callable[[Rule], Rule]:
    """Register a rule for a table: a function of the table (or an alias of it) and the scope.

    `via` is the foreign key through which a row is visible; rows loaded as children of an already visible parent
    by that key need not be asked again. A rule with a `name` can be lifted by the one list that is meant to.
    """

    def apply(rule: Rule) -> Rule:
        key = column_of(via).name if via is not None else None
        _RULES.setdefault(table_of(row).name, []).append(_Registered(rule, key, name))
        return rule

    return apply


def table_of(row: type[Base]) -> sa.Table:
    """The table that a row class maps."""
    table = row.__table__
    assert isinstance(table, sa.Table)
    return table


def column_of(attribute: Any) -> sa.Column[Any]:
    """The column behind a mapped attribute."""
    column: sa.Column[Any] = attribute.property.columns[0]
    return column


def conditions(
    table: sa.FromClause, scope: Scope, *, child_of: str | None = None, lifting: str | None = None
) -> list[Condition]:
    """Organization and visibility of one table reference. `child_of` is the key of an already visible parent."""
    name = table.element.name if isinstance(table, sa.Alias) else table.name  # type: ignore[attr-defined]
    own = "id" if name == "organizations" else "organization_id"
    found: list[Condition] = [table.c[own] == ORGANIZATION]
    for registered in _RULES.get(name, ()):
        shown_through = registered.via is not None and registered.via == child_of
        lifted = registered.name is not None and registered.name == lifting
        if not (shown_through or lifted):
            condition = registered.rule(table, scope)
            if condition is not None:
                found.append(condition)
    return found
