"""What is asked of an organization made by `bench.population`: the twelve filters of the mark, and some beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel import ids
from lma_graph.kernel.graphql.inputs import column_types
from lma_graph.kernel.paging import Page
from lma_graph.kernel.scope import Scope
from lma_graph.leads.criteria import LEAD as LEAD_WORDS
from lma_graph.leads.loaders import LEADS, NEWEST
from lma_graph.users.types import User

PAGE = 50
LIMIT = {"limit": PAGE + 1}
"""The bind of a page: one row more than it shows."""


@dataclass(frozen=True)
class Question:
    """A filter, as a client sends it, and which part of the leads it matches."""

    name: str
    tree: dict[str, Any]
    share: float | None = None
    """Exact in an organization of a multiple of 10,000 leads; None where it is not one of the twelve."""

    def page(self) -> Page:
        """The first page of the list in its default order."""
        words = LEAD_WORDS.filter(self.tree)
        return Page.read(default=PAGE, order=NEWEST, filter=words, types=column_types(LEAD_WORDS))

    def statement(self, scope: Scope) -> sa.Select[Any]:
        """What the server sends for the page."""
        return LEADS.statement(scope, self.page())

    def count(self, scope: Scope) -> sa.Select[Any]:
        """What the server sends for `totalCount`."""
        return LEADS.count(scope, self.page())


RARE, SOME, MANY = 0.0001, 0.01, 0.4


def questions(users: Sequence[int]) -> list[Question]:
    """The twelve; `users` are the ids of the organization's users in their order."""

    def owned(share: float, status: str, score: int, owner: int) -> Question:
        owner_id = ids.encode(User.__name__, users[owner - 1])
        tree = {"status": {"eq": status}, "score": {"gte": score}, "assignedToId": {"eq": owner_id}}
        return Question("status + score + owner", tree, share)

    def tagged(share: float, tag: str) -> Question:
        return Question("tag", {"tags": {"containsAny": [tag]}}, share)

    def field(share: float, country: str) -> Question:
        return Question("custom field", {"customFields": [{"path": ["country"], "eq": country}]}, share)

    def found(share: float, word: str) -> Question:
        return Question("text search", {"search": word}, share)

    return [
        owned(RARE, "CONVERTED", 90, 3),
        owned(SOME, "QUALIFIED", 80, 2),
        owned(MANY, "WORKING", 50, 1),
        tagged(RARE, "rare"),
        tagged(SOME, "some"),
        tagged(MANY, "many"),
        field(RARE, "LI"),
        field(SOME, "AT"),
        field(MANY, "DE"),
        found(RARE, "quark"),
        found(SOME, "meson"),
        found(MANY, "gmbh"),
    ]


def further_questions() -> list[Question]:
    """Questions for which no mark is set; they are measured so that a change for the worse shows."""

    def employees(least: int) -> dict[str, Any]:
        return {"customFields": [{"path": ["employees"], "gte": least}]}

    return [
        Question("search, beginning of a rare word", {"search": "quar*"}),
        Question("search, beginning of a frequent word", {"search": "gmb*"}),
        Question("search, rare and frequent word", {"search": "gmbh quark"}),
        Question("search, two frequent words", {"search": "gmbh manager"}),
        Question("any of a rare and a frequent tag", {"tags": {"containsAny": ["rare", "many"]}}),
        Question("rare and frequent tag", {"tags": {"containsAll": ["rare", "many"]}}),
        Question("two frequent things", {"tags": {"containsAny": ["many"]}, "search": "gmbh"}),
        Question("field, upper 1 % of numbers", employees(9_900)),
        Question("field, upper 40 % of numbers", employees(6_000)),
        Question("no filter", {}),
    ]
