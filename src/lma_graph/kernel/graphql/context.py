"""What resolvers get: the viewer's reader and the loaders over it."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import strawberry

from lma_graph.kernel.db import Reader
from lma_graph.kernel.loaders import Loaders, Spec
from lma_graph.kernel.scope import Scope
from lma_graph.kernel.viewer import Viewer


@dataclass
class Context:
    """The context of one operation: one viewer, one snapshot."""

    reader: Reader
    loaders: Loaders

    @classmethod
    def over(cls, reader: Reader) -> "Context":
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


Info = strawberry.Info[Context, None]
