"""Commands about data: `migrate`, `seed`, `import`, `export`."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from lma_graph.cli.output import fail, out, progress, say
from lma_graph.cli.place import database
from lma_graph.demo.accounts import fixed
from lma_graph.demo.seed import SeedReport, seed
from lma_graph.kernel import migrations
from lma_graph.kernel.db import Database
from lma_graph.kernel.errors import DomainError, InvalidInput
from lma_graph.kernel.settings import Settings
from lma_graph.leads.intake.mapping import AUTOMATIC, Mapping
from lma_graph.leads.intake.report import ImportReport
from lma_graph.leads.intake.sources import FileFormat
from lma_graph.leads.service.export_work import write_leads
from lma_graph.leads.service.importing import import_leads

_ADMIN = fixed("demo")[0].email


def migrate(
    revision: Annotated[str, typer.Argument(help="The revision to reach.")] = "head",
    down: Annotated[bool, typer.Option("--down", help="Go down to the revision instead of up.")] = False,  # noqa: FBT002
) -> None:
    """Bring the database to a migration, the newest unless told otherwise."""
    with database(Settings()) as urls:
        (migrations.downgrade if down else migrations.upgrade)(urls.owner, revision)
    say(f"The database is at revision {migrations.head() if revision == 'head' else revision}.")


def seed_command(
    leads: Annotated[int, typer.Option(min=0, help="How many leads, over all organizations.")] = 2_000,
    organizations: Annotated[
        int, typer.Option(min=1, help="How many organizations; the first are demo and rival.")
    ] = 2,
    random_seed: Annotated[int, typer.Option(help="The same number gives the same data.")] = 1,
) -> None:
    """Write demo data: organizations, users, leads and everything around them."""
    with database(Settings()) as urls:
        migrations.upgrade(urls.owner)
        write_demo_data(urls.owner, leads, organizations, random_seed)


def write_demo_data(url: str, leads: int, organizations: int, random_seed: int = 1) -> SeedReport:
    """Seed with a progress bar; ends the command with a clear message where it cannot."""
    try:
        with progress("leads") as told:
            report = asyncio.run(
                seed(url, leads=leads, organizations=organizations, random_seed=random_seed, progress=told)
            )
    except DomainError as error:
        fail(error.message)
    rows = sum(report.rows.values())
    say(f"Wrote {report.leads:,} leads, {rows:,} rows in all, in {report.seconds:.1f} s.")
    return report


def import_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file with a header, or JSON lines.")],
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map", exists=True, dir_okay=False, help="TOML or JSON: which column is what. Default: by their names."
        ),
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv or jsonl; by the file's name unless given.")
    ] = None,
    organization: Annotated[str, typer.Option(help="Slug or id of the organization.")] = "demo",
    user: Annotated[str, typer.Option(help="E-mail address or id of the user who imports.")] = _ADMIN,
    bad_rows: Annotated[Path | None, typer.Option(help="Where bad rows go; NAME.bad-rows.csv by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and write nothing.")] = False,  # noqa: FBT002
) -> None:
    """Load leads from a CSV file or JSON lines; bad rows are reported, the rest are loaded."""
    settings = Settings()
    kind = _kind(file, file_format)

    async def run(url: str) -> ImportReport:
        async with Database(url, statement_timeout_ms=60_000) as reached:
            viewer = await reached.viewer(organization, user)
            with progress("bytes") as told:
                return await import_leads(
                    reached, viewer, file, mapping, kind=kind, dry_run=dry_run, bad_rows=bad_rows, progress=told
                )

    try:
        mapping = AUTOMATIC if map_file is None else Mapping.read(map_file)
        with database(settings) as urls:
            report = asyncio.run(run(urls.application))
    except InvalidInput as error:
        fail("\n".join(f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in error.fields))
    except DomainError as error:
        fail(error.message)
    _tell(report)


def export_command(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write; one that is there is replaced.")],
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv or jsonl; by the file's name unless given.")
    ] = None,
    filter_text: Annotated[
        str | None, typer.Option("--filter", help="Which leads: a LeadFilter as JSON. All by default.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="A field's name, or customFields.NAME; several times. All by default.")
    ] = None,
    organization: Annotated[str, typer.Option(help="Slug or id of the organization.")] = "demo",
    user: Annotated[str, typer.Option(help="E-mail address or id of the user who exports.")] = _ADMIN,
) -> None:
    """Write the leads that a user sees to a CSV file or JSON lines."""
    settings = Settings()
    kind = _kind(file, file_format)

    async def run(url: str) -> int:
        async with Database(url, statement_timeout_ms=60_000) as reached:
            viewer = await reached.viewer(organization, user)
            with progress("leads") as told:
                return await write_leads(
                    reached, viewer, file, kind=kind, columns=column, filter_tree=chosen, progress=told
                )

    try:
        chosen = None if filter_text is None else json.loads(filter_text)
        with database(settings) as urls:
            count = asyncio.run(run(urls.application))
    except json.JSONDecodeError as error:
        fail(f"filter: This is not valid JSON: {error}")
    except InvalidInput as error:
        fail("\n".join(f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in error.fields))
    except DomainError as error:
        fail(error.message)
    except OSError as error:
        fail(f"The file cannot be written: {error.strerror}.")
    out(f"Wrote {count:,} leads to {file}.")


def _kind(file: Path, given: str | None) -> FileFormat:
    name = (given or ("jsonl" if file.suffix in {".jsonl", ".ndjson"} else "csv")).upper()
    if name not in FileFormat.__members__:
        fail(f"There is no format {given!r}; it is csv or jsonl.")
    return FileFormat[name]


def _tell(report: ImportReport) -> None:
    for error in report.errors[:20]:
        where = f", {error.column}" if error.column else ""
        say(f"line {error.line}{where}: {error.message}")
    if report.failed > 20:
        say(f"… and {report.failed - 20:,} more.")
    verb = "Would create" if report.dry_run else "Created"
    rate = report.read / report.seconds if report.seconds else 0
    out(f"{verb} {report.created:,} of {report.read:,} leads in {report.seconds:.1f} s ({rate:,.0f} rows/s).")
    if report.failed:
        place = f"; see {report.bad_rows}" if report.bad_rows else ""
        fail(f"{report.failed:,} rows were not loaded{place}.", code=3)
