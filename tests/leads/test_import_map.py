"""Maps are checked as a whole, and every fault is named by its place."""

import json
from pathlib import Path

import pytest

from lma_graph.kernel.errors import InvalidInput
from lma_graph.leads.intake.mapping import Mapping
from lma_graph.leads.intake.rows import RowReader
from lma_graph.leads.intake.values import FIELDS

FIELD_NAMES = ", ".join(FIELDS)


def faults(caught: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    return [(".".join(map(str, fault.path)), fault.message) for fault in caught.value.fields]


def test_every_fault_of_a_map_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        Mapping.parse(
            {
                "encoding": "klingon",
                "constants": {"source": "TELEPATHY", "nickname": "x"},
                "columns": {
                    "A": "mail",
                    "B": "email",
                    "C": {"field": "email"},
                    "D": {"field": "phone", "region": "Germany"},
                    "E": {"field": "company", "separator": ";"},
                    "F": {"field": "status", "values": {"1": "WON", "2": "LOST", "3": ""}, "default": "OPEN"},
                    "G": "externalId",
                    "H": "customFields..x",
                },
            }
        )
    sources = (
        "WEBSITE, WEB_FORM, REFERRAL, PARTNER, EMAIL, COLD_CALL, INBOUND_CALL, SOCIAL_MEDIA, PAID_ADS,"
        " ORGANIC_SEARCH, EVENT, CAMPAIGN, IMPORT, API, EXISTING_CUSTOMER, OTHER"
    )
    statuses = "NEW, CONTACTED, WORKING, NURTURING, QUALIFIED, CONVERTED, UNQUALIFIED, LOST"
    assert faults(caught) == [
        ("encoding", "There is no text encoding 'klingon'."),
        ("constants.nickname", f"There is no field 'nickname'; there are {FIELD_NAMES}, and customFields."),
        ("columns.A.field", f"There is no field 'mail'; there are {FIELD_NAMES}, and customFields."),
        ("columns.C.field", "email is already filled from 'B'."),
        ("columns.D.region", "There is no region 'Germany'; it is a code such as IN."),
        ("columns.E.separator", "company does not take the option separator."),
        ("columns.F.values.1", f"The value is not one of {statuses}."),
        ("columns.F.default", f"The value is not one of {statuses}."),
        ("columns.H.field", "Every step of a path has 1 to 200 characters."),
        ("constants.source", f"The value is not one of {sources}."),
        (
            "constants.externalSource",
            "externalId needs an externalSource, as a constant or from a column: it is unique within one.",
        ),
    ]


def test_the_shape_of_a_map() -> None:
    with pytest.raises(InvalidInput) as caught:
        Mapping.parse({"colums": {}, "columns": {"A": {"fild": "email"}}, "unmapped": "drop", "delimiter": ":"})
    assert faults(caught) == [
        ("columns.A.fild", "Extra inputs are not permitted."),
        ("unmapped", "Input should be 'customFields' or 'ignore'."),
        ("delimiter", "Input should be ',', ';', '\\t' or '|'."),
        ("colums", "Extra inputs are not permitted."),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", b"columns = ", "map: The map is not valid TOML: Invalid value (at end of document)"),
        ("a.json", b"{", "map: The map is not valid JSON: Expecting property name enclosed in double quotes:"),
        ("a.json", b"[]", "map: Input should be a valid dictionary or instance of Mapping."),
        ("a.toml", b"\xff", "map: The map is not valid TOML: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_files_that_are_no_map(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        Mapping.read(tmp_path / name)
    assert caught.value.message.startswith(message)


def test_a_map_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        Mapping.read(tmp_path / "none.toml")
    assert caught.value.message == "map: The map cannot be read: No such file or directory."


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    document = {"blank": ["-"], "columns": {"A": "email", "B": {"field": "tags", "separator": "|"}}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    (tmp_path / "a.toml").write_text(
        'blank = ["-"]\n[columns]\nA = "email"\n[columns.B]\nfield = "tags"\nseparator = "|"\n'
    )
    assert Mapping.read(tmp_path / "a.json") == Mapping.read(tmp_path / "a.toml") == Mapping.parse(document)


def test_every_missing_column_is_named() -> None:
    mapping = Mapping.parse({"columns": {"Mail": "email", "Name": "lastName", "Town": "customFields.city"}})
    with pytest.raises(InvalidInput) as caught:
        RowReader(mapping, ["Name", "", "Ort"], "UTC")
    assert faults(caught) == [
        ("columns.Mail", "The file has no column 'Mail'; it has 'Name', 'Ort'."),
        ("columns.Town", "The file has no column 'Town'; it has 'Name', 'Ort'."),
    ]


def test_custom_fields_may_not_collide() -> None:
    mapping = Mapping.parse({"columns": {"A": "customFields.x.y"}, "constants": {"customFields.z": 1}})
    with pytest.raises(InvalidInput) as caught:
        RowReader(mapping, ["A", "x", "z", "n" * 201], "UTC")
    assert faults(caught) == [
        ("columns.x", "The custom field x collides with that of 'A'."),
        (f"columns.{'n' * 201}", "The name of a custom field has at most 200 characters."),
        ("columns.customFields.z", "The custom field z collides with that of 'z'."),
    ]
