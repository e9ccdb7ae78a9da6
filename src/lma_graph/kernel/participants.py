"""Where features take part in what happens below them: sets of rows, in the same unit of work, before its commit.

A feature announces an occasion (`LEAD_CHANGED = Occasion("lead_changed", …)`), those above it take part with
`@LEAD_CHANGED.participant`, and whoever brings the occasion about awaits it. Neither knows the other. Participants run
in the order of their packages, since that is the order in which they are imported.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lma_graph.kernel.transactions import UnitOfWork

Participant = Callable[..., Awaitable[None]]
P = TypeVar("P", bound=Participant)


@dataclass(frozen=True)
class Occasion:
    """Something that happens to rows, and who takes part."""

    name: str
    description: str
    participants: list[Participant] = field(default_factory=list)

    def participant(self, function: P) -> P:
        """Have a function `async fn(unit, numbers, **details)` take part."""
        self.participants.append(function)
        return function

    async def __call__(self, unit: UnitOfWork, numbers: Sequence[int], **details: Any) -> None:
        """Let everybody take part; nobody is asked about no rows."""
        if numbers:
            for participant in self.participants:
                await participant(unit, numbers, **details)
