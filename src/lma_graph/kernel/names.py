"""How Python's names become the API's: `assigned_to_id` is `assignedToId`, and `ASSIGNED_TO_ID` in orders."""

import functools


@functools.cache
def camel(name: str) -> str:
    """LowerCamelCase of a snake_case name."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def upper(camel_name: str) -> str:
    """UPPER_SNAKE_CASE of a lowerCamelCase name."""
    return "".join(f"_{c}" if c.isupper() else c.upper() for c in camel_name)
