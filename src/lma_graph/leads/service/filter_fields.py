"""What lead filters know, with what only the organization knows. Enter at `lead_filter_fields`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lma_graph.kernel.criteria.described import Described, FilterValueType, Value, fields_of, readable
from lma_graph.kernel.criteria.querybuilder.words import joined
from lma_graph.kernel.scope import ORGANIZATION, Scope, conditions, table_of
from lma_graph.kernel.transactions import Transaction
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.models import LeadRow
from lma_graph.organizations.models import OrganizationRow

NEWEST_LEADS = 2_000
"""Whose tags are counted."""
MOST_TAGS = 100
_TYPES = {
    "STRING": FilterValueType.TEXT,
    "NUMBER": FilterValueType.FLOAT,
    "BOOLEAN": FilterValueType.BOOLEAN,
}


async def lead_filter_fields(reader: Transaction) -> list[Described]:
    """Every field, custom fields with those declared, tags with those most used. One statement."""
    (row,) = await reader.rows(_statement(Scope.of(reader.viewer)))
    tags = [Value(tag, tag) for tag in row.tags or ()]
    return [_with(one, row.declared, tags) for one in fields_of(LEAD)]


def _with(one: Described, declared: Any, tags: list[Value]) -> Described:
    if one.name == "tags":
        return replace(one, known=tags)
    if one.name != "customFields":
        return one
    found = [each for each in declared or () if isinstance(each, Mapping) and isinstance(each.get("name"), str)]
    return replace(one, declared=[_declared(one, each) for each in found])


def _declared(document: Described, field: Mapping[str, Any]) -> Described:
    """A declared custom field; its path leads into the document."""
    name: str = field["name"]
    path = (*document.path, name)
    kind = _TYPES.get(str(field.get("type")), FilterValueType.JSON)
    text = f"The organization's own field {name}."
    return replace(
        document, name=joined(path), label=readable(name), description=text, path=path, value_type=kind, declared=()
    )


def _statement(scope: Scope) -> sa.Select[Any]:
    lead, organization = table_of(LeadRow), table_of(OrganizationRow)
    newest = (
        sa.select(lead.c.tags)
        .where(*conditions(lead, scope))
        .order_by(lead.c.created_at.desc(), lead.c.id.desc())
        .limit(NEWEST_LEADS)
        .subquery()
    )
    tags = sa.func.jsonb_array_elements_text(newest.c.tags).table_valued("tag").render_derived().lateral()
    counted = (
        sa.select(tags.c.tag)
        .select_from(newest.join(tags, sa.true()))
        .group_by(tags.c.tag)
        .order_by(sa.func.count().desc(), tags.c.tag)
        .limit(MOST_TAGS)
        .subquery()
    )
    used = sa.select(sa.func.jsonb_agg(counted.c.tag, type_=JSONB())).scalar_subquery()
    return sa.select(organization.c.settings["customFields"].label("declared"), used.label("tags")).where(
        organization.c.id == ORGANIZATION
    )
