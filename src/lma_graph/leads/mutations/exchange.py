"""Importing and exporting leads as files."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import strawberry

from lma_graph.executions.loaders import EXECUTION
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.executions.types import WorkflowExecution
from lma_graph.kernel.checks import LONGEST_TEXT
from lma_graph.kernel.files import Link, new_upload
from lma_graph.kernel.graphql.commands import Outcome, command, mutations, payload, shown, told, told_each
from lma_graph.kernel.graphql.context import Context
from lma_graph.kernel.graphql.fields import batched
from lma_graph.kernel.graphql.given import Values, criteria, document, given, integer, member, text, texts, value
from lma_graph.kernel.graphql.nodes import extend
from lma_graph.kernel.graphql.scalars import Json
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission
from lma_graph.leads.criteria import LEAD
from lma_graph.leads.intake.sources import FileFormat
from lma_graph.leads.service import export_work, import_work
from lma_graph.leads.service.chunks import ImportMode, Manner
from lma_graph.leads.service.downloads import download_of, link_to
from lma_graph.leads.service.import_work import Wanted
from lma_graph.leads.service.upserting import MatchOn

UPLOAD = "upload"


@given
class CreateUploadInput:
    """A file to come."""


@given
class ImportLeadsInput:
    """Which file to import, and how: either `uploadId` or `content`."""

    upload_id = value(strawberry.ID, str, "The upload, whose file has been sent.")
    content = value(str, lambda sent: sent, "The file itself, as far as a request's size allows.")
    file_name = text("What the file is called, for the audit trail and the file of bad rows.", limit=200)
    format = member(FileFormat, "How the file is written; CSV by default.")
    mapping = document(
        "Which column fills which field, as the README's chapter on import describes: an object with `columns`, "
        "`constants`, `blank`, `region` and others. Without it columns fill the fields of their names."
    )
    mode = member(ImportMode, "What becomes of rows whose lead is there already; CREATE by default.")
    match_on = member(MatchOn, "What tells which lead a row is about, for `UPSERT`; EMAIL by default.")
    preview_rows = integer("How many rows to show, up to 100; 10 by default.", least=0, most=100)


@given
class ExportLeadsInput:
    """Which leads to export, and how."""

    filter = criteria(LEAD, "Which of the leads that you see; all by default.")
    format = member(FileFormat, "How the file is written; CSV by default.")
    columns = texts(
        "Names of the lead's fields, and of custom fields as `customFields.country`; JSONL knows `customFields` as a "
        "whole. All by default, declared custom fields included.",
        limit=LONGEST_TEXT,
        most=200,
    )


@payload
class CreateUploadPayload:
    """Where a file can be sent."""

    upload_id = told(strawberry.ID, of="upload_id", description="What `importLeads` takes, once the file was sent.")
    url = told(
        str,
        of="url",
        description="Where to send the file's bytes as they are, without a token. The link is a secret. It begins with "
        "`/` where the server does not know its public address.",
    )
    method = told(str, of="method", description="The HTTP method to send them with.")
    expires_at = told(dt.datetime, of="expires_at", description="Until when the file must have come.")
    max_bytes = told(int, of="max_bytes", description="How large it may be.")


@payload
class ImportPreviewError:
    """Something that is wrong with a row."""

    column = told(str | None, of="column", description="Header or key of the value; null where the row is at fault.")
    value = told(str, of="value", description="The bad value, shortened.")
    message = told(str, of="message", description="What is wrong, for people.")
    code = told(str, of="code", description="What is wrong, for programs.")


@payload
class ImportPreviewRow:
    """One row of a file, as it would be imported."""

    line = told(int, of="line", description="The line on which it begins; the first is 1.")
    lead = told(Json | None, of="lead", description="The lead's values by field names; null where it cannot be read.")
    errors = told_each(
        ImportPreviewError, of="errors", description="Why it would not be imported; empty where it would."
    )


@payload
class ImportLeadsPayload:
    """The file can be read, and will be imported."""

    execution = shown(
        EXECUTION,
        WorkflowExecution,
        of="execution",
        description="The import, whose progress is in bytes; null of a dry run. When it has succeeded, its "
        "`outputData` has the numbers `created`, `updated`, `unchanged` and `failed`. Its `file` has the rows that "
        "failed.",
    )
    columns = told(list[str], of="columns", description="The headers of delimited text; empty for JSONL.")
    encoding = told(str, of="encoding", description="The encoding the file is read in.")
    delimiter = told(str | None, of="delimiter", description="What stands between values; null for JSONL.")
    preview = told_each(
        ImportPreviewRow, of="preview", description="The first rows; none where the key was sent before."
    )


@payload
class ExportLeadsPayload:
    """The leads will be exported."""

    execution = shown(
        EXECUTION,
        WorkflowExecution,
        of="execution",
        description="The export, whose progress is in leads; null of a dry run. When it has succeeded, its `file` can "
        "be downloaded.",
    )


@strawberry.type(description="A file that can be downloaded.")
class ExecutionFile:
    """The value of `WorkflowExecution.file`."""

    name: str = strawberry.field(description="What it is called.")
    media_type: str = strawberry.field(description="What it is, for HTTP.")
    bytes: int = strawberry.field(description="How large it is.")
    url: str = strawberry.field(
        description="Where to get it, without a token. The link is a secret. It begins with `/` where the server does "
        "not know its public address."
    )
    expires_at: dt.datetime = strawberry.field(description="Until when the link can be used; ask again for another.")


async def _files(rows: Sequence[Any], context: Context) -> list[ExecutionFile | None]:
    return [_file(row, context) for row in rows]


def _file(row: Any, context: Context) -> ExecutionFile | None:
    found = download_of(row, context.viewer)
    if found is None:
        return None
    link = link_to(context.reader, row.id)
    return ExecutionFile(
        name=found.name, media_type=found.media_type, bytes=found.size, url=link.url, expires_at=link.expires_at
    )


@extend(WorkflowExecution)
class ExecutionFiles:
    """What an execution leaves to be downloaded."""

    file = batched(
        _files,
        ExecutionFile | None,
        reads=[
            WorkflowExecutionRow.id,
            WorkflowExecutionRow.user_id,
            WorkflowExecutionRow.workflow_type,
            WorkflowExecutionRow.status,
            WorkflowExecutionRow.input_data,
            WorkflowExecutionRow.output_data,
            WorkflowExecutionRow.progress_position,
        ],
        description="Exported leads, or the rows that an import could not load; null where there are none, where they "
        "held a person who was erased, and for everybody but the user who started it and administrators.",
    )


def _link(unit: UnitOfWork, upload: str) -> Link:
    return unit.files.link(UPLOAD, organization=unit.viewer.organization_id, upload=upload)


@mutations
class ExchangeMutations:
    """What can be done with files of leads."""

    # A link is a secret, and rows are personal data: neither is kept beside the key of a request.
    @command(
        Permission.LEADS_BULK,
        CreateUploadInput,
        CreateUploadPayload,
        rehearses=False,
        anew={
            "url": lambda unit, kept: _link(unit, kept["upload_id"]).url,
            "expires_at": lambda unit, kept: _link(unit, kept["upload_id"]).expires_at,
        },
    )
    async def create_upload(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Get an address to which a file can be sent once, with `PUT` and without a token."""
        del given
        upload = new_upload()
        link = _link(unit, upload)
        return {
            "upload_id": upload,
            "url": link.url,
            "method": "PUT",
            "expires_at": link.expires_at,
            "max_bytes": unit.files.most_bytes,
        }

    @command(Permission.LEADS_BULK, ImportLeadsInput, ImportLeadsPayload, anew={"preview": lambda _unit, _kept: []})
    async def import_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Create leads from a file, or change those that are there.

        The first rows are looked at at once, the rest is done by an execution; `dryRun` only looks. A row that cannot
        be loaded fails alone: the execution's `file` has it with the reasons, to be mended and imported.
        """
        wanted = Wanted(
            kind=FileFormat[given.format or "CSV"],
            manner=Manner(ImportMode[given.mode or "CREATE"], MatchOn[given.match_on or "EMAIL"]),
            mapping=given.mapping,
            upload=given.upload_id,
            content=given.content,
            name=given.file_name,
            shown=10 if given.preview_rows is None else given.preview_rows,
        )
        return await import_work.begin(unit, wanted, rehearsed=bool(given.dry_run))

    @command(Permission.LEADS_BULK, ExportLeadsInput, ExportLeadsPayload)
    async def export_leads(unit: UnitOfWork, given: Values) -> Outcome:  # noqa: N805
        """Write the leads that you see to a file, which the execution's `file` lets you download.

        In delimited text, text that a spreadsheet would take for a formula begins with an apostrophe, which
        `importLeads` takes away again where it has no `mapping`.
        """
        kind = FileFormat[given.format or "CSV"]
        rehearsed = bool(given.dry_run)
        return {"execution": await export_work.begin(unit, kind, given.columns, given.filter, rehearsed=rehearsed)}
