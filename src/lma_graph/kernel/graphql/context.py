"""What resolvers get: the viewer's reader and the loaders over it."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import strawberry
from aiodataloader import DataLoader

from lma_graph.kernel.dataloaders import Loaders
from lma_graph.kernel.loaders import Spec
from lma_graph.kernel.scope import Scope
from lma_graph.kernel.session import Session
from lma_graph.kernel.transactions import Transaction, UnitOfWork
from lma_graph.kernel.viewer import Viewer


class Batched(Protocol):
    """A field with a batch resolver."""

    resolve: Callable[..., Awaitable[Sequence[Any]]]


@dataclass
class Context:
    """The context of one operation: one viewer, one snapshot."""

    reader: Transaction
    loaders: Loaders
    debug: dict[str, Any] | None = None
    """Shown under `extensions.debug` where the caller may see and has asked for it."""
    _batches: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)

    @classmethod
    def over(cls, reader: Transaction) -> "Context":
        """A context that reads through the given transaction."""
        return cls(reader, Loaders(reader))

    @property
    def viewer(self) -> Viewer:
        """Who is asking."""
        return self.reader.viewer

    @property
    def scope(self) -> Scope:
        """What they may see."""
        return self.loaders.scope

    async def load(self, spec: Spec, key: int, arguments: Hashable = None) -> Any:
        """The value of a key, loaded together with what others ask for at the same time."""
        return await self.loaders.load(spec, key, arguments)

    async def load_batch(self, field: "Batched", row: Any, arguments: Mapping[str, Any]) -> Any:
        """The value that a batch resolver gives for a row, asked for together with its neighbours."""
        shape = (field, repr(sorted(arguments.items())))
        loader = self._batches.get(shape)
        if loader is None:

            async def batch(rows: list[Any]) -> list[Any]:
                return list(await field.resolve(rows, self, **arguments))

            loader = self._batches[shape] = DataLoader(batch, get_cache_key=id)
        return await loader.load(row)


class CommandContext(Context):
    """The context of a mutation: each root field writes in a unit of work, and is shown in a snapshot after it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.plan_key: tuple[Hashable, Hashable] | None = None
        """What plans of payloads are kept by; None where nothing is executed by plan."""
        self.debug = None
        self._batches = {}

    async def begin(self) -> UnitOfWork:
        """A unit of work for a root field. What it writes shows at once, to whoever reads in it."""
        unit = await self.session.begin()
        self._read(unit)
        return unit

    async def commit(self) -> None:
        """Keep what was written; what is read from now on shows it."""
        self._read(await self.session.commit())

    async def roll_back(self) -> None:
        """Forget what was written."""
        self._read(await self.session.roll_back())

    async def safeguard(self) -> Callable[[], Awaitable[None]]:
        """Called after a statement has failed, what this gives lets everything be read anew.

        A rehearsal reads in the transaction that it has written in, which must survive.
        """
        writes = isinstance(self.reader, UnitOfWork)
        if writes:
            await self.reader.raw.execute("SAVEPOINT shown")

        async def restore() -> None:
            if writes:
                await self.reader.raw.execute("ROLLBACK TO SAVEPOINT shown")
            else:
                await self.reader.restart()
            self._read(self.reader)

        return restore

    def _read(self, transaction: Transaction) -> None:
        """Read through another transaction, without anything that was read before."""
        self.reader = transaction
        self.loaders = Loaders(transaction)
        self._batches = {}


Info = strawberry.Info[Context, None]
