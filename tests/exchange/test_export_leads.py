"""`exportLeads`: what is in the file, whose leads, and that it can be imported again."""

import csv
import io

import orjson
import pytest
from exchange_world import STARTED, exported, imported

from lma_graph.kernel.viewer import Role
from lma_graph.leads import exporting


async def cells(http, found) -> list[list[str]]:
    got = await http.get(found["file"]["url"])
    assert got.status_code == 200
    assert got.headers["content-length"] == str(found["file"]["bytes"]) == str(len(got.content))
    return list(csv.reader(io.StringIO(got.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("batch", [1, 5_000])
async def test_the_leads_that_match_batch_by_batch(batch, world, owner_url, http, monkeypatch) -> None:
    monkeypatch.setattr(exporting, "BATCH", batch)
    monkeypatch.setattr("lma_graph.leads.service.export_work.BATCH", batch)
    made = [await world.lead(first_name=f"n{n}", company="Acme" if n % 2 else "Other") for n in range(4)]
    await world.lead(first_name="gone", company="Acme", deleted_at=made[0].created_at)
    given = {"filter": {"company": {"eq": "Acme"}}, "columns": ["id", "firstName"]}
    found = await exported(world, owner_url, given)
    assert found["status"] == "SUCCEEDED"
    assert found["outputData"] == {"leads": 2, "bytes": found["file"]["bytes"]}
    assert found["progress"] == {"done": 2, "total": 2}
    assert (found["file"]["name"], found["file"]["mediaType"]) == ("leads.csv", "text/csv; charset=utf-8")
    assert await cells(http, found) == [
        ["id", "firstName"],
        *([world.id("Lead", lead.id), lead.first_name] for lead in (made[1], made[3])),
    ]


async def test_an_export_of_nothing_has_its_header(world, owner_url, http) -> None:
    found = await exported(world, owner_url, {"columns": ["email"]})
    assert found["outputData"]["leads"] == 0
    assert await cells(http, found) == [["email"]]


async def test_no_cell_is_a_formula(world, owner_url, http) -> None:
    names = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=x", "plain", "a=b"]
    for name in names:
        await world.lead(first_name=name, value=-5, tags=["=t"], custom_fields={"plan": "=p", "employees": -7})
    columns = ["firstName", "value", "tags", "customFields.plan", "customFields.employees"]
    rows = await cells(http, await exported(world, owner_url, {"columns": columns}))
    expected = ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "''=x", "plain", "a=b"]
    assert rows[1:] == [[name, "-5", "'=t", "'=p", "-7"] for name in expected]


@pytest.mark.parametrize("kind", ["CSV", "JSONL"])
async def test_an_export_is_imported_as_it_is(kind, world, other_world, owner_url, http) -> None:
    owned = {"assigned_to_id": world.users[Role.MANAGER]}
    await world.lead(first_name="=Ada", phone="+4930123456", tags=["a", "b"], custom_fields={"plan": "pro"}, **owned)
    await world.lead(last_name='O"Hara, Sr.\nII', status="LOST", status_reason="price", value=-3, notes="ü")
    found = await exported(world, owner_url, {"format": kind})
    content = (await http.get(found["file"]["url"])).text
    again = await imported(other_world, owner_url, {"content": content, "format": kind})
    assert again["outputData"] == {"created": 2, "updated": 0, "unchanged": 0, "failed": 0}
    compared = (
        "SELECT email, first_name, last_name, phone, status, status_reason, source, value, notes, tags, custom_fields,"
        " created_at FROM leads WHERE organization_id = $1 ORDER BY id"
    )
    rows = [[tuple(row) for row in await one.fetch(compared)] for one in (world, other_world)]
    assert rows[0] == rows[1]


async def test_json_lines_have_types(world, owner_url, http) -> None:
    lead = await world.lead(tags=["t"], custom_fields={"n": 1, "deep": {"x": [None]}}, score=3)
    found = await exported(world, owner_url, {"format": "JSONL"})
    (line,) = (await http.get(found["file"]["url"])).content.splitlines()
    row = orjson.loads(line)
    assert (row["tags"], row["customFields"], row["score"]) == (["t"], {"n": 1, "deep": {"x": [None]}}, 3)
    assert row["id"] == world.id("Lead", lead.id)
    assert row["createdAt"] == lead.created_at.isoformat().replace("+00:00", "Z")


async def test_what_cannot_be_exported(world) -> None:
    refused = {
        ("nope",): "There is no column 'nope'",
        ("customFields",): "Name the fields one by one, such as customFields.country; only JSONL has them as a whole.",
        (): "Name a column at least, or leave this out for all.",
    }
    for columns, message in refused.items():
        found = await world.do("exportLeads", {"columns": list(columns)}, STARTED)
        assert found["__typename"] == "InvalidInput"
        assert message in found["message"]
    rehearsed = await world.do("exportLeads", {"dryRun": True}, STARTED)
    assert rehearsed == {"__typename": "ExportLeadsPayload", "execution": None}
    assert await world.fetch("SELECT id FROM workflow_executions WHERE organization_id = $1") == []
