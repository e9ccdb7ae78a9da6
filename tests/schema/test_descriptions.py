"""Descriptions are the manual that clients read: everything in the schema has one, and it is a sentence."""

import re
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    specified_directives,
)

from world import SCHEMA

GRAPH = SCHEMA._schema
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def described() -> Iterator[tuple[str, str | None]]:
    """Everything that can have a description, by its path."""
    for name, kind in GRAPH.type_map.items():
        if name.startswith("__") or name in BUILT_IN:
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            for value, member in kind.values.items():
                yield f"{name}.{value}", member.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in getattr(field, "args", {}).items():
                    yield f"{name}.{field_name}({argument_name})", argument.description
    for directive in GRAPH.directives:
        if directive.name not in {known.name for known in specified_directives}:
            yield f"@{directive.name}", directive.description


PARTS = dict(described())


def test_there_is_something_to_describe() -> None:
    assert len(PARTS) > 800
    assert {"Lead.notes(filter)", "LeadFilter.tags", "LeadStatus.NEW", "Node.id", "DateTime"} <= set(PARTS)


@pytest.mark.parametrize("kind", sorted({name.split(".")[0] for name in PARTS}))
def test_descriptions_are_sentences(kind) -> None:
    for name, text in PARTS.items():
        if name.split(".")[0] == kind:
            assert text, f"{name} has no description"
            assert text == text.strip(), name
            assert "\n" not in text, name
            assert text[0].isupper() or text[0] in "`0123456789", f"{name}: {text}"
            assert text.endswith((".", "`", "?")), f"{name}: {text}"
            assert len(text) <= 300, f"{name}: {text}"
            assert not re.search(r"snake_case|`None`|[a-z]_id\b|`dict|`list", text), (
                f"{name} speaks of the inside: {text}"
            )
