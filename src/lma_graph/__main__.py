"""`python -m lma_graph` and the `lma-graph` script."""

from lma_graph.cli.main import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
