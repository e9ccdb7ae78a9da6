"""Fields of types that are views over rows: relations, connections, derived values.

Enter at `to_one`, `to_many` and `derived` inside a type, at `listing` and `by_id` for root fields. Each names a loader
spec; what is made of it is in `loaded` and `lists`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Optional

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from lma_graph.kernel.criteria import Vocabulary
from lma_graph.kernel.criteria.querybuilder import stored_query
from lma_graph.kernel.graphql.connections import connection_of
from lma_graph.kernel.graphql.lists import PAGE_AT_ROOT, PAGE_NESTED, ListField, ManyField
from lma_graph.kernel.graphql.loaded import (
    Batch,
    BatchField,
    ByIdField,
    ColumnField,
    CurrentField,
    DerivedField,
    EachField,
    OneField,
)
from lma_graph.kernel.graphql.scalars import Json
from lma_graph.kernel.loaders import All, ById, Children, Spec
from lma_graph.kernel.scope import column_of
from lma_graph.kernel.viewer import Viewer


def to_one(spec: Spec, node: Any, *, key: Any, description: str, required: bool = False) -> Any:
    """A relation by a key of the row."""
    kind = node if required else Optional[node]
    name = column_of(key).name
    return OneField(spec, name, type_annotation=StrawberryAnnotation(kind), description=description)


def to_each(spec: Spec, node: Any, *, key: Any, description: str) -> Any:
    """A relation by a list of ids in a column of the row."""
    name = column_of(key).name
    return EachField(spec, name, type_annotation=StrawberryAnnotation(list[node]), description=description)


def to_many(spec: Children, node: Any, vocabulary: Vocabulary, *, description: str) -> Any:
    """A connection over the rows that point at this row."""
    kind = StrawberryAnnotation(connection_of(node))
    return ManyField(vocabulary, spec, PAGE_NESTED, type_annotation=kind, description=description)


def computed(attribute: Any, kind: Any, convert: Callable[[Any], Any], *, description: str) -> Any:
    """A value computed from one column of the row."""
    return ColumnField(
        column_of(attribute), convert, type_annotation=StrawberryAnnotation(kind), description=description
    )


CRITERIA_QUERY = (
    "The criteria in react-querybuilder's format, for a query builder to load; null where they cannot be used any more."
)


def queried(attribute: Any, vocabulary: Vocabulary) -> Any:
    """Stored criteria in the form of react-querybuilder."""
    return computed(attribute, Json | None, lambda stored: stored_query(vocabulary, stored), description=CRITERIA_QUERY)


def shown_as(attribute: Any, kind: Any, *, description: str) -> Any:
    """A column of the row under a further name."""
    return ColumnField(column_of(attribute), type_annotation=StrawberryAnnotation(kind), description=description)


def derived(spec: Spec, kind: Any, *, description: str) -> Any:
    """A value that a spec computes from the row's id."""
    return DerivedField(spec, type_annotation=StrawberryAnnotation(kind), description=description)


def batched(resolve: Batch, kind: Any, *, reads: Sequence[Any], description: str) -> Any:
    """A value that a function computes for all rows of a level at once."""
    names = [column_of(attribute).name for attribute in reads]
    return BatchField(resolve, names, type_annotation=StrawberryAnnotation(kind), description=description)


def listing(spec: All, node: Any, vocabulary: Vocabulary, *, description: str) -> Any:
    """A root connection."""
    kind = StrawberryAnnotation(connection_of(node))
    return ListField(vocabulary, spec, PAGE_AT_ROOT, type_annotation=kind, description=description)


def current(spec: ById, node: Any, *, key: Callable[[Viewer], int], description: str) -> Any:
    """A root field for a row of the viewer's own."""
    return CurrentField(spec, key, type_annotation=StrawberryAnnotation(node), description=description)


def by_id(spec: ById, node: Any, *, description: str) -> Any:
    """A root field for one row."""
    name = node.__strawberry_definition__.name
    return ByIdField(spec, name, type_annotation=StrawberryAnnotation(Optional[node]), description=description)


def declared(cls: type) -> Sequence[tuple[str, StrawberryField]]:
    """The fields in a class body, in order, under their Python names."""
    found = []
    for name, value in vars(cls).items():
        if isinstance(value, StrawberryField):
            value.python_name = name
            value.origin = value.origin or cls
            if value.type_annotation is not None and value.type_annotation.namespace is None:
                value.type_annotation.set_namespace_from_field(value)
            found.append((name, value))
    return found
