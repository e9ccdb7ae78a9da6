"""What a plan is made of: the state of a run, and the relations that fill in what shapes have left open."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails

from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.execution.arguments import Arguments, Pages
from lma_graph.kernel.graphql.execution.completion import Complete
from lma_graph.kernel.graphql.execution.connection import ConnectionShape, Span
from lma_graph.kernel.graphql.execution.shapes import Shape, Source, Values
from lma_graph.kernel.graphql.execution.statements import Column, Parts
from lma_graph.kernel.graphql.figures import Names, ReckonedField
from lma_graph.kernel.graphql.interface import NodeField
from lma_graph.kernel.graphql.lists import ListField, ManyField
from lma_graph.kernel.graphql.loaded import BatchField
from lma_graph.kernel.graphql.mixed import MixedField
from lma_graph.kernel.loaders import Aggregate, ById, First
from lma_graph.kernel.mixed import Kind, MixedPage

Object = dict[str, Any]


class Unplannable(Exception):
    """The operation has something that no plan can hold; it runs field by field."""


@dataclass
class Found:
    """What is known of the pages of one level before their rows are."""

    page: MixedPage
    spans: Sequence[Span]
    totals: Sequence[int]


@dataclass(slots=True)
class Run:
    """One execution of a plan."""

    executor: Executor[Any]
    context: Context
    values: list[Values]
    """Columns, by the number of their source."""
    objects: list[list[Object]]
    """Response objects, by the number of their shape."""
    found: dict[int, Found]
    """The pages of mixed lists before their rows are there, by the number of their source."""

    def keys(self, shape: Shape, at: int) -> Sequence[Any]:
        """One column of the rows that a shape was built on."""
        return self.values[shape.source.number][at]

    def fetched(self, source: Source, shapes: Sequence[Shape], values: Values) -> None:
        """Keep the columns of a source, and build what its shapes make of them."""
        self.values[source.number] = values
        for shape in shapes:
            self.objects[shape.number] = shape.build(values)


@dataclass(frozen=True)
class ToOne:
    """The row that a key points at; with `each`, the rows that a JSON list of keys names."""

    key: str
    parent: Shape
    at: int
    spec: ById
    shape: Shape
    required: bool = False
    each: bool = False


@dataclass(frozen=True)
class ToMany:
    """A page of the rows that point at each parent."""

    key: str
    parent: Shape
    at: int
    field: ManyField
    page: Pages
    connection: ConnectionShape
    rows: Parts = dataclasses.field(default_factory=Parts)
    counts: Parts = dataclasses.field(default_factory=Parts)


@dataclass(frozen=True)
class Computed:
    """A value or a row that a spec computes for each parent."""

    key: str
    parent: Shape
    at: int
    spec: Aggregate | First
    shape: Shape | None
    complete: Complete
    rows: Parts = dataclasses.field(default_factory=Parts)


@dataclass(frozen=True)
class Places:
    """Which rows each parent's page holds: kind, moment and id of each."""

    key: str
    parent: Shape
    at: int
    field: MixedField
    page: Pages
    connection: ConnectionShape
    places: Shape
    """Stands for the rows of all pages until they are loaded."""
    rows: Parts = dataclasses.field(default_factory=Parts)
    counts: Parts = dataclasses.field(default_factory=Parts)


@dataclass(frozen=True)
class Members:
    """The rows of one kind, and what each selection makes of them."""

    number: int
    kind: Kind
    source: Source
    shapes: list[Shape]
    rows: Parts = dataclasses.field(default_factory=Parts)


@dataclass(frozen=True)
class Entries:
    """The rows of the pages that `Places` has found."""

    of: Places
    id_at: int
    kind_at: int
    members: tuple[Members, ...]

    @property
    def parent(self) -> Shape:
        """What has to be there first."""
        return self.of.places


@dataclass(frozen=True)
class Batched:
    """A field whose resolver takes all parents of a level at once."""

    key: str
    parent: Shape
    field: BatchField
    arguments: Arguments
    reads: tuple[tuple[str, int, bool], ...]
    """(name, place, is JSON) of the columns that the resolver reads."""
    complete: Complete


@dataclass(frozen=True)
class Fallback:
    """A field with a resolver of its own, run by the standard machinery for that field alone."""

    key: str
    parent: Shape
    details: list[FieldDetails]
    parent_type: Any
    reads: tuple[tuple[str, int, bool], ...]


Relation = ToOne | ToMany | Computed | Places | Entries | Batched | Fallback


@dataclass(frozen=True)
class ListRoot:
    """A root connection."""

    key: str
    field: ListField
    arguments: Arguments
    page: Pages
    connection: ConnectionShape
    rows: Parts = dataclasses.field(default_factory=Parts)
    counts: Parts = dataclasses.field(default_factory=Parts)


@dataclass(frozen=True)
class RowRoot:
    """A root field for one row; `number` gives its id, or None where there cannot be any."""

    key: str
    spec: ById
    number: Callable[[Run], int | None]
    shape: Shape
    required: bool = False
    rows: Parts = dataclasses.field(default_factory=Parts)


@dataclass(frozen=True)
class OutcomeRoot:
    """What a command gave, as an object of one row."""

    key: str
    shape: Shape


@dataclass(frozen=True, eq=False)
class NodeRoot:
    """A root field whose type each id tells; a plan of its own per type, made when the type is met."""

    key: str
    field: NodeField
    arguments: Arguments
    plan: Callable[[Executor[Any], str], "Plan"]
    """Makes the plan for a type."""


@dataclass(frozen=True)
class FiguresRoot:
    """A root field of figures: one function, and what the selection makes of what it gives."""

    key: str
    field: ReckonedField
    arguments: Arguments
    names: Names
    complete: Complete


@dataclass(frozen=True)
class FallbackRoot:
    """A root field of another kind, such as introspection."""

    key: str
    details: list[FieldDetails]


Root = ListRoot | RowRoot | OutcomeRoot | NodeRoot | FiguresRoot | FallbackRoot


@dataclass(frozen=True)
class Target:
    """To-one relations with one target: their keys together, and the union of their columns."""

    spec: ById
    relations: tuple[ToOne, ...]
    columns: tuple[Column, ...]
    places: tuple[tuple[int, ...], ...]
    """Where the columns of each relation's source stand in the union."""
    rows: Parts = dataclasses.field(default_factory=Parts)

    @classmethod
    def of(cls, spec: ById, relations: Sequence[ToOne]) -> "Target":
        """The target of some relations, once every shape has said what it needs."""
        columns = list(dict.fromkeys(column for one in relations for column in one.shape.source.columns))
        places = tuple(tuple(columns.index(c) for c in one.shape.source.columns) for one in relations)
        return cls(spec, tuple(relations), tuple(columns), places)


@dataclass(frozen=True)
class Level:
    """The relations that are filled in together: one statement for all that need one."""

    ones: tuple[Target, ...]
    others: tuple[ToMany | Computed | Places | Entries, ...]
    resolved: tuple[Batched | Fallback, ...]


@dataclass
class Plan:
    """A compiled operation."""

    roots: tuple[Root, ...]
    levels: tuple[Level, ...]
    sources: int
    shapes: int
    weight: int
    """Roughly what it occupies, in bytes."""

    def run(self, executor: Executor[Any], context: Context) -> Run:
        """A fresh run."""
        return Run(executor, context, [()] * self.sources, [[]] * self.shapes, {})
