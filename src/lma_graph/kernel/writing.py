"""Statements that change rows and name the viewer's organization as a bind. Enter at `written`."""

import re

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect

_DIALECT = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]

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
