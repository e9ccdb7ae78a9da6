"""Commands about data: `migrate`, `seed`, `import`."""

import asyncio
from typing import Annotated

import typer

from lma_graph.cli.output import fail, progress, say
from lma_graph.cli.place import database
from lma_graph.demo.seed import SeedReport, seed
from lma_graph.kernel import migrations
from lma_graph.kernel.errors import DomainError
from lma_graph.kernel.settings import Settings


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
