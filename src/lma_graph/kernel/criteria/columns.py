"""Terms for a table's columns, made from the columns themselves: type, description and name are said once."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lma_graph.kernel.criteria import operators
from lma_graph.kernel.criteria.language import Term
from lma_graph.kernel.criteria.operators import Family
from lma_graph.kernel.criteria.terms import ColumnTerm, JsonTerm
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import table_of
from lma_graph.kernel.tables import Base

_FAMILIES: dict[type[sa.types.TypeEngine[Any]], Family] = {
    sa.Text: operators.TEXT,
    sa.Integer: operators.INTEGER,
    sa.SmallInteger: operators.INTEGER,
    sa.Boolean: operators.BOOLEAN,
    sa.Double: operators.FLOAT,
    sa.Date: operators.DATE,
    sa.TIMESTAMP: operators.DATETIME,
}


def column_terms(
    row: type[Base],
    node: str,
    *,
    ids: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> Iterator[Term]:
    """A term per column. `ids` says which type a key's global ids are of, `names` where a name differs."""
    targets = {"id": node, **(ids or {})}
    for column in table_of(row).columns:
        if column.name not in without and (column.name in targets or not isinstance(column.type, sa.BigInteger)):
            yield _term(column, (names or {}).get(column.name, camel(column.name)), targets)


def _term(column: sa.Column[Any], name: str, targets: Mapping[str, str]) -> Term:
    description = column.doc or ""
    key = column.name
    if isinstance(column.type, JSONB):
        return JsonTerm(name, description, lambda table, _: table.c[key])
    family, choices = _FAMILIES.get(type(column.type), operators.ID), column.info.get("choices")
    if choices is not None:
        family = operators.CHOICE
    if key in targets and key.endswith("_by"):
        name = f"{name}Id"
    return ColumnTerm(
        name,
        description,
        family,
        lambda table, _: table.c[key],
        choices=choices,
        node=targets.get(key),
        column=column,
    )
