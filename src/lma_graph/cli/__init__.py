"""The command `lma-graph`. Each file holds the commands of one purpose; `main` puts them together."""
