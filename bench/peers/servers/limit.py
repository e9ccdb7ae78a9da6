"""The least a Python server can do: check the token, run one statement under row security, answer.

Enter at `application`. No GraphQL: the body names an operation written by hand, which `limit_json` and
`limit_columns` supply in two ways.
"""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg
import orjson

from lma_graph.activities.models import COMMUNICATION_TYPES
from lma_graph.kernel.tokens import build_verifier, parse_bearer

Answer = Callable[[asyncpg.Connection, int, Mapping[str, Any]], Awaitable[bytes]]
"""From connection, organization and variables to the body."""
COMMUNICATION = f"activity_type IN ({', '.join(repr(str(one)) for one in COMMUNICATION_TYPES)})"
# Planning these statements anew at every execution would cost as much as running them.
_SETTINGS = {"timezone": "UTC", "plan_cache_mode": "force_generic_plan"}
_CONNECTIONS = int(os.environ["PEERS_CONNECTIONS"])


def application(operations: Mapping[str, Answer]) -> Callable[..., Awaitable[None]]:
    """The ASGI application that answers the operations."""
    verifier = build_verifier(secret=os.environ["PEERS_JWT_SECRET"].encode(), jwks_url=None, audience=None, issuer=None)
    idle: list[asyncpg.Connection] = []
    turns = asyncio.Semaphore(_CONNECTIONS)

    async def answer(scope: Mapping[str, Any], body: bytes) -> bytes:
        header = next(value for name, value in scope["headers"] if name == b"authorization")
        claims = await verifier.verify(parse_bearer(header.decode()))
        asked = orjson.loads(body)
        async with turns:
            connection = idle.pop()
            try:
                await connection.execute(
                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                    f"SET LOCAL app.organization_id = '{int(claims.organization)}';"
                    f"SET LOCAL app.user_id = '{int(claims.subject)}'"
                )
                found = await operations[asked["operation"]](connection, int(claims.organization), asked["variables"])
                await connection.execute("COMMIT")
            finally:
                idle.append(connection)
        return found

    async def serve(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(idle, receive, send)
            return
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        found = await answer(scope, body)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(found))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": found})

    return serve


async def _live(idle: list[asyncpg.Connection], receive: Any, send: Any) -> None:
    await receive()
    for _ in range(_CONNECTIONS):
        connection = await asyncpg.connect(os.environ["PEERS_DATABASE_URL"], server_settings=_SETTINGS)
        await connection.execute("SET ROLE lma_app")
        idle.append(connection)
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for connection in idle:
        await connection.close()
    await send({"type": "lifespan.shutdown.complete"})
