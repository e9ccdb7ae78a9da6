"""Mutations: a guard, one unit of work, and a result that is either a payload or a refusal.

`@command` is the only way to make one, and `mutations` takes nothing else into the schema. What a command returns by
name becomes its payload: ids of rows, which the payload's fields load in a fresh snapshot, and plain values. A domain
error becomes a member of the result, and nothing is written. Enter at `command`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Annotated, Any, Optional, TypeVar, Union

import sqlalchemy as sa
import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.union import StrawberryUnion

from lma_graph.kernel import idempotency
from lma_graph.kernel.errors import Denied, DomainError
from lma_graph.kernel.graphql import given
from lma_graph.kernel.graphql.context import CommandContext, Info
from lma_graph.kernel.graphql.fields import declared
from lma_graph.kernel.graphql.given import InputType, Made, Values
from lma_graph.kernel.graphql.loaded import EachField, LoadedField, OneField, ToldField, argument
from lma_graph.kernel.graphql.refusals import MEMBERS, REFUSALS, Refusal
from lma_graph.kernel.loaders import ById
from lma_graph.kernel.names import camel
from lma_graph.kernel.session import RETRIED
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission

Outcome = dict[str, Any]
"""What a command gives: ids and plain values by the names of the payload's fields."""
Perform = Callable[[UnitOfWork, Values], Awaitable[Outcome]]
Anew = Callable[[UnitOfWork, Outcome], Any]
C = TypeVar("C", bound=type)
_TRIES = 4
_ALWAYS = {
    "idempotency_key": given.text(
        "Any text that is new for each new request. The same key with the same input gives the first result again, "
        "for 24 hours, however often it is sent.",
        limit=idempotency.LONGEST_KEY,
    ),
}
_REHEARSED = {
    "dry_run": given.flag(
        "Do everything but keep nothing: the payload shows what would be, and ids of new rows are never issued."
    ),
}


class Payload:
    """The source of a payload: the outcome of a command by its names."""

    def __init__(self, type_name: str, outcome: Outcome) -> None:
        self.type_name = type_name
        self.outcome = outcome

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # such as `__await__`, by which awaitables are told
            raise AttributeError(name)
        return self.__dict__["outcome"].get(name)


class _Result(StrawberryUnion):
    """A result of which every value knows the name of its type."""

    def get_type_resolver(self, type_map: Any) -> Any:  # noqa: ARG002
        return lambda value, _info, _type: value.type_name


def payload(cls: C) -> C:
    """Make the decorated class the payload of a command: fields by `shown`, `shown_all` and `told`."""
    name = cls.__name__
    made = strawberry.type(type(name, (), {"__annotations__": {}}), name=name, description=_text(cls.__doc__))
    definition: Any = made.__strawberry_definition__  # type: ignore[attr-defined]
    definition.fields[:] = [field for _, field in declared(cls)]
    definition.is_type_of = lambda value, _info: getattr(value, "type_name", None) == name
    return made  # type: ignore[return-value]


def shown(spec: ById, node: Any, *, of: str, description: str, required: bool = False) -> Any:
    """A row whose id the outcome has under the name `of`."""
    kind = node if required else Optional[node]
    return OneField(spec, of, type_annotation=StrawberryAnnotation(kind), description=description)


def shown_all(spec: ById, node: Any, *, of: str, description: str) -> Any:
    """Rows whose ids the outcome lists under the name `of`."""
    return EachField(spec, of, type_annotation=StrawberryAnnotation(list[node]), description=description)


def told(kind: Any, *, of: str, description: str, name: str | None = None) -> Any:
    """A plain value that the outcome has under the name `of`; `name` where Python could not say the field's."""
    return ToldField(of, type_annotation=StrawberryAnnotation(kind), description=description, graphql_name=name)


class ToldEachField(ToldField):
    """Objects of the outcome, each with its own names."""

    def __init__(self, part: Any, of: str, **options: Any) -> None:
        super().__init__(of, **options)
        self.type_name: str = part.__strawberry_definition__.name

    def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:  # noqa: ARG002
        """Read them."""
        return [Payload(self.type_name, one) for one in getattr(source, self.of) or ()]


def told_each(part: Any, *, of: str, description: str) -> Any:
    """Objects that the outcome lists under the name `of`; `part` is their type, made by `payload`."""
    return ToldEachField(part, of, type_annotation=StrawberryAnnotation(list[part]), description=description)


class CommandField(LoadedField):
    """A mutation."""

    def __init__(
        self,
        perform: Perform,
        needs: Permission,
        takes: InputType,
        gives: Any,
        *,
        rehearses: bool,
        anew: Mapping[str, Anew],
    ) -> None:
        self.perform = perform
        self.needs = needs
        self.anew = anew
        self.takes = takes.extended(**_ALWAYS, **(_REHEARSED if rehearses else {}))
        self.payload_name: str = gives.__strawberry_definition__.name
        self.mutation = camel(getattr(perform, "__name__", ""))
        description = f"{_text(perform.__doc__)} Needs `{needs.value}`."
        super().__init__(type_annotation=StrawberryAnnotation(_result_of(gives)), description=description)

    @property
    def arguments(self) -> Any:
        """Made when the schema is assembled: vocabularies are complete by then."""
        if self._arguments is None:
            self._arguments = [argument("input", self.takes.graphql(), "What to do.", required=True)]
        return self._arguments

    @arguments.setter
    def arguments(self, value: Any) -> None:
        self._arguments = value

    def get_result(self, source: Any, info: Info | None, args: Any, kwargs: Any) -> Coroutine[Any, Any, Any]:  # noqa: ARG002
        """A coroutine that does it."""
        assert info is not None
        return self._run(info.context, kwargs["input"])  # type: ignore[arg-type]

    async def _run(self, context: CommandContext, tree: Mapping[str, Any]) -> Any:
        for tried in range(1, _TRIES + 1):
            unit = await context.begin()
            try:
                outcome, keeps = await self._perform(unit, tree)
                if keeps:
                    await context.commit()
            except REFUSALS as error:
                await context.roll_back()
                return Refusal(error, ("input",))
            except Exception as error:
                if tried == _TRIES or not _may_be_retried(error):
                    raise
                await asyncio.sleep(0.01 * tried)
            else:
                return Payload(self.payload_name, outcome)
        raise AssertionError

    async def _perform(self, unit: UnitOfWork, tree: Mapping[str, Any]) -> tuple[Outcome, bool]:
        """The outcome, and whether what was written is to be kept."""
        if not unit.viewer.may(self.needs):
            raise Denied(self.needs)
        values = self.takes.values(tree)
        if values.dry_run:
            return await self._settled(unit, values), False
        key = values.idempotency_key
        if key is None:
            return await self._settled(unit, values), True
        earlier = await idempotency.claim(unit, self.mutation, key, tree)
        if earlier is not None:
            return {**earlier, **{name: make(unit, earlier) for name, make in self.anew.items()}}, True
        outcome = await self._settled(unit, values)
        kept = {name: value for name, value in outcome.items() if name not in self.anew}
        await idempotency.keep(unit, self.mutation, key, kept)
        return outcome, True

    async def _settled(self, unit: UnitOfWork, values: Values) -> Outcome:
        outcome = await self.perform(unit, values)
        await unit.settle()
        return outcome


def command(
    needs: Permission, takes: Made, gives: Any, *, rehearses: bool = True, anew: Mapping[str, Anew] | None = None
) -> Callable[[Perform], CommandField]:
    """Make a mutation of a function; its docstring is the description, its name the mutation's.

    It runs in a unit of work of a viewer whose role holds `needs`, gets the values of `takes`, and returns what the
    payload `gives` shows. `rehearses` says whether there is a `dryRun`. `anew` says what of the outcome is not
    kept for callers who come again with the same key, and what they get in its place.
    """
    return lambda perform: CommandField(perform, needs, takes, gives, rehearses=rehearses, anew=anew or {})


def mutations(cls: C) -> C:
    """Make the decorated class a part of the mutation type; everything in it must be a command."""
    found = declared(cls)
    bare = [name for name, value in found if not isinstance(value, CommandField)]
    if bare:
        raise TypeError(f"These are mutations without a permission: {', '.join(bare)}.")
    made = strawberry.type(type(cls.__name__, (), {"__annotations__": {}}), description=_text(cls.__doc__))
    made.__strawberry_definition__.fields[:] = [field for _, field in found]  # type: ignore[attr-defined]
    return made  # type: ignore[return-value]


def _result_of(gives: Any) -> Any:
    definition = gives.__strawberry_definition__
    name = f"{definition.name.removesuffix('Payload')}Result"
    annotations = tuple(StrawberryAnnotation(one) for one in (gives, *MEMBERS))
    union = _Result(name=name, type_annotations=annotations, description=f"`{definition.name}`, or why there is none.")
    return Annotated[Union[(gives, *MEMBERS)], union]


def _may_be_retried(error: BaseException) -> bool:
    cause = error.orig.__cause__ if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return isinstance(cause, RETRIED) and not isinstance(error, DomainError)


def _text(doc: str | None) -> str:
    return " ".join((doc or "").split())
