"""Importing leads as long work: a look at the file at once, the whole of it chunk by chunk in a worker.

Enter at `begin` and `step`. A chunk's leads and the place in the file where the next one begins are one commit, so an
import that was killed goes on exactly there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from lma_graph.executions import service as executions
from lma_graph.executions.engine import Step, Work
from lma_graph.kernel.errors import Denied, FieldError, InvalidInput, NotFound
from lma_graph.kernel.files import new_upload, upload_key
from lma_graph.kernel.transactions import UnitOfWork
from lma_graph.kernel.viewer import Permission, Viewer
from lma_graph.leads.intake.mapping import AUTOMATIC
from lma_graph.leads.intake.mapping import Mapping as Map
from lma_graph.leads.intake.opening import opened
from lma_graph.leads.intake.refusing import Refusal
from lma_graph.leads.intake.rows import Candidate, RowError
from lma_graph.leads.intake.run import Chunk, read_chunks
from lma_graph.leads.intake.sources import FileFormat
from lma_graph.leads.intake.values import FIELDS
from lma_graph.leads.service.chunks import ImportMode, Manner, refused_by_others, write
from lma_graph.leads.service.downloads import IMPORT, keep_part

NO_UPLOAD = "There is no such upload; send the file to the `url` of `createUpload` first."
_MOST_AHEAD = 4


@dataclass(frozen=True)
class Wanted:
    """What is to be imported, and how."""

    kind: FileFormat
    manner: Manner
    mapping: Mapping[str, Any] | None = None
    """The map as a document; None where columns are called like the fields."""
    upload: str | None = None
    content: str | None = None
    name: str | None = None
    """What the file is called in the audit trail."""
    shown: int = 10
    """How many rows the preview has."""

    @property
    def place(self) -> str:
        """Which part of the input is the file."""
        return "content" if self.upload is None else "uploadId"

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return self.name or f"upload.{self.kind.value.lower()}"


@dataclass(frozen=True)
class _Look:
    """What was seen of a file."""

    encoding: str
    delimiter: str
    headers: list[str]
    total: int
    rows: list[Candidate | Refusal]


async def begin(unit: UnitOfWork, wanted: Wanted, *, rehearsed: bool) -> dict[str, Any]:
    """Look at the file, and have it imported if the unit is committed.

    Gives the id of the execution and the preview. Raises `NotFound` for an upload that is not there, `InvalidInput`
    where file and map do not fit together.
    """
    if (wanted.upload is None) == (wanted.content is None):
        raise InvalidInput.at((), "Give either uploadId or content.", "CONTRADICTION")
    mapping = _parsed(wanted.mapping)
    store, organization = unit.files.store, unit.viewer.organization_id
    upload = wanted.upload or new_upload()
    key = upload_key(organization, upload)
    if wanted.content is not None and key is not None:
        await store.put(key, _once(wanted.content.encode("utf-8", "replace")), most=unit.files.most_bytes)
    try:
        if key is None or await store.size(key) is None:
            raise NotFound(NO_UPLOAD, path=("uploadId",))
        async with store.local(key) as path:
            look = await _looked(path, wanted, mapping, unit.viewer.time_zone)
    finally:
        if rehearsed and wanted.content is not None and key is not None:
            await store.remove(key)
    work = {
        "upload": upload,
        "name": wanted.file_name,
        "format": wanted.kind.value,
        "encoding": look.encoding,
        "delimiter": look.delimiter or None,
        "mapping": None if wanted.mapping is None else dict(wanted.mapping),
        **wanted.manner.as_json(),
    }
    preview = await _preview(unit, wanted, mapping, look.rows)
    execution = None if rehearsed else await executions.start(unit, IMPORT, work, total=look.total)
    return {
        "execution": execution,
        "columns": look.headers,
        "encoding": look.encoding,
        "delimiter": look.delimiter or None,
        "preview": preview,
    }


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _parsed(document: Mapping[str, Any] | None) -> Map:
    try:
        return AUTOMATIC if document is None else Map.parse(dict(document))
    except InvalidInput as error:
        raise InvalidInput(_within("mapping", error)) from None


def _within(place: str, error: InvalidInput) -> list[FieldError]:
    own = {("file",), ("map",)}
    return [
        FieldError((place,) if one.path in own else (place, *one.path), one.message, one.code) for one in error.fields
    ]


async def _looked(path: Path, wanted: Wanted, mapping: Map, zone: str) -> _Look:
    try:
        return await asyncio.to_thread(_look, path, wanted, mapping, zone)
    except InvalidInput as error:
        own = all(one.path == ("file",) for one in error.fields)
        raise InvalidInput(_within(wanted.place if own else "mapping", error)) from None


def _look(path: Path, wanted: Wanted, mapping: Map, zone: str) -> _Look:
    with opened(path, wanted.kind, mapping) as source:
        reader = source.reader(mapping, zone)
        rows: list[Candidate | Refusal] = []
        for record in islice(source.records(), wanted.shown):
            found = reader.read(record)
            rows.append(found if isinstance(found, Candidate) else (record, found))
        return _Look(source.encoding, source.delimiter, source.headers, source.total, rows)


async def _preview(
    unit: UnitOfWork, wanted: Wanted, mapping: Map, rows: Sequence[Candidate | Refusal]
) -> list[dict[str, Any]]:
    good = [row for row in rows if isinstance(row, Candidate)]
    others = {record.line: errors for record, errors in await refused_by_others(unit, good, wanted.manner, mapping)}
    found = []
    for row in rows:
        if isinstance(row, Candidate):
            found.append(_shown(row.record.line, _public(row.lead), others.get(row.record.line, ())))
        else:
            found.append(_shown(row[0].line, None, row[1]))
    return found


def _shown(line: int, lead: dict[str, Any] | None, errors: Sequence[RowError]) -> dict[str, Any]:
    told = [
        {"column": error.column, "value": error.value, "message": error.message, "code": error.code} for error in errors
    ]
    return {"line": line, "lead": lead, "errors": told}


_PUBLIC = {field.column: name for name, field in FIELDS.items()} | {"custom_fields": "customFields"}


def _public(lead: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _PUBLIC[name]: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in lead.items()
        if value != {}
    }


# --- the work ---


async def step(unit: UnitOfWork, work: Work) -> Step:
    """One chunk: read behind the last one, written, its bad rows kept as a part of the report."""
    if not unit.viewer.may(Permission.LEADS_BULK):
        raise Denied(Permission.LEADS_BULK)
    given, position = work.input, dict(work.position)
    mapping, manner = _parsed(given["mapping"]), Manner.of(given)
    key = upload_key(unit.viewer.organization_id, given["upload"]) or ""
    async with unit.files.store.local(key) as path:
        piece = await _AHEAD.take(work.execution_id, position)
        if piece is None:
            piece = await asyncio.to_thread(_read, path, given, mapping, position, unit.viewer)
        if not piece.chunk.last:
            _AHEAD.begin(work.execution_id, piece.mark, partial(_read, path, given, mapping, piece.mark, unit.viewer))
    outcome = await write(unit, piece.chunk.candidates, manner, mapping, given["name"], prepared=piece.chunk.prepared)
    refused = sorted([*piece.chunk.refused, *outcome.refused], key=lambda one: one[0].line)
    counts = {name: position.get(name, 0) + number for name, number in outcome.counts.items()}
    counts["failed"] = position.get("failed", 0) + len(refused)
    position |= piece.mark | counts | {"bytes": piece.chunk.position}
    if refused:
        text = piece.written(refused, first=not position.get("parts"))
        position["parts"] = [*position.get("parts", ()), await keep_part(unit, work.execution_id, text)]
    done = piece.chunk.position - work.position.get("bytes", 0)
    return Step(done, position, result=counts if piece.chunk.last else None)


@dataclass(frozen=True)
class _Piece:
    chunk: Chunk
    mark: dict[str, Any]
    bad: Any

    def written(self, refused: Sequence[Refusal], *, first: bool) -> str:
        """Bad rows as text; the first of a file have the file's head."""
        rows = "".join(self.bad.row(record, errors) for record, errors in refused)
        return f"{self.bad.head()}{rows}" if first else rows


class _Ahead:
    """The chunk behind the one that is being written, read meanwhile; of a few imports, the latest ones."""

    def __init__(self) -> None:
        self._tasks: dict[int, tuple[str, asyncio.Task[_Piece]]] = {}

    def begin(self, execution_id: int, mark: Mapping[str, Any], read: Callable[[], _Piece]) -> None:
        """Begin to read what begins at a mark."""
        while len(self._tasks) >= _MOST_AHEAD:
            self._forget(next(iter(self._tasks)))
        self._forget(execution_id)
        self._tasks[execution_id] = mark["at"], asyncio.create_task(asyncio.to_thread(read))

    async def take(self, execution_id: int, position: Mapping[str, Any]) -> _Piece | None:
        """What was read of an execution, if it begins at its position."""
        found = self._tasks.pop(execution_id, None)
        if found is None:
            return None
        try:
            piece = await found[1]
        except (InvalidInput, OSError, UnicodeError):
            return None  # the step reads it itself, and fails as itself
        return piece if found[0] == position.get("at") else None

    def _forget(self, execution_id: int) -> None:
        at = self._tasks.pop(execution_id, None)
        if at is not None:
            at[1].add_done_callback(lambda task: task.cancelled() or task.exception())


_AHEAD = _Ahead()


def _read(path: Path, given: Mapping[str, Any], mapping: Map, position: Mapping[str, Any], viewer: Viewer) -> _Piece:
    kind = FileFormat[given["format"]]
    with opened(path, kind, mapping, encoding=given["encoding"], delimiter=given["delimiter"]) as source:
        reader = source.reader(mapping, viewer.time_zone)
        if position:
            source.go_on(position)
        chunk = next(read_chunks(source, reader))
        if Manner.of(given).mode is ImportMode.CREATE:
            chunk.prepare(viewer.indexed_fields)
        return _Piece(chunk, {} if chunk.last else source.mark(), source.bad_rows())
