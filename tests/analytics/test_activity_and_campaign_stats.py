"""`activityStats` and `campaignStats`, compared with plain Python over the same rows."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from numbers_asking import number
from numbers_funnel import COSTS, FUNNEL, RATES, funnel
from numbers_ground import Ground, period

from lma_graph.kernel import ids
from lma_graph.kernel.viewer import Role
from world import World


def _id(name: str, number_: int | None) -> str | None:
    return None if number_ is None else ids.encode(name, number_)


ACTIVITY_KEYS: dict[str, Callable[[Any], Any]] = {
    "ACTIVITY_TYPE": lambda one: one.activity_type,
    "USER": lambda one: _id("User", one.user_id),
    "DIRECTION": lambda one: one.direction,
    "STATUS": lambda one: one.status,
    "CAMPAIGN": lambda one: _id("Campaign", one.campaign_id),
    "DAY": lambda one: period("DAY", one.created_at).isoformat(),
    "MONTH": lambda one: period("MONTH", one.created_at).isoformat(),
}
CAMPAIGN_KEYS: dict[str, Callable[[Any], Any]] = {
    "STATUS": lambda one: one.status,
    "CAMPAIGN_TYPE": lambda one: one.campaign_type,
    "CREATED_BY": lambda one: _id("User", one.created_by),
    "CAMPAIGN": lambda one: _id("Campaign", one.id),
    "WEEK": lambda one: period("WEEK", one.created_at).isoformat(),
}


def _grouped(rows: list[Any], keys: dict[str, Callable[[Any], Any]], names: list[str]) -> dict[Any, list[Any]]:
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(keys[name](row) for name in names)].append(row)
    return groups


def by_keys(groups: list[Any]) -> dict[tuple[Any, ...], Any]:
    return {tuple(key["value"] for key in group.pop("keys")): group for group in groups}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SALES_REP])
@pytest.mark.parametrize(
    "names", [[], *([name] for name in ACTIVITY_KEYS), ["USER", "ACTIVITY_TYPE", "DAY"]], ids="+".join
)
async def test_activities_are_those_of_plain_python(ground: Ground, names: list[str], role: Role) -> None:
    shows = "keys { value } count leads completed scheduled cancelled overdue inbound outbound"
    tree = "filter: { activityType: { notIn: [LEAD_CREATED] } }"
    query = f"{{ activityStats({tree}, groupBy: [{' '.join(names)}]) {{ {shows} }} }}"
    groups = by_keys(await number(ground.world, query, role=role))
    expected = {
        keys: {
            "count": len(found),
            "leads": len({one.lead_id for one in found}),
            **{
                status: sum(one.status == status.upper() for one in found)
                for status in ("completed", "scheduled", "cancelled")
            },
            "overdue": sum(one.status == "SCHEDULED" and one.scheduled_at is not None for one in found),
            "inbound": sum(one.direction == "INBOUND" for one in found),
            "outbound": sum(one.direction == "OUTBOUND" for one in found),
        }
        for keys, found in _grouped(ground.of(ground.activities, role), ACTIVITY_KEYS, names).items()
    }
    assert groups == expected


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SALES_REP])
@pytest.mark.parametrize("names", [[], *([name] for name in CAMPAIGN_KEYS), ["STATUS", "CAMPAIGN"]], ids="+".join)
async def test_campaigns_are_those_of_plain_python(ground: Ground, names: list[str], role: Role) -> None:
    shows = f"keys {{ value }} count budgetAllocated budgetSpent {FUNNEL} {RATES} {COSTS}"
    query = f"{{ campaignStats(groupBy: [{' '.join(names)}]) {{ {shows} }} }}"
    groups = by_keys(await number(ground.world, query, role=role))
    members = ground.of(ground.members, role)
    expected = {}
    for keys, found in _grouped(ground.campaigns, CAMPAIGN_KEYS, names).items():
        spent = sum(one.budget_spent for one in found)
        those = {one.id for one in found}
        expected[keys] = {
            "count": len(found),
            "budgetAllocated": sum(one.budget_allocated or 0 for one in found),
            "budgetSpent": spent,
            **funnel([member for member in members if member.campaign_id in those], spent),
        }
    assert groups == expected


async def test_campaigns_are_filtered_and_sorted(ground: Ground) -> None:
    shows = "keys { label } members"
    tree = 'filter: { name: { in: ["a", "b", "empty"] } }'
    order = "orderBy: [{ field: MEMBERS, direction: ASC }]"
    groups = await number(ground.world, f"{{ campaignStats({tree}, groupBy: CAMPAIGN, {order}) {{ {shows} }} }}")
    assert {group["keys"][0]["label"] for group in groups} == {"a", "b", "empty"}
    sizes = [group["members"] for group in groups]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0


async def test_entries_about_private_notes_are_counted_for_their_readers_only(world: World) -> None:
    lead = await world.lead()
    readers = {"readers": [world.users[Role.MANAGER]]}
    await world.activity(lead, activity_type="NOTE_CHANGE", metadata=readers)
    tree = "filter: { activityType: { eq: NOTE_CHANGE } }"
    counts = {}
    for role in Role:
        groups = await number(world, f"{{ activityStats({tree}) {{ count }} }}", role=role)
        counts[role] = groups[0]["count"] if groups else 0
    assert counts == {Role.ADMIN: 1, Role.MANAGER: 1, Role.SALES_REP: 0, Role.VIEWER: 0}


async def test_private_notes_do_not_tell_by_a_filter(world: World) -> None:
    lead = await world.lead()
    await world.note(lead, content="secret", is_private=True)
    tree = 'filter: { notes: { some: { content: { contains: "secret" } } } }'
    counted = {role: await number(world, f"{{ leadStats({tree}) {{ count }} }}", role=role) for role in Role}
    assert counted == {Role.ADMIN: [{"count": 1}], Role.MANAGER: [], Role.SALES_REP: [], Role.VIEWER: []}


async def test_another_organization_counts_none_of_it(ground: Ground, other_world: World) -> None:
    campaign, user = ground.campaigns[0].id, ground.world.users[Role.ADMIN]
    for node, key, number_ in (("User", "userId", user), ("Campaign", "campaignId", campaign)):
        tree = f'filter: {{ {key}: {{ eq: "{ids.encode(node, number_)}" }} }}'
        assert await number(other_world, f"{{ activityStats({tree}) {{ count }} }}") == []
    tree = f'filter: {{ id: {{ eq: "{ids.encode("Campaign", campaign)}" }} }}'
    assert await number(other_world, f"{{ campaignStats({tree}) {{ count members }} }}") == []
