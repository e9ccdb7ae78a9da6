"""Documents: what is kept, what is refused, and in which words."""

import sys

import pytest
from example_graph import W1, make_schema
from graphql import OperationType

from lma_graph.kernel.errors import LimitExceeded
from lma_graph.kernel.graphql.documents import Documents
from lma_graph.kernel.graphql.errors import OperationUnresolved
from lma_graph.kernel.lru import BoundedLru

GRAPH = make_schema()._schema


def documents(**overrides: object) -> Documents:
    return Documents(GRAPH, **{"max_tokens": 4_000, **overrides})  # type: ignore[arg-type]


def test_the_same_text_gives_the_same_document_once_it_is_kept() -> None:
    kept = documents()
    first, was_kept = kept.get(W1)
    assert (was_kept, first.errors) == (False, ())
    assert kept.get(W1) == (first, True)
    assert [(each.name, each.type) for each in first.operations] == [("Timelines", OperationType.QUERY)]


def test_refused_documents_are_not_kept() -> None:
    kept = documents()
    for text in ("{", "{ nothing }"):
        assert kept.get(text)[0].errors
        assert kept.get(text)[1] is False
    assert len(kept) == 0


def test_the_number_of_documents_is_bounded() -> None:
    kept = documents(max_items=2)
    for name in "abc":
        kept.get(f"query {name} {{ hello }}")
    assert len(kept) == 2
    assert [kept.get(f"query {name} {{ hello }}")[1] for name in "cb"] == [True, True]
    assert kept.get("query a { hello }")[1] is False


def test_the_bytes_of_documents_are_bounded() -> None:
    kept = documents(max_bytes=200_000)
    for index in range(200):
        kept.get(f"query a{index} {{ hello }}")
    assert 1 < len(kept) < 100
    long = "{" + "hello " * 60 + "}"
    kept.get(long)
    assert kept.get(long)[1] is False, "one document may not push out all others"


def test_tokens_are_limited() -> None:
    with pytest.raises(LimitExceeded) as caught:
        documents(max_tokens=10).get("{" + "hello " * 9 + "}")
    assert caught.value.message == "The document has more than 10 tokens."
    assert caught.value.extensions() == {"code": "LIMIT_EXCEEDED", "limit": "tokens", "allowed": 10}


def test_comments_are_limited() -> None:
    with pytest.raises(LimitExceeded, match=r"^The document has more than 1000 comments\.$"):
        documents().get("#\n" * 1_001 + "{ hello }")


def test_length_is_limited() -> None:
    with pytest.raises(LimitExceeded) as caught:
        documents(max_length=100).get(" " * 94 + "{hello}")
    assert caught.value.extensions() == {
        "code": "LIMIT_EXCEEDED",
        "limit": "length",
        "allowed": 100,
        "found": 101,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ helo }", "Cannot query field 'helo' on type 'Query'."),
        ("{ hello(nme: 1) }", "Unknown argument 'nme' on field 'Query.hello'."),
        ("query($a: Strng) { hello(name: $a) }", "Unknown type 'Strng'."),
        (
            "{ leads(orderBy: [{ field: CREATED_A }]) { edges { cursor } } }",
            "Value 'CREATED_A' does not exist in 'LeadOrderField' enum.",
        ),
    ],
)
def test_errors_suggest_nothing(text: str, message: str) -> None:
    found = documents().get(text)[0].errors
    assert found[0].message == message
    assert not any("Did you mean" in error.message for error in found)


def test_introspection_can_be_switched_off() -> None:
    found = documents(introspection=False).get("{ __schema { types { name } } }")[0]
    assert "introspection" in found.errors[0].message
    assert documents().get("{ __schema { types { name } } }")[0].errors == ()


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("query A { hello }", "B", "The document has no operation of the name given in operationName."),
        (
            "query A { hello } query B { hello }",
            None,
            "The document has several operations: name one in operationName.",
        ),
    ],
)
def test_operations_that_cannot_be_chosen(text: str, name: str | None, message: str) -> None:
    document = documents().get(text)[0]
    with pytest.raises(OperationUnresolved) as caught:
        document.operation(name)
    assert caught.value.message == message
    assert caught.value.extensions() == {"code": "OPERATION_RESOLUTION_FAILURE"}


def test_operations_are_chosen_by_name_or_by_being_alone() -> None:
    document = documents().get("query A { hello } mutation B { touch }")[0]
    assert document.operation("B").type is OperationType.MUTATION
    assert documents().get("{ hello }")[0].operation(None).name is None


@pytest.mark.parametrize(
    "text",
    [
        "{" + "lead { id } " * 700 + "}",
        "{" + "hello(times: 1) " * 500 + "}",
        "{"
        + " ".join(f"...F{i}" for i in range(300))
        + "}"
        + " ".join(f"fragment F{i} on Query {{ hello }}" for i in range(300)),
    ],
    ids=["same object", "same arguments", "many fragments"],
)
def test_validation_of_pathological_documents_ends_soon(text: str) -> None:
    """Counted in calls, which do not depend on the machine; graphql-core's own budget allows many times more."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        documents().get(text)
    finally:
        sys.setprofile(None)
    assert calls < 1_500_000


def test_a_cache_counts_a_replaced_value_once() -> None:
    cache: BoundedLru[str, int] = BoundedLru(max_items=8, max_weight=800)
    cache.put("a", 1, 100)
    cache.put("a", 2, 50)
    assert (cache.get("a"), cache.weight, len(cache)) == (2, 50, 1)
    assert cache.put("b", 3, 101) is False
    assert "b" not in cache
