"""What all contestants stand on: one embedded Postgres with one set of demo data, and the things they are asked for.

Enter at `standing`. Data are made once and kept under `.lma-bench/peers`; delete that directory freely.
"""

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil

from lma_graph.demo.accounts import DEMO, fixed
from lma_graph.demo.seed import Progress, seed
from lma_graph.kernel import migrations
from lma_graph.kernel.postgres import EmbeddedPostgres
from lma_graph.kernel.postgres.processes import postmaster
from lma_graph.kernel.tokens import mint

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HOME = ROOT / ".lma-bench" / "peers"
LEADS, ORGANIZATIONS = 200_000, 10
PRESENT = dt.date(2025, 6, 30)
"""The present of the demo data, fixed so that two runs have the same rows."""
STATUS = "WORKING"
_SUBJECTS = """
WITH owner AS (
    SELECT assigned_to_id AS id FROM leads
    WHERE organization_id = $1 AND status = $2 AND deleted_at IS NULL AND assigned_to_id IS NOT NULL
    GROUP BY assigned_to_id HAVING count(*) > 40 ORDER BY count(*), assigned_to_id LIMIT 1
)
SELECT owner.id AS owner,
       (SELECT id FROM leads WHERE organization_id = $1 AND deleted_at IS NULL
        ORDER BY created_at DESC, id DESC OFFSET 100 LIMIT 1) AS lead
FROM owner
"""


@dataclass(frozen=True)
class Ground:
    """The running database, and what the operations ask for in it."""

    url: str
    """The owner's login; row security does not apply to it."""
    data: Path
    version: str
    organization: int
    lead: int
    """The lead of the point read."""
    owner: int
    """A user who owns more than two pages of leads of the status `STATUS`."""
    secret: str
    token: str
    """Names organization and user by number, so that no contestant has to look them up."""

    @property
    def libpq(self) -> dict[str, str]:
        """The same login as the environment variables that node-postgres reads."""
        parts = urlsplit(self.url)
        query = parse_qs(parts.query)
        return {
            "PGHOST": query["host"][0],
            "PGPORT": query["port"][0],
            "PGUSER": parts.netloc.partition("@")[0],
            "PGDATABASE": parts.path.removeprefix("/"),
        }

    def postmaster(self) -> psutil.Process:
        """The database's first process; all others are its children."""
        found = postmaster(self.data)
        if found is None:
            raise RuntimeError("The benchmark's Postgres is not running.")
        return found


@contextmanager
def standing() -> Iterator[Ground]:
    """The database, started and filled, for as long as the block runs."""
    HOME.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(HOME) as server:
        url = server.url("postgres")
        migrations.upgrade(url)
        yield asyncio.run(_prepared(server, url))


async def _prepared(server: EmbeddedPostgres, url: str) -> Ground:
    connection = await asyncpg.connect(url)
    try:
        present = await connection.fetchval("SELECT count(*) FROM leads")
        if present == 0:
            say(f"Making {LEADS:,} leads of {ORGANIZATIONS} organizations, once; this takes some minutes")
            await seed(url, leads=LEADS, organizations=ORGANIZATIONS, until=PRESENT, progress=_progress())
        elif present != LEADS:
            raise RuntimeError(f"{HOME} holds {present:,} leads instead of {LEADS:,}; delete it to have it made anew.")
        if await connection.fetchval("SELECT last_vacuum IS NULL FROM pg_stat_user_tables WHERE relname = 'leads'"):
            await connection.execute("VACUUM (ANALYZE)")
        organization, user = await connection.fetchrow(
            "SELECT o.id, u.id FROM organizations o JOIN users u ON u.organization_id = o.id"
            " WHERE o.slug = $1 AND u.email = $2",
            DEMO,
            fixed(DEMO)[0].email,
        )
        owner, lead = await connection.fetchrow(_SUBJECTS, organization, STATUS)
    finally:
        await connection.close()
    secret = secrets.token_urlsafe(40)
    token = mint(secret.encode(), organization=str(organization), subject=str(user), ttl=dt.timedelta(hours=12))
    return Ground(url, server.data, server.version, organization, lead, owner, secret, token)


def say(text: str) -> None:
    """A line of progress, with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def _progress() -> Progress:
    last = time.monotonic()

    def told(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= 10 or done == total:
            last = time.monotonic()
            say(f"  {done:,} of {total:,} leads")

    return told
