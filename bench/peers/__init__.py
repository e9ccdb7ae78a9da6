"""LMA Graph beside its peers: same database, same data, same answers, measured in turns. Enter at `__main__`."""
