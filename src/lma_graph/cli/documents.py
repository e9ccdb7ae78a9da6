"""Commands about what is generated from the code: `schema`, `documents`; and `migration`, which drafts one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from alembic import command

from lma_graph.cli.output import fail, out, say
from lma_graph.cli.place import database
from lma_graph.kernel import migrations
from lma_graph.kernel.settings import Settings
from lma_graph.schema.documents import access_markdown, data_model_markdown
from lma_graph.schema.graph import build

Check = Annotated[Path | None, typer.Option("--check", help="Fail unless what is there is what the code says.")]
Write = Annotated[Path | None, typer.Option("--write", help="Write it there.")]


def schema(check: Check = None, write: Write = None) -> None:
    """Print the schema, or check or write schema.graphql."""
    text = build().as_str() + "\n"
    if check is None and write is None:
        out(text)
        return
    path = check or write
    assert path is not None
    _settle({path: text}, checking=check is not None, remedy="make golden")


def documents(check: Check = None, write: Write = None) -> None:
    """Check or write the generated pages of docs/: access.md and data-model.md."""
    folder = check or write
    if folder is None:
        fail("Say --check FOLDER or --write FOLDER.", code=2)
    pages = {folder / "access.md": access_markdown(), folder / "data-model.md": data_model_markdown()}
    _settle(pages, checking=check is not None, remedy="make golden")


def _settle(pages: Mapping[Path, str], *, checking: bool, remedy: str) -> None:
    for path, text in pages.items():
        if not checking:
            path.write_text(text)
            say(f"Wrote {path}.")
        elif not path.exists() or path.read_text() != text:
            fail(f"{path} is not what the code says; run {remedy} and look at the difference.")


def migration(name: Annotated[str, typer.Argument(help="What it does, in a few words.")]) -> None:
    """Draft a migration from the difference between the models and the database."""
    with database(Settings()) as urls:
        migrations.upgrade(urls.owner)
        number = f"{int(migrations.head()) + 1:04d}"
        command.revision(migrations.config(urls.owner), message=name, autogenerate=True, rev_id=number)


def migration_sql(
    after: Annotated[str, typer.Option(help="The last revision that is left out.")],
) -> None:
    """Print the SQL of the newer migrations, for a linter."""
    if migrations.head() != after:
        command.upgrade(migrations.config(), f"{after}:head", sql=True)
