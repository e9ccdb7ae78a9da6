"""`importLeads`: the look at a file, the work chunk by chunk, what becomes of bad rows."""

import csv
import io

import orjson
import pytest
from exchange_world import PREVIEW, STARTED, done, execution, imported, uploaded

from kept_files import home_of
from lma_graph.kernel.viewer import Role
from lma_graph.leads.intake import run

SMALL = 'E-mail,Name,Town\nada@x.test,Ada,Lyon\nbroken,Bob,"Rome\nItaly"\nADA@x.test,Twice,\ncyd@x.test,Cyd,Oslo\n'
MAP = {"columns": {"E-mail": "email", "Name": "firstName", "Town": "customFields.address.city"}}
LEADS = "SELECT email, first_name, custom_fields FROM leads WHERE organization_id = $1 ORDER BY id"
AUDIT = "SELECT metadata, user_id FROM activities WHERE organization_id = $1 ORDER BY id"


async def leads(world) -> list[tuple]:
    return [tuple(row) for row in await world.fetch(LEADS)]


async def test_a_dry_run_shows_the_first_rows_and_writes_nothing(world, owner_url) -> None:
    await world.lead(email="cyd@x.test")
    given = {"content": SMALL, "mapping": MAP, "dryRun": True}
    found = await world.do("importLeads", given, f"{STARTED} {PREVIEW}")
    assert found == {
        "__typename": "ImportLeadsPayload",
        "execution": None,
        "columns": ["E-mail", "Name", "Town"],
        "encoding": "utf-8",
        "delimiter": ",",
        "preview": [
            {
                "line": 2,
                "lead": {"email": "ada@x.test", "firstName": "Ada", "customFields": {"address": {"city": "Lyon"}}},
                "errors": [],
            },
            {
                "line": 3,
                "lead": None,
                "errors": [
                    {
                        "column": "E-mail",
                        "value": "broken",
                        "message": "This is not an e-mail address: An email address must have an @-sign.",
                        "code": "INVALID_EMAIL",
                    }
                ],
            },
            {
                "line": 5,
                "lead": {"email": "ADA@x.test", "firstName": "Twice"},
                "errors": [
                    {
                        "column": "E-mail",
                        "value": "ADA@x.test",
                        "message": "This e-mail address is already on line 2.",
                        "code": "DUPLICATE_EMAIL",
                    }
                ],
            },
            {
                "line": 6,
                "lead": {"email": "cyd@x.test", "firstName": "Cyd", "customFields": {"address": {"city": "Oslo"}}},
                "errors": [
                    {
                        "column": "E-mail",
                        "value": "cyd@x.test",
                        "message": "There is already a lead with this e-mail address.",
                        "code": "DUPLICATE_EMAIL",
                    }
                ],
            },
        ],
    }
    assert len(await leads(world)) == 1
    assert await world.fetch("SELECT id FROM workflow_executions WHERE organization_id = $1") == []
    kept = home_of(owner_url) / "files" / str(world.organization_id)
    assert [path for path in kept.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("chunk", [1, 2, 5_000])
async def test_good_rows_are_loaded_and_bad_ones_given_back(chunk, world, owner_url, http, monkeypatch) -> None:
    monkeypatch.setattr(run, "CHUNK_ROWS", chunk)
    upload = await uploaded(world, http, SMALL.encode())
    found = await imported(world, owner_url, {"uploadId": upload, "mapping": MAP, "fileName": "people.csv"})
    assert found["status"] == "SUCCEEDED"
    assert found["outputData"] == {"created": 2, "updated": 0, "unchanged": 0, "failed": 2}
    assert found["progress"] == {"done": len(SMALL.encode()), "total": len(SMALL.encode())}
    assert await leads(world) == [
        ("ada@x.test", "Ada", {"address": {"city": "Lyon"}}),
        ("cyd@x.test", "Cyd", {"address": {"city": "Oslo"}}),
    ]
    admin = world.users[Role.ADMIN]
    audit = [({"file": "people.csv", "line": line}, admin) for line in (2, 6)]
    assert [tuple(row) for row in await world.fetch(AUDIT)] == audit
    file = found["file"]
    assert (file["name"], file["mediaType"]) == ("people.bad-rows.csv", "text/csv; charset=utf-8")
    got = await http.get(file["url"])
    assert (got.status_code, len(got.content)) == (200, file["bytes"])
    rows = list(csv.reader(io.StringIO(got.content.decode("utf-8-sig"))))
    twice = "E-mail: This e-mail address is already on line 2."
    if chunk < 3:
        twice = "E-mail: There is already a lead with this e-mail address."
    assert rows == [
        ["E-mail", "Name", "Town", "lma:line", "lma:reason"],
        ["broken", "Bob", "Rome\nItaly", "3", rows[1][4]],
        ["ADA@x.test", "Twice", "", "5", twice],
    ]
    mended = got.content.decode("utf-8").replace("broken", "bob@x.test").replace("ADA@", "ada2@")
    again = await imported(world, owner_url, {"content": mended, "mapping": MAP})
    assert again["outputData"] == {"created": 2, "updated": 0, "unchanged": 0, "failed": 0}
    assert again["file"] is None


async def test_json_lines(world, owner_url, http) -> None:
    lines = [
        {"email": "ada@x.test", "value": 12, "tags": ["a", "b,c"], "customFields": {"plan": "pro", "deep": {"x": [1]}}},
        {"Mail": "bob@x.test", "firstName": None, "employees": 7, "id": "TGVhZDox"},
        {"email": "cyd@x.test", "value": True},
        ["no object"],
    ]
    content = b"\xef\xbb\xbf" + b"\r\n".join(orjson.dumps(line) for line in lines) + b"\n\n{broken\n"
    mapping = {"columns": {"Mail": "email"}, "byName": True}
    upload = await uploaded(world, http, content)
    found = await imported(world, owner_url, {"uploadId": upload, "format": "JSONL", "mapping": mapping})
    assert found["outputData"] == {"created": 2, "updated": 0, "unchanged": 0, "failed": 3}
    rows = await world.fetch(
        "SELECT email, value, tags, custom_fields FROM leads WHERE organization_id = $1 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        ("ada@x.test", 12, ["a", "b,c"], {"plan": "pro", "deep": {"x": [1]}}),
        ("bob@x.test", None, [], {"employees": 7}),
    ]
    assert (found["file"]["name"], found["file"]["mediaType"]) == ("upload.bad-rows.jsonl", "application/jsonl")
    bad = [orjson.loads(line) for line in (await http.get(found["file"]["url"])).content.splitlines()]
    assert bad[0] == {
        "email": "cyd@x.test",
        "value": True,
        "lma:line": 3,
        "lma:reason": "value: The value must be text or a number.",
    }
    assert bad[1] == {"text": '["no object"]', "lma:line": 4, "lma:reason": "The line is not a JSON object."}
    assert (bad[2]["text"], bad[2]["lma:line"]) == ("{broken", 6)


async def test_upsert_changes_what_is_there(world, owner_url) -> None:
    there = await world.lead(email="Ada@x.test", first_name="Old", company="Kept", score=5)
    content = "email,firstName,company,score\nada@x.test,New,,70\nbob@x.test,Bob,Acme,\n,Nobody,,\nada@x.test,New,,\n"
    found = await imported(world, owner_url, {"content": content, "mode": "UPSERT"})
    assert found["outputData"] == {"created": 1, "updated": 1, "unchanged": 1, "failed": 1}
    rows = await world.fetch("SELECT id, first_name, company, score FROM leads WHERE organization_id = $1 ORDER BY id")
    assert tuple(rows[0]) == (there.id, "New", "Kept", 5)
    assert tuple(rows[1])[1:] == ("Bob", "Acme", 0)
    assert len(rows) == 2


async def test_what_does_not_fit_is_refused_at_once(world, other_world, http) -> None:
    theirs = await uploaded(other_world, http, b"email\na@x.test\n")
    for upload in (theirs, "0" * 32, "../../secret", ""):
        found = await world.do("importLeads", {"uploadId": upload}, STARTED)
        assert (found["__typename"], found["path"]) == ("NotFound", ["input", "uploadId"])
        assert found["message"] == "There is no such upload; send the file to the `url` of `createUpload` first."
    refused = {
        "Give either uploadId or content.": {},
        "mapping.columns.Mail: The file has no column 'Mail'; it has 'email'.": {
            "content": "email\n",
            "mapping": {"columns": {"Mail": "email"}},
        },
        "content: The file is empty.": {"content": ""},
        "mapping.colums: Extra inputs are not permitted.": {"content": "email\n", "mapping": {"colums": {}}},
    }
    for message, given in refused.items():
        found = await world.do("importLeads", given, STARTED)
        assert (found["__typename"], found["message"]) == ("InvalidInput", message)
    assert await world.fetch("SELECT id FROM workflow_executions WHERE organization_id = $1") == []


async def test_a_role_that_was_taken_away_ends_the_import(world, owner, owner_url) -> None:
    made = await world.do("importLeads", {"content": "email\na@x.test\n"}, STARTED, role=Role.MANAGER)
    await owner.execute("UPDATE users SET role = 'VIEWER' WHERE id = $1", world.users[Role.MANAGER])
    found = await done(world, owner_url, made["execution"]["id"])
    assert (found["status"], found["errorMessage"]) == (
        "FAILED",
        "This needs the permission leads.bulk, which your role does not have.",
    )
    assert await leads(world) == []


async def test_the_file_of_an_execution_is_not_everybodys(world, owner_url) -> None:
    found = await imported(world, owner_url, {"content": "email\nbroken\n"})
    assert found["file"] is not None
    number = (await world.fetch("SELECT id FROM workflow_executions WHERE organization_id = $1"))[0]["id"]
    id_ = world.id("WorkflowExecution", number)
    assert (await execution(world, id_, role=Role.MANAGER))["file"] is None
    assert (await execution(world, id_, role=Role.VIEWER))["file"] is None
