"""A fresh organization for one test, with factories for its rows and a way to ask the graph as any of its users.

Rows are written through units of work of the organization's administrator: as the application's role, under row
security, with real commits. Only the organization and its first user are written by the owner.
"""

import itertools
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa
import strawberry

from lma_graph.activities.models import ActivityRow, LeadNoteRow
from lma_graph.campaigns.models import CampaignLeadRow, CampaignRow
from lma_graph.executions.models import WorkflowExecutionRow
from lma_graph.integrations.models import IntegrationRow
from lma_graph.kernel import ids
from lma_graph.kernel.db import Database
from lma_graph.kernel.graphql.context import CommandContext, Context
from lma_graph.kernel.scope import table_of
from lma_graph.kernel.session import Session
from lma_graph.kernel.viewer import Role, Viewer
from lma_graph.leads import index
from lma_graph.leads.models import LeadFieldRow, LeadRow, LeadTagRow, LeadTermRow
from lma_graph.schema.graph import build
from lma_graph.scoring.models import LeadScoreHistoryRow, LeadScoringRuleRow
from lma_graph.users.models import UserRow
from lma_graph.workflows.models import WorkflowRow

SCHEMA: strawberry.Schema = build()
DECLARED = ("country", "plan", "employees")
_counter = itertools.count(1)


@dataclass
class Answer:
    """What a query gave, and what it cost."""

    data: Any
    errors: list[dict[str, Any]]
    statements: list[str] = field(default_factory=list)


@dataclass
class World:
    """One organization."""

    database: Database
    organization_id: int
    slug: str
    users: dict[Role, int]

    @classmethod
    async def create(cls, database: Database, owner: asyncpg.Connection, **settings: Any) -> "World":
        """A new organization with one user of each role and three declared custom fields."""
        slug = f"w{uuid.uuid4().hex[:12]}"
        settings = {"customFields": [{"name": name, "type": "STRING"} for name in DECLARED], **settings}
        organization_id = await owner.fetchval(
            "INSERT INTO organizations (name, slug, settings) VALUES ($1, $1, $2::text::jsonb) RETURNING id",
            slug,
            json.dumps(settings),
        )
        users = {
            role: await owner.fetchval(
                "INSERT INTO users (organization_id, email, role, first_name) VALUES ($1, $2, $3, $3) RETURNING id",
                organization_id,
                f"{role.lower()}@{slug}.test",
                role.value,
            )
            for role in Role
        }
        return cls(database, organization_id, slug, users)

    async def viewer(self, role: Role = Role.ADMIN) -> Viewer:
        """The viewer of the user with this role."""
        return await self.database.viewer(self.slug, str(self.users[role]))

    async def ask(self, query: str, variables: dict[str, Any] | None = None, *, role: Role = Role.ADMIN) -> Answer:
        """Run a query as the user with this role; data as a client would get it."""
        async with self.database.reader(await self.viewer(role)) as reader:
            with recorded(self.database) as statements:
                result = await SCHEMA.execute(query, variable_values=variables, context_value=Context.over(reader))
        data = orjson.loads(orjson.dumps(result.data, option=orjson.OPT_UTC_Z))
        errors = [error.formatted for error in result.errors or ()]
        return Answer(data, errors, statements)

    async def change(
        self,
        mutation: str,
        variables: dict[str, Any] | None = None,
        *,
        role: Role = Role.ADMIN,
        user: int | None = None,
    ) -> Answer:
        """Run a mutation as the user with this role, or as the given one."""
        viewer = await self.viewer(role) if user is None else await self.database.viewer(self.slug, str(user))
        async with Session(self.database, viewer, "test-request") as session:
            context = CommandContext(session)
            result = await SCHEMA.execute(mutation, variable_values=variables, context_value=context)
        data = orjson.loads(orjson.dumps(result.data, option=orjson.OPT_UTC_Z))
        return Answer(data, [error.formatted for error in result.errors or ()])

    async def do(self, name: str, input_: dict[str, Any], shows: str, **options: Any) -> Any:
        """The result of one mutation: its type's name, what the payload shows, or all that a refusal says."""
        kind = name[0].upper() + name[1:]
        text = (
            f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ __typename "
            f"... on {kind}Payload {{ {shows} }} ... on Error {{ code message path }} "
            "... on InvalidInput { fields { path message code } } ... on Denied { permission } "
            "... on Conflict { changedFields lead { id version } } } }"
        )
        answer = await self.change(text, {"input": input_}, **options)
        assert answer.errors == [], answer.errors
        return answer.data[name]

    async def fetch(self, text: str, *values: Any) -> list[Any]:
        """Rows as the administrator's transaction sees them; `$1` is the organization's id."""
        async with self._writing() as unit:
            return await unit.fetch(text, self.organization_id, *values)

    def id(self, name: str, number: int) -> str:
        """The global id of a row."""
        return ids.encode(name, number)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Any]:
        async with self.database.unit_of_work(await self.viewer()) as unit:
            yield unit

    async def _insert(self, row: Any, **values: Any) -> Any:
        table = table_of(row)
        statement = sa.insert(table).values(organization_id=self.organization_id, **values).returning(*table.c)
        async with self._writing() as unit:
            return (await unit.rows(statement))[0]

    async def user(self, **values: Any) -> Any:
        """A further user."""
        return await self._insert(UserRow, **{"email": f"u{next(_counter)}@{self.slug}.test", **values})

    async def lead(self, **values: Any) -> Any:
        """A lead with its search rows."""
        made = await self._insert(LeadRow, **{"email": f"l{next(_counter)}@{self.slug}.test", **values})
        lead, shared = made._asdict(), {"organization_id": self.organization_id, "lead_id": made.id}
        shared["created_at"] = made.created_at
        async with self._writing() as unit:
            for tag in index.tags(lead):
                await unit.rows(sa.insert(LeadTagRow).values(tag=tag, **shared))
            for name, text, number in index.fields(lead, DECLARED):
                await unit.rows(
                    sa.insert(LeadFieldRow).values(name=name, text_value=text, number_value=number, **shared)
                )
            for term, weight in index.terms(lead).items():
                await unit.rows(sa.insert(LeadTermRow).values(term=term, weight=weight, **shared))
        return made

    async def activity(self, lead: Any, **values: Any) -> Any:
        """An activity of a lead; a completed call unless said otherwise."""
        return await self._insert(ActivityRow, **{"lead_id": lead.id, "activity_type": "CALL", **values})

    async def note(self, lead: Any, **values: Any) -> Any:
        """A note by the administrator unless said otherwise."""
        author = {"user_id": self.users[Role.ADMIN], "content": f"note {next(_counter)}"}
        return await self._insert(LeadNoteRow, **{"lead_id": lead.id, **author, **values})

    async def campaign(self, **values: Any) -> Any:
        """A campaign."""
        return await self._insert(CampaignRow, **{"name": f"c{next(_counter)}", "campaign_type": "EMAIL", **values})

    async def member(self, campaign: Any, lead: Any, **values: Any) -> Any:
        """A membership."""
        return await self._insert(CampaignLeadRow, campaign_id=campaign.id, lead_id=lead.id, **values)

    async def rule(self, **values: Any) -> Any:
        """A scoring rule."""
        criteria = {"v": 1, "format": "filter", "expr": {}}
        defaults = {
            "name": f"r{next(_counter)}",
            "rule_type": "DEMOGRAPHIC",
            "criteria": criteria,
            "score_points": 10,
        }
        return await self._insert(LeadScoringRuleRow, **{**defaults, **values})

    async def score_entry(self, lead: Any, **values: Any) -> Any:
        """An entry of the score history, from zero unless said otherwise."""
        change = values.pop("score_change", 10)
        previous = values.pop("previous_score", 0)
        amounts = {"previous_score": previous, "score_change": change, "new_score": previous + change}
        return await self._insert(LeadScoreHistoryRow, **{"lead_id": lead.id, "kind": "RULE", **amounts, **values})

    async def workflow(self, **values: Any) -> Any:
        """A workflow."""
        return await self._insert(WorkflowRow, **{"name": f"f{next(_counter)}", **values})

    async def execution(self, **values: Any) -> Any:
        """An execution."""
        return await self._insert(WorkflowExecutionRow, **{"workflow_type": "N8N", **values})

    async def integration(self, **values: Any) -> Any:
        """An integration."""
        kind = {"integration_type": "CRM", "provider_name": "hubspot", "display_name": "HubSpot"}
        return await self._insert(IntegrationRow, **{**kind, **values})


@contextmanager
def recorded(database: Database) -> Iterator[list[str]]:
    """Every statement that the application runs meanwhile, BEGIN and COMMIT left out."""
    found: list[str] = []

    def record(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    engine = database._engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", record)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", record)
