"""The engine: the order of things, what is opened and closed, and which errors a caller sees."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import strawberry
from example_graph import Context, make_schema
from graphql import GraphQLError, OperationType
from prometheus_client import REGISTRY
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from lma_graph.kernel.errors import Denied, InvalidInput, NotFound, Unauthenticated, Unavailable
from lma_graph.kernel.graphql.engine import GraphQLEngine, Refused
from lma_graph.kernel.graphql.exchange import READ_ONLY, Failure, GraphQLRequest, GraphQLResponse
from lma_graph.kernel.graphql.limits import Limits

SCHEMA = make_schema()
ENGINE = GraphQLEngine(SCHEMA, Limits(), timeout_s=0.2)
NO_COST = {"cost": {"requested": 0, "limit": 100_000}}
MASK = "Something went wrong on our side."


async def run(query: str, context: Context | None = None, **request: Any) -> GraphQLResponse:
    return await ENGINE.execute(GraphQLRequest(query, **request), (context or Context()).open)


def raising(error: BaseException) -> Callable[[], Awaitable[Any]]:
    async def act() -> None:
        raise error

    return act


async def test_an_operation_runs_between_opening_and_closing() -> None:
    context = Context()
    found = await run('mutation M { a: touch(name: "1") b: touch(name: "2") }', context)
    assert context.log == ["open", "touch 1", "touch 2", "close"]
    assert found.body() == {"data": {"a": "1", "b": "2"}, "extensions": NO_COST}
    assert (found.failure, found.operation.name, found.operation.type) == (None, "M", OperationType.MUTATION)


async def test_variables_and_the_operation_name_are_used() -> None:
    text = "query A($n: String!) { hello(name: $n) } query B { hello }"
    found = await run(text, variables={"n": "you"}, operation_name="A")
    assert found.data == {"hello": "hello you"}
    assert (await run(text, operation_name="B")).data == {"hello": "hello world"}


@pytest.mark.parametrize(
    "variables",
    [
        {"n": "you"},
        {"n": "you", "t": 2},
        {"n": "you", "t": 2.0},
        {"n": "you", "t": None},
        {"n": "you", "t": "x"},
        {"n": "you", "b": None},
        {"n": "you", "b": 2},
        {"n": None},
        {"n": 1},
        {"n": ["you"]},
        {"n": {}, "t": []},
        {},
    ],
)
async def test_variables_are_taken_alike_the_first_time_and_later(variables) -> None:
    text = "query($n: String!, $t: Int = 3, $b: Int) { hello(name: $n, times: $t) a: leads(first: $b) { __typename } }"
    engines = [GraphQLEngine(SCHEMA, Limits()) for _ in range(2)]
    await engines[1].execute(GraphQLRequest(text, variables={"n": "somebody"}), Context().open)
    first, later = [await one.execute(GraphQLRequest(text, variables=variables), Context().open) for one in engines]
    assert later.body() == first.body()
    assert later.failure is first.failure


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (GraphQLRequest("{"), "GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>."),
        (GraphQLRequest(""), "GRAPHQL_PARSE_FAILED", "Syntax Error: Unexpected <EOF>."),
        (
            GraphQLRequest("{ helo }"),
            "GRAPHQL_VALIDATION_FAILED",
            "Cannot query field 'helo' on type 'Query'.",
        ),
        (
            GraphQLRequest("query($n: String!) { hello(name: $n) }"),
            "BAD_USER_INPUT",
            "Variable '$n' has invalid value: Expected a value of non-null type 'String!' to be provided.",
        ),
        (
            GraphQLRequest("query($n: Int!) { hello(times: $n) }", variables={"n": "x"}),
            "BAD_USER_INPUT",
            "Variable '$n' has invalid value: Int cannot represent non-integer value: 'x'",
        ),
        (
            GraphQLRequest("query A { hello }", operation_name="B"),
            "OPERATION_RESOLUTION_FAILURE",
            "The document has no operation of the name given in operationName.",
        ),
        (
            GraphQLRequest("{ leads(first: 200000) { edges { cursor } } }"),
            "LIMIT_EXCEEDED",
            "This operation costs 200001; the limit is 100000. Ask for smaller pages.",
        ),
        (
            GraphQLRequest("mutation { touch }", allowed=READ_ONLY),
            "OPERATION_NOT_ALLOWED",
            "A mutation cannot be sent this way.",
        ),
        (
            GraphQLRequest("subscription { ticks }"),
            "OPERATION_NOT_ALLOWED",
            "A subscription cannot be sent this way.",
        ),
    ],
)
async def test_nothing_is_opened_for_what_cannot_run(request_: GraphQLRequest, code: str, message: str) -> None:
    context = Context()
    found = await ENGINE.execute(request_, context.open)
    assert context.log == []
    assert found.errors[0]["message"] == message
    assert found.errors[0]["extensions"]["code"] == code  # type: ignore[index]
    assert "data" not in found.body()
    assert found.failure in {Failure.REQUEST, Failure.NOT_ALLOWED}


async def test_a_refused_cost_is_told_in_the_extensions() -> None:
    found = await run("{ leads(first: 200000) { edges { cursor } } }")
    assert found.body()["extensions"] == {"cost": {"requested": 200_001, "limit": 100_000}}


@pytest.mark.parametrize(
    ("text", "variables", "message"),
    [
        ('{ token(value: "x") }', {}, "Expected value of type 'Token', found: \"x\"."),
        (
            "query($t: Token!) { token(value: $t) }",
            {"t": "x"},
            "Variable '$t' has invalid value: Expected value of type 'Token', found: 'x'.",
        ),
    ],
    ids=["literal", "variable"],
)
async def test_what_a_parser_raises_is_not_told(text: str, variables: dict[str, Any], message: str) -> None:
    found = await run(text, variables=variables)
    assert found.errors[0]["message"] == message


async def test_a_value_that_only_its_variable_shows_as_wrong_is_the_callers() -> None:
    found = await run('query($n: String = "a") { hello(name: $n) }', variables={"n": None})
    assert found.errors[0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert str(found.errors[0]["message"]).startswith("Argument 'name' has invalid value: ")


async def test_long_messages_are_cut() -> None:
    found = await run("{ hello(times: " + "9" * 5_000 + ") }")
    message = str(found.errors[0]["message"])
    assert message == "Expected value of type 'Int', found: " + "9" * 462 + "…"


@pytest.mark.parametrize(
    ("error", "message", "extensions"),
    [
        (NotFound("No such lead."), "No such lead.", {"code": "NOT_FOUND"}),
        (
            InvalidInput.at(("filter", 0), "too long"),
            "filter.0: too long",
            {
                "code": "INVALID_INPUT",
                "path": ["filter", "0"],
                "fields": [{"path": ["filter", "0"], "message": "too long", "code": "INVALID"}],
            },
        ),
        (
            Denied("users.write"),
            "This needs the permission users.write, which your role does not have.",
            {"code": "DENIED", "permission": "users.write"},
        ),
        (
            asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
            "This took longer than allowed and was stopped.",
            {"code": "TIMEOUT"},
        ),
        (
            ConnectionRefusedError(111, "Connect call failed ('10.0.0.7', 5432)"),
            "The database cannot be reached at the moment. Please try again.",
            {"code": "SERVICE_UNAVAILABLE", "retriable": True},
        ),
        (
            DBAPIError("SELECT secret", {}, asyncpg.ConnectionDoesNotExistError("gone")),
            "The database cannot be reached at the moment. Please try again.",
            {"code": "SERVICE_UNAVAILABLE", "retriable": True},
        ),
        (
            asyncpg.CharacterNotInRepertoireError("invalid byte sequence"),
            "Text may not contain the character U+0000.",
            {"code": "BAD_USER_INPUT"},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_expected_failures_of_a_field(error: Exception, message: str, extensions: dict[str, Any]) -> None:
    found = await run("{ hello act }", Context(act=raising(error)))
    assert found.body() == {
        "errors": (
            {
                "message": message,
                "locations": [{"line": 1, "column": 9}],
                "path": ["act"],
                "extensions": extensions,
            },
        ),
        "data": {"hello": "hello world", "act": None},
        "extensions": NO_COST,
    }
    assert found.failure is Failure.FIELDS


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("s3cret"),
        GraphQLError("s3cret"),
        FileNotFoundError(2, "s3cret"),
        DBAPIError("SELECT s3cret", {}, Exception("s3cret")),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_bug_is_masked_and_logged_under_one_id(error: Exception) -> None:
    with capture_logs() as logs:
        found = await run("query Q { a: act b: act }", Context(act=raising(error)))
    assert [each["message"] for each in found.errors] == [MASK, MASK]
    ids = {each["extensions"]["correlationId"] for each in found.errors}  # type: ignore[index]
    assert len(ids) == 1
    assert re.fullmatch(r"[0-9a-f]{32}", ids.pop())
    assert "s3cret" not in str(found.body())
    assert [(line["log_level"], line["operation"], line["path"]) for line in logs] == [("error", "Q", "a")]
    assert logs[0]["exc_info"] is not None
    assert logs[0]["correlation_id"] == found.errors[0]["extensions"]["correlationId"]  # type: ignore[index]


async def test_a_bug_raised_from_an_expected_failure_is_still_a_bug() -> None:
    async def act() -> None:
        raise RuntimeError("s3cret") from NotFound("No such lead.")

    with capture_logs():
        found = await run("{ act }", Context(act=act))
    assert found.errors[0]["message"] == MASK


async def test_a_result_that_does_not_fit_its_type_is_a_bug() -> None:
    with capture_logs() as logs:
        found = await run("{ huge }")
    assert (found.errors[0]["message"], found.ran, found.data) == (MASK, True, None)
    assert len(logs) == 1


async def test_time_runs_out_and_everything_is_stopped_before_closing() -> None:
    context = Context()
    found = await run("{ a: slow b: slow hello }", context)
    assert context.log == ["open", "slow cancelled", "slow cancelled", "close"]
    assert found.body() == {
        "errors": (
            {
                "message": "The request took longer than 0.2 s and was stopped.",
                "extensions": {"code": "TIMEOUT"},
            },
        ),
        "extensions": NO_COST,
    }
    assert found.failure is Failure.TIMEOUT


@pytest.mark.parametrize("failing", ["must", "mustAtOnce"])
async def test_what_a_failing_sibling_leaves_behind_ends_before_closing(failing: str) -> None:
    context = Context(act=raising(NotFound("gone")))
    found = await run("{ slow " + failing + " }", context)
    assert context.log == ["open", "slow cancelled", "close"]
    assert (found.data, found.errors[0]["message"]) == (None, "gone")


async def test_cancelling_the_request_closes_its_context() -> None:
    context = Context()
    task = asyncio.create_task(run("{ slow }", context))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert context.log == ["open", "slow cancelled", "close"]


@pytest.mark.parametrize(
    ("error", "failure", "message"),
    [
        (Unauthenticated("The user is not active."), Failure.UNAUTHENTICATED, "The user is not active."),
        (Unavailable("No connection is free."), Failure.UNAVAILABLE, "No connection is free."),
        (
            socket.gaierror(-2, "Name or service not known: db.internal"),
            Failure.UNAVAILABLE,
            "The database cannot be reached at the moment. Please try again.",
        ),
        (RuntimeError("s3cret"), Failure.INTERNAL, MASK),
    ],
    ids=["unauthenticated", "unavailable", "unreachable", "bug"],
)
async def test_a_context_that_does_not_open(error: Exception, failure: Failure, message: str) -> None:
    @asynccontextmanager
    async def open_context(_: object) -> AsyncIterator[object]:
        raise error
        yield

    with capture_logs():
        found = await ENGINE.execute(GraphQLRequest("{ hello }"), open_context)
    assert (found.failure, found.errors[0]["message"], found.ran) == (failure, message, False)


async def test_preparing_alone_raises_the_refusal() -> None:
    with pytest.raises(Refused) as caught:
        ENGINE.prepare(GraphQLRequest("{ helo }"))
    assert caught.value.response.failure is Failure.REQUEST
    prepared = ENGINE.prepare(GraphQLRequest("subscription S { ticks }", allowed=frozenset(OperationType)))
    assert (prepared.operation.name, prepared.cost) == ("S", 0)


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def test_operations_and_look_ups_are_counted() -> None:
    def state() -> tuple[float, ...]:
        return (
            count("lma_graphql_operations_total", type="query", outcome="ok"),
            count("lma_graphql_operations_total", type="unknown", outcome="request"),
            count("lma_graphql_operation_duration_seconds_count", type="query"),
            count("lma_graphql_documents_total", result="hit"),
            count("lma_graphql_documents_total", result="miss"),
            count("lma_graphql_in_flight"),
        )

    before = state()
    for text in ("query Counted { hello }", "query Counted { hello }", "{"):
        await run(text)
    assert [now - then for now, then in zip(state(), before, strict=True)] == [2, 1, 2, 1, 2, 0]


def test_a_schema_with_extensions_is_not_taken() -> None:
    class Noted(strawberry.extensions.SchemaExtension):
        pass

    @strawberry.type
    class Query:
        hello: str = "x"

    with pytest.raises(TypeError, match=r"^The engine runs neither Strawberry's extensions"):
        GraphQLEngine(strawberry.Schema(Query, extensions=[Noted]), Limits())
