"""Opening a file of leads, whatever it is written in. Enter at `opened`."""

from pathlib import Path

from lma_graph.leads.intake.jsonl import JsonLines
from lma_graph.leads.intake.mapping import Mapping as Map
from lma_graph.leads.intake.sources import CsvSource, FileFormat, Source


def opened(
    path: Path, kind: FileFormat, mapping: Map, *, encoding: str | None = None, delimiter: str | None = None
) -> Source:
    """The file, open. Raises `InvalidInput` where it cannot be read."""
    if kind is FileFormat.JSONL:
        return JsonLines(path)
    return CsvSource(
        path,
        wanted=mapping.columns,
        encoding=encoding or mapping.encoding,
        delimiter=delimiter or mapping.delimiter,
        disguised=mapping.disguised,
    )
