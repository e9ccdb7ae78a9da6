"""The embedded PostgreSQL server, used where no `LMA_DATABASE_URL` is set. Enter at `EmbeddedPostgres`.

`server` is the life-cycle and `launch` its first moment; `place` says where the data lies, `account` who
serves it and `binaries` with which programs; `processes` and `locks` know who is alive.
"""

from lma_graph.kernel.postgres.errors import EmbeddedPostgresError
from lma_graph.kernel.postgres.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]
