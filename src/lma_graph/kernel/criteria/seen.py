"""The values of one row that criteria look at, so that it can be shown why they hold or do not.

Enter at `Filter.seen`; each term says what it looks at.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB


@dataclass(frozen=True)
class Seen:
    """A value as SQL. Two with the same name that are `about` different things are two values."""

    name: str
    json: sa.ColumnElement[Any] = field(compare=False)
    about: bytes = b""
    """Which of the related rows are counted, as canonical JSON."""
    show: Callable[[Any], Any] | None = field(default=None, compare=False)
    """Turns what the database gives into what clients see; not asked about nulls."""

    def shown(self, found: Any) -> Any:
        """The value as clients see it."""
        return found if self.show is None or found is None else self.show(found)


def as_json(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Any value as JSON; SQL's null stays one."""
    return value if isinstance(value.type, JSONB) else sa.func.to_jsonb(value, type_=JSONB())


def distinct(found: Iterable[Seen]) -> list[Seen]:
    """Each value once, in the order in which they are looked at."""
    return list(dict.fromkeys(found))


def labelled(found: Sequence[Seen]) -> list[tuple[str, Seen]]:
    """Each value by its name; further ones of a name are `name#2`, `name#3`."""
    taken: dict[str, int] = {}
    named = []
    for one in found:
        taken[one.name] = at = taken.get(one.name, 0) + 1
        named.append((one.name if at == 1 else f"{one.name}#{at}", one))
    return named
