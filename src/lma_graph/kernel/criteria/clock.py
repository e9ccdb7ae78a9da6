"""The moment that relative times of filters are counted from: the transaction's beginning, unless it is pinned.

Whoever compiles a filter for another moment than now does so in the block of `pinned`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa

_moment: ContextVar[sa.ColumnElement[Any] | None] = ContextVar("moment", default=None)


def now() -> sa.ColumnElement[Any]:
    """The moment that counts as now."""
    found = _moment.get()
    return sa.func.now() if found is None else found


@contextmanager
def pinned(moment: sa.ColumnElement[Any]) -> Iterator[None]:
    """Have SQL that is made in the block ask for this moment instead of now."""
    before = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(before)
