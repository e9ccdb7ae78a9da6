"""Commands about data: `migrate`, `seed`, `import`."""

import asyncio
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
from lma_graph.leads.intake.mapping import Mapping
from lma_graph.leads.intake.report import ImportReport
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
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file with a header.")],
    map_file: Annotated[
        Path, typer.Option("--map", exists=True, dir_okay=False, help="TOML or JSON: which column is what.")
    ],
    organization: Annotated[str, typer.Option(help="Slug or id of the organization.")] = "demo",
    user: Annotated[str, typer.Option(help="E-mail address or id of the user who imports.")] = _ADMIN,
    bad_rows: Annotated[Path | None, typer.Option(help="Where bad rows go; NAME.bad-rows.csv by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and write nothing.")] = False,  # noqa: FBT002
) -> None:
    """Load leads from a CSV file; bad rows are reported with their line and reason, the rest are loaded."""
    settings = Settings()

    async def run(url: str) -> ImportReport:
        async with Database(url, statement_timeout_ms=60_000) as reached:
            viewer = await reached.viewer(organization, user)
            with progress("bytes") as told:
                return await import_leads(
                    reached, viewer, file, mapping, dry_run=dry_run, bad_rows=bad_rows, progress=told
                )

    try:
        mapping = Mapping.read(map_file)
        with database(settings) as urls:
            report = asyncio.run(run(urls.application))
    except InvalidInput as error:
        fail("\n".join(f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in error.fields))
    except DomainError as error:
        fail(error.message)
    _tell(report)


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
