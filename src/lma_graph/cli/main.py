"""The commands, put together."""

import typer

from lma_graph.cli import access, data, doctor, documents, serve

app = typer.Typer(
    name="lma-graph",
    help="A multi-tenant GraphQL API for leads over Postgres.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.dev)
app.command()(serve.serve)
app.command()(serve.worker)
app.command()(data.migrate)
app.command("seed")(data.seed_command)
app.command("import")(data.import_command)
app.command("export")(data.export_command)
app.command()(access.token)
app.command()(documents.schema)
app.command(hidden=True)(documents.documents)
app.command(hidden=True)(documents.migration)
app.command(hidden=True)(documents.migration_sql)
app.command()(doctor.doctor)
