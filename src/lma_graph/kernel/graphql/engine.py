"""From a request to a response, whatever carried them. Enter at `GraphQLEngine.execute`.

Parse, validate, choose the operation, measure, coerce the variables: all of it before the context is opened,
so a request that cannot run costs no connection. Then the operation runs under a time limit.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import strawberry
from graphql import ExecutionResult, OperationType
from graphql.execution import Executor

from lma_graph.kernel.deadline import Deadline
from lma_graph.kernel.errors import DomainError, TimedOut
from lma_graph.kernel.graphql import metrics
from lma_graph.kernel.graphql.building import Building
from lma_graph.kernel.graphql.documents import Document, Documents, Operation
from lma_graph.kernel.graphql.errors import (
    BAD_USER_INPUT,
    VALIDATION_FAILED,
    Incident,
    OperationNotAllowed,
    ResponseError,
    domain_error,
    request_error,
    translate,
)
from lma_graph.kernel.graphql.exchange import Failure, GraphQLRequest, GraphQLResponse
from lma_graph.kernel.graphql.limits import Limits, Measuring

OpenContext = Callable[[OperationType], AbstractAsyncContextManager[object]]
"""Opens the context of an operation of the given type."""
Runner = Callable[[Executor[Any], Document, Operation], ExecutionResult | Awaitable[ExecutionResult]]
"""Runs a built executor; the operation's memo is where a plan for it can be kept."""


class Prepared(NamedTuple):
    """An operation that may run: valid, allowed, within the limits, its variables coerced.

    The executor has no context yet: set `executor.context_value` before running it.
    """

    document: Document
    operation: Operation
    executor: Executor[Any]
    cost: int


class Refused(Exception):
    """The request cannot run; `response` says why. Nothing was opened for it."""

    def __init__(self, response: GraphQLResponse) -> None:
        super().__init__(response.failure)
        self.response = response


class _Invalid(Exception):
    """graphql-core's errors about a document or its variables, already in their public form."""

    def __init__(self, errors: list[ResponseError]) -> None:
        super().__init__()
        self.errors = errors


@dataclass(slots=True)
class _Progress:
    """How far preparing has come, for the response in case it goes no further."""

    operation: Operation | None = None
    cost: int = 0


def run_standard(
    executor: Executor[Any], document: Document, operation: Operation
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Field by field, as graphql-core does."""
    del document, operation
    return cast("ExecutionResult | Awaitable[ExecutionResult]", executor.execute_operation())


class GraphQLEngine:
    """Answers requests against one schema. Safe to share between the requests of one event loop."""

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: Limits,
        *,
        timeout_s: float = 30,
        introspection: bool = True,
        runner: Runner = run_standard,
    ) -> None:
        if schema.extensions or schema.directives:
            raise TypeError("The engine runs neither Strawberry's extensions nor operation directives.")
        self.schema = schema
        self.graph = schema._schema
        self._limits = limits
        self._timeout_s = timeout_s
        self._runner = runner
        self._measuring = Measuring(self.graph, limits)
        self._building = Building(schema)
        self.documents = Documents(self.graph, max_tokens=limits.max_tokens, introspection=introspection)

    async def execute(self, request: GraphQLRequest, open_context: OpenContext) -> GraphQLResponse:
        """Run one query or mutation. Raises nothing but cancellation; failures are in the response."""
        started = time.perf_counter()
        kind, outcome = "unknown", "cancelled"
        metrics.IN_FLIGHT.inc()
        try:
            response = await self._answer(request, open_context)
            kind = response.operation.type.value if response.operation else "unknown"
            outcome = response.failure or "ok"
        finally:
            metrics.IN_FLIGHT.dec()
            metrics.observe(kind, outcome, time.perf_counter() - started)
        return response

    async def _answer(self, request: GraphQLRequest, open_context: OpenContext) -> GraphQLResponse:
        try:
            prepared = self.prepare(request)
        except Refused as refused:
            return refused.response
        incident = Incident(operation=prepared.operation.name)
        try:
            with Deadline(self._timeout_s) as deadline:
                result = await self._run(prepared, open_context)
        except Exception as error:  # noqa: BLE001 - the edge of the graph: everything is presented here
            expired = isinstance(error, TimeoutError) and deadline.expired
            cause = self._too_slow() if expired else error
            return self._failed(prepared, [incident.error(cause)], Failure.behind(translate(cause)))
        return self._ran(prepared, result, incident)

    async def _run(self, prepared: Prepared, open_context: OpenContext) -> ExecutionResult:
        executor = prepared.executor
        async with open_context(prepared.operation.type) as context:
            executor.context_value = context
            try:
                result = self._runner(executor, prepared.document, prepared.operation)
                return result if isinstance(result, ExecutionResult) else await result
            finally:
                if executor.background_futures:
                    await _stop_background(executor)

    def prepare(self, request: GraphQLRequest) -> Prepared:
        """Everything that comes before execution. Raises `Refused`."""
        progress = _Progress()
        try:
            return self._prepare(request, progress)
        except _Invalid as invalid:
            errors, failure = invalid.errors, Failure.REQUEST
        except DomainError as error:
            errors, failure = [domain_error(error)], Failure.behind(error)
        except Exception as error:  # noqa: BLE001 - a scalar's parser may raise anything
            errors, failure = [Incident(stage="prepare").error(error)], Failure.behind(translate(error))
        raise Refused(GraphQLResponse(self._extensions(progress.cost), tuple(errors), failure, progress.operation))

    def _prepare(self, request: GraphQLRequest, progress: _Progress) -> Prepared:
        document = self._document(request.query)
        progress.operation = operation = document.operation(request.operation_name)
        if operation.type not in request.allowed:
            raise OperationNotAllowed(f"A {operation.type.value} cannot be sent this way.")
        size = self._measuring.measure(document, operation, request.variables)
        progress.cost = cost = cast("int", size.cost)
        self._measuring.enforce(size)
        return Prepared(document, operation, self._build(request, document, operation), cost)

    def _document(self, text: str) -> Document:
        document, kept = self.documents.get(text)
        (metrics.DOCUMENT_HITS if kept else metrics.DOCUMENT_MISSES).inc()
        if document.errors:
            raise _Invalid([request_error(error, VALIDATION_FAILED) for error in document.errors])
        return document

    def _build(self, request: GraphQLRequest, document: Document, operation: Operation) -> Executor[Any]:
        made = self._building.build(request, document, operation)
        if isinstance(made, list):
            raise _Invalid([request_error(error, BAD_USER_INPUT) for error in made])
        return made

    def _too_slow(self) -> TimedOut:
        return TimedOut(f"The request took longer than {self._timeout_s:g} s and was stopped.")

    def _extensions(self, cost: int) -> dict[str, object]:
        return {"cost": {"requested": cost, "limit": self._limits.max_cost}}

    def _failed(self, prepared: Prepared, errors: list[ResponseError], failure: Failure) -> GraphQLResponse:
        return GraphQLResponse(self._extensions(prepared.cost), tuple(errors), failure, prepared.operation)

    def _ran(self, prepared: Prepared, result: ExecutionResult, incident: Incident) -> GraphQLResponse:
        errors = tuple([incident.error(error) for error in result.errors]) if result.errors else ()
        failure = Failure.FIELDS if errors else None
        extensions = self._extensions(prepared.cost)
        debug = getattr(prepared.executor.context_value, "debug", None)
        if debug is not None:
            extensions["debug"] = debug
        return GraphQLResponse(extensions, errors, failure, prepared.operation, ran=True, data=result.data)


async def _stop_background(executor: Executor[Any]) -> None:
    """End what graphql-core left running when a non-null field failed, before the context is closed."""
    pending = list(executor.background_futures)
    await asyncio.sleep(0)  # a task that is cancelled before its first step never awaits its coroutine
    for each in pending:
        each.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
