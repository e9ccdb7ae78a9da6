"""Prometheus series of jobs. Every worker tells the same depth and age; take the largest."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

RUNS: Final = Counter("lma_jobs", "Runs of jobs that ended, by job and outcome.", ("job", "outcome"))
DURATION: Final = Histogram(
    "lma_job_duration_seconds",
    "Time that a run of a job took.",
    ("job",),
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200),
)
RUNNING: Final = Gauge("lma_jobs_running", "Jobs being run by this worker.", multiprocess_mode="livesum")
WAITING: Final = Gauge(
    "lma_jobs_waiting", "Jobs in the queue that wait, by job.", ("job",), multiprocess_mode="livemax"
)
OLDEST: Final = Gauge(
    "lma_jobs_oldest_seconds", "How long the oldest of them has waited, by job.", ("job",), multiprocess_mode="livemax"
)
OUTBOX: Final = Gauge("lma_outbox_jobs", "Jobs that are due and not yet in the queue.", multiprocess_mode="livemax")
OUTBOX_OLDEST: Final = Gauge(
    "lma_outbox_oldest_seconds", "How long the oldest of them has been due.", multiprocess_mode="livemax"
)
