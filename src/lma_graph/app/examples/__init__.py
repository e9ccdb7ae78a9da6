"""The worked examples that GraphiQL opens with: one `*.graphql` file each, in the order of their names.

A file begins with a comment that says what it shows; variables stand beside it in `<name>.variables.json`.
Enter at `load_examples`.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """One tab of GraphiQL: `name` is the file's, `variables` the text of a JSON object."""

    name: str
    title: str
    query: str
    variables: str | None = None


@functools.cache
def load_examples() -> tuple[Example, ...]:
    """All examples, in the order in which they are shown."""
    return tuple(_example(file) for file in sorted(FOLDER.glob("*.graphql")))


def _example(file: Path) -> Example:
    variables = file.with_suffix(".variables.json")
    return Example(
        name=file.stem,
        title=file.stem.partition("-")[2].replace("-", " ").capitalize(),
        query=file.read_text(encoding="utf-8"),
        variables=variables.read_text(encoding="utf-8") if variables.exists() else None,
    )
