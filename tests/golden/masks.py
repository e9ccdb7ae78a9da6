"""Makes an answer and its statements the same in every run: ids, cursors and bound keys get stable names.

Enter at `Masks`. What is not named here, such as a moment of today, must not occur in a golden query.
"""

import base64
import re
import struct
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from lma_graph.kernel import ids
from world import World

_CURSORS = {"cursor", "startCursor", "endCursor"}
_BREAKS = re.compile(r" (?=(?:FROM|WHERE|ORDER BY|GROUP BY|LIMIT|JOIN|AND|OR|UNION ALL)\b)")
WIDTH = 118


class Masks:
    """The names of the rows of one world."""

    def __init__(self, world: World, names: Mapping[tuple[str, int], str]) -> None:
        self._slug = world.slug
        self._names = names
        self._numbers = {number for _, number in names}

    def answer(self, value: Any, key: str = "") -> Any:
        """The data of an answer with global ids as `<Lead 1>` and cursors as what they hold."""
        if isinstance(value, dict):
            return {name: self.answer(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [self.answer(part, key) for part in value]
        if not isinstance(value, str):
            return value
        if key in _CURSORS:
            return self.cursor(value)
        found = ids.decode(value)
        return self._named(found) if found in self._names else value.replace(self._slug, "<slug>")

    def _named(self, row: Any) -> str:
        return f"<{self._names[row]}>"

    def cursor(self, text: str) -> str:
        """`<cursor of 50, …>`: the values that a cursor holds, without the number of its row."""
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if packed.startswith(b"["):
            _, *values = orjson.loads(packed)
        else:
            values = list(struct.unpack_from(f">{(len(packed) - 4) // 8}q", packed, 4))
        number = values.pop()
        assert number in self._numbers, text
        return f"<cursor of {', '.join(map(str, values))}>"

    def statement(self, statement: str, names: Sequence[str], values: Sequence[Any]) -> str:
        """A statement broken into lines, and its parameters."""
        flat = " ".join(statement.split())
        lines = [
            part
            for line in _BREAKS.sub("\n", flat).split("\n")
            for part in textwrap.wrap(
                line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
            )
        ]
        bound = [
            f"-- ${at} = {self.parameter(name, value, wide=f'${at}::BIGINT' in flat)}"
            for at, (name, value) in enumerate(zip(names, values, strict=True), 1)
        ]
        return "\n".join([*lines, *bound])

    def parameter(self, name: str, value: Any, *, wide: bool) -> str:
        """A parameter by what it stands for where that differs from run to run."""
        if name in {"organization_id", "viewer_id"}:
            return f"<{name}>"
        if name == "keys":
            return f"<{len(value)} keys>"
        if wide and value in self._numbers:
            return "<number of a row>"
        return repr(value.isoformat() if hasattr(value, "isoformat") else value).replace(self._slug, "<slug>")
