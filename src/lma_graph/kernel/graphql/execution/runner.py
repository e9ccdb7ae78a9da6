"""Runs operations by plan. Enter at `planned`, which is a runner of the engine.

A plan is kept for its operation and for the values of the variables that decide its shape (`kept`).
"""

import asyncio
from typing import Any, Final

import asyncpg
import orjson
import structlog
from graphql import ExecutionResult, OperationType
from graphql.execution import Executor
from graphql.execution.executor import CollectedErrors
from prometheus_client import Counter, Histogram

from lma_graph.kernel.graphql.context import CommandContext, Context
from lma_graph.kernel.graphql.documents import Document, Operation
from lma_graph.kernel.graphql.errors import chain
from lma_graph.kernel.graphql.execution.arguments import shaping_variables
from lma_graph.kernel.graphql.execution.kept import Kept, find, keep
from lma_graph.kernel.graphql.execution.plan import Unplannable
from lma_graph.kernel.graphql.execution.planner import Planner
from lma_graph.kernel.graphql.execution.roots import run_plan
from lma_graph.kernel.graphql.inputs import plain

EXECUTIONS: Final = Counter(
    "lma_graphql_executions",
    "Executed operations, by way (planned, standard, discarded) and reason.",
    ("way", "reason"),
)
STATEMENTS: Final = Histogram(
    "lma_graphql_statements",
    "SQL statements of an operation, beside BEGIN and COMMIT.",
    buckets=(1, 2, 3, 4, 6, 10, 20, 50),
)
_PLANNED = EXECUTIONS.labels("planned", "")
_FATAL = (
    asyncpg.QueryCanceledError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
)

log = structlog.get_logger("lma_graph.execution")


async def planned(executor: Executor[Any], document: Document, operation: Operation) -> ExecutionResult:
    """Run an operation by its plan, or field by field where that is what it takes."""
    del document
    context = executor.context_value
    if isinstance(context, CommandContext):
        context.plan_key = operation, _shaping(executor, operation)
    if operation.type is not OperationType.QUERY or not isinstance(context, Context):
        return await _execute(executor)
    try:
        plan = _plan_of(executor, operation)
        if isinstance(plan, str):
            return await _standard(executor, context, plan)
        data = await run_plan(plan, plan.run(executor, context))
    except Exception as error:  # noqa: BLE001 - whatever it is, the standard way gives the exact answer
        if _is_fatal(error, context):
            raise list(chain(error))[-1] from None  # of the request, so without the place where it was met
        return await _again(executor, context, error)
    _PLANNED.inc()
    _note(context, "planned")
    return ExecutionResult(data, None)


def _is_fatal(error: Exception, context: Context) -> bool:
    """Whether it is a failure of the whole request, so that running it again on this connection cannot help."""
    return context.reader.raw.is_closed() or any(isinstance(cause, _FATAL) for cause in chain(error))


def _note(context: Context, way: str) -> None:
    STATEMENTS.observe(context.reader.statements)
    if context.debug is not None:
        context.debug["execution"] = way


async def _standard(executor: Executor[Any], context: Context, reason: str) -> ExecutionResult:
    EXECUTIONS.labels("standard", reason).inc()
    result = await _execute(executor)
    _note(context, "standard")
    return result


async def _again(executor: Executor[Any], context: Context, error: Exception) -> ExecutionResult:
    """Discard what was done and run field by field, for the specification's exact errors."""
    EXECUTIONS.labels("discarded", type(error).__name__).inc()
    log.debug("plan discarded", error=repr(error))
    if context.reader.statements:
        await context.reader.restart()  # one of them may have failed, and with it the transaction
    executor.collected_errors = CollectedErrors()
    executor.context_value = again = Context.over(context.reader)
    again.debug = context.debug
    result = await _execute(executor)
    _note(again, "discarded")
    return result


async def _execute(executor: Executor[Any]) -> ExecutionResult:
    result: Any = executor.execute_operation()
    if asyncio.iscoroutine(result) or executor.is_awaitable(result):
        result = await result
    found: ExecutionResult = result
    return found


def _plan_of(executor: Executor[Any], operation: Operation) -> Kept:
    """The plan of an operation with these variables, or why there cannot be one."""
    key = operation, _shaping(executor, operation)
    found = find(key)
    if found is None:
        try:
            found = Planner(executor).plan()
        except Unplannable as error:
            found = str(error)
        keep(key, found)
    return found


def _shaping(executor: Executor[Any], operation: Operation) -> bytes:
    """The values of the variables that decide what plans look like."""
    names: Any = operation.memo.get("shaping variables")
    if names is None:
        names = operation.memo["shaping variables"] = shaping_variables(executor)
    values = executor.variable_values.coerced
    return orjson.dumps([plain(values.get(name)) for name in names]) if names else b""
