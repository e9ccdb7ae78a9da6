"""Terms on a row's own values: columns, derived values, JSON documents, and plain values such as a search text."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lma_graph.kernel import ids
from lma_graph.kernel.choices import Choice
from lma_graph.kernel.criteria import words
from lma_graph.kernel.criteria.language import Sql, Term
from lma_graph.kernel.criteria.operators import Family, Operator
from lma_graph.kernel.criteria.seen import Seen, as_json
from lma_graph.kernel.criteria.values import READERS, SQL_TYPES, Kind, read_choice
from lma_graph.kernel.errors import FieldError, Path
from lma_graph.kernel.scope import Scope

Expression = Callable[[sa.FromClause, Scope], sa.ColumnElement[Any]]
MOST_VALUES = 1000
"""How many values `in` may list."""
LONGEST_PATH = 12
"""How many keys may lead into a JSON document."""


class ColumnTerm(Term):
    """Operators of a family on one value of the row: a column, or an expression derived from it."""

    def __init__(
        self,
        name: str,
        description: str,
        family: Family,
        expression: Expression,
        *,
        choices: type[Choice] | None = None,
        node: str | None = None,
        column: sa.Column[Any] | None = None,
    ) -> None:
        super().__init__(name, description)
        self.family = family
        self.expression = expression
        self.choices = choices
        self.node = node
        """For global ids: the type they must be of."""
        self.column = column
        """The table's own column, where it is one: lists can be sorted by it."""

    @property
    def family_name(self) -> str:
        """The name of its operator input in the API."""
        return f"{self.choices.__name__}Filter" if self.choices else self.family.name

    def check(self, value: Any, path: Path) -> Iterator[FieldError]:
        """Every operator known, every operand readable."""
        if not isinstance(value, Mapping):
            yield FieldError(path, f"must be an object: {self.family_name}", "INVALID_TYPE")
            return
        for name, operand in value.items():
            operator = self.family.operator(name)
            if operator is None:
                yield FieldError((*path, name), f"is not an operator of {self.family_name}", "UNKNOWN_OPERATOR")
            else:
                yield from self.check_operand(operator, operand, (*path, name))

    def check_operand(self, operator: Operator, operand: Any, path: Path) -> Iterator[FieldError]:
        """Everything wrong with the operand of one operator."""
        if operand is None:
            hint = "ask for isNull instead" if self.family.operator("isNull") else "leave it out instead"
            yield FieldError(path, f"is null; {hint}", "NULL")
        elif not operator.many:
            yield from self._check_one(operator, operand, path)
        elif not isinstance(operand, list):
            yield FieldError(path, "must be a list", "INVALID_TYPE")
        elif len(operand) > MOST_VALUES:
            yield FieldError(path, f"lists {len(operand)} values; at most {MOST_VALUES} are allowed", "TOO_LARGE")
        else:
            for at, one in enumerate(operand):
                yield from self._check_one(operator, one, (*path, at))

    def _check_one(self, operator: Operator, value: Any, path: Path) -> Iterator[FieldError]:
        try:
            self.read(operator, value)
        except ValueError as error:
            yield FieldError(path, str(error), "INVALID_VALUE")

    def read(self, operator: Operator, value: Any) -> Any:
        """The value as the database takes it; ValueError says what is wrong."""
        kind = operator.value or self.family.kind
        if kind is Kind.CHOICE:
            assert self.choices is not None
            return read_choice(self.choices, value)
        read = READERS[kind](value)
        if kind is Kind.ID:
            number = ids.number_of(read, self.node) if self.node else None
            if number is None:
                raise ValueError(f"is not an id of type {self.node}")
            return number
        return read

    def sql(self, value: Any, table: sa.FromClause, scope: Scope) -> Sql:
        """All the operators, ANDed."""
        column = self.expression(table, scope)
        parts = [self.apply(self.known(name), operand, column, table) for name, operand in sorted(value.items())]
        return parts[0] if len(parts) == 1 else sa.and_(sa.true(), *parts)

    def apply(self, operator: Operator, operand: Any, column: sa.ColumnElement[Any], table: sa.FromClause) -> Sql:  # noqa: ARG002  # subclasses add conditions on the table
        """One operator's condition."""
        return operator.sql(column, self.bind(operator, operand))

    def bind(self, operator: Operator, operand: Any) -> Any:
        """The operand as a bound parameter; a flag stays a flag."""
        kind = operator.value or self.family.kind
        if kind is Kind.BOOLEAN and operator.value is Kind.BOOLEAN:
            return operand
        if operator.many:
            values = [self.read(operator, one) for one in operand]
            return sa.literal(values, sa.ARRAY(SQL_TYPES[kind]))
        return sa.literal(self.read(operator, operand), SQL_TYPES[kind])

    def says(self, value: Any) -> list[str]:
        """A clause for each operator."""
        return [self.clause(self.known(name), operand) for name, operand in sorted(value.items())]

    def clause(self, operator: Operator, operand: Any, of: str = "") -> str:
        """One operator's clause on what is called `of`, the field's name by default."""
        of = of or words.spaced(self.name)
        if isinstance(operator.words, tuple):
            return f"{of} {operator.words[0 if operand else 1]}"
        kind = operator.value or self.family.kind
        plain = {Kind.DURATION: words.duration, Kind.TEXT: words.value}.get(kind, words.bare)
        shown = words.listed([plain(one) for one in operand], operator.last) if operator.many else plain(operand)
        return f"{of} {operator.words.format(shown)}"

    def seen(self, value: Any, table: sa.FromClause, scope: Scope) -> Iterator[Seen]:  # noqa: ARG002  # whatever is asked of it
        """The value."""
        yield Seen(self.name, as_json(self.expression(table, scope)), show=self._shown())

    def _shown(self) -> Callable[[Any], Any] | None:
        node = self.node
        if node is not None:
            return lambda number: ids.encode(node, number)
        return _utc if self.family.kind is Kind.DATETIME else None

    def known(self, name: str) -> Operator:
        """An operator that has been checked to exist."""
        operator = self.family.operator(name)
        assert operator is not None
        return operator


def _utc(moment: str) -> str:
    return moment.replace("+00:00", "Z")


class ValueTerm(Term):
    """A term whose value is plain text, such as a search; subclasses give the SQL, and what it looks at."""

    def check(self, value: Any, path: Path) -> Iterator[FieldError]:
        """Readable text."""
        yield from _unreadable(Kind.TEXT, value, path)

    def says(self, value: Any) -> list[str]:
        """The text, quoted."""
        return [f"{words.spaced(self.name)} finds {words.value(value)}"]


JSON_OPERATORS = {
    "eq": "Equal to this.",
    "ne": "Not equal to this; missing keys included.",
    "in": "One of these.",
    "notIn": "None of these; missing keys included.",
    "lt": "Less than this: numbers with numbers, text with text.",
    "lte": "At most this.",
    "gt": "More than this.",
    "gte": "At least this.",
    "exists": "True: the key is there, even if null. False: it is not.",
}
JSON_WORDS = {
    "eq": "is",
    "ne": "is not",
    "in": "is",
    "notIn": "is not",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
}


class JsonTerm(Term):
    """A list of conditions `{ path, operator: value }` on a JSON column, all of which must hold."""

    def __init__(self, name: str, description: str, expression: Expression) -> None:
        super().__init__(name, description)
        self.expression = expression

    def check(self, value: Any, path: Path) -> Iterator[FieldError]:
        """Every condition has a path of text and known operators with scalar operands."""
        if isinstance(value, list):
            for at, condition in enumerate(value):
                yield from self._check_condition(condition, (*path, at))
        else:
            yield from self._check_condition(value, path)

    def _check_condition(self, condition: Any, path: Path) -> Iterator[FieldError]:
        if not isinstance(condition, Mapping):
            yield FieldError(path, "must be an object: JsonFilter", "INVALID_TYPE")
            return
        yield from _check_steps(condition.get("path"), (*path, "path"))
        if not condition.keys() - {"path"}:
            yield FieldError(path, "asks nothing of the path; give an operator such as eq", "INVALID_VALUE")
        for name, operand in condition.items():
            if name in JSON_OPERATORS:
                yield from check_json(name, operand, (*path, name))
            elif name != "path":
                yield FieldError((*path, name), "is not an operator of JsonFilter", "UNKNOWN_OPERATOR")

    def sql(self, value: Any, table: sa.FromClause, scope: Scope) -> Sql:
        """All the conditions, ANDed."""
        parts = []
        for condition in value if isinstance(value, list) else [value]:
            for name, operand in sorted(condition.items()):
                if name != "path":
                    parts.append(self.condition(condition["path"], name, operand, table, scope))
        return sa.and_(sa.true(), *parts)

    def condition(self, path: list[str], name: str, operand: Any, table: sa.FromClause, scope: Scope) -> Sql:
        """One operator on the value at one path."""
        return json_condition(self.found(path, table, scope), name, operand)

    def found(self, path: list[str], table: sa.FromClause, scope: Scope) -> sa.ColumnElement[Any]:
        """The value at one path; null where the path leads nowhere."""
        found = self.expression(table, scope)
        for step in path:
            # The path operator would take a number for a place in a list; a path is one of keys.
            found = found.op("->", return_type=_JSONB)(sa.literal(step, sa.Text()))
        return found

    def says(self, value: Any) -> list[str]:
        """A clause for each operator of each condition."""
        return [
            self._clause(condition["path"], name, operand)
            for condition in (value if isinstance(value, list) else [value])
            for name, operand in sorted(condition.items())
            if name != "path"
        ]

    def called(self, path: list[str]) -> str:
        """What the value at a path is called in a sentence."""
        return f"{'.'.join(path)} ({words.spaced(self.name)})"

    def _clause(self, path: list[str], name: str, operand: Any) -> str:
        called = self.called(path)
        if name == "exists":
            return f"{called} {'is there' if operand else 'is not there'}"
        many = name in {"in", "notIn"}
        shown = words.listed([words.value(one) for one in operand]) if many else words.value(operand)
        return f"{called} {JSON_WORDS[name]} {shown}"

    def seen(self, value: Any, table: sa.FromClause, scope: Scope) -> Iterator[Seen]:
        """The value at each path."""
        for condition in value if isinstance(value, list) else [value]:
            path = condition["path"]
            yield Seen(".".join((self.name, *path)), self.found(path, table, scope))


_JSONB: sa.types.TypeEngine[Any] = JSONB()


def _check_steps(steps: Any, path: Path) -> Iterator[FieldError]:
    if not isinstance(steps, list) or not 1 <= len(steps) <= LONGEST_PATH:
        yield FieldError(path, f"must be a list of 1 to {LONGEST_PATH} keys, outermost first", "INVALID_VALUE")
        return
    for at, step in enumerate(steps):
        yield from _unreadable(Kind.TEXT, step, (*path, at))


def check_json(name: str, operand: Any, path: Path) -> Iterator[FieldError]:
    """Everything wrong with an operand of a condition on a JSON value."""
    if name not in {"in", "notIn"}:
        yield from _unreadable(Kind.BOOLEAN if name == "exists" else Kind.JSON, operand, path)
    elif not isinstance(operand, list):
        yield FieldError(path, "must be a list", "INVALID_TYPE")
    elif len(operand) > MOST_VALUES:
        yield FieldError(path, f"lists {len(operand)} values; at most {MOST_VALUES} are allowed", "TOO_LARGE")
    else:
        for at, one in enumerate(operand):
            yield from _unreadable(Kind.JSON, one, (*path, at))


def _unreadable(kind: Kind, value: Any, path: Path) -> Iterator[FieldError]:
    try:
        READERS[kind](value)
    except ValueError as error:
        yield FieldError(path, str(error), "INVALID_VALUE")


def json_condition(found: sa.ColumnElement[Any], name: str, operand: Any) -> Sql:
    """An operator on a JSON value, which is SQL null where the path leads nowhere."""
    if name == "exists":
        return found.is_not(None) if operand else found.is_(None)
    if name in {"in", "notIn"}:
        one_of = sa.or_(sa.false(), *(found == _json_literal(one) for one in operand))
        return one_of if name == "in" else one_of.is_not(sa.true())
    if name == "eq":
        return found == _json_literal(operand)
    if name == "ne":
        return found.is_distinct_from(_json_literal(operand))
    return _json_order(found, name, operand)


def _json_literal(value: Any) -> sa.ColumnElement[Any]:
    return sa.literal(value, JSONB(none_as_null=False))


def _json_order(found: sa.ColumnElement[Any], name: str, operand: Any) -> Sql:
    value: sa.ColumnElement[Any]
    text = found.op("#>>", return_type=sa.Text())(sa.literal([], sa.ARRAY(sa.Text())))
    compare = {"lt": "__lt__", "lte": "__le__", "gt": "__gt__", "gte": "__ge__"}[name]
    if isinstance(operand, str):
        kind, value = "string", sa.type_coerce(text.collate("C"), sa.Text())
    elif isinstance(operand, int | float) and not isinstance(operand, bool):
        # CASE keeps the cast away from values that are no numbers.
        is_number = sa.func.jsonb_typeof(found) == "number"
        kind, value = "number", sa.type_coerce(sa.case((is_number, sa.cast(text, sa.Numeric()))), sa.Numeric())
        operand = sa.cast(sa.literal(str(operand), sa.Text()), sa.Numeric())
    else:
        return sa.false()
    ordered: Sql = getattr(value, compare)(operand)
    return sa.and_(sa.func.jsonb_typeof(found) == kind, ordered)
