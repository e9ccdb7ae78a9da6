"""From an operation to a plan. Enter at `Planner.plan`.

Which fields an object has is graphql-core's own collection, run once per selection instead of once per object; it
depends on variables only through `@skip` and `@include`, whose values are therefore part of a plan's key.
"""

from collections.abc import Callable
from typing import Any, cast

from graphql import GraphQLField, GraphQLFloat, GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails, collect_fields, collect_subfields

from lma_graph.kernel.graphql.execution.arguments import arguments_of, order_of, page_of
from lma_graph.kernel.graphql.execution.completion import completed, given
from lma_graph.kernel.graphql.execution.connection import ConnectionShape
from lma_graph.kernel.graphql.execution.figures import figures_of
from lma_graph.kernel.graphql.execution.plan import (
    Batched,
    Computed,
    Entries,
    Fallback,
    FallbackRoot,
    FiguresRoot,
    ListRoot,
    Members,
    NodeRoot,
    OutcomeRoot,
    Places,
    Plan,
    Relation,
    Root,
    RowRoot,
    ToMany,
    ToOne,
    Unplannable,
)
from lma_graph.kernel.graphql.execution.schedule import levels_of
from lma_graph.kernel.graphql.execution.shapes import Shape, Source, converted, encoded, fragments
from lma_graph.kernel.graphql.figures import ReckonedField
from lma_graph.kernel.graphql.interface import NodeField
from lma_graph.kernel.graphql.lists import ListField, ManyField, SlicedField
from lma_graph.kernel.graphql.loaded import (
    BatchField,
    ByIdField,
    ColumnField,
    CurrentField,
    DerivedField,
    EachField,
    OneField,
    ToldField,
)
from lma_graph.kernel.graphql.mixed import MixedField
from lma_graph.kernel.graphql.nodes import LOADERS, ROWS
from lma_graph.kernel.ids import number_of
from lma_graph.kernel.loaders import Aggregate, ById, First, rows_of
from lma_graph.kernel.scope import table_of

Details = list[FieldDetails]
Make = Callable[[GraphQLField, Details, Source], Shape]
"""What makes the shape of a connection's rows."""
_BYTES_PER_PLAN, _BYTES_PER_FIELD = 16_000, 1_200
"""What a plan and the document it refers to occupy: measured 25 KB with 5 fields, and 80 KB with the 62 of W1."""


class Planner:
    """Compiles one operation; what it is asked for lands in `relations`, parents first."""

    def __init__(self, executor: Executor[Any]) -> None:
        self._executor = executor
        self._sources = 0
        self._shapes = 0
        self._fields = 0
        self.relations: list[Relation] = []

    def plan(self) -> Plan:
        """The plan of the whole operation. Raises `Unplannable`."""
        executor = self._executor
        root_type = executor.schema.query_type
        assert root_type is not None
        collected = collect_fields(
            executor.schema, executor.fragments, executor.variable_values, root_type, executor.operation
        )
        if collected.new_defer_usages:
            raise Unplannable("defer")
        roots = tuple(self._root(root_type, key, details) for key, details in collected.grouped_field_set.items())
        return self._finish(roots)

    def plan_row(self, type_name: str, details: Details) -> Plan:
        """The plan of a row whose type became known only now: what `node` needs."""
        gtype = cast("GraphQLObjectType", self._executor.schema.type_map[type_name])
        source = self._source()
        shape = self._shape(gtype, self._below(gtype, details), source)
        return self._finish((RowRoot("", LOADERS[type_name], lambda _: None, shape),))

    def plan_outcome(self, gtype: GraphQLObjectType, grouped: dict[str, Details]) -> Plan:
        """The plan of a payload's fields. Raises `Unplannable`."""
        self._fields += len(grouped)
        return self._finish((OutcomeRoot("", self._shape(gtype, grouped, self._source())),))

    def _finish(self, roots: tuple[Root, ...]) -> Plan:
        weight = _BYTES_PER_PLAN + _BYTES_PER_FIELD * self._fields
        return Plan(roots, levels_of(roots, self.relations), self._sources, self._shapes, weight)

    def _source(self) -> Source:
        self._sources += 1
        source = Source(self._sources - 1)
        source.need("id")
        return source

    def _below(self, gtype: GraphQLObjectType, details: Details) -> dict[str, Details]:
        executor = self._executor
        collected = collect_subfields(
            executor.schema, executor.fragments, executor.variable_values, executor.operation, gtype, details
        )
        if collected.new_defer_usages:
            raise Unplannable("defer")
        self._fields += len(collected.grouped_field_set)
        return collected.grouped_field_set

    # --- root fields ---

    def _root(self, root_type: GraphQLObjectType, key: str, details: Details) -> Root:  # noqa: PLR0911  # one for each kind
        name = details[0].node.name.value
        definition = root_type.fields.get(name)
        field = field_of(definition)
        if definition is None or field is None:
            return FallbackRoot(key, details)
        if isinstance(field, ListField):
            arguments, page = arguments_of(definition, details[0]), page_of(field, definition, details[0])
            return ListRoot(key, field, arguments, page, self._connection(definition, details, field))
        if isinstance(field, NodeField):
            return NodeRoot(
                key,
                field,
                arguments_of(definition, details[0]),
                lambda executor, type_name: Planner(executor).plan_row(type_name, details),
            )
        if isinstance(field, ByIdField):
            arguments, node = arguments_of(definition, details[0]), field.node
            shape = self._target(definition, details)
            return RowRoot(key, field.spec, lambda run: number_of(arguments(run.executor)["id"], node), shape)
        if isinstance(field, CurrentField):
            find = field.key
            shape = self._target(definition, details)
            required = isinstance(definition.type, GraphQLNonNull)
            return RowRoot(key, field.spec, lambda run: find(run.context.viewer), shape, required)
        if isinstance(field, ReckonedField):
            names, complete = figures_of(definition.type, details, self._below)
            return FiguresRoot(key, field, arguments_of(definition, details[0]), names, complete)
        return FallbackRoot(key, details)

    # --- objects ---

    def _target(self, definition: GraphQLField, details: Details) -> Shape:
        gtype = cast("GraphQLObjectType", get_named_type(definition.type))
        return self._shape(gtype, self._below(gtype, details), self._source())

    def _shape(self, gtype: GraphQLObjectType, grouped: dict[str, Details], source: Source) -> Shape:
        shape = Shape(source, gtype.name, self._shapes)
        self._shapes += 1
        for key, details in grouped.items():
            name = details[0].node.name.value
            if name == "__typename":
                shape.constant(key, gtype.name)
            else:
                self._member(shape, gtype, key, details)
        return shape

    def _member(self, shape: Shape, gtype: GraphQLObjectType, key: str, details: Details) -> None:
        definition = gtype.fields[details[0].node.name.value]
        field = field_of(definition)
        if isinstance(field, ColumnField):
            self._column(shape, key, field, definition)
            return
        if isinstance(field, ToldField):
            shape.column(key, shape.source.need(field.of), converted(None, completed(definition.type)))
            return
        shape.constant(key, None)
        shape.is_parent = shape.is_parent or not isinstance(field, OneField)
        place = len(self.relations)
        relation = self._relation(shape, gtype, key, field, definition, details)
        # Parents first: what lies below has been added meanwhile.
        self.relations.insert(place, relation)

    @staticmethod
    def _column(shape: Shape, key: str, field: ColumnField, definition: GraphQLField) -> None:
        is_moment = field.is_moment and field.convert is None
        at = shape.source.need(field.column, as_text=field.is_json, is_moment=is_moment)
        kind = definition.type
        if field.node is not None:
            shape.column(key, at, encoded(field.node))
        elif field.convert is not None:
            shape.column(key, at, converted(field.convert, completed(kind), from_json=field.is_json))
        elif field.is_json:
            shape.column(key, at, fragments(required=isinstance(kind, GraphQLNonNull)))
        elif get_named_type(kind) is GraphQLFloat:
            shape.column(key, at, converted(None, completed(kind)))  # the database's NaN is no Float
        else:
            shape.column(key, at)

    def _relation(  # noqa: PLR0911, PLR0917  # one field in all its aspects
        self,
        shape: Shape,
        gtype: GraphQLObjectType,
        key: str,
        field: Any,
        definition: GraphQLField,
        details: Details,
    ) -> Relation:
        need, spec = shape.source.need, getattr(field, "spec", None)
        if isinstance(field, OneField | EachField):
            each, required = isinstance(field, EachField), isinstance(definition.type, GraphQLNonNull)
            at, target = need(field.key, as_text=each), self._target(definition, details)
            return ToOne(key, shape, at, cast("ById", spec), target, required and not each, each)
        if isinstance(field, ManyField):
            page = page_of(field, definition, details[0])
            return ToMany(key, shape, need("id"), field, page, self._connection(definition, details, field))
        if isinstance(field, MixedField):
            return self._mixed(shape, key, field, definition, details)
        if isinstance(field, DerivedField) and isinstance(spec, Aggregate | First):
            at, kind = need("id"), definition.type
            if isinstance(spec, First):
                return Computed(key, shape, at, spec, self._target(definition, details), given(kind))
            return Computed(key, shape, at, spec, None, completed(kind))
        if isinstance(field, BatchField) and (is_leaf_type(get_named_type(definition.type)) or field.asks):
            return self._batched(shape, key, field, definition, details)
        return Fallback(key, shape, details, gtype, self._reads(shape, None))

    def _batched(
        self, shape: Shape, key: str, field: BatchField, definition: GraphQLField, details: Details
    ) -> Batched:
        arguments, reads = arguments_of(definition, details[0]), self._reads(shape, field.reads)
        if field.asks is None:
            return Batched(key, shape, field, arguments, reads, completed(definition.type))
        names, complete = figures_of(definition.type, details, self._below)
        return Batched(key, shape, field, lambda run: {**arguments(run), "names": names}, reads, complete)

    @staticmethod
    def _reads(shape: Shape, names: tuple[str, ...] | None) -> tuple[tuple[str, int, bool], ...]:
        """Where the columns stand that a resolver looks at: the named ones, or all of the row."""
        row = ROWS.get(shape.type_name)
        if row is None:
            raise Unplannable(shape.type_name)
        columns = {column.name: column for column in rows_of(table_of(row))}
        found = []
        for name in ("id", *(columns if names is None else names)):
            is_json = type(columns[name].type).__name__ == "JSONB"
            found.append((name, shape.source.need(name, as_text=is_json), is_json))
        return tuple(found)

    # --- connections ---

    def _connection(
        self, definition: GraphQLField, details: Details, field: SlicedField, make: Make | None = None
    ) -> ConnectionShape:
        gtype = cast("GraphQLObjectType", get_named_type(definition.type))
        source = self._source()
        make = make or self._node_shape
        order = order_of(field, definition, details[0], self._executor)
        connection = ConnectionShape(source, order, field.moments)
        for key, below in self._below(gtype, details).items():
            name = below[0].node.name.value
            if name == "nodes":
                connection.nodes(key, make(gtype.fields["nodes"], below, source))
            elif name == "edges":
                connection.edges(key, self._edge(gtype.fields["edges"], below, source, make))
            elif name == "pageInfo":
                connection.page_info(key, self._page_info(gtype.fields["pageInfo"], below))
            elif name == "totalCount":
                connection.total_count(key)
            elif name == "__typename":
                connection.constant(key, gtype.name)
            else:
                raise Unplannable(f"{gtype.name}.{name}")
        return connection

    def _node_shape(self, definition: GraphQLField, details: Details, source: Source) -> Shape:
        gtype = cast("GraphQLObjectType", get_named_type(definition.type))
        return self._shape(gtype, self._below(gtype, details), source)

    def _edge(self, definition: GraphQLField, details: Details, source: Source, make: Make) -> list[tuple[str, Any]]:
        gtype = cast("GraphQLObjectType", get_named_type(definition.type))
        parts: list[tuple[str, Any]] = []
        for key, below in self._below(gtype, details).items():
            name = below[0].node.name.value
            if name == "node":
                parts.append((key, make(gtype.fields["node"], below, source)))
            elif name == "cursor":
                parts.append((key, None))
            elif name == "__typename":
                parts.append((key, gtype.name))
            else:
                raise Unplannable(f"{gtype.name}.{name}")
        return parts

    def _mixed(self, shape: Shape, key: str, field: MixedField, definition: GraphQLField, details: Details) -> Places:
        before = len(self.relations)
        members = [Members(at, kind, self._source(), []) for at, kind in enumerate(field.spec.kinds)]

        def make(_: GraphQLField, below: Details, source: Source) -> Shape:
            whole = self._blank(source)
            for one in members:
                gtype = cast("GraphQLObjectType", self._executor.schema.type_map[one.kind.type_name])
                one.shapes.append(self._shape(gtype, self._below(gtype, below), one.source))
            return whole

        connection = self._connection(definition, details, field, make)
        source, page = connection.source, page_of(field, definition, details[0])
        kind_at = source.need("kind")
        places = Places(key, shape, shape.source.need("id"), field, page, connection, self._blank(source))
        # Behind `places` itself, before what hangs on the entries.
        self.relations.insert(before, Entries(places, source.need("id"), kind_at, tuple(members)))
        return places

    def _blank(self, source: Source) -> Shape:
        """A place for objects that are put together from others."""
        self._shapes += 1
        return Shape(source, "", self._shapes - 1)

    def _page_info(self, definition: GraphQLField, details: Details) -> list[tuple[str, str | None, str]]:
        gtype = cast("GraphQLObjectType", get_named_type(definition.type))
        grouped = self._below(gtype, details)
        names = {key: below[0].node.name.value for key, below in grouped.items()}
        return [(key, None if name == "__typename" else name, gtype.name) for key, name in names.items()]


def is_plannable(gtype: GraphQLObjectType, details: Details) -> bool:
    """Whether a field of a payload can be executed by plan: a row, rows, or a plain value."""
    name = details[0].node.name.value
    field = field_of(gtype.fields.get(name))
    told = isinstance(field, ToldField) and not details[0].node.selection_set
    return name == "__typename" or told or isinstance(field, OneField | EachField)


def field_of(definition: GraphQLField | None) -> Any:
    """What a field was made of."""
    return None if definition is None else definition.extensions.get("strawberry-definition")
