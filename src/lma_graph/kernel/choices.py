"""Enumerations whose every value carries the sentence that the API shows for it."""

import enum
from typing import Self


class Choice(enum.StrEnum):
    """A closed set of values: TEXT with a CHECK in the database, an enum with descriptions in the API.

    Members are written `NAME = "NAME", "What it means."`.
    """

    description: str

    def __new__(cls, value: str, description: str) -> Self:
        """Keep the sentence beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member
