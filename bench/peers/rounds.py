"""The measuring itself: every contestant in turn, round after round. Enter at `measured`.

The machine may be busy with other things, so what is compared runs within seconds of each other, every other round
goes through the contestants backwards, and what is reported is the median of the rounds.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.peers.answers import request_body, request_headers
from bench.peers.contestants import Running
from bench.peers.ground import Ground, say
from bench.peers.load import Clients, LoadError
from bench.peers.meter import cpu_seconds, resident_bytes
from bench.peers.operations import Operation

_SETTLE = 4.0
"""Seconds for which every contestant runs an operation before its first turn: compilers at run time need them."""
FIGURES = ("server_ms", "postgres_ms", "throughput", "p50_ms", "p99_ms", "resident_mb", "requests")


@dataclass
class Cell:
    """One contestant, operation and number of clients: each figure, round by round."""

    contestant: str
    operation: str
    clients: int
    rounds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in FIGURES})

    def median(self, figure: str) -> float:
        """The figure over all rounds."""
        return statistics.median(self.rounds[figure])

    def total_ms(self) -> list[float]:
        """Processor time of server and Postgres per request, round by round."""
        return [a + b for a, b in zip(self.rounds["server_ms"], self.rounds["postgres_ms"], strict=True)]


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    operations: Sequence[Operation]
    clients: Sequence[int]
    rounds: int
    seconds: float
    warm: float


def measured(
    plan: Plan,
    servers: Mapping[str, Running],
    expected: dict[tuple[str, str], bytes],
    refused: dict[str, str],
    ground: Ground,
) -> Iterator[list[Cell]]:
    """All cells so far, after every operation of every round.

    `expected` is the right answer by contestant and operation. Who fails a request is taken out of it, entered into
    `refused`, and has no figures for that operation.
    """
    cells: dict[tuple[str, str, int], Cell] = {}
    with Clients() as clients:
        for number in range(plan.rounds):
            for operation in plan.operations:
                for count in plan.clients:
                    entered = [name for name in servers if (name, operation.name) in expected]
                    for name in entered[:: -1 if number % 2 else 1]:
                        cell = cells.setdefault((name, operation.name, count), Cell(name, operation.name, count))
                        first_time = count == plan.clients[0] and number == 0
                        turn = _Turn(cell, _SETTLE if first_time else plan.warm, plan.seconds)
                        try:
                            turn.take(clients, servers[name], operation, expected[name, operation.name], ground)
                        except LoadError as error:
                            say(f"REFUSED  {name}, {operation.name}, {count} clients: {error}")
                            refused[f"{name}, {operation.name}"] = str(error)
                            del expected[name, operation.name]
                            cells = {key: one for key, one in cells.items() if key[:2] != (name, operation.name)}
                say(f"round {number + 1} of {plan.rounds}: {operation.name}")
                yield list(cells.values())


@dataclass(frozen=True)
class _Turn:
    """One contestant's turn in one round."""

    cell: Cell
    warm: float
    seconds: float

    def take(self, clients: Clients, server: Running, operation: Operation, expected: bytes, ground: Ground) -> None:
        """Ask, and add what was found to the cell."""
        postgres = ground.postmaster()
        before = (0.0, 0.0)

        def begin() -> None:
            nonlocal before
            before = cpu_seconds(server.process), cpu_seconds(postgres)

        timing = clients.ask(
            server.port,
            _request(server, operation, ground),
            expected,
            clients=self.cell.clients,
            warm=self.warm,
            seconds=self.seconds,
            go=begin,
        )
        after = cpu_seconds(server.process), cpu_seconds(postgres)
        count = len(timing.latencies)
        found = {
            "server_ms": (after[0] - before[0]) * 1000 / count,
            "postgres_ms": (after[1] - before[1]) * 1000 / count,
            "throughput": count / timing.elapsed,
            "p50_ms": timing.percentile(0.5),
            "p99_ms": timing.percentile(0.99),
            "resident_mb": resident_bytes(server.process) / 2**20,
            "requests": count,
        }
        for name, value in found.items():
            self.cell.rounds[name].append(round(value, 4))


def _request(server: Running, operation: Operation, ground: Ground) -> bytes:
    """The request as it goes over the wire."""
    body = request_body(operation.body(server.contestant.dialect, ground))
    headers = {**request_headers(ground), "host": f"127.0.0.1:{server.port}", "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {server.contestant.path} HTTP/1.1\r\n{head}\r\n".encode() + body
