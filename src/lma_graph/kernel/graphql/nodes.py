"""Types as views over rows: `node` makes one from a table, `extend` adds fields to one from a feature above.

Every column becomes a field unless hidden; what the column's model says is what the API says.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Optional, TypeVar

import sqlalchemy as sa
import strawberry
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from lma_graph.kernel import ids
from lma_graph.kernel.graphql.fields import declared
from lma_graph.kernel.graphql.inputs import enum_of
from lma_graph.kernel.graphql.loaded import ColumnField
from lma_graph.kernel.graphql.scalars import Json
from lma_graph.kernel.loaders import ById
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import table_of
from lma_graph.kernel.tables import Base

_KINDS: dict[type[sa.types.TypeEngine[Any]], Any] = {
    sa.Text: str,
    sa.Integer: int,
    sa.BigInteger: int,
    sa.Boolean: bool,
    sa.Double: float,
    sa.Date: dt.date,
    sa.TIMESTAMP: dt.datetime,
    JSONB: Json,
}
C = TypeVar("C", bound=type)


class Typed:
    """A row that knows the name of its type: what a field of an interface type resolves to."""

    __slots__ = ("_row", "type_name")

    def __init__(self, row: Any, type_name: str) -> None:
        self._row = row
        self.type_name = type_name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


@strawberry.interface(description="Anything with a global id, by Relay's convention.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Global id: opaque, stable, unique among all types.")


Node.__strawberry_definition__.resolve_type = lambda value, _info, _type: value.type_name  # type: ignore[attr-defined]

LOADERS: dict[str, ById] = {}
"""How `node(id)` finds a row of each type."""
ROWS: dict[str, type[Base]] = {}
"""The table that each type shows."""


def node(
    row: type[Base],
    *,
    tag: int,
    ids_of: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    hide: Collection[str] = (),
    shows: Mapping[str, tuple[Any, Callable[[Any], Any]]] | None = None,
) -> Callable[[C], C]:
    """Make the decorated class the GraphQL type of a table.

    `tag` is the type's number in global ids, for ever. `ids_of` says which type a key's ids are of; `names` renames;
    `hide` leaves columns out; `shows` gives a column another GraphQL type and the function that turns values into it.
    """

    def apply(cls: C) -> C:
        name = cls.__name__
        ids.register(name, tag)
        LOADERS[name] = ById(row)
        ROWS[name] = row
        show = _Show(name, {"id": name, **(ids_of or {})}, names or {}, hide, shows or {})
        own = [*show.columns(row), *declared(cls)]
        for python_name, _ in declared(cls):
            delattr(cls, python_name)
        cls.__annotations__ = {}
        base = type(name, (Node,), {"__doc__": cls.__doc__, "__module__": cls.__module__, "__annotations__": {}})
        made = strawberry.type(base, description=_text(cls))
        definition = made.__strawberry_definition__  # type: ignore[attr-defined]
        definition.fields[:] = [field for _, field in own]
        definition.is_type_of = lambda _value, _info: True
        return made  # type: ignore[return-value]

    return apply


def root(cls: C) -> C:
    """Make the decorated class a part of the query type."""
    made = strawberry.type(type(cls.__name__, (), {"__annotations__": {}}), description=_text(cls))
    made.__strawberry_definition__.fields[:] = [field for _, field in declared(cls)]  # type: ignore[attr-defined]
    return made  # type: ignore[return-value]


def view(row: type[Base]) -> Callable[[C], C]:
    """Make the decorated class a type over a table's rows that shows nothing but its own fields, and has no id."""

    def apply(cls: C) -> C:
        name = cls.__name__
        ROWS[name] = row
        made = strawberry.type(type(name, (), {"__annotations__": {}}), name=name, description=_text(cls))
        made.__strawberry_definition__.fields[:] = [field for _, field in declared(cls)]  # type: ignore[attr-defined]
        made.__strawberry_definition__.is_type_of = lambda _value, _info: True  # type: ignore[attr-defined]
        return made  # type: ignore[return-value]

    return apply


def extend(target: Any) -> Callable[[C], C]:
    """GraphQL's `extend type`: add the decorated class's fields to a type of a feature below."""

    def apply(cls: C) -> C:
        fields = target.__strawberry_definition__.fields
        taken = {field.python_name for field in fields}
        for name, field in declared(cls):
            if name in taken:
                raise TypeError(f"{target.__name__} has a field {name} already.")
            fields.append(field)
        return cls

    return apply


def implement(interface: Any, target: Any) -> None:
    """GraphQL's `extend type … implements`: a type of a feature below has the fields of an interface."""
    target.__strawberry_definition__.interfaces.append(interface.__strawberry_definition__)


def _text(cls: type) -> str:
    return " ".join((cls.__doc__ or "").split())


@dataclass(frozen=True)
class _Show:
    """How the columns of one table show."""

    name: str
    targets: Mapping[str, str]
    names: Mapping[str, str]
    hide: Collection[str]
    shows: Mapping[str, tuple[Any, Callable[[Any], Any]]]

    def columns(self, row: type[Base]) -> list[tuple[str, StrawberryField]]:
        """A field per column, the id first."""
        columns = sorted(table_of(row).columns, key=lambda column: column.name != "id")
        shown = (c for c in columns if c.name not in self.hide and not isinstance(c.type, TSVECTOR))
        return [(field.python_name, field) for field in map(self.field, shown)]

    def field(self, column: sa.Column[Any]) -> StrawberryField:
        """The field of one column."""
        kind, convert = self.kind(column)
        public = self.names.get(column.name, camel(column.name))
        if column.name in self.targets and column.name.endswith("_by"):
            public = f"{public}Id"
        return ColumnField(
            column,
            convert,
            self.targets.get(column.name),
            python_name=public,
            graphql_name=public,
            type_annotation=StrawberryAnnotation(Optional[kind] if column.nullable else kind),
            description="Global id." if column.name == "id" else column.doc,
        )

    def kind(self, column: sa.Column[Any]) -> tuple[Any, Callable[[Any], Any] | None]:
        """The GraphQL type of a column, and what turns its values into it."""
        if column.name in self.targets:
            return strawberry.ID, None
        if "choices" in column.info:
            return enum_of(column.info["choices"]), None
        return self.shows.get(column.name) or (_KINDS[type(column.type)], None)
