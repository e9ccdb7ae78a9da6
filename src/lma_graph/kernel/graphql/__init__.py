"""What every graph needs, whatever it is about: documents, limits, errors, execution."""
