"""Ariadne with the loaders that Strawberry has: schema first, data loaders by its guide. Enter at `app`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiodataloader import DataLoader
from ariadne import ObjectType, QueryType, ScalarType, load_schema_from_path, make_executable_schema
from ariadne.asgi import GraphQL

from bench.peers.servers import orm

_ISO = "\nscalar DateTime\n"
sdl = load_schema_from_path(str(Path(__file__).with_name("schema.graphql"))).replace("At: String!", "At: DateTime!")
moment = ScalarType("DateTime", serializer=lambda value: value.isoformat())
query = QueryType()


def connection(rows: list[Any], first: int) -> dict[str, Any]:
    """The page: `rows` has one more than asked for where there are more."""
    edges = [{"cursor": orm.write_cursor(row.id), "node": row} for row in rows[:first]]
    end = edges[-1]["cursor"] if edges else None
    return {"edges": edges, "page_info": {"has_next_page": len(rows) > first, "end_cursor": end}}


def to_one(loader: str, key: str) -> Callable[..., Any]:
    """A resolver that loads the row a key points at."""

    def resolve(row: Any, info: Any) -> Any:
        number = getattr(row, key)
        return None if number is None else info.context[loader].load(number)

    return resolve


def to_many(loader: str) -> Callable[..., Any]:
    """A resolver that loads a page of children."""

    async def resolve(row: Any, info: Any, first: int) -> dict[str, Any]:
        return connection(await info.context[loader].load((row.id, first)), first)

    return resolve


@query.field("lead")
async def resolve_lead(_: Any, __: Any, id: str) -> Any:  # noqa: A002
    return await orm.lead(int(id))


@query.field("leads")
async def resolve_leads(
    _: Any,
    __: Any,
    first: int,
    after: str | None = None,
    status: str | None = None,
    assigned_to_id: str | None = None,
) -> dict[str, Any]:
    return connection(await orm.leads(first, after, status, assigned_to_id), first)


@query.field("organization")
async def resolve_organization(_: Any, __: Any) -> Any:
    return await orm.organization()


FIELDS = {
    "Lead": {
        "assignedTo": to_one("user", "assigned_to_id"),
        "activities": to_many("activities"),
        "notes": to_many("notes"),
        "scoreHistory": to_many("scores"),
        "campaignLeads": to_many("campaign_leads"),
    },
    "Activity": {"user": to_one("user", "user_id")},
    "LeadNote": {"user": to_one("user", "user_id")},
    "LeadScoreHistory": {"rule": to_one("rule", "rule_id")},
    "CampaignLead": {"campaign": to_one("campaign", "campaign_id")},
    "User": {"assignedLeads": to_many("assigned_leads")},
    "Organization": {"users": to_many("users")},
}
types = []
for name, resolvers in FIELDS.items():
    made = ObjectType(name)
    for field, resolver in resolvers.items():
        made.set_field(field, resolver)
    types.append(made)

schema = make_executable_schema(sdl + _ISO, query, moment, *types, convert_names_case=True)


def context_value(request: Any, _data: Any) -> dict[str, Any]:
    """Fresh data loaders for every request."""
    return {"request": request, **{name: DataLoader(load) for name, load in orm.LOADERS.items()}}


app = GraphQL(schema, context_value=context_value)
