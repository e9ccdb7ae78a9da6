"""Operators and the families in which they come: what may be asked of text, of a number, of a moment.

An operator's SQL never needs to guard against null by itself, except that `ne` and `notIn` include nulls.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INTERVAL

from lma_graph.kernel.criteria import clock
from lma_graph.kernel.criteria.values import Kind

Sql = Callable[[sa.ColumnElement[Any], Any], sa.ColumnElement[bool]]


@dataclass(frozen=True)
class Operator:
    """One key of an operator input such as `TextFilter`. `value` overrides the kind of the family."""

    name: str
    description: str
    sql: Sql
    many: bool = False
    value: Kind | None = None
    words: str | tuple[str, str] = "is {}"
    """What follows the field's name in a sentence; for a flag, what does where it is true, and where it is false."""
    last: str = "or"
    """What stands before the last of many values in a sentence."""


@dataclass(frozen=True)
class Family:
    """The operators that suit one kind of value; becomes one GraphQL input type."""

    name: str
    description: str
    kind: Kind
    operators: tuple[Operator, ...]

    def operator(self, name: str) -> Operator | None:
        """The operator of that name."""
        return next((operator for operator in self.operators if operator.name == name), None)


def _interval(duration: Any) -> sa.ColumnElement[Any]:
    return sa.cast(duration, INTERVAL())


def _moment(column: sa.ColumnElement[Any], at: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(at, sa.Date()) if isinstance(column.type, sa.Date) else at


def _within_last(column: sa.ColumnElement[Any], duration: Any) -> sa.ColumnElement[bool]:
    now = clock.now()
    return sa.and_(column >= _moment(column, now - _interval(duration)), column <= _moment(column, now))


def _within_next(column: sa.ColumnElement[Any], duration: Any) -> sa.ColumnElement[bool]:
    now = clock.now()
    return sa.and_(column >= _moment(column, now), column <= _moment(column, now + _interval(duration)))


def _older_than(column: sa.ColumnElement[Any], duration: Any) -> sa.ColumnElement[bool]:
    return column < _moment(column, clock.now() - _interval(duration))


def _is_null(column: sa.ColumnElement[Any], flag: Any) -> sa.ColumnElement[bool]:
    return column.is_(None) if flag else column.is_not(None)


def _in(column: sa.ColumnElement[Any], values: Any) -> sa.ColumnElement[bool]:
    return column == sa.any_(values)


def _not_in(column: sa.ColumnElement[Any], values: Any) -> sa.ColumnElement[bool]:
    return _in(column, values).is_not(sa.true())


def _contains(column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
    return sa.func.strpos(column, value) > 0


def _ends_with(column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
    ending: sa.ColumnElement[bool] = sa.func.right(column, sa.func.length(value)) == value
    return ending


def _folded(sql: Sql) -> Sql:
    return lambda column, value: sql(sa.func.lower(column), sa.func.lower(value))


_EQUALITY = (
    Operator("eq", "Equal to this.", lambda column, value: column == value),
    Operator(
        "ne",
        "Not equal to this; nulls included.",
        lambda column, value: column.is_distinct_from(value),
        words="is not {}",
    ),
)
_MEMBERSHIP = (
    Operator("in", "One of these.", _in, many=True),
    Operator("notIn", "None of these; nulls included.", _not_in, many=True, words="is not {}"),
)
_ORDER = (
    Operator("lt", "Less than, or before, this.", lambda column, value: column < value, words="is less than {}"),
    Operator("lte", "At most, or until, this.", lambda column, value: column <= value, words="is at most {}"),
    Operator("gt", "More than, or after, this.", lambda column, value: column > value, words="is more than {}"),
    Operator("gte", "At least, or from, this.", lambda column, value: column >= value, words="is at least {}"),
)
_TIME_WORDS = {"lt": "is before {}", "lte": "is at or before {}", "gt": "is after {}", "gte": "is at or after {}"}
_TIME_ORDER = tuple(replace(operator, words=_TIME_WORDS[operator.name]) for operator in _ORDER)
_NULLS = (
    Operator(
        "isNull",
        "True: has no value. False: has one.",
        _is_null,
        value=Kind.BOOLEAN,
        words=("has no value", "has a value"),
    ),
)
_TEXT = (
    Operator("contains", "Contains this text; case matters.", _contains, words="contains {}"),
    Operator("startsWith", "Begins with this text; case matters.", sa.func.starts_with, words="begins with {}"),
    Operator("endsWith", "Ends with this text; case matters.", _ends_with, words="ends with {}"),
    Operator(
        "ieq",
        "Equal to this, ignoring case.",
        _folded(lambda column, value: column == value),
        words="is {} in any case",
    ),
    Operator("icontains", "Contains this text, ignoring case.", _folded(_contains), words="contains {} in any case"),
    Operator(
        "istartsWith",
        "Begins with this text, ignoring case.",
        _folded(sa.func.starts_with),
        words="begins with {} in any case",
    ),
    Operator("iendsWith", "Ends with this text, ignoring case.", _folded(_ends_with), words="ends with {} in any case"),
)
RELATIVE = (
    Operator(
        "withinLast",
        "From that long ago until now: `P14D` is 14 days.",
        _within_last,
        value=Kind.DURATION,
        words="is within the last {}",
    ),
    Operator(
        "withinNext",
        "From now until that long from now.",
        _within_next,
        value=Kind.DURATION,
        words="is within the next {}",
    ),
    Operator("olderThan", "Before that long ago.", _older_than, value=Kind.DURATION, words="is more than {} ago"),
)

TEXT = Family("TextFilter", "What a text must be like.", Kind.TEXT, _EQUALITY + _MEMBERSHIP + _ORDER + _NULLS + _TEXT)
INTEGER = Family(
    "IntFilter", "What a whole number must be like.", Kind.INTEGER, _EQUALITY + _MEMBERSHIP + _ORDER + _NULLS
)
FLOAT = Family("FloatFilter", "What a number must be like.", Kind.FLOAT, _EQUALITY + _MEMBERSHIP + _ORDER + _NULLS)
BOOLEAN = Family("BooleanFilter", "What a truth value must be.", Kind.BOOLEAN, _EQUALITY + _NULLS)
ID = Family("IDFilter", "Which row it must be, by global id.", Kind.ID, _EQUALITY + _MEMBERSHIP + _NULLS)
DATE = Family(
    "DateFilter", "What a day must be like.", Kind.DATE, _EQUALITY + _MEMBERSHIP + _TIME_ORDER + _NULLS + RELATIVE
)
DATETIME = Family(
    "DateTimeFilter", "What a moment must be like.", Kind.DATETIME, _EQUALITY + _TIME_ORDER + _NULLS + RELATIVE
)
CHOICE = Family("ChoiceFilter", "Which of a closed set it must be.", Kind.CHOICE, _EQUALITY + _MEMBERSHIP + _NULLS)
COUNT = Family("CountFilter", "How many there must be.", Kind.INTEGER, _EQUALITY + _MEMBERSHIP + _ORDER)
