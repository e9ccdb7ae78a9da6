"""Chance and time: seeded sources of random numbers, weighted choices, moments.

Whatever is drawn for a thing is drawn from a source named after it, so that the same seed gives the same rows
however the work is divided among processes.
"""

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import orjson

T = TypeVar("T")

HOUR = 3_600
DAY = 86_400


def source(*names: object) -> random.Random:
    """A source of random numbers that depends on nothing but the given names."""
    return random.Random(":".join(map(str, names)))  # noqa: S311  believable, not secret


def pick(draw: random.Random, options: Sequence[T]) -> T:
    """One of the options, each as likely as the other."""
    return options[int(draw.random() * len(options))]


class Weighted(Generic[T]):
    """A choice among values with whole-number weights; costs one random number."""

    def __init__(self, *pairs: tuple[T, int]) -> None:
        self._all = tuple(value for value, weight in pairs for _ in range(weight))

    def __call__(self, draw: random.Random) -> T:
        """Draw one."""
        return self._all[int(draw.random() * len(self._all))]


def moment(seconds: int) -> dt.datetime:
    """Seconds since 1970 as the database wants them."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def document(value: Any) -> str:
    """The text of a JSON document."""
    return orjson.dumps(value).decode()
