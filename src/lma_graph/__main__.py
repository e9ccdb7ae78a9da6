"""`python -m lma_graph` and the `lma-graph` script."""


def main() -> None:
    """Run the command line."""


if __name__ == "__main__":
    main()
