"""The command `python -m bench.peers`."""
