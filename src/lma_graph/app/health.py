"""`/healthz`: the process answers. `/readyz`: it should get traffic. Enter at `Health`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse

from lma_graph.kernel.errors import DomainError

Check = Callable[[], Awaitable[object]]
"""Returns if all is well, raises whatever if not."""

_NO_STORE: Final = {"Cache-Control": "no-store"}
_OK, _FAILED, _TIMED_OUT = "ok", "failed", "timed out"

log = structlog.get_logger("lma_graph.health")


class Health:
    """The two endpoints. What a check raises is logged and not shown: it may hold addresses and passwords."""

    def __init__(self, checks: Mapping[str, Check], *, timeout_s: float = 2) -> None:
        self._checks = dict(checks)
        self._timeout_s = timeout_s
        self._shutting_down = False

    def begin_shutdown(self) -> None:
        """From now on the process is not ready, whatever the checks say."""
        self._shutting_down = True

    async def healthz(self, request: Request) -> JSONResponse:
        """200 as long as the event loop turns."""
        del request
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    async def readyz(self, request: Request) -> JSONResponse:
        """200 if every check passes in time, else 503 with the result of each."""
        del request
        if self._shutting_down:
            return JSONResponse({"status": "shutting down"}, 503, headers=_NO_STORE)
        results = await asyncio.gather(*(self._run(name, check) for name, check in self._checks.items()))
        found = dict(zip(self._checks, results, strict=True))
        ready = all(result == _OK for result in results)
        body = {"status": "ok" if ready else "unavailable", "checks": found}
        return JSONResponse(body, 200 if ready else 503, headers=_NO_STORE)

    async def _run(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(self._timeout_s) as deadline:
                await check()
        except Exception as error:
            late = isinstance(error, TimeoutError) and deadline.expired()
            expected = late or isinstance(error, DomainError)
            log.warning("not ready", check=name, reason=str(error), exc_info=None if expected else error)
            return _TIMED_OUT if late else _FAILED
        return _OK
