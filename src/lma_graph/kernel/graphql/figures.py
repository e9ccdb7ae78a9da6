"""Figures: objects of plain values that one function computes whole, such as statistics; nothing of them is loaded.

A type of figures is a class marked `@figures` with fields by `figure`; what stands for an object is a mapping by the
fields' Python names. They come from root fields (`reckoned`) or from batch fields of rows. Enter at `figures`.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import strawberry
from graphql import FieldNode, FragmentSpreadNode, SelectionSetNode
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from lma_graph.kernel.graphql.context import Context, Info
from lma_graph.kernel.graphql.fields import declared
from lma_graph.kernel.graphql.inputs import plain
from lma_graph.kernel.graphql.loaded import Batch, BatchField, LoadedField
from lma_graph.kernel.scope import column_of

Names = tuple[str, ...]
"""The GraphQL names of fields that may be asked of an object, sorted; what is not among them need not be computed."""
Reckon = Callable[[Context, Names, Mapping[str, Any]], Awaitable[Any]]
"""`async fn(context, names, arguments)`: an object or a list of them; arguments are as JSON has them."""
C = TypeVar("C", bound=type)


class FigureField(StrawberryField):
    """A value of an object of figures."""

    def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:  # noqa: ARG002
        """Read it."""
        return source.get(self.python_name)


def figure(kind: Any, description: str, *, most: int | None = None) -> Any:
    """A value, an object of figures or a list of such; `most` says how long a list can be, which is its cost."""
    metadata = {} if most is None else {"page": most}
    return FigureField(type_annotation=StrawberryAnnotation(kind), description=description, metadata=metadata)


def figures(cls: C) -> C:
    """Make the decorated class a type of figures."""
    name = cls.__name__
    description = " ".join((cls.__doc__ or "").split())
    made = strawberry.type(type(name, (), {"__annotations__": {}}), name=name, description=description)
    definition: Any = made.__strawberry_definition__  # type: ignore[attr-defined]
    inherited = [field for base in reversed(cls.__mro__) for field in declared(base)]
    definition.fields[:] = [field for _, field in inherited]
    definition.is_type_of = lambda _value, _info: True
    return made  # type: ignore[return-value]


class ReckonedField(LoadedField):
    """A root field of figures. Its arguments are made when the schema is assembled: vocabularies are complete then."""

    def __init__(self, reckon: Reckon, takes: Callable[[], Sequence[StrawberryArgument]], **options: Any) -> None:
        super().__init__(**options)
        self.reckon = reckon
        self._takes = takes

    @property
    def arguments(self) -> list[StrawberryArgument]:
        """Made on first use."""
        if self._arguments is None:
            self._arguments = list(self._takes())
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value

    def get_result(self, source: Any, info: Info | None, args: Any, kwargs: Any) -> Coroutine[Any, Any, Any]:  # noqa: ARG002
        """A coroutine that computes them."""
        assert info is not None
        given = {name: plain(value) for name, value in kwargs.items()}
        return self._reckoned(info.context, names_below(info), given)

    async def _reckoned(self, context: Context, names: Names, given: Mapping[str, Any]) -> Any:
        return await self.reckon(context, names, given)


def reckoned(
    reckon: Reckon,
    kind: Any,
    takes: Callable[[], Sequence[StrawberryArgument]],
    *,
    cost: int,
    most: int,
    description: str,
) -> Any:
    """A root field of figures. It costs `cost`, and a list of `most` objects unless `first` says how many."""
    metadata = {"cost": cost, "page": most}
    return ReckonedField(
        reckon, takes, type_annotation=StrawberryAnnotation(kind), description=description, metadata=metadata
    )


def reckoned_each(resolve: Batch, kind: Any, *, reads: Sequence[Any], cost: int, description: str) -> Any:
    """Figures of each row, which a function computes for all rows of a level at once; it is told what is asked."""
    columns = [column_of(attribute).name for attribute in reads]
    return BatchField(
        resolve,
        columns,
        names_below,
        type_annotation=StrawberryAnnotation(kind),
        description=description,
        metadata={"cost": cost},
    )


def names_below(info: Info) -> Names:
    """The fields that are selected of what a field gives, those that directives leave out included."""
    raw: Any = info._raw_info
    found: set[str] = set()
    for node in raw.field_nodes:
        _collect(node.selection_set, raw.fragments, found)
    return tuple(sorted(found))


def _collect(selections: SelectionSetNode | None, fragments: Mapping[str, Any], found: set[str]) -> None:
    for selection in selections.selections if selections else ():
        if isinstance(selection, FieldNode):
            found.add(selection.name.value)
        elif isinstance(selection, FragmentSpreadNode):
            _collect(fragments[selection.name.value].selection_set, fragments, found)
        else:
            _collect(selection.selection_set, fragments, found)  # type: ignore[attr-defined]
