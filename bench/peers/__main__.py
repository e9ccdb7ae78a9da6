"""The command `python -m bench.peers`."""

import argparse
import sys
from collections.abc import Sequence

from bench.peers import packages, report
from bench.peers.answers import DifferentAnswerError, verified
from bench.peers.contestants import CONTESTANTS, Running, running
from bench.peers.ground import Ground, say, standing
from bench.peers.operations import OPERATIONS, Operation
from bench.peers.results import FILE, Results, machine, now, versions
from bench.peers.rounds import Plan, measured

_JUDGE = "limit-json"
"""Whose answer is the right one: it is the least that stands between the data and the client."""
Expected = dict[tuple[str, str], bytes]


def main() -> int:
    """Install, verify, measure and report; 1 where a contestant had to be refused."""
    asked = _arguments()
    if asked.action == "report":
        report.write(Results.read())
        return 0
    packages.install()
    operations = [OPERATIONS[name] for name in asked.operations]
    with standing() as ground, running(_entered(asked.contestants), ground) as servers:
        expected, refused = _verify(servers, operations, ground)
        if asked.action == "run":
            plan = Plan(operations, asked.clients, asked.rounds, asked.seconds, asked.warm)
            _measure(plan, servers, expected, refused, ground)
    return 1 if refused else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers",
        description="LMA Graph beside its peers: same database, same data, answers compared before they are timed.",
        epilog="Without arguments everything is measured, which takes about three quarters of an hour; a shorter"
        " look: python -m bench.peers run --operations w1 --clients 8 --rounds 3",
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=("run", "verify", "report"),
        default="run",
        help=f"verify: only compare answers; report: write docs/benchmarks-peers.* from {FILE.name} (default: all)",
    )
    many = {"nargs": "+", "metavar": "NAME"}
    parser.add_argument(
        "--operations", choices=OPERATIONS, default=list(OPERATIONS), help=", ".join(OPERATIONS), **many
    )
    parser.add_argument(
        "--contestants", choices=CONTESTANTS, default=list(CONTESTANTS), help=", ".join(CONTESTANTS), **many
    )
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32], help="how many ask at a time (1 8 32)")
    parser.add_argument("--rounds", type=int, default=5, help="how often everyone has a turn (5)")
    parser.add_argument("--seconds", type=float, default=1.5, help="how long a turn is timed (1.5)")
    parser.add_argument("--warm", type=float, default=0.5, help="how long a turn is run before it is timed (0.5)")
    return parser.parse_args()


def _entered(names: Sequence[str]) -> list[str]:
    """The contestants in their order, the judge among them."""
    return [name for name in CONTESTANTS if name in names or name == _JUDGE]


def _verify(
    servers: dict[str, Running], operations: Sequence[Operation], ground: Ground
) -> tuple[Expected, dict[str, str]]:
    """The right answers of those that give them, and why others are refused."""
    expected: Expected = {}
    refused: dict[str, str] = {}
    for operation in operations:
        wanted = None
        for name in sorted(servers, key=lambda name: name != _JUDGE):
            try:
                content, said = verified(servers[name], operation, ground, wanted)
            except DifferentAnswerError as error:
                refused[f"{name}, {operation.name}"] = str(error)
                say(f"REFUSED  {error}")
                continue
            wanted = said if wanted is None else wanted
            expected[name, operation.name] = content
        good = sum(which == operation.name for _, which in expected)
        say(f"{operation.name}: {good} of {len(servers)} contestants give the same answer")
    return expected, refused


def _measure(
    plan: Plan, servers: dict[str, Running], expected: Expected, refused: dict[str, str], ground: Ground
) -> None:
    for cells in measured(plan, servers, expected, refused, ground):
        found = Results(now(), machine(), versions(ground), plan.rounds, plan.seconds, refused, cells)
        found.write()
    report.write(found)


if __name__ == "__main__":
    sys.exit(main())
