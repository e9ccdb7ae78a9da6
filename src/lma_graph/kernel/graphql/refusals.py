"""Expected failures as data: the members of every mutation's result that are not its payload.

Each is a view over a domain error. Features add what only they can show, such as the lead of a conflict, with
`@extend`.
"""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from lma_graph.kernel.errors import Conflict, Denied, DomainError, InvalidInput, NotFound, Path

_PATH = "Where in the arguments the trouble lies, outermost key first; empty where it lies nowhere in particular."


@strawberry.interface(description="Why a mutation changed nothing.")
class Error:
    """What all refusals say."""

    message: str = strawberry.field(description="What is wrong and what to do, for people.")
    code: str = strawberry.field(description="The kind of error, for programs; `docs/errors.md` lists them.")
    path: list[str] = strawberry.field(description=_PATH)


Error.__strawberry_definition__.resolve_type = lambda value, _info, _type: value.type_name  # type: ignore[attr-defined]


@strawberry.type(description="One bad value of an input.")
class InvalidField:
    """A member of `InvalidInput.fields`."""

    path: list[str] = strawberry.field(description="Where the value stands in the arguments, outermost key first.")
    message: str = strawberry.field(description="What is wrong with it, for people.")
    code: str = strawberry.field(description="What is wrong with it, for programs.")


class Refusal:
    """A domain error as the source of a GraphQL object."""

    def __init__(self, error: DomainError, prefix: Path) -> None:
        self.type_name = next(name for kind, name in _TYPES.items() if isinstance(error, kind))
        self.message = error.message
        self.code = error.code
        self.path = [str(step) for step in (*prefix, *error.path)]
        self.detail = error
        if isinstance(error, InvalidInput):
            self.fields = [
                InvalidField(
                    path=[str(step) for step in (*prefix, *one.path)],
                    message=one.message,
                    code=one.code,
                )
                for one in error.fields
            ]
        if isinstance(error, Denied):
            self.permission = error.permission
        if isinstance(error, Conflict):
            self.changed_fields = list(error.changed_fields)

    def __getattr__(self, name: str) -> Any:
        """What a conflict is about, by the name of its type; null for every other conflict."""
        subject: Mapping[str, Any] = getattr(self.__dict__.get("detail"), "subject", {})
        return subject.get(name)


_TYPES: dict[type[DomainError], str] = {
    NotFound: "NotFound",
    InvalidInput: "InvalidInput",
    Conflict: "Conflict",
    Denied: "Denied",
}
REFUSALS = tuple(_TYPES)
"""The domain errors that are data in a mutation's result."""


def _type(name: str, description: str, **more: tuple[Any, str]) -> Any:
    made = strawberry.type(
        type(name, (Error,), {"__annotations__": {}, "__module__": __name__}), name=name, description=description
    )
    definition: Any = made.__strawberry_definition__  # type: ignore[attr-defined]
    definition.is_type_of = lambda value, _info: getattr(value, "type_name", None) == name
    for field_name, (kind, text) in more.items():
        definition.fields.append(
            StrawberryField(
                python_name=field_name, type_annotation=StrawberryAnnotation(kind), description=text, origin=made
            )
        )
    return made


NotFoundType = _type(
    "NotFound", "There is no such thing for you: never issued, deleted, another organization's, or not yours to see."
)
InvalidInputType = _type(
    "InvalidInput",
    "The input cannot be accepted; nothing was written.",
    fields=(list[InvalidField], "Every bad value at once."),
)
ConflictType = _type(
    "Conflict",
    "The state has moved on, or a unique value is taken; nothing was written.",
    changed_fields=(list[str], "Which fields have changed since the version that was expected."),
)
DeniedType = _type(
    "Denied",
    "Your role does not hold the permission that this needs.",
    permission=(str, "The permission, as `docs/access.md` names it."),
)
MEMBERS = (NotFoundType, InvalidInputType, ConflictType, DeniedType)
