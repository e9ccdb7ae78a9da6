"""Terms on other rows: the one a key points at, and the many that point back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import sqlalchemy as sa

from lma_graph.kernel.criteria import words
from lma_graph.kernel.criteria.language import Sql, Term, Vocabulary
from lma_graph.kernel.criteria.operators import COUNT
from lma_graph.kernel.criteria.seen import Seen, as_json
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

    def says(self, value: Any) -> list[str]:
        """What the other row is like."""
        return [f"{words.spaced(self.name)} is one{words.where(self.vocabulary.says(value)) or ' that is there'}"]

    def seen(self, value: Any, table: sa.FromClause, scope: Scope) -> Iterator[Seen]:
        """What is looked at in the other row; whether there is one, where nothing is asked of it."""
        other = self.vocabulary.table.alias()
        row = [*conditions(other, scope), other.c.id == table.c[self.key]]
        found = False
        for one in self.vocabulary.seen(value, other, scope):
            found = True
            value_there = sa.select(one.json).where(*row).correlate(table).scalar_subquery()
            yield replace(one, name=f"{self.name}.{one.name}", json=value_there)
        if not found:
            there = sa.exists(sa.select(sa.literal_column("1")).where(*row).correlate(table))
            yield Seen(self.name, as_json(there))


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

    def _rows(self, table: sa.FromClause, scope: Scope) -> tuple[sa.FromClause, sa.Select[Any]]:
        """The table of the rows that point here, and the rows."""
        other = self.vocabulary.table.alias()
        rows: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
            *conditions(other, scope, child_of=self.parent), other.c[self.parent] == table.c.id
        )
        return other, rows if self.where is None else rows.where(self.where(other))

    def _part(self, key: str, part: Any, table: sa.FromClause, scope: Scope) -> Sql:
        other, rows = self._rows(table, scope)
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

    def says(self, value: Any) -> list[str]:
        """A clause for each key."""
        return [clause for key, part in sorted(value.items()) for clause in self._says(key, part)]

    def _says(self, key: str, part: Any) -> list[str]:
        name = words.spaced(self.name)
        if key == "count":
            counted = f"the number of {name}{words.where(self.vocabulary.says(part.get('where', {})))}"
            bounds = sorted(_without_where(part).items())
            return [self._count.clause(self._count.known(bound), operand, counted) for bound, operand in bounds]
        asked = words.where(self.vocabulary.says(part))
        if key == "every":
            return [f"has only {name}{asked}"] if asked else []
        return [f"has {'no ' if key == 'none' else ''}{name}{asked}"]

    def seen(self, value: Any, table: sa.FromClause, scope: Scope) -> Iterator[Seen]:
        """How many rows match; with `every`, how many do not."""
        for key, part in sorted(value.items()):
            tree = part.get("where", {}) if key == "count" else part
            other, rows = self._rows(table, scope)
            condition = self.vocabulary.compile(tree, other, scope)
            matching = rows.where(condition.is_not(sa.true()) if key == "every" else condition)
            count = matching.with_only_columns(sa.func.count()).correlate(table).scalar_subquery()
            about = orjson.dumps([key == "every", tree], option=orjson.OPT_SORT_KEYS)
            yield Seen(self.name, as_json(count), about)


def _without_where(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: bound for name, bound in part.items() if name != "where"}
