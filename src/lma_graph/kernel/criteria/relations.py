"""Terms on other rows: the one a key points at, and the many that point back."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from lma_graph.kernel.criteria.language import Sql, Term, Vocabulary
from lma_graph.kernel.criteria.operators import COUNT
from lma_graph.kernel.criteria.terms import ColumnTerm
from lma_graph.kernel.errors import FieldError, Path
from lma_graph.kernel.scope import Scope, column_of, conditions

MANY_KEYS = {
    "some": "At least one is like this.",
    "none": "None is like this.",
    "every": "All are like this; true where there are none.",
}


class OneTerm(Term):
    """The row that a foreign key points at must be like this; rows that point nowhere are not."""

    def __init__(self, name: str, description: str, vocabulary: Vocabulary, *, key: Any) -> None:
        super().__init__(name, description)
        self.vocabulary = vocabulary
        self.key: str = column_of(key).name

    def check(self, value: Any, path: Path) -> Iterator[FieldError]:
        """A filter of the other entity."""
        yield from self.vocabulary.check(value, path)

    def sql(self, value: Any, table: sa.FromClause, scope: Scope) -> Sql:
        """EXISTS over the other table."""
        other = self.vocabulary.table.alias()
        return sa.exists(
            sa.select(sa.literal_column("1"))
            .where(*conditions(other, scope), other.c.id == table.c[self.key])
            .where(self.vocabulary.compile(value, other, scope))
            .correlate(table)
        )


class ManyTerm(Term):
    """The rows that point here: `some`, `none`, `every`, and how many."""

    def __init__(
        self,
        name: str,
        description: str,
        vocabulary: Vocabulary,
        *,
        parent: Any,
        where: Callable[[sa.FromClause], Sql] | None = None,
    ) -> None:
        super().__init__(name, description)
        self.vocabulary = vocabulary
        self.parent: str = column_of(parent).name
        self.where = where
        self._count = ColumnTerm("count", "", COUNT, lambda table, _: table.c.id)

    def check(self, value: Any, path: Path) -> Iterator[FieldError]:
        """Known keys, each with a filter of the other entity."""
        if not isinstance(value, Mapping):
            yield FieldError(path, f"must be an object: {self.vocabulary.name}ListFilter", "INVALID_TYPE")
            return
        for key, part in value.items():
            if key in MANY_KEYS:
                yield from self.vocabulary.check(part, (*path, key))
            elif key == "count":
                yield from self._check_count(part, (*path, key))
            else:
                yield FieldError(
                    (*path, key), f"is not an operator of {self.vocabulary.name}ListFilter", "UNKNOWN_OPERATOR"
                )

    def _check_count(self, value: Any, path: Path) -> Iterator[FieldError]:
        if value is None:
            yield FieldError(path, "is null; leave it out instead", "NULL")
        elif not isinstance(value, Mapping):
            yield FieldError(path, f"must be an object: {self.vocabulary.name}CountFilter", "INVALID_TYPE")
        else:
            yield from self.vocabulary.check(value.get("where", {}), (*path, "where"))
            yield from self._count.check(_without_where(value), path)

    def sql(self, value: Any, table: sa.FromClause, scope: Scope) -> Sql:
        """EXISTS, NOT EXISTS and counts over the other table."""
        return sa.and_(sa.true(), *(self._part(key, part, table, scope) for key, part in sorted(value.items())))

    def _part(self, key: str, part: Any, table: sa.FromClause, scope: Scope) -> Sql:
        other = self.vocabulary.table.alias()
        rows: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
            *conditions(other, scope, child_of=self.parent), other.c[self.parent] == table.c.id
        )
        if self.where is not None:
            rows = rows.where(self.where(other))
        if key == "count":
            matching = rows.where(self.vocabulary.compile(part.get("where", {}), other, scope))
            count = matching.with_only_columns(sa.func.count()).correlate(table).scalar_subquery()
            counted = [
                self._count.apply(self._count.known(name), bound, count, table)
                for name, bound in sorted(_without_where(part).items())
            ]
            return sa.and_(sa.true(), *counted)
        condition = self.vocabulary.compile(part, other, scope)
        if key == "every":
            return sa.not_(sa.exists(rows.where(condition.is_not(sa.true())).correlate(table)))
        found = sa.exists(rows.where(condition).correlate(table))
        return found if key == "some" else sa.not_(found)


def _without_where(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: bound for name, bound in part.items() if name != "where"}
