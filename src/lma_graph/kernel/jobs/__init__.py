"""Jobs: work that takes longer than a request. The only door to the library that queues them.

A unit of work asks for one by `enqueue`, under its name; it runs if and only if that unit is committed. What a name
stands for is said by `@job` in a feature's `jobs` module and resolved in the worker alone, which runs a `Runner`.

    outbox_jobs --relay--> queue --runner--> the job's function, as the user who asked for it
"""

from lma_graph.kernel.jobs.enqueue import enqueue, enqueue_by_the_clock
from lma_graph.kernel.jobs.registry import HandBack, Job, JobRun, Outcome, Retry, Troubled, job, periodic

__all__ = [
    "HandBack",
    "Job",
    "JobRun",
    "Outcome",
    "Retry",
    "Troubled",
    "enqueue",
    "enqueue_by_the_clock",
    "job",
    "periodic",
]
