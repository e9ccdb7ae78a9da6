"""What the documents say about each other, about errors and about the schema holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from reading import DOCUMENTS, ROOT, links, rows

from lma_graph.kernel.errors import DomainError, FieldError
from lma_graph.kernel.graphql import errors

SOURCE = ROOT / "src" / "lma_graph"
ERRORS = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
_REFUSED = re.compile(r"Refusal\(\s*\d{3},\s*\"([A-Z_]+)\"")
_CODE = re.compile(r"`([A-Z_]+)`")
_KIND = re.compile(r"\bkind=(\"[^,\n]+)")
_OF_A_VALUE = re.compile(
    r"(?:FieldError|InvalidInput\.at|Refused|Fault|\.refuse|_refuse_all)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
)
_LITERAL = re.compile(r"\"([A-Z]+(?:_[A-Z]+)*)\"")
_OF_A_ROW = re.compile(r"\"([A-Z]+(?:_[A-Z]+)+)\"")
PARTS = ["Context", "Decision", "Evidence", "Consequences"]


def kinds(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    """A class of domain errors and all below it that the server itself defines."""
    if kind.__module__.startswith("lma_graph."):
        yield kind
        for below in kind.__subclasses__():
            yield from kinds(below)


def codes_in(folder: Path, pattern: re.Pattern[str]) -> set[str]:
    return {code for file in folder.rglob("*.py") for code in pattern.findall(file.read_text(encoding="utf-8"))}


def codes_within(pattern: re.Pattern[str]) -> set[str]:
    """The codes in every piece of the source that matches."""
    return {code for piece in codes_in(SOURCE, pattern) for code in _LITERAL.findall(piece)}


def documented(*, single: bool) -> set[str]:
    """The codes in the first cells: those of single values, or all the others."""
    parts = [part for part in ERRORS.split("\n## ") if part.startswith("Codes of single values") is single]
    return {code for part in parts for row in rows(part, "code") for code in _CODE.findall(row[0])}


def test_every_code_of_an_error_is_documented_and_no_other() -> None:
    own = {errors.PARSE_FAILED, errors.VALIDATION_FAILED, errors.BAD_USER_INPUT, errors.INTERNAL}
    raised = own | {kind.code for kind in kinds(DomainError)} | codes_in(SOURCE / "app", _REFUSED)
    raised |= codes_within(_KIND)
    assert documented(single=False) | {DomainError.code} == raised


def test_every_code_of_a_single_value_is_documented_and_no_other() -> None:
    raised = codes_within(_OF_A_VALUE) | codes_in(SOURCE / "leads" / "intake", _OF_A_ROW)
    assert documented(single=True) == raised | {FieldError((), "").code}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    targets = [target for target in links(document.read_text(encoding="utf-8")) if "://" not in target]
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in document.read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    }
    broken = [
        target
        for target in targets
        if not (target[1:] in headings if target.startswith("#") else (document.parent / target).exists())
    ]
    assert broken == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_record_has_its_form(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    number = int(record.stem.partition("-")[0])
    assert text.startswith(f"# {number}. ")
    assert re.search(r"^Status: (proposed|accepted|superseded by \d{4}|withdrawn)$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [int(record.stem.partition("-")[0]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))
