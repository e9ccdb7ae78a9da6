"""Rows of every table with awkward values: nulls, ties, deleted and merged leads, private notes, JSON of all kinds.

Columns are filled by their type, so a new column or table takes part without a word here. Everything is drawn from a
fixed seed. Moments lie half a day away from whole days before now, so that no relative filter can fall on one.
"""

import datetime as dt
import random
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lma_graph.kernel.graphql.nodes import ROWS
from lma_graph.kernel.scope import table_of
from lma_graph.kernel.tables import Base
from lma_graph.leads import index
from lma_graph.leads.models import LeadFieldRow, LeadTagRow, LeadTermRow
from lma_graph.timeline.loaders import TIMELINE
from world import DECLARED, World

COUNTS = {
    "User": 4,
    "Lead": 24,
    "Campaign": 5,
    "Activity": 60,
    "LeadNote": 40,
    "CampaignLead": 40,
    "LeadScoringRule": 6,
    "LeadScoreHistory": 40,
    "Workflow": 4,
    "WorkflowExecution": 30,
    "Integration": 3,
}
"""How many rows there are of each type, parents first."""
TEXTS = ("Ada", "ada", "Émile Berg", "Acme", "100%", "a_b", "back\\slash", 'quote"s', "", "東京", "{}", "two\nlines")
JSON = (
    "text",
    "",
    0,
    1,
    -1.5,
    0.1,
    2**53,
    True,
    False,
    None,
    [],
    ["DE", None, 1],
    {},
    {"er": {"e": 2}},
    "émile",
    "\\",
)
KEYS = (*DECLARED, "deep", "list", "Ünïcode")
DAYS = (-400, -40, -14, -7, -7, -3, -3, -2, -1, -1, 0, 1, 6, 13)


@dataclass
class Dataset:
    """One filled organization, and its rows by GraphQL type as the database returned them."""

    world: World
    rows: dict[str, list[Any]]

    def ids(self) -> list[str]:
        """The global ids of everything, deleted rows included."""
        return [self.world.id(name, row.id) for name, rows in self.rows.items() for row in rows]

    def listed(self) -> dict[str, list[Any]]:
        """What lists are of: the rows of each type, and the places of mixed lists."""
        places = [
            SimpleNamespace(id=row.id, kind=number, occurred_at=getattr(row, kind.moment))
            for number, kind in enumerate(TIMELINE.kinds)
            for row in self.rows[kind.type_name]
        ]
        return {**self.rows, "TimelineEntry": places, "LeadAssignment": self.rows["Activity"]}


async def fill(world: World) -> Dataset:
    """Fill an organization; two filled ones hold the same values but for ids and addresses."""
    values = _Values(world)
    rows: dict[str, list[Any]] = {}
    for name, count in COUNTS.items():
        made = [values.row(ROWS[name], at) for at in range(count)]
        if name == "CampaignLead":
            made = list({(one["campaign_id"], one["lead_id"]): one for one in made}.values())
        rows[name] = await _insert(world, ROWS[name], made)
        values.numbers[table_of(ROWS[name]).name] = [row.id for row in rows[name]]
    await _search_rows(world, rows["Lead"])
    async with world.database.reader(await world.viewer()) as reader:
        users = sa.select(*table_of(ROWS["User"]).c).order_by(sa.text("id"))
        rows["User"] = list(await reader.rows(users))
        rows["Organization"] = list(await reader.rows(sa.select(*table_of(ROWS["Organization"]).c)))
    return Dataset(world, rows)


class _Values:
    """Draws values of columns."""

    def __init__(self, world: World) -> None:
        self._random = random.Random(11)
        self._world = world
        self._now = dt.datetime.now(dt.UTC)
        self.numbers: dict[str, list[int]] = {"users": list(world.users.values())}
        """The numbers of the rows of each table."""

    def row(self, kind: type[Base], at: int) -> dict[str, Any]:
        """One row for a table."""
        table = table_of(kind)
        wanted = [c for c in table.columns if c.computed is None and c.name not in {"id", "organization_id"}]
        made = {column.name: self._value(column, at) for column in wanted}
        if table.name == "lead_score_history":
            made["new_score"] = made["previous_score"] + made["score_change"]
        if table.name == "lead_scoring_rules":
            often = made["frequency"] == "AT_MOST"
            made |= {"frequency_limit": 2 if often else None, "frequency_period": "WEEK" if often else None}
            made["half_life_days"] = 30 if made["rule_type"] == "DECAY" else None
        return made

    def _value(self, column: sa.Column[Any], at: int) -> Any:
        special = self._special(f"{column.table.name}.{column.name}", at)
        if special is not ...:
            return special
        if column.nullable and self._random.random() < 0.35:
            return None
        if "choices" in column.info:
            return str(self._random.choice(list(column.info["choices"])).value)
        for key in column.foreign_keys:
            if key.column.name == "id":
                return self._random.choice(self.numbers[key.column.table.name])
        return self._plain(column.type)

    def _plain(self, kind: sa.types.TypeEngine[Any]) -> Any:
        pick = self._random.choice
        plain: dict[type, Any] = {
            JSONB: self._document,
            sa.TIMESTAMP: self._moment,
            sa.Date: lambda: self._moment().date(),
            sa.Boolean: lambda: pick((True, False)),
            sa.Double: lambda: pick((0.0, 0.5, 0.1, 1.0)),
            sa.Integer: lambda: pick((0, 0, 1, 5, 10, 50, -5, 2**31 - 1)),
            sa.Text: lambda: pick(TEXTS),
        }
        return plain[type(kind)]()

    def _special(self, name: str, at: int) -> Any:
        """The value of a column with rules of its own; `...` for all others."""
        pick, slug = self._random.choice, self._world.slug
        users = self.numbers["users"]
        made = {
            "users.email": lambda: f"u{at}@{slug}.test",
            "users.timezone_preference": lambda: "UTC",
            "leads.email": lambda: pick((None, f"L{at}@{slug}.test")),
            "leads.tags": lambda: self._some(("vip", "VIP", "%", "ö", "")),
            "leads.deleted_at": lambda: self._now if at % 6 == 5 else None,
            "leads.merged_into_id": lambda: None,
            "leads.external_id": lambda: pick((None, f"x{at}")),
            "activities.activity_type": lambda: pick(
                ("CALL", "EMAIL", "MEETING", "FIELD_CHANGE", "SCORE_CHANGE", "NOTE_CHANGE")
            ),
            "activities.metadata": lambda: self._document() | pick(({}, {}, {"readers": self._some(users, 4)})),
            "activities.direction": lambda: pick((None, "OUTBOUND", "OUTBOUND", "INBOUND")),
            "lead_notes.mentioned_users": lambda: self._some(users, 4),
            "lead_notes.attachments": lambda: [{"name": "a.pdf", "size": 1}] * pick((0, 0, 1, 2)),
            "campaigns.start_date": lambda: None,
            "campaigns.budget_allocated": lambda: pick((None, 0, 1000)),
            "campaigns.budget_spent": lambda: pick((0, 10)),
            "campaigns.goals": lambda: [{"name": "replies", "target": 5}] * pick((0, 1)),
            "workflows.n8n_workflow_id": lambda: pick((None, f"n{at}")),
            "workflows.configuration": lambda: {"url": "https://x.test", "auth": {"token": "t", "kind": "bearer"}},
            "integrations.configuration": lambda: pick(({}, {"api_key": "k", "list": [{"secret": 1, "a": None}]})),
            "lead_scoring_rules.criteria": lambda: {"v": 1, "format": "filter", "expr": {}},
            "lead_score_history.previous_score": lambda: pick((0, 10)),
            "lead_score_history.score_change": lambda: pick((-10, 0, 10)),
        }.get(name)
        return ... if made is None else made()

    def _some(self, values: Any, most: int = 3) -> list[Any]:
        return self._random.sample(list(values), self._random.randint(0, most))

    def _moment(self) -> dt.datetime:
        return self._now + dt.timedelta(days=self._random.choice(DAYS), hours=12)

    def _document(self) -> Any:
        return {key: self._random.choice(JSON) for key in self._some(KEYS, 4)}


async def _insert(world: World, row: type[Base], values: list[dict[str, Any]]) -> list[Any]:
    table = table_of(row)
    filled = [{"organization_id": world.organization_id, **one} for one in values]
    read = [column for column in table.c if column.name != "search_vector"]
    async with world.database.unit_of_work(await world.viewer()) as unit:
        return list(await unit.rows(sa.insert(table).values(filled).returning(*read)))


async def _search_rows(world: World, leads: list[Any]) -> None:
    tags, fields, terms = [], [], []
    for row in leads:
        lead, shared = row._asdict(), {"lead_id": row.id, "created_at": row.created_at}
        tags += [{"tag": tag, **shared} for tag in index.tags(lead)]
        fields += [
            {"name": name, "text_value": text, "number_value": number, **shared}
            for name, text, number in index.fields(lead, DECLARED)
        ]
        terms += [{"term": term, "weight": weight, **shared} for term, weight in index.terms(lead).items()]
    for table, values in ((LeadTagRow, tags), (LeadFieldRow, fields), (LeadTermRow, terms)):
        await _insert(world, table, values)
