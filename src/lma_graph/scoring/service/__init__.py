"""Commands on scores."""
