"""Imports from end to end: what is written, what is refused, and who may."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from import_world import NAMES, NOTHING, Place, faults, many, place_in

from lma_graph.kernel.errors import Denied, InvalidInput
from lma_graph.kernel.viewer import Role
from lma_graph.leads.intake import run as importing
from lma_graph.leads.intake.mapping import Mapping

FULL = Mapping.parse(
    {
        "blank": ["n/a"],
        "constants": {"externalSource": "old-crm", "customFields.batch": 7},
        "columns": {
            "Mail": "email",
            "First": "firstName",
            "Firm": "company",
            "Phone": {"field": "phone", "region": "DE"},
            "Site": "website",
            "Stage": {"field": "status", "values": {"Won": "CONVERTED"}, "default": "NEW"},
            "Heat": "leadTemperature",
            "Points": "score",
            "Labels": {"field": "tags", "separator": "|"},
            "Close": {"field": "expectedCloseDate", "format": "%d.%m.%Y"},
            "Made": "createdAt",
            "Key": "externalId",
            "Town": "customFields.city",
        },
    }
)
FULL_HEADER = "Mail,First,Firm,Phone,Site,Stage,Heat,Points,Labels,Close,Made,Key,Town,Employees,Zip\n"


@pytest.fixture
async def place(owner_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with place_in(owner_url, tmp_path) as found:
        yield found


async def test_a_row_becomes_a_lead_with_its_search_rows_audit_and_opening_score(place: Place) -> None:
    row = (
        " Ada@Firm.com ,Zoë,Löwe & Co,030 123456,firm.com/x,won,hot,12,b| a |b|,31.12.2027,"
        "2025-07-01 10:00,17,Köln,250,01067\n"
    )
    report = await place.run(FULL_HEADER + row, FULL)
    assert (report.read, report.created, report.failed, report.errors, report.bad_rows) == (1, 1, 0, (), None)
    columns = (
        "email, email_norm, first_name, company, phone, website, status, source, lead_temperature, score,"
        " expected_close_date, created_at, external_source, external_id, version"
    )
    assert await place.leads(columns) == [
        (
            "Ada@Firm.com",
            "ada@firm.com",
            "Zoë",
            "Löwe & Co",
            "+4930123456",
            "https://firm.com/x",
            "CONVERTED",
            "IMPORT",
            "HOT",
            12,
            dt.date(2027, 12, 31),
            dt.datetime(2025, 7, 1, 8, tzinfo=dt.UTC),
            "old-crm",
            "17",
            1,
        )
    ]
    documents = [tuple(map(json.loads, row)) for row in await place.leads("tags, custom_fields")]
    assert documents == [(["b", "a"], {"batch": 7, "city": "Köln", "Employees": 250, "Zip": "01067"})]
    counts = {"lead_tags": 2, "lead_fields": 1, "lead_terms": 6, "activities": 1, "lead_score_history": 1, "leads": 1}
    assert await place.counts() == counts
    tags, terms, city = [
        await place.owner.fetchval(
            f"SELECT array_agg({value} ORDER BY 1) FROM {table} WHERE organization_id = $1"
            " AND created_at = '2025-07-01T08:00:00Z'",
            place.organization_id,
        )
        for value, table in (
            ("tag", "lead_tags"),
            ("term || weight", "lead_terms"),
            ("name || '=' || text_value", "lead_fields"),
        )
    ]
    assert (sorted(tags), sorted(terms), city) == (
        ["a", "b"],
        ["ada4", "co2", "com4", "firm4", "lowe2", "zoe3"],
        ["city=Köln"],
    )
    viewer = place.viewers[Role.MANAGER]
    audit = await place.owner.fetchrow(
        "SELECT user_id, activity_type, metadata, status, direction FROM activities WHERE organization_id = $1",
        place.organization_id,
    )
    assert (audit[0], audit[1], json.loads(audit[2]), audit[3], audit[4]) == (
        viewer.user_id,
        "IMPORT",
        {"file": "leads.csv", "line": 2},
        "COMPLETED",
        None,
    )
    opening = await place.owner.fetchrow(
        "SELECT previous_score, new_score, score_change, kind, rule_id FROM lead_score_history"
        " WHERE organization_id = $1",
        place.organization_id,
    )
    assert tuple(opening) == (0, 12, 12, "OPENING", None)


async def test_blanks_and_markers_leave_the_defaults(place: Place) -> None:
    report = await place.run(FULL_HEADER + ",N/A,,call me,,,, 0 ,,,,,n/a,,\n", FULL)
    assert report.created == 1
    assert await place.leads("email, first_name, phone, status, source, lead_temperature, score, external_id") == [
        (None, None, "call me", "NEW", "IMPORT", "COLD", 0, None)
    ]
    assert json.loads((await place.leads("custom_fields"))[0]) == {"batch": 7}
    assert await place.counts() == {**NOTHING, "leads": 1, "activities": 1}


async def test_every_fault_of_a_row_is_named_with_its_line(place: Place) -> None:
    content = (
        FULL_HEADER
        + 'a@b.com,"Ada\nthe ""first""\n",,,,,,,,,,1,,,\n'
        + "not-an-address,Bo,,,javascript:alert(1),sold,boiling,1.5,,2027-12-31,2999-01-01,2,,,\n"
        + "c@b.com,,,,,,,2147483648,,,,3,,,\n"
        + "\n"
        + "d@b.com,,,,,,,,,,,4,,,\n"
    )
    report = await place.run(content, FULL)
    assert (report.read, report.created, report.failed) == (4, 2, 2)
    assert await place.leads() == ["a@b.com", "d@b.com"]
    assert faults(report) == [
        (5, "Mail", "INVALID_EMAIL", "This is not an e-mail address: An email address must have an @-sign."),
        (5, "Site", "INVALID_URL", "This is not a web address such as https://example.com/page ."),
        (
            5,
            "Stage",
            "INVALID_VALUE",
            "The value is not one of NEW, CONTACTED, WORKING, NURTURING, QUALIFIED, CONVERTED, UNQUALIFIED, LOST.",
        ),
        (5, "Heat", "INVALID_VALUE", "The value is not one of COLD, WARM, HOT."),
        (5, "Points", "INVALID_NUMBER", "This is not a whole number such as 1500."),
        (5, "Close", "INVALID_DATE", "This is not a date of the form %d.%m.%Y."),
        (5, "Made", "OUT_OF_RANGE", "The time lies in the future."),
        (6, "Points", "OUT_OF_RANGE", "The number must lie between -2,147,483,648 and 2,147,483,647."),
    ]
    assert [error.value for error in report.errors][:3] == ["not-an-address", "javascript:alert(1)", "sold"]


async def test_taken_keys_are_errors_that_name_the_earlier_line(place: Place) -> None:
    assert (await place.run("email,name\nold@a.com,Old\n")).created == 1
    content = (
        FULL_HEADER
        + " OLD@A.com,,,,,,,,,,,1,,,\nnew@a.com,,,,,,,,,,,2,,,\nNew@A.com,,,,,,,,,,,3,,,\nx@a.com,,,,,,,,,,,2,,,\n"
        # The id of a row that was refused is free.
        + "y@a.com,,,,,,,,,,,3,,,\n"
    )
    dry = await place.run(content, FULL, dry_run=True)
    report = await place.run(content, FULL)
    assert faults(report) == [
        (2, "Mail", "DUPLICATE_EMAIL", "There is already a lead with this e-mail address."),
        (4, "Mail", "DUPLICATE_EMAIL", "This e-mail address is already on line 3."),
        (5, "Key", "DUPLICATE_EXTERNAL_ID", "This external id is already on line 3."),
    ]
    assert (dry.created, dry.failed, dry.errors) == (report.created, report.failed, report.errors) == (2, 3, dry.errors)
    assert await place.leads() == ["old@a.com", "new@a.com", "y@a.com"]


async def test_another_organizations_address_is_free_and_a_deleted_leads_too(
    place: Place, owner_url: str, tmp_path: Path
) -> None:
    async with place_in(owner_url, tmp_path) as rival:
        assert (await rival.run(many(2))).created == 2
        assert (await place.run(many(2))).created == 2
    await place.owner.execute("UPDATE leads SET deleted_at = now() WHERE organization_id = $1", place.organization_id)
    assert (await place.run(many(2))).created == 2
    assert len(await place.leads()) == 4


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SALES_REP])
async def test_who_may_not_do_bulk_work_is_denied_and_nothing_is_written(place: Place, role: Role) -> None:
    with pytest.raises(Denied) as caught:
        await place.run(many(3), role=role)
    assert caught.value.message == "This needs the permission leads.bulk, which your role does not have."
    assert await place.counts() == NOTHING
    assert [path.name for path in place.folder.iterdir()] == ["leads.csv"]


async def test_a_dry_run_checks_everything_and_writes_nothing(place: Place) -> None:
    report = await place.run("email,name\na@b.com,A\nbad,B\na@b.com,C\n", dry_run=True)
    assert (report.read, report.created, report.failed, report.dry_run) == (3, 1, 2, True)
    assert [(error.line, error.code) for error in report.errors] == [(3, "INVALID_EMAIL"), (4, "DUPLICATE_EMAIL")]
    assert await place.counts() == NOTHING
    assert [path.name for path in place.folder.iterdir()] == ["leads.csv"]


async def test_progress_is_told_in_bytes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 1_000)
    told: list[tuple[int, int]] = []
    content = many(2_500)
    await place.run(content, dry_run=True, progress=lambda done, total: told.append((done, total)))
    assert [total for _, total in told] == [len(content)] * 3
    assert told[0][0] < told[1][0] < told[2][0] == len(content)


async def test_the_report_lists_a_thousand_faults_and_the_file_has_all(place: Place) -> None:
    content = "email,name\n" + "".join(f"bad{number},\n" for number in range(1_200))
    report = await place.run(content)
    assert (report.failed, len(report.errors), report.errors[-1].line) == (1_200, 1_000, 1_001)
    assert report.bad_rows == place.folder / "leads.bad-rows.csv"
    assert len(report.bad_rows.read_text(encoding="utf-8-sig").splitlines()) == 1_201


async def test_the_file_of_bad_rows_never_replaces_the_input(place: Place) -> None:
    with pytest.raises(InvalidInput) as caught:
        await place.run(many(1), NAMES, bad_rows=place.folder / "leads.csv")
    assert caught.value.message == "badRows: The file of bad rows would overwrite the file that is imported."
    assert (place.folder / "leads.csv").read_text() == many(1)
    missing = place.folder / "nowhere" / "bad.csv"
    with pytest.raises(InvalidInput) as caught:
        await place.run(many(1), NAMES, bad_rows=missing)
    assert caught.value.message == f"badRows: The file of bad rows cannot be written: {missing}"
    assert await place.counts() == NOTHING
