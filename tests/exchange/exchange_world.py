"""What tests of import and export stand on: a served application, the mutations, and workers that do the work."""

import sys
from pathlib import Path
from typing import Any

import httpx2

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from job_workers import at_work
from job_world import until
from starlette.applications import Starlette

from kept_files import files_of
from lma_graph.app.file_links import FileLinks
from lma_graph.kernel.db import Database
from lma_graph.kernel.jobs.registry import JOBS
from lma_graph.leads import jobs as lead_jobs
from world import World

assert lead_jobs
WORK = (JOBS["execution.import"], JOBS["execution.export"])
STARTED = "execution { id status inputData progress { done total } }"
PREVIEW = "columns encoding delimiter preview { line lead errors { column value message code } }"


def client_of(database: Database, url: str) -> httpx2.AsyncClient:
    """A client of the addresses behind links."""
    app = Starlette(routes=FileLinks(database, files_of(url)).routes())
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://files")


async def uploaded(world: World, http: httpx2.AsyncClient, content: bytes) -> str:
    """The id of an upload that was sent."""
    made = await world.do("createUpload", {}, "uploadId url method")
    sent = await http.request(made["method"], made["url"], content=content)
    assert (sent.status_code, sent.json()) == (201, {"uploadId": made["uploadId"], "bytes": len(content)})
    found: str = made["uploadId"]
    return found


async def execution(world: World, id_: str, **options: Any) -> dict[str, Any]:
    answer = await world.ask(
        "query($id: ID!) { workflowExecution(id: $id) { status errorMessage outputData progress { done total }"
        " file { name mediaType bytes url } } }",
        {"id": id_},
        **options,
    )
    assert answer.errors == []
    found: dict[str, Any] = answer.data["workflowExecution"]
    return found


async def is_over(world: World, id_: str) -> bool:
    return (await execution(world, id_))["status"] not in {"PENDING", "RUNNING", "WAITING"}


async def done(world: World, url: str, id_: str) -> dict[str, Any]:
    """The execution when a worker is done with it."""
    async with at_work(url, *WORK):
        await until(lambda: is_over(world, id_), 30)
    return await execution(world, id_)


async def imported(world: World, url: str, given: dict[str, Any]) -> dict[str, Any]:
    made = await world.do("importLeads", given, STARTED)
    assert made["__typename"] == "ImportLeadsPayload", made
    return await done(world, url, made["execution"]["id"])


async def exported(world: World, url: str, given: dict[str, Any], **options: Any) -> dict[str, Any]:
    made = await world.do("exportLeads", given, STARTED, **options)
    assert made["__typename"] == "ExportLeadsPayload", made
    return await done(world, url, made["execution"]["id"])
