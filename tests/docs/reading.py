"""What the documents hold: the queries, the rows of tables, the links. Nothing here judges; the tests do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<content>.*?)^```$", re.DOTALL | re.MULTILINE)
_ASKED = re.compile(r"^ask '(?P<query>[^']*)'$", re.MULTILINE)
_POSTED = re.compile(r"-d '(?P<body>\{[^']*\})'")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def fenced(text: str, language: str) -> Iterator[str]:
    """The content of every code block in a language."""
    return (found["content"] for found in _FENCE.finditer(text) if found["language"] == language)


def queries(text: str) -> list[str]:
    """Every query a reader may run: whole blocks, `ask '…'`, and the bodies that curl posts."""
    shell = "\n".join(fenced(text, "sh"))
    return [
        *fenced(text, "graphql"),
        *(found["query"] for found in _ASKED.finditer(shell)),
        *(json.loads(found["body"])["query"] for found in _POSTED.finditer(shell)),
    ]


def rows(text: str, first_cell: str) -> list[list[str]]:
    """The cells of every row of the table whose head begins with `first_cell`."""
    lines = text.partition(f"| {first_cell} |")[2].splitlines()[2:]
    table = []
    for line in lines:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def links(text: str) -> Iterator[str]:
    """The targets of all links and pictures outside code blocks."""
    return (found["target"] for found in _LINK.finditer(_FENCE.sub("", text)))
