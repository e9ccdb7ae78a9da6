"""Global ids: one spelling per row, and nothing but what was issued is read."""

import pytest

import lma_graph.schema.graph  # noqa: F401  # registers the types
from lma_graph.kernel import ids


@pytest.mark.parametrize("number", [1, 2**48, 2**63 - 1])
def test_an_id_is_read_as_it_was_written(number) -> None:
    text = ids.encode("Lead", number)
    assert len(text) == ids.LENGTH
    assert ids.decode(text) == ("Lead", number)
    assert ids.number_of(text, "User") is None


@pytest.mark.parametrize("count", [0, 1, 11, 12, 13, 200])
def test_a_column_is_written_as_its_values_are(count: int) -> None:
    numbers = ([1, 7, 2**40, 2**63 - 1] * 50)[:count]
    assert ids.encode_all("User", numbers) == [ids.encode("User", number) for number in numbers]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "AwAAAAAAAAA",
        "AwAAAAAAAAB=",
        "AwAAAAAAAAA ",
        "äwAAAAAAAAAA",
        "_wAAAAAAAAAB",
        "AwAAAAAAAAAA",
        "A" * 4000,
    ],
)
def test_what_was_never_issued_is_no_id(text) -> None:
    assert ids.decode(text) is None


def test_an_id_has_one_spelling() -> None:
    text = ids.encode("Lead", 2**63 - 1)
    assert "_" in text
    assert ids.decode(text.replace("_", "/")) is None
