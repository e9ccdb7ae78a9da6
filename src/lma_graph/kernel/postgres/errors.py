"""The one error of the embedded server."""


class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot be used; the message says why and what to do next."""
