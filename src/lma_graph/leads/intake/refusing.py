"""Rows that are not loaded because of other leads, and the keys by which that is known. Enter at `duplicate`."""

from collections.abc import Iterator, Mapping

from lma_graph.leads.intake.records import Record
from lma_graph.leads.intake.rows import Candidate, RowError, row_error

Refusal = tuple[Record, list[RowError]]


def refusal(row: Candidate, code: str, message: str, column: str | None = None, value: str = "") -> Refusal:
    """A row with the one reason why it is not loaded."""
    return row.record, [row_error(row.record, code, message, column, value)]


def duplicate(row: Candidate, *, by_email: bool | None, line: int | None, headers: Mapping[str, str]) -> Refusal:
    """A row whose key is taken: by the given line of the file, or by a lead that was there before.

    `headers` says which column fills which field. Without `by_email` nobody knows any more which key it was.
    """
    if by_email is None:
        return refusal(row, "CONFLICT", "Another writer had taken a key of the row and given it up; import it again.")
    code, thing, name = (
        ("DUPLICATE_EMAIL", "e-mail address", "email")
        if by_email
        else ("DUPLICATE_EXTERNAL_ID", "external id", "externalId")
    )
    message = f"This {thing} is already on line {line}." if line else f"There is already a lead with this {thing}."
    value = str(row.lead["email" if by_email else "external_id"])
    return refusal(row, code, message, headers.get(name), value)


def email_key(row: Candidate) -> str | None:
    """What a lead's e-mail address is known by."""
    email = row.lead.get("email")
    return f"email:{email.strip().lower()}" if email else None


def external_key(row: Candidate) -> str | None:
    """What a lead's external id is known by."""
    if row.lead.get("external_id") is None:
        return None
    return f"external:{row.lead['external_source']}\0{row.lead['external_id']}"


def keys_of(row: Candidate) -> Iterator[str]:
    """Both keys, where there are."""
    yield from (key for key in (email_key(row), external_key(row)) if key is not None)
