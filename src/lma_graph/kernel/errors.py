"""Domain errors: the expected ways in which a request can fail.

Services and kernel code raise these; the GraphQL edge turns them into members of a result union (mutations)
or into top-level errors with `extensions.code` (queries). Anything else that is raised is a bug and is masked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where in the input the trouble lies, outermost key first."""


class DomainError(Exception):
    """An expected failure whose message is written for the caller."""

    code: str = "ERROR"

    def __init__(self, message: str, *, path: Path = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def extensions(self) -> dict[str, object]:
        """What a client finds under `errors[].extensions`."""
        found: dict[str, object] = {"code": self.code}
        if self.path:
            found["path"] = [str(step) for step in self.path]
        return found


@dataclass(frozen=True)
class FieldError:
    """One bad value of an input: where it stands, what is wrong, and a code to switch on."""

    path: Path
    message: str
    code: str = "INVALID"

    def as_json(self) -> dict[str, object]:
        """The shape of `InvalidInput.fields[]`."""
        return {"path": [str(step) for step in self.path], "message": self.message, "code": self.code}


class InvalidInput(DomainError):
    """The input cannot be accepted; `fields` names every bad value at once."""

    code = "INVALID_INPUT"

    def __init__(self, fields: Sequence[FieldError]) -> None:
        first = fields[0]
        where = ".".join(str(step) for step in first.path)
        more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
        super().__init__(f"{where}: {first.message}{more}" if where else first.message, path=first.path)
        self.fields = tuple(fields)

    @classmethod
    def at(cls, path: Path, message: str, code: str = "INVALID") -> "InvalidInput":
        """One bad value."""
        return cls([FieldError(path, message, code)])

    def extensions(self) -> dict[str, object]:
        """Adds every bad field to the code."""
        return super().extensions() | {"fields": [field.as_json() for field in self.fields]}


class NotFound(DomainError):
    """No such thing for this viewer: never issued, another organization's, deleted or not visible."""

    code = "NOT_FOUND"


class Conflict(DomainError):
    """The state has moved on, or a unique value is taken.

    `subject` names rows by what they are, such as `lead=17`, for whoever shows them. `kind` is a code more telling
    than `CONFLICT`.
    """

    code = "CONFLICT"

    def __init__(
        self, message: str, *, path: Path = (), kind: str | None = None, changed: Sequence[str] = (), **subject: int
    ) -> None:
        super().__init__(message, path=path)
        self.code = kind or type(self).code
        self.changed_fields = tuple(changed)
        self.subject: Mapping[str, int] = subject


class Denied(DomainError):
    """The viewer's role does not hold the permission that the operation needs.

    A `message` of its own says what the permission does not cover, where the role does hold it.
    """

    code = "DENIED"

    def __init__(self, permission: str, message: str | None = None) -> None:
        super().__init__(message or f"This needs the permission {permission}, which your role does not have.")
        self.permission = permission

    def extensions(self) -> dict[str, object]:
        """Adds the permission's name to the code."""
        return super().extensions() | {"permission": self.permission}


class Unauthenticated(DomainError):
    """No viewer: the token is missing, malformed, expired, wrongly signed, or its user is not active."""

    code = "UNAUTHENTICATED"


class Unavailable(DomainError):
    """The database cannot be reached or has no connection free; trying again later may succeed."""

    code = "SERVICE_UNAVAILABLE"

    def extensions(self) -> dict[str, object]:
        """Tells the client that a retry makes sense."""
        return super().extensions() | {"retriable": True}


class TimedOut(DomainError):
    """The request, or one database statement of it, took longer than allowed."""

    code = "TIMEOUT"


class LimitExceeded(DomainError):
    """The operation is larger than one request may be; nothing was run."""

    code = "LIMIT_EXCEEDED"

    def __init__(self, message: str, *, limit: str, allowed: int, found: int | None = None) -> None:
        super().__init__(message)
        self.detail: Mapping[str, object] = {"limit": limit, "allowed": allowed} | (
            {"found": found} if found is not None else {}
        )

    def extensions(self) -> dict[str, object]:
        """Adds which limit, what it allows and what was found."""
        return super().extensions() | dict(self.detail)


class ConfigurationError(Exception):
    """A setting is missing or cannot be used; the message names it and is written for the operator."""
