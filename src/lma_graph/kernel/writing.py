"""Statements of units of work that are compiled once: `written` changes rows, `Compiled` reads them."""

import re
from collections import namedtuple
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.postgresql.base import PGDialect

from lma_graph.kernel.transactions import UnitOfWork

_DIALECT = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]

_DRIVER = asyncpg.dialect()  # type: ignore[no-untyped-call]

_CAST = re.compile(r"(:\w+)::\w+")
"""Casts of binds, which the driver's dialect adds by itself; `text` does not find a bind before a colon."""


def written(statement: sa.UpdateBase) -> sa.TextClause:
    """The statement as text, with its binds.

    Executed as it is, SQLAlchemy would take every bind that is named like a column for a value to be set, so that an
    update would set `organization_id`. Write `or_` for `in_`, whose list is only made when it runs.
    """
    compiled = statement.compile(dialect=_DIALECT, column_keys=[])
    values = compiled.construct_params(_check=False)
    binds = [
        sa.bindparam(name, values[name], bind.type) if not bind.required else sa.bindparam(name, type_=bind.type)
        for name, bind in compiled.binds.items()
        if name in values
    ]
    return sa.text(_CAST.sub(r"\1", compiled.string)).bindparams(*binds)


class Compiled:
    """A SELECT as the driver takes it: a third of the time of one that SQLAlchemy executes, for a single row."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        compiled = statement.compile(dialect=_DRIVER)
        names = [column.name for column in statement.selected_columns]
        self.text = compiled.string
        self._binds = tuple(compiled.positiontup or ())
        # A row as SQLAlchemy's: values by attribute, and all of them by `_asdict` or `_mapping`.
        make: Any = namedtuple  # type checkers want names that are written out
        record = make("record", names)
        self._record = type("Record", (record,), {"__slots__": (), "_mapping": property(record._asdict)})

    async def rows(self, unit: UnitOfWork, values: Mapping[str, Any]) -> list[Any]:
        """The rows for these values; organization and viewer come by themselves."""
        binds = unit.binds(values)
        found = await unit.fetch(self.text, *[binds[name] for name in self._binds])
        return [self._record(*row) for row in found]
