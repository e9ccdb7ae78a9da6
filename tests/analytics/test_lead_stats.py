"""`leadStats`, compared with plain Python over the same rows."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from numbers_asking import ask, number
from numbers_ground import Ground, period

from lma_graph.kernel import ids
from lma_graph.kernel.viewer import Role
from world import World

FIGURES = """
keys { field value label } count converted conversionRate sumValue convertedValue averageValue averageScore
medianTimeInStatus
"""
Values = Callable[[Ground, Any], list[Any]]


def _id(name: str, number: int | None) -> str | None:
    return None if number is None else ids.encode(name, number)


def _campaigns(ground: Ground, lead: Any) -> list[Any]:
    found = [m.campaign_id for m in ground.members if m.lead_id == lead.id and m.status != "REMOVED"]
    return [_id("Campaign", number) for number in found] or [None]


KEYS: dict[str, Values] = {
    "STATUS": lambda _, lead: [lead.status],
    "SOURCE": lambda _, lead: [lead.source],
    "TEMPERATURE": lambda _, lead: [lead.lead_temperature],
    "ASSIGNED_TO": lambda _, lead: [_id("User", lead.assigned_to_id)],
    "CAMPAIGN": _campaigns,
    "TAG": lambda _, lead: lead.tags or [None],
    "COMPANY": lambda _, lead: [lead.company],
    **{
        name: lambda _, lead, name=name: [period(name, lead.created_at).isoformat()]
        for name in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
    },
}
GROUPINGS = [
    [],
    *([name] for name in KEYS),
    ["STATUS", "ASSIGNED_TO"],
    ["TAG", "CAMPAIGN", "WEEK"],
    ["MONTH", "STATUS"],
]


def _combined(ground: Ground, lead: Any, names: list[str]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [()]
    for name in names:
        found = [(*one, value) for one in found for value in KEYS[name](ground, lead)]
    return found


def _stays(ground: Ground, leads: list[Any], names: list[str]) -> dict[tuple[Any, ...], float]:
    """The median of the stays in a status, by keys; with STATUS, by the status of the stay."""
    found = defaultdict(list)
    for lead in leads:
        since = lead.created_at
        for change in ground.changes(lead):
            for keys in _combined(ground, lead, names):
                of = tuple(
                    change.metadata["from"] if name == "STATUS" else key for name, key in zip(names, keys, strict=True)
                )
                found[of].append((change.created_at - since).total_seconds())
            since = change.created_at
    return {keys: statistics.median(stays) for keys, stays in found.items()}


def expected(ground: Ground, names: list[str], leads: list[Any]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The figures of every group, by its keys."""
    groups = defaultdict(list)
    for lead in leads:
        for keys in _combined(ground, lead, names):
            groups[keys].append(lead)
    medians = _stays(ground, leads, names)
    figures = {}
    for keys, group in groups.items():
        values = [lead.value for lead in group if lead.value is not None]
        customers = [lead for lead in group if lead.status == "CONVERTED"]
        figures[keys] = {
            "count": len(group),
            "converted": len(customers),
            "conversionRate": len(customers) / len(group),
            "sumValue": sum(values),
            "convertedValue": sum(lead.value or 0 for lead in customers),
            "averageValue": sum(values) / len(values) if values else None,
            "averageScore": sum(lead.score for lead in group) / len(group),
            "medianTimeInStatus": medians.get(keys),
        }
    return figures


async def asked(world: World, arguments: str, role: Role = Role.ADMIN, figures: str = FIGURES) -> list[Any]:
    call = f"({arguments})" if arguments else ""
    return await number(world, f"{{ leadStats{call} {{ {figures} }} }}", role=role)


def by_keys(groups: list[Any]) -> dict[tuple[Any, ...], Any]:
    return {tuple(key["value"] for key in group.pop("keys")): group for group in groups}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SALES_REP])
@pytest.mark.parametrize("names", GROUPINGS, ids=lambda names: "+".join(names) or "all")
async def test_groups_are_those_of_plain_python(ground: Ground, names: list[str], role: Role) -> None:
    groups = await asked(ground.world, f"groupBy: [{' '.join(names)}]", role)
    assert [[key["field"] for key in group["keys"]] for group in groups] == [names] * len(groups)
    assert by_keys(groups) == expected(ground, names, list(ground.seen(role).values()))


async def test_a_filter_decides_which_leads_are_counted(ground: Ground) -> None:
    tree = 'filter: { value: { gte: 33 }, tags: { containsAny: ["vip", "new"] } }'
    found = [lead for lead in ground.seen().values() if (lead.value or 0) >= 33 and {"vip", "new"} & set(lead.tags)]
    assert 3 < len(found) < 30
    assert by_keys(await asked(ground.world, f"{tree}, groupBy: SOURCE")) == expected(ground, ["SOURCE"], found)


async def test_labels_are_names(ground: Ground) -> None:
    owners = {
        one["keys"][0]["value"]: one["keys"][0]["label"] for one in await asked(ground.world, "groupBy: ASSIGNED_TO")
    }
    used = {lead.assigned_to_id for lead in ground.seen().values()} - {None}
    assert owners == {None: None} | {ids.encode("User", number): ground.users[number] for number in used}
    campaigns = {one["keys"][0]["label"] for one in await asked(ground.world, "groupBy: CAMPAIGN")}
    assert campaigns == {"a", "b", "c", None}
    assert {one["keys"][0]["label"] for one in await asked(ground.world, "groupBy: TAG")} == {
        "vip",
        "new",
        "Zoo",
        "",
        None,
    }


async def test_a_user_without_a_name_is_called_by_their_address(world: World) -> None:
    user = await world.user()
    await world.lead(assigned_to_id=user.id)
    (group,) = await asked(world, "groupBy: ASSIGNED_TO")
    assert group["keys"][0]["label"] == user.email


async def test_the_largest_groups_come_first_and_time_before_all(ground: Ground) -> None:
    counts = [group["count"] for group in await asked(ground.world, "groupBy: [SOURCE, STATUS]")]
    assert counts == sorted(counts, reverse=True)
    groups = await asked(ground.world, "groupBy: [STATUS, MONTH]")
    assert [(g["keys"][1]["value"], -g["count"]) for g in groups] == sorted(
        (g["keys"][1]["value"], -g["count"]) for g in groups
    )


async def test_groups_are_sorted_as_asked(ground: Ground) -> None:
    by_value = await asked(ground.world, "groupBy: TAG, orderBy: { field: AVERAGE_VALUE, direction: ASC }")
    values = [group["averageValue"] for group in by_value]
    assert values == sorted(values)
    by_key = await asked(ground.world, "groupBy: TAG, orderBy: { field: KEYS, direction: ASC }")
    assert [group["keys"][0]["value"] for group in by_key] == ["", "Zoo", "new", "vip", None]
    first = await asked(ground.world, "groupBy: TAG, orderBy: { field: KEYS }, first: 2")
    assert [group["keys"][0]["value"] for group in first] == ["vip", "new"]


async def test_what_is_not_asked_for_need_not_be_named_by_the_order(ground: Ground) -> None:
    by_rate = "groupBy: STATUS, orderBy: [{ field: CONVERSION_RATE }, { field: KEYS, direction: ASC }]"
    groups = await asked(ground.world, by_rate, figures="keys { value }")
    present = Counter(lead.status for lead in ground.seen().values())
    assert [group["keys"][0]["value"] for group in groups] == ["CONVERTED", *sorted(set(present) - {"CONVERTED"})]


async def test_without_leads_there_is_no_group(world: World) -> None:
    assert await asked(world, "") == []
    assert await asked(world, "groupBy: STATUS") == []


async def test_another_organizations_leads_are_not_counted(ground: Ground, other_world: World) -> None:
    lead = next(iter(ground.seen().values()))
    tree = f'filter: {{ id: {{ eq: "{ids.encode("Lead", lead.id)}" }} }}'
    assert [group["count"] for group in await asked(ground.world, tree)] == [1]
    assert await asked(other_world, tree) == []
    assert await asked(other_world, "") == []


async def test_several_at_once_are_a_statement_each(ground: Ground) -> None:
    query = "{ a: leadStats { count } b: leadStats(groupBy: STATUS) { count } c: leadStats(first: 1) { count } }"
    answer = await ask(ground.world, query)
    assert len(answer.statements) == 3
    assert answer.data["a"] == answer.data["c"] == [{"count": len(ground.seen())}]
    assert sum(group["count"] for group in answer.data["b"]) == len(ground.seen())


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        ("groupBy: [STATUS, TAG, DAY, SOURCE]", "groupBy: lists 4 keys; at most 3 are allowed", "TOO_LARGE"),
        ("groupBy: [STATUS, TAG, STATUS]", "groupBy.2: is listed twice", "DUPLICATE"),
        ("first: 0", "first: must lie between 1 and 1000", "OUT_OF_RANGE"),
        ("first: 1001", "first: must lie between 1 and 1000", "OUT_OF_RANGE"),
        ('filter: { id: { eq: "x" } }', "filter.id.eq: is not an id of type Lead", "INVALID_VALUE"),
    ],
)
async def test_what_cannot_be_counted_is_refused(ground: Ground, arguments: str, message: str, code: str) -> None:
    answer = await ask(ground.world, f"{{ leadStats({arguments}) {{ count }} }}")
    assert answer.data is None
    (error,) = answer.errors
    assert error["message"] == message
    assert error["path"] == ["leadStats"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert [one["code"] for one in error["extensions"]["fields"]] == [code]
    assert answer.statements == []


async def test_more_groups_than_fit_are_refused_and_not_cut(world: World, owner: Any) -> None:
    await owner.execute(
        "INSERT INTO leads (organization_id, company) SELECT $1, 'c' || n FROM generate_series(1, 1001) n",
        world.organization_id,
    )
    answer = await ask(world, "{ leadStats(groupBy: COMPANY) { count } }")
    (error,) = answer.errors
    assert error["message"] == "These keys make more than 1000 groups; ask for the first of them, or filter."
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": "groups", "allowed": 1000}
    assert len(await asked(world, "groupBy: COMPANY, first: 1000", figures="count")) == 1000
    assert len(await asked(world, 'groupBy: COMPANY, filter: { company: { ne: "c1" } }', figures="count")) == 1000
