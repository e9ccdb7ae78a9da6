"""Files as people have them: encodings, delimiters, quoting, broken records, and the file of bad rows."""

import csv
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_world import NAMES, NOTHING, Place, faults, place_in

from lma_graph.kernel.errors import InvalidInput
from lma_graph.leads.intake import records as intake
from lma_graph.leads.intake.mapping import Mapping
from lma_graph.leads.intake.records import Intake

PEOPLE = "email,name\njm@a.com,Jürgen Müßig\nfl@a.com,François Lefèvre\n"
X_EDUCATION = Path(__file__).parents[3] / "shared" / "data" / "x_education_leads.csv"
X_EDUCATION_MAP = Path(__file__).parents[2] / "examples" / "import" / "x_education.map.toml"


@pytest.fixture
async def place(owner_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with place_in(owner_url, tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PEOPLE.encode(), "utf-8"),
        (PEOPLE.encode("utf-8-sig"), "utf-8-sig"),
        (PEOPLE.encode("utf-16"), "utf-16"),
        (PEOPLE.encode("utf-16-be"), "utf-16-be"),
        (PEOPLE.encode("utf-32"), "utf-32"),
        (PEOPLE.encode("cp1252"), "cp1252"),
        (PEOPLE.replace("\n", "\r\n").encode("cp1252"), "cp1252"),
        (PEOPLE.replace("\n", "\r").encode(), "utf-8"),
    ],
)
async def test_encodings_and_line_ends(place: Place, content: bytes, encoding: str) -> None:
    report = await place.run(content)
    assert (report.encoding, report.created, report.errors) == (encoding, 2, ())
    assert await place.leads("email, first_name") == [
        ("jm@a.com", "Jürgen Müßig"),
        ("fl@a.com", "François Lefèvre"),
    ]


async def test_other_scripts_are_recognised(place: Place) -> None:
    russian = "email,name\na@a.com,Анна Иванова\nb@a.com,Пётр Петров\n"
    report = await place.run(russian.encode("cp1251"))
    assert report.encoding == "cp1251"
    assert await place.leads("first_name") == ["Анна Иванова", "Пётр Петров"]


async def test_the_map_overrules_what_would_be_found(place: Place) -> None:
    mapping = NAMES.model_copy(update={"encoding": "cp1250"})
    await place.run("email,name\na@a.com,Dvořák\n".encode("cp1250"), mapping)
    mapping = NAMES.model_copy(update={"encoding": "utf-8"})
    await place.run("\ufeffemail,name\nb@a.com,Ž\n".encode(), mapping)
    assert await place.leads("first_name") == ["Dvořák", "Ž"]


async def test_bytes_that_are_no_characters_are_faults_of_their_rows(place: Place) -> None:
    lines = [f"p{number}@a.com,Zoë\n".encode() for number in range(8)]
    lines[5] = b"p5@a.com,Zo\xeb\n"
    report = await place.run(b"email,name\n" + b"".join(lines) + b"last@a.com,Zo\xc3")
    assert (report.encoding, report.created) == ("utf-8", 7)
    message = "The record contains bytes that are no characters in the file's encoding."
    assert faults(report) == [(7, None, "BAD_ENCODING", message), (10, None, "BAD_ENCODING", message)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_delimiters_are_told_by_the_headers_that_the_map_names(place: Place, delimiter: str) -> None:
    cells = ["a,b;c", "email", "name\tand|more"]
    header = delimiter.join(f'"{cell}"' for cell in cells)
    report = await place.run(
        f'{header}\n1{delimiter}x@a.com{delimiter}"Ann; B, C"\n',
        Mapping.parse({"columns": {"email": "email", "name\tand|more": "firstName"}}),
    )
    assert (report.delimiter, report.created) == (delimiter, 1)
    assert await place.leads("email, first_name, custom_fields") == [("x@a.com", "Ann; B, C", '{"a,b;c": 1}')]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "file: The file is empty."),
        ("\n\n", "file: The file is empty."),
        ("email,name,email\n", "columns.email: The header 'email' stands over columns 1 and 3."),
        ("mail,name\na@a.com,A\n", "columns.email: The file has no column 'email'; it has 'mail', 'name'."),
        (
            'email,"name\na@a.com,A\n',
            "file: The header cannot be read: A quotation mark of the record on line 1 is never closed.",
        ),
        ("email,na\0me\n", "file: The header cannot be read: The record contains a NUL byte, which no text has."),
    ],
)
async def test_files_that_cannot_be_imported_at_all(place: Place, content: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await place.run(content)
    assert caught.value.message == message
    assert await place.counts() == NOTHING


async def test_a_file_that_is_not_there(place: Place) -> None:
    with pytest.raises(InvalidInput) as caught:
        await place.run(place.folder / "none.csv")
    assert caught.value.message == "file: The file cannot be read: No such file or directory."


@pytest.mark.parametrize("content", ["email,name\n", "email,name", "email,name\n\n,\n ,  \n"])
async def test_a_header_alone_gives_no_lead_and_no_fault(place: Place, content: str) -> None:
    report = await place.run(content)
    assert (report.read, report.created, report.failed, report.errors) == (0, 0, 0, ())
    assert await place.counts() == NOTHING


async def test_broken_records_keep_their_line_numbers_and_their_neighbours(place: Place) -> None:
    report = await place.run(
        'email,name\na@a.com,"two\r\nlines"\nb@a.com,"mis"quoted\nc@a.com,N\0L\nd@a.com\ne@a.com,E,surplus\n'
        'f@a.com,"He said ""no"",\nthen yes"\ng@a.com,G,\nh@a.com,"never\nclosed\n'
    )
    assert await place.leads() == ["a@a.com", "f@a.com", "g@a.com"]
    assert (await place.leads("first_name"))[:2] == ["two\r\nlines", 'He said "no",\nthen yes']
    assert faults(report) == [
        (
            4,
            None,
            "BAD_QUOTING",
            "A quotation mark stands inside a value; it must be doubled, and the value quoted.",
        ),
        (5, None, "NUL_BYTE", "The record contains a NUL byte, which no text has."),
        (6, None, "TOO_FEW_VALUES", "The row has 1 values, the header 2."),
        (7, None, "TOO_MANY_VALUES", "Value 3 stands under no header."),
        (11, None, "UNCLOSED_QUOTE", "A quotation mark of the record on line 11 is never closed."),
    ]


@pytest.mark.parametrize(
    ("giant", "lines"),
    [
        ("x" * 10_000_000, 1),
        ('"' + "x," * 5_000_000 + '"', 1),
        ('"' + 'line ""of"" text,\n' * 600_000 + '"', 600_001),
        ('"' + "y" * 999_000 + "\n" + "z" * 9_000_000 + '"', 2),
        ('"' + "y" * 2_000_000 + '\n",' + '"",' * 1_000_000, 2),
    ],
    ids=["plain", "delimiters in quotes", "many lines", "held and passed over", "many values"],
)
async def test_a_record_of_ten_megabytes_is_one_fault(place: Place, giant: str, lines: int) -> None:
    report = await place.run(f'email,name\na@a.com,"A"\nb@a.com,{giant}\nc@a.com,C\nbad,D\n')
    assert await place.leads() == ["a@a.com", "c@a.com"]
    message = "The record has more than 1,000,000 characters; perhaps a quotation mark is never closed."
    assert faults(report)[0] == (3, None, "TOO_LONG", message)
    assert [(error.line, error.code) for error in report.errors[1:]] == [(4 + lines, "INVALID_EMAIL")]
    assert len(report.errors[0].value) == 80


async def test_long_texts(place: Place) -> None:
    mapping = Mapping.parse({"columns": {"email": "email", "name": "firstName", "notes": "notesText"}})
    report = await place.run(
        f"email,name,notes,more\na@a.com,{'n' * 1000},{'t' * 100_000},{'c' * 10_000}\n"
        f"b@a.com,{'n' * 1001},{'t' * 100_001},{'c' * 10_001}\n",
        mapping,
    )
    assert report.created == 1
    assert faults(report) == [
        (3, "name", "TOO_LONG", "The text has 1,001 characters; at most 1,000 are kept."),
        (3, "notes", "TOO_LONG", "The text has 100,001 characters; at most 100,000 are kept."),
        (3, "more", "TOO_LONG", "The text has 10,001 characters; at most 10,000 are kept."),
    ]


async def test_bad_rows_are_safe_in_a_spreadsheet_and_come_back_unchanged(place: Place) -> None:
    content = (
        "email;name;=Town\nno;=HYPERLINK(1);-5\nok@a.com;fine;+1\nno;'@x;\tx\nno;plain;'quoted\n"
        'few\nno;many;1;2\nno;"br"oken;3\n'
    )
    report = await place.run(content)
    assert report.bad_rows is not None
    with report.bad_rows.open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file, delimiter=";"))
    address = "email: This is not an e-mail address: An email address must have an @-sign."
    quoting = "A quotation mark stands inside a value; it must be doubled, and the value quoted."
    assert written == [
        ["email", "name", "'=Town", "lma:line", "lma:reason"],
        ["no", "'=HYPERLINK(1)", "'-5", "2", address],
        ["no", "''@x", "'\tx", "4", address],
        ["no", "plain", "'quoted", "5", address],
        ["few", "", "", "6", "The row has 1 values, the header 3."],
        ["no", "many", "1", "7", "Value 4 stands under no header.", "2"],
        ['no;"br"oken;3', "", "", "8", quoting],
    ]
    for line, row in enumerate(written[1:4]):
        row[0] = f"mended{line}@a.com"
    mended = place.folder / "mended.csv"
    with mended.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(written[:4])
    report = await place.run(mended)
    assert (report.created, report.errors) == (3, ())
    found = [(name, json.loads(more)) for name, more in (await place.leads("first_name, custom_fields"))[1:]]
    assert found == [("=HYPERLINK(1)", {"=Town": -5}), ("'@x", {"=Town": "x"}), ("plain", {"=Town": "'quoted"})]


async def test_what_is_a_number_in_custom_fields(place: Place) -> None:
    cells = [
        "0",
        "-5",
        "2.50",
        "007",
        "+1",
        "1e5",
        "1.000,5",
        "9007199254740993",
        "123456789012345",
        "1٢",
        "NaN",
        ".",
    ]
    header = ",".join(f"c{number}" for number in range(len(cells)))
    await place.run(f"{header}\n" + ",".join(f'"{cell}"' for cell in cells) + "\n", Mapping())
    kept = json.loads((await place.leads("custom_fields"))[0])
    expected = [0, -5, 2.5, "007", "+1", "1e5", "1.000,5", "9007199254740993", 123456789012345, "1٢", "NaN", "."]
    assert kept == {f"c{number}": value for number, value in enumerate(expected)}
    assert [type(kept[f"c{number}"]) for number in range(3)] == [int, int, float]


@given(text=st.text(alphabet='",x\n', max_size=60), limit=st.integers(2, 12))
def test_passing_over_a_record_ends_where_reading_it_would(text: str, limit: int) -> None:
    def starts(longest: int) -> list[int]:
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
            patch.setattr(intake, "LONGEST_RECORD", longest)
            file = Path(folder) / "any.csv"
            file.write_text(f"a\n{text}")
            with Intake(file, encoding="utf-8", delimiter=",") as source:
                return [record.line for record in source._records]

    assert starts(limit) == starts(1_000)


def test_reading_holds_no_more_than_one_record(tmp_path: Path) -> None:
    file = tmp_path / "endless.csv"
    with file.open("w") as out:
        out.write('a,b\n1,"' + "never closed, not even\n" * 400_000)
    with Intake(file) as source:
        records = list(source.records())
    assert [(record.line, record.fault and record.fault[0]) for record in records] == [(2, "TOO_LONG")]
    assert len(records[0].values[0]) <= 1_000_000


async def test_real_leads_of_an_online_school(place: Place) -> None:
    if not X_EDUCATION.exists():
        pytest.skip(f"the data of X Education is not at {X_EDUCATION}")
    with X_EDUCATION.open(newline="") as full, (place.folder / "leads.csv").open("w", newline="") as some:
        some.writelines(line for _, line in zip(range(501), full, strict=False))
    report = await place.run(place.folder / "leads.csv", Mapping.read(X_EDUCATION_MAP))
    assert (report.read, report.created, report.errors) == (500, 500, ())
    first = await place.owner.fetchrow(
        "SELECT * FROM leads WHERE organization_id = $1 AND external_id = '2def8175-7a88-405a-a932-669cacf60230'",
        place.organization_id,
    )
    custom = json.loads(first["custom_fields"])
    assert (first["external_source"], first["status"], first["source"]) == ("x-education", "CONVERTED", "WEBSITE")
    assert json.loads(first["tags"]) == ["Will revert after reading the email"]
    assert custom["leadNumber"] == 660087
    assert custom["doNotEmail"] is False
    assert custom["city"] == "Thane & Outskirts"
    assert "Specialization" not in custom
    assert "Select" not in custom.values()
    again = await place.run(place.folder / "leads.csv", Mapping.read(X_EDUCATION_MAP))
    assert (again.created, {error.code for error in again.errors}) == (0, {"DUPLICATE_EXTERNAL_ID"})
