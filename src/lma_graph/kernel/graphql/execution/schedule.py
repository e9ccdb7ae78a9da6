"""In which level each relation is filled in: as early as it can, but to-one relations of one target together."""

from collections.abc import Iterable, Mapping, Sequence

from lma_graph.kernel.graphql.execution.plan import (
    Batched,
    Computed,
    Entries,
    Fallback,
    Level,
    ListRoot,
    OutcomeRoot,
    Places,
    Relation,
    Root,
    RowRoot,
    Target,
    ToMany,
    ToOne,
)
from lma_graph.kernel.graphql.execution.shapes import Shape
from lma_graph.kernel.loaders import ById


def levels_of(roots: Sequence[Root], relations: Sequence[Relation]) -> tuple[Level, ...]:
    """The relations by level; `relations` come parents first."""
    depths, heights = _earliest(roots, relations), _heights(relations)
    total = max((depths[one.parent.number] + 1 + _below(one, heights) for one in relations), default=0)
    latest: dict[ById, int] = {}
    for relation in relations:
        if isinstance(relation, ToOne):
            latest[relation.spec] = max(latest.get(relation.spec, 0), depths[relation.parent.number])
    # A target that is needed on several levels waits for the last of them, if what hangs on it leaves the time: that
    # adds no level, and one statement then serves all.
    placed: dict[int, int] = {number: 0 for root in roots for number in _root_shapes(root)}
    levels: dict[int, list[Relation]] = {}
    for relation in relations:
        at = placed[relation.parent.number]
        if isinstance(relation, ToOne) and latest[relation.spec] + 1 + _below(relation, heights) <= total:
            at = max(at, latest[relation.spec])
        levels.setdefault(at, []).append(relation)
        for shape in shapes_of(relation):
            placed[shape.number] = at + 1
    return tuple(_level(levels[at]) for at in sorted(levels))


def shapes_of(relation: Relation) -> Iterable[Shape]:
    """The shapes that a relation builds."""
    if isinstance(relation, ToMany):
        return relation.connection.shapes
    if isinstance(relation, ToOne):
        return (relation.shape,)
    if isinstance(relation, Places):
        return (relation.places,)
    if isinstance(relation, Entries):
        return [shape for one in relation.members for shape in one.shapes]
    if isinstance(relation, Computed) and relation.shape is not None:
        return (relation.shape,)
    return ()


def _root_shapes(root: Root) -> Iterable[int]:
    if isinstance(root, ListRoot):
        return [shape.number for shape in root.connection.shapes]
    return [root.shape.number] if isinstance(root, RowRoot | OutcomeRoot) else []


def _earliest(roots: Sequence[Root], relations: Sequence[Relation]) -> dict[int, int]:
    depths = {number: 0 for root in roots for number in _root_shapes(root)}
    for relation in relations:
        for shape in shapes_of(relation):
            depths[shape.number] = depths[relation.parent.number] + 1
    return depths


def _heights(relations: Sequence[Relation]) -> dict[int, int]:
    """How many levels hang on each shape, by its number; shapes without any are missing."""
    heights: dict[int, int] = {}
    for relation in reversed(relations):
        number = relation.parent.number
        heights[number] = max(heights.get(number, 0), 1 + _below(relation, heights))
    return heights


def _below(relation: Relation, heights: Mapping[int, int]) -> int:
    """How many levels come after a relation's own."""
    return max((heights.get(shape.number, 0) for shape in shapes_of(relation)), default=0)


def _level(relations: Sequence[Relation]) -> Level:
    groups: dict[ById, list[ToOne]] = {}
    for relation in relations:
        if isinstance(relation, ToOne):
            groups.setdefault(relation.spec, []).append(relation)
    return Level(
        tuple(Target.of(spec, group) for spec, group in groups.items()),
        tuple(relation for relation in relations if isinstance(relation, ToMany | Computed | Places | Entries)),
        tuple(relation for relation in relations if isinstance(relation, Batched | Fallback)),
    )
