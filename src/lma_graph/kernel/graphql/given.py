"""What mutations are given: input types whose every value is read by one rule, and every fault named at once.

A class body of fields marked `given` is an input: its GraphQL type comes from it, and `read` turns what a client sent
into `Values`, or names everything that is wrong by its path. Absent and null are told apart: an absent value is not in
the values at all. Enter at `given`.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Optional, TypeAlias

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from lma_graph.kernel import checks, ids
from lma_graph.kernel.checks import Refused
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.criteria import Filter, Vocabulary
from lma_graph.kernel.criteria.querybuilder import read_query
from lma_graph.kernel.errors import FieldError, InvalidInput, Path
from lma_graph.kernel.graphql.inputs import enum_of, filter_of, plain
from lma_graph.kernel.graphql.scalars import Json
from lma_graph.kernel.names import camel
from lma_graph.kernel.scope import column_of

MOST_KEYS = 10_000
"""How many rows one mutation may name by their ids."""
LARGEST_DOCUMENT = 100_000
"""Bytes of a JSON value."""


class Values(dict[str, Any]):
    """What was given, by Python's names; an attribute that was not given reads as None."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


Reader = Callable[[Any, Path, list[FieldError]], Any]
Together = Callable[[Values], Iterable[FieldError]]
"""What is wrong between values, by paths that begin in the input."""


@dataclass(frozen=True)
class Given:
    """One field of an input: its GraphQL type, and how its value is read."""

    kind: Callable[[], Any]
    """Made when the schema is assembled: vocabularies are complete by then."""
    read: Reader
    description: str
    required: bool = False
    clears: bool = False
    """Whether null is a value: it clears what is there. Otherwise it is a fault."""
    instead_of: str | None = None
    """The field whose value this is in another form: both are not given at once, and it is read under that name."""
    one_of_both: bool = False
    """Whether it, or the field that it stands for, must be given."""


@dataclass(frozen=True)
class InputType:
    """An input of a mutation, or a part of one."""

    name: str
    description: str
    fields: Mapping[str, Given]
    together: Together | None = None
    """A value that is itself at fault reads as None there, and is named already."""
    _made: list[Any] = field(default_factory=list)

    @cached_property
    def _named(self) -> list[tuple[str, str, Given]]:
        """The fields with Python's and GraphQL's names."""
        return [(name, camel(name), one) for name, one in self.fields.items()]

    def graphql(self) -> Any:
        """The Strawberry type; reading is ours, so it hands over what was sent."""
        if not self._made:
            made = strawberry.input(
                type(self.name, (), {"__annotations__": {}}), name=self.name, description=self.description
            )
            definition: Any = made.__strawberry_definition__  # type: ignore[attr-defined]
            definition.from_input = lambda _cls, value, _context: value
            self._made.append(made)
            for name, one in self.fields.items():
                kind = one.kind()
                definition.fields.append(
                    StrawberryField(
                        python_name=name,
                        graphql_name=camel(name),
                        type_annotation=StrawberryAnnotation(kind if one.required else Optional[kind]),
                        description=one.description,
                        default=strawberry.UNSET,
                    )
                )
        return self._made[0]

    def read(self, tree: Mapping[str, Any], path: Path, faults: list[FieldError]) -> Values:
        """The values, faults added to the list."""
        found = Values()
        for name, public, one in self._named:
            if one.instead_of is not None:
                name = one.instead_of  # noqa: PLW2901  # the values know one name for both forms
                _either(tree, public, one, path, faults)
            if public not in tree:
                continue
            value = tree[public]
            if value is not None:
                found[name] = one.read(value, (*path, public), faults)
            elif one.clears:
                found[name] = None
            else:
                faults.append(FieldError((*path, public), "cannot be null; leave it out instead", "NULL"))
        if self.together is not None:
            faults += [FieldError((*path, *one.path), one.message, one.code) for one in self.together(found)]
        return found

    def values(self, tree: Mapping[str, Any]) -> Values:
        """The values, or `InvalidInput` with every fault."""
        faults: list[FieldError] = []
        found = self.read(tree, (), faults)
        if faults:
            raise InvalidInput(faults)
        return found

    def extended(self, **more: Given) -> "InputType":
        """The input with further fields."""
        return InputType(self.name, self.description, {**self.fields, **more}, self.together)


def _either(tree: Mapping[str, Any], public: str, one: Given, path: Path, faults: list[FieldError]) -> None:
    """Two forms of one value exclude each other."""
    other = camel(one.instead_of or "")
    if public in tree and other in tree:
        text = f"{other} and {public} exclude each other: both say the same, in different forms."
        faults.append(FieldError((*path, public), text, "CONTRADICTION"))
    elif one.one_of_both and public not in tree and other not in tree:
        text = f"Give either {other} or {public}; {{}} as {other} is everything."
        faults.append(FieldError((*path, other), text, "MISSING_VALUE"))


Made: TypeAlias = Any
"""An `InputType`; type checkers take what a class decorator has made for the class still."""


def given(cls: type) -> InputType:
    """Make an input of a class body; its docstring is the description, its method `together` sees all values."""
    fields = {name: one for name, one in vars(cls).items() if isinstance(one, Given)}
    return InputType(cls.__name__, " ".join((cls.__doc__ or "").split()), fields, getattr(cls, "together", None))


def merged(*parts: Made) -> Callable[[type], InputType]:
    """Like `given`, with the fields of other inputs after its own."""

    def apply(cls: type) -> InputType:
        own = given(cls)
        return own.extended(**{name: one for part in parts for name, one in part.fields.items()})

    return apply


def _checked(check: Callable[[Any], Any]) -> Reader:
    def read(value: Any, path: Path, faults: list[FieldError]) -> Any:
        try:
            return check(value)
        except Refused as refused:
            faults.append(FieldError(path, refused.message, refused.code))
            return None

    return read


def value(kind: Any, check: Callable[[Any], Any], description: str, **options: Any) -> Given:
    """A value of a GraphQL type, put into its form by a check."""
    return Given(lambda: kind, _checked(check), description, **options)


def text(description: str, *, limit: int = checks.LONGEST_TEXT, blank: bool = False, **options: Any) -> Given:
    """Text, trimmed; `blank` says whether nothing at all is text too."""

    def check(sent: str) -> str:
        trimmed = sent.strip()
        if not trimmed and not blank:
            raise Refused("BLANK", "The text is empty.")
        return checks.text(trimmed, limit)

    return value(str, check, description, **options)


def integer(description: str, *, least: int | None = None, most: int | None = None, **options: Any) -> Given:
    """A whole number between two bounds."""
    low = checks.INT_RANGE[0] if least is None else least
    high = checks.INT_RANGE[1] if most is None else most
    return value(int, lambda sent: checks.integer(sent, low, high), description, **options)


def flag(description: str, **options: Any) -> Given:
    """True or false."""
    return value(bool, bool, description, **options)


def member(choices: type[Choice], description: str, **options: Any) -> Given:
    """A member of a closed set."""
    return Given(lambda: enum_of(choices), lambda sent, _path, _faults: str(sent), description, **options)


def moment(description: str, **options: Any) -> Given:
    """A moment; the scalar has checked it."""
    return value(dt.datetime, lambda sent: sent, description, **options)


def day(description: str, **options: Any) -> Given:
    """A day; the scalar has checked it."""
    return value(dt.date, lambda sent: sent, description, **options)


def document(description: str, *, limit: int = LARGEST_DOCUMENT, **options: Any) -> Given:
    """A JSON object."""

    def check(sent: Any) -> Any:
        if not isinstance(sent, dict):
            raise Refused("INVALID_TYPE", "The value must be a JSON object.")
        return checks.document(sent, limit)

    return value(Json, check, description, **options)


def key(node: str, description: str, **options: Any) -> Given:
    """The id of a row. One that was never issued reads as 0, which no row has: it is missing like any other."""
    return value(strawberry.ID, lambda sent: ids.number_of(sent, node) or 0, description, **options)


def keys(node: str, description: str, *, most: int = MOST_KEYS, as_sent: bool = False, **options: Any) -> Given:
    """Ids of rows, each once; or `as_sent`, so that each keeps the place by which it can be named."""

    def check(sent: list[str]) -> list[int]:
        if len(sent) > most:
            raise Refused("TOO_MANY_VALUES", f"There are {len(sent):,} ids; at most {most:,} are taken.")
        numbers = [ids.number_of(one, node) or 0 for one in sent]
        return numbers if as_sent else list(dict.fromkeys(numbers))

    return value(list[strawberry.ID], check, description, **options)


def texts(description: str, *, limit: int, most: int, **options: Any) -> Given:
    """Short texts, each once, blank ones left out."""

    def check(sent: list[str]) -> list[str]:
        found = list(dict.fromkeys(checks.text(one.strip(), limit) for one in sent if one.strip()))
        if len(found) > most:
            raise Refused("TOO_MANY_VALUES", f"There are {len(found):,} values; at most {most:,} are kept.")
        return found

    return value(list[str], check, description, **options)


def criteria(vocabulary: Vocabulary, description: str, **options: Any) -> Given:
    """A filter in the filter language."""

    def read(sent: Any, path: Path, faults: list[FieldError]) -> Filter | None:
        tree = plain(sent)
        found = list(vocabulary.faults(tree, path))
        faults += found
        return None if found else Filter(vocabulary, tree)

    return Given(lambda: filter_of(vocabulary), read, description, **options)


def query(vocabulary: Vocabulary, of: str, *, required: bool = False, clears: bool = False) -> Given:
    """The criteria of the field `of`, in the form of react-querybuilder; read as if they had been given there.

    The field must not be `required` itself: with `required` here one of both is.
    """

    def read(sent: Any, path: Path, faults: list[FieldError]) -> Filter | None:
        return read_query(vocabulary, sent, path, faults)

    description = f"In place of `{camel(of)}`: the JSON of react-querybuilder, as docs/criteria.md describes it."
    return Given(lambda: Json, read, description, clears=clears, instead_of=of, one_of_both=required)


def nested(inner: Made, description: str, **options: Any) -> Given:
    """An input within an input."""
    return Given(inner.graphql, inner.read, description, **options)


def several(inner: Made, description: str, *, most: int, alone: bool = False, **options: Any) -> Given:
    """A list of inputs. With `alone` each keeps its own faults, as the member `faults`, and spoils no other."""

    def read(sent: list[Any], path: Path, faults: list[FieldError]) -> list[Values]:
        if len(sent) > most:
            faults.append(FieldError(path, f"There are {len(sent):,} values; at most {most:,} are taken.", "TOO_LARGE"))
            return []
        found = []
        for at, one in enumerate(sent):
            own: list[FieldError] = [] if alone else faults
            values = inner.read(one, (*path, at), own)
            if alone:
                values["faults"] = own
            found.append(values)
        return found

    return Given(lambda: list[inner.graphql()], read, description, **options)  # type: ignore[misc]


def of(attribute: Any, made: Callable[..., Given], **options: Any) -> Given:
    """The value of a column, described by the column; null clears it where the column may be null."""
    column = column_of(attribute)
    return made(column.doc, clears=bool(column.nullable), **options)


def chosen(attribute: Any) -> Given:
    """The value of a column that holds a member of a closed set."""
    column = column_of(attribute)
    return member(column.info["choices"], column.doc or "", clears=bool(column.nullable))
