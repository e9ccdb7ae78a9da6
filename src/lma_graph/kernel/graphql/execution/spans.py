"""Which of the rows of a level belong to which parent."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from lma_graph.kernel.graphql.execution.connection import Span

NO_ROWS: Final[Span] = (0, 0, False)


def groups_of(parents: Sequence[int], limit: int) -> dict[int, Span]:
    """The rows of each parent, which stand together; behind the limit there may be one that only tells of more."""
    found: dict[int, Span] = {}
    begin = 0
    for parent, rows in Counter(parents).items():  # in the order in which they are first met
        found[parent] = (begin, begin + limit, True) if rows > limit else (begin, begin + rows, False)
        begin += rows
    return found


def without_more(groups: dict[int, Span], columns: list[Sequence[Any]]) -> tuple[dict[int, Span], list[Any]]:
    """The rows without those that only tell of more: nothing is to be loaded for them."""
    if not any(more for _, _, more in groups.values()):
        return groups, columns
    kept = [row for begin, end, _ in groups.values() for row in range(begin, end)]
    found, at = {}, 0
    for parent, (begin, end, more) in groups.items():
        found[parent] = (at, at + end - begin, more)
        at += end - begin
    return found, [[column[row] for row in kept] for column in columns]
