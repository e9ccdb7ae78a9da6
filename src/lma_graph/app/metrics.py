"""`/metrics` for Prometheus, of this process or of all workers. Enter at `metrics`.

With several workers the environment must name an empty directory in `PROMETHEUS_MULTIPROC_DIR` before
anything imports the client library; each process then keeps its numbers there, and any answers for all.
"""

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import Response

_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def _registry() -> CollectorRegistry:
    if not os.environ.get(_DIRECTORY):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


async def metrics(request: Request) -> Response:
    """All series in Prometheus' text format."""
    del request
    return Response(generate_latest(_registry()), headers={"Content-Type": CONTENT_TYPE_LATEST})


def forget_worker(pid: int) -> None:
    """Drop the gauges of a worker that has ended; call it where workers are watched."""
    if os.environ.get(_DIRECTORY):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
