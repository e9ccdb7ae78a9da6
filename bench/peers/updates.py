"""Updating one lead, over HTTP: LMA Graph, which also writes its audit trail, beside PostGraphile, which does not.

`python -m bench.peers.updates` runs both on the database of the comparison, each client with a lead of its own whose
website goes to and fro, in turns. The figure is throughput, and the processor time of server and database by request.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any

import asyncpg

from bench.peers import packages
from bench.peers.answers import ask, request_body, request_headers
from bench.peers.contestants import Running, running
from bench.peers.dialects import LMA
from bench.peers.ground import Ground, standing
from bench.peers.load import Client
from bench.peers.meter import cpu_seconds

CLIENTS = 8
MARK = 1.0
_DOCUMENTS = {
    "lma": "mutation U($id: ID!, $website: String!) { updateLead(input: {id: $id, patch: {website: $website}})"
    " { ... on UpdateLeadPayload { lead { id email website status } } } }",
    "postgraphile": "mutation U($organization: BigInt!, $id: BigInt!, $website: String!) {"
    " updateLeadByOrganizationIdAndRowId(input: {organizationId: $organization, rowId: $id,"
    " leadPatch: {website: $website}}) { lead { id email website status } } }",
}


def main() -> int:
    """Measure and say what was found; 1 where the mark is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers.updates", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--seconds", type=float, default=5, help="length of a turn (default 5)")
    asked = parser.parse_args()
    packages.install()
    with standing() as ground, running(list(_DOCUMENTS), ground) as servers:
        found = asyncio.run(_measure(servers, ground, asked.rounds, asked.seconds))
    ratios = [ours["rate"] / theirs["rate"] for ours, theirs in zip(found["lma"], found["postgraphile"], strict=True)]
    for name, rounds in found.items():
        shown = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        print(f"{name:14}" + "  ".join(f"{key} {value:8.2f}" for key, value in shown.items()))
    times = statistics.median(ratios)
    print(f"{'met' if times >= MARK else 'MISSED'}  throughput, times PostGraphile's: {times:.2f} (≥ {MARK:.1f})")
    return 0 if times >= MARK else 1


async def _measure(
    servers: dict[str, Running], ground: Ground, rounds: int, seconds: float
) -> dict[str, list[dict[str, float]]]:
    leads = await _leads(ground)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
    for turn in range(rounds + 1):
        order = list(servers) if turn % 2 else list(reversed(servers))
        for name in order:
            at = list(servers).index(name) * CLIENTS
            result = await _turn(servers[name], ground, leads[at : at + CLIENTS], seconds if turn else 2)
            if turn:  # the first one warms up
                found[name].append(result)
    return found


async def _leads(ground: Ground) -> list[int]:
    connection = await asyncpg.connect(ground.url)
    try:
        rows = await connection.fetch(
            "SELECT id FROM leads WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2",
            ground.organization,
            2 * CLIENTS,
        )
    finally:
        await connection.close()
    return [row["id"] for row in rows]


async def _turn(server: Running, ground: Ground, leads: Sequence[int], seconds: float) -> dict[str, float]:
    both = [await asyncio.to_thread(_requests, server, ground, lead) for lead in leads]
    before = cpu_seconds(server.process), cpu_seconds(ground.postmaster())
    began = time.perf_counter()
    counts = await asyncio.gather(*(_update(server, pair, seconds) for pair in both))
    elapsed, total = time.perf_counter() - began, sum(counts)
    after = cpu_seconds(server.process), cpu_seconds(ground.postmaster())
    server_ms, postgres_ms = ((end - start) / total * 1000 for start, end in zip(before, after, strict=True))
    return {"rate": total / elapsed, "server ms": server_ms, "postgres ms": postgres_ms}


def _requests(server: Running, ground: Ground, lead: int) -> list[tuple[bytes, bytes]]:
    """Two requests, which undo each other, with their answers."""
    made = []
    for website in ("https://to.test", "https://fro.test"):
        lma = server.contestant.dialect is LMA
        values: dict[str, Any] = {"website": website, "id": str(lead), "organization": str(ground.organization)}
        if lma:
            values = {"website": website, "id": LMA.write_id("Lead", ground.organization, lead)}
        body = {"query": _DOCUMENTS[server.contestant.name], "variables": values}
        answer = ask(server, ground, body)
        assert website.encode() in answer, answer
        made.append((_written(server, ground, request_body(body)), answer))
    return made


def _written(server: Running, ground: Ground, body: bytes) -> bytes:
    head = {**request_headers(ground), "host": "127.0.0.1", "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"POST {server.contestant.path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def _update(server: Running, requests: Sequence[tuple[bytes, bytes]], seconds: float) -> int:
    loop, count = asyncio.get_running_loop(), 0
    _, client = await loop.create_connection(lambda: Client(*requests[0]), "127.0.0.1", server.port)
    try:
        end = loop.time() + seconds
        while loop.time() < end:
            client._request, client._expected = requests[count % 2]
            await client.ask()
            count += 1
    finally:
        client.close()
    return count


if __name__ == "__main__":
    raise SystemExit(main())
