"""Prometheus series of the graph. Enter at `observe`.

Operation names are chosen by clients and without bound, so they are no label.
"""

from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

OPERATIONS: Final = Counter(
    "lma_graphql_operations",
    "Operations answered, by type (query, mutation, subscription, unknown) and outcome.",
    ("type", "outcome"),
)
DURATION: Final = Histogram(
    "lma_graphql_operation_duration_seconds",
    "Time from the decoded request to the finished response.",
    ("type",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
DOCUMENTS: Final = Counter("lma_graphql_documents", "Look-ups of parsed documents, by result (hit, miss).", ("result",))
IN_FLIGHT: Final = Gauge(
    "lma_graphql_in_flight", "Operations being answered at the moment.", multiprocess_mode="livesum"
)
DOCUMENT_HITS: Final = DOCUMENTS.labels("hit")
DOCUMENT_MISSES: Final = DOCUMENTS.labels("miss")


def observe(kind: str, outcome: str, seconds: float) -> None:
    """Count one answered operation."""
    operations, duration = _series(kind, outcome)
    operations.inc()
    duration.observe(seconds)


@cache
def _series(kind: str, outcome: str) -> tuple[Counter, Histogram]:
    """Looking a series up by its labels takes longer than counting in it; both labels have few values."""
    return OPERATIONS.labels(kind, outcome), DURATION.labels(kind)
