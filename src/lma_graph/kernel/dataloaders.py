"""Data loaders: whatever the resolvers of one level ask of one spec is one statement. Enter at `Loaders`."""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any

from aiodataloader import DataLoader

from lma_graph.kernel.loaders import ById, Spec
from lma_graph.kernel.scope import Scope
from lma_graph.kernel.transactions import Reader, Transaction

_QUIET_TURNS = 8
"""Turns of the event loop without a new key: more than it takes from a list's rows to the fields of its rows."""


class Loaders:
    """The data loaders of one operation, made on first use."""

    def __init__(self, reader: Reader | Transaction) -> None:
        self.reader = reader
        self.scope = Scope.of(reader.viewer)
        self._open: dict[tuple[Spec, Hashable], DataLoader[int, Any]] = {}
        self._waiting: dict[tuple[Spec, Hashable], _Batch] = {}

    async def load(self, spec: Spec, key: int, arguments: Hashable = None) -> Any:
        """The value of one key; keys asked for together share a statement, and each is loaded once."""
        loader = self._open.get((spec, arguments))
        if loader is None:

            async def batch(keys: list[int]) -> list[Any]:
                return await self._together(spec, arguments, keys)

            loader = self._open[spec, arguments] = DataLoader(batch)
        # Fields share what is loaded: when one of them fails and its siblings are cancelled, the others still wait.
        found = loader.load(key)
        found.add_done_callback(_looked_at)
        return await asyncio.shield(found)

    async def _together(self, spec: Spec, arguments: Hashable, keys: Sequence[int]) -> list[Any]:
        """The values of the keys, by one statement with whatever else is asked of the spec before its turn comes."""
        batch = self._waiting.get((spec, arguments))
        if batch is None:
            batch = self._waiting[spec, arguments] = _Batch()
            batch.found = asyncio.ensure_future(self._run(spec, arguments, batch))
        batch.keys += keys
        found = await batch.found
        return [found[key] for key in keys]

    async def _run(self, spec: Spec, arguments: Hashable, batch: "_Batch") -> dict[int, Any]:
        if isinstance(spec, ById):
            await self._settled(batch)
        else:
            await self.reader.idle()
        del self._waiting[spec, arguments]
        return dict(zip(batch.keys, await spec.load(self.reader, self.scope, batch.keys, arguments), strict=True))

    async def _settled(self, batch: "_Batch") -> None:
        """Wait until nothing more is asked of a batch.

        Lists go first, so that what their rows point at is loaded in one go. The number of statements then depends
        on neither how many rows there are nor which of them share a user.
        """
        quiet = 0
        while quiet < _QUIET_TURNS:
            known = len(batch.keys), self.reader.statements
            await self.reader.idle()
            await asyncio.sleep(0)
            quiet = quiet + 1 if known == (len(batch.keys), self.reader.statements) else 0


class _Batch:
    """Keys that wait for their turn."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.found: asyncio.Future[dict[int, Any]]


def _looked_at(found: "asyncio.Future[Any]") -> None:
    """Take note of a failure, even where the field that wanted the value is gone."""
    if not found.cancelled():
        found.exception()
