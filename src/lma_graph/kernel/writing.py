"""Statements that change rows and are written once, with the viewer's organization as a bind. Enter at `written`."""

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate

Writes = ReturningInsert[tuple[int]] | ReturningUpdate[tuple[int]] | ReturningDelete[tuple[int]]


def written(statement: Writes) -> sa.Select[tuple[int]]:
    """The rows that a statement gives back, as a query around it.

    Executed by itself, SQLAlchemy takes every bind that is named like a column for a value to be set, so that an
    update would set `organization_id`.
    """
    return sa.select(statement.cte("written"))
