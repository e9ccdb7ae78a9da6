"""An organization to import into, and what the database then holds."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from lma_graph.kernel.db import Database
from lma_graph.kernel.viewer import Role, Viewer
from lma_graph.leads.intake.mapping import Mapping
from lma_graph.leads.intake.report import ImportReport
from lma_graph.leads.service.importing import import_leads

DECLARED = ("city", "employees")
TABLES = ("leads", "lead_tags", "lead_fields", "lead_terms", "activities", "lead_score_history")
NAMES = Mapping.parse({"columns": {"email": "email", "name": "firstName"}})


@dataclass
class Place:
    """One organization with a user of each role."""

    url: str
    database: Database
    owner: asyncpg.Connection
    organization_id: int
    viewers: dict[Role, Viewer]
    folder: Path

    async def run(
        self, content: str | bytes | Path, mapping: Mapping = NAMES, *, role: Role = Role.MANAGER, **options: Any
    ) -> ImportReport:
        """Import a file, or a file of this content."""
        file = content if isinstance(content, Path) else self.file(content)
        return await import_leads(self.database, self.viewers[role], file, mapping, **options)

    def file(self, content: str | bytes) -> Path:
        """`leads.csv` with this content."""
        path = self.folder / "leads.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    async def until(self, question: str) -> None:
        """Wait until the owner's statement gives something."""
        async with asyncio.timeout(30):
            while not await self.owner.fetchval(question):  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def held(self, email: str) -> AsyncIterator[int]:
        """Somebody else is about to take this address; who writes it too, waits. Gives the process they wait for."""
        other = await asyncpg.connect(self.url)
        try:
            async with other.transaction():
                await other.execute(
                    "INSERT INTO leads (organization_id, email) VALUES ($1, $2)", self.organization_id, email
                )
                yield other.get_server_pid()
                await other.execute(
                    "DELETE FROM leads WHERE organization_id = $1 AND email = $2", self.organization_id, email
                )
        finally:
            await other.close()

    async def leads(self, columns: str = "email") -> list[Any]:
        """The leads in the order they were written; plain values where one column is asked for."""
        found = await self.owner.fetch(
            f"SELECT {columns} FROM leads WHERE organization_id = $1 ORDER BY updated_at, id", self.organization_id
        )
        return [row[0] if len(row) == 1 else tuple(row) for row in found]

    async def counts(self) -> dict[str, int]:
        """Rows of the organization in every table an import writes."""
        return {
            table: await self.owner.fetchval(
                f"SELECT count(*) FROM {table} WHERE organization_id = $1", self.organization_id
            )
            for table in TABLES
        }


NOTHING = dict.fromkeys(TABLES, 0)


@asynccontextmanager
async def place_in(owner_url: str, folder: Path) -> AsyncIterator[Place]:
    """A fresh organization in the database."""
    slug = f"import-{uuid.uuid4().hex[:12]}"
    owner = await asyncpg.connect(owner_url)
    settings = json.dumps({"customFields": [{"name": name} for name in DECLARED]})
    organization_id = await owner.fetchval(
        "INSERT INTO organizations (name, slug, settings) VALUES ($1, $1, $2) RETURNING id", slug, settings
    )
    await owner.executemany(
        "INSERT INTO users (organization_id, email, role) VALUES ($1, $2, $3)",
        [(organization_id, f"{role.lower()}@{slug}.test", role.value) for role in Role],
    )
    viewers = {role: await _viewer(owner, organization_id, role) for role in Role}
    try:
        async with Database(owner_url, pool_size=4) as database:
            yield Place(owner_url, database, owner, organization_id, viewers, folder)
    finally:
        await owner.close()


async def _viewer(owner: asyncpg.Connection, organization_id: int, role: Role) -> Viewer:
    user_id, state = await owner.fetchrow(
        "SELECT id, viewer_state(organization_id, id) FROM users WHERE organization_id = $1 AND role = $2",
        organization_id,
        role.value,
    )
    declared = frozenset(DECLARED)
    return Viewer(organization_id, user_id, role, time_zone="Europe/Berlin", indexed_fields=declared, state=state)


def faults(report: ImportReport) -> list[tuple[int, str | None, str, str]]:
    """Line, column, code and message of every fault."""
    return [(error.line, error.column, error.code, error.message) for error in report.errors]


def many(count: int, *, backwards: bool = False) -> str:
    """A file of so many leads, each with an address of its own."""
    numbers = range(count)
    rows = (f"p{number}@a.com,P{number}\n" for number in (reversed(numbers) if backwards else numbers))
    return "email,name\n" + "".join(rows)
