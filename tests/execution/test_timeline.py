"""`Lead.timeline`: what is in it, in which order, for whom, and pages that stay while rows are inserted."""

import datetime as dt
from typing import Any

from both import PLANNED, Both

from lma_graph.kernel.viewer import Role
from world import World

AT = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
ENTRY = "__typename id occurredAt"
ONE = "query($id: ID!, $kinds: [TimelineKind!], $first: Int, $after: String, $last: Int, $before: String) { "
ONE += "lead(id: $id) { timeline(kinds: $kinds, first: $first, after: $after, last: $last, before: $before) "


def at(minutes: int) -> dt.datetime:
    return AT + dt.timedelta(minutes=minutes)


def z(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def told(world: World, lead: Any) -> list[tuple[str, int]]:
    """One entry of each kind, and two of one moment; (type, id), latest first."""
    campaign, rule = await world.campaign(), await world.rule()
    execution = await world.execution(lead_id=lead.id, created_at=at(5))
    member = await world.member(campaign, lead, added_at=at(4))
    score = await world.score_entry(lead, rule_id=rule.id, created_at=at(3))
    note = await world.note(lead, created_at=at(2))
    call = await world.activity(lead, created_at=at(1))
    entry = await world.activity(lead, activity_type="STATUS_CHANGE", created_at=at(0))
    same = await world.note(lead, created_at=at(0))
    for kind in ("SCORE_CHANGE", "CAMPAIGN_ENROLLED", "CAMPAIGN_RESPONSE", "WORKFLOW_RUN"):
        await world.activity(lead, activity_type=kind, created_at=at(6))
    return [
        ("WorkflowExecution", execution.id),
        ("CampaignLead", member.id),
        ("LeadScoreHistory", score.id),
        ("LeadNote", note.id),
        ("Activity", call.id),
        ("LeadNote", same.id),
        ("Activity", entry.id),
    ]


async def ask(world: World, body: str, *, role: Role = Role.ADMIN, **variables: Any) -> Any:
    answer = await Both(world.database).answer(await world.viewer(role), f"{ONE}{{ {body} }} }} }}", variables)
    assert answer.errors == []
    assert answer.ways == {PLANNED: 1}
    return answer.data["lead"]["timeline"]


async def test_everything_that_happened_is_one_list_in_time(world: World) -> None:
    lead, other = await world.lead(), await world.lead()
    expected = await told(world, lead)
    await told(world, other)
    id_ = world.id("Lead", lead.id)
    shown = await ask(world, f"nodes {{ {ENTRY} }} totalCount pageInfo {{ hasNextPage hasPreviousPage }}", id=id_)
    assert [(node["__typename"], node["id"]) for node in shown["nodes"]] == [
        (name, world.id(name, number)) for name, number in expected
    ]
    assert [node["occurredAt"] for node in shown["nodes"]] == [z(at(minute)) for minute in (5, 4, 3, 2, 1, 0, 0)]
    assert (shown["totalCount"], shown["pageInfo"]) == (7, {"hasNextPage": False, "hasPreviousPage": False})
    body = (
        "nodes { ... on Activity { activityType lead { id } } ... on LeadNote { content user { email } } "
        "... on LeadScoreHistory { newScore rule { name } } ... on CampaignLead { status campaign { name } } "
        "... on WorkflowExecution { run: status } }"
    )
    shown = await ask(world, body, id=id_)
    assert shown["nodes"][4] == {"activityType": "CALL", "lead": {"id": id_}}
    assert shown["nodes"][2]["newScore"] == 10
    assert set(shown["nodes"][1]) == {"status", "campaign"}


async def test_kinds_are_chosen_and_counted(world: World) -> None:
    lead = await world.lead()
    expected = await told(world, lead)
    id_ = world.id("Lead", lead.id)
    types = {"ACTIVITY": "Activity", "NOTE": "LeadNote", "SCORE": "LeadScoreHistory", "CAMPAIGN": "CampaignLead"}
    for kinds in (["ACTIVITY"], ["NOTE", "SCORE"], ["CAMPAIGN", "NOTE", "NOTE"]):
        shown = await ask(world, "nodes { id } totalCount", id=id_, kinds=kinds)
        wanted = [world.id(name, number) for name, number in expected if name in {types[kind] for kind in kinds}]
        assert [node["id"] for node in shown["nodes"]] == wanted
        assert shown["totalCount"] == len(wanted)
    text = f"{ONE}{{ totalCount }} }} }}"
    answer = await Both(world.database).answer(await world.viewer(), text, {"id": id_, "kinds": []})
    assert answer.errors[0]["extensions"]["fields"] == [
        {
            "path": ["kinds"],
            "message": "must name at least one kind; leave it out for all",
            "code": "INVALID_VALUE",
        }
    ]


async def test_pages_neither_repeat_nor_skip_while_rows_are_inserted(world: World) -> None:
    lead = await world.lead()
    expected = [world.id(name, number) for name, number in await told(world, lead)]
    id_, seen, after = world.id("Lead", lead.id), [], None
    for _ in range(10):
        page = await ask(
            world, "edges { cursor node { id } } pageInfo { hasNextPage endCursor }", id=id_, first=1, after=after
        )
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        assert after == page["edges"][-1]["cursor"]
        # What happens meanwhile is later, by its moment or, at one moment, by its id.
        await world.activity(lead, created_at=at(10))
        await world.execution(lead_id=lead.id, created_at=at(5))
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == expected
    back = await ask(world, "nodes { id } pageInfo { hasPreviousPage hasNextPage }", id=id_, last=3, before=after)
    assert [node["id"] for node in back["nodes"]] == expected[-4:-1]
    assert back["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": True}
    last = await ask(world, "nodes { id }", id=id_, last=2)
    assert [node["id"] for node in last["nodes"]] == expected[-2:]


async def test_every_place_is_a_cursor_in_both_directions(world: World) -> None:
    lead = await world.lead()
    expected = [world.id(name, number) for name, number in await told(world, lead)]
    id_ = world.id("Lead", lead.id)
    cursors = [edge["cursor"] for edge in (await ask(world, "edges { cursor }", id=id_))["edges"]]
    for place, cursor in enumerate(cursors):
        behind = await ask(world, "nodes { id }", id=id_, first=20, after=cursor)
        assert [node["id"] for node in behind["nodes"]] == expected[place + 1 :]
        before = await ask(world, "nodes { id }", id=id_, last=20, before=cursor)
        assert [node["id"] for node in before["nodes"]] == expected[:place]


async def test_private_notes_and_their_history_are_not_there_for_others(world: World) -> None:
    lead, rep = await world.lead(), world.users[Role.SALES_REP]
    note = await world.note(lead, user_id=rep, content="a", is_private=True, mentioned_users=[world.users[Role.VIEWER]])
    given = {"id": world.id("LeadNote", note.id), "patch": {"content": "b"}}
    await world.do("updateNote", given, "note { id }", role=Role.SALES_REP)
    for role in Role:
        shown = await ask(world, "nodes { __typename } totalCount", id=world.id("Lead", lead.id), role=role)
        seen = [] if role is Role.MANAGER else ["Activity", "LeadNote"]
        assert ([node["__typename"] for node in shown["nodes"]], shown["totalCount"]) == (seen, len(seen))


async def test_a_lead_that_is_not_seen_has_no_timeline(database, owner) -> None:
    world = await World.create(database, owner, visibility={"salesRep": "OWN"})
    foreign = await world.lead(assigned_to_id=world.users[Role.ADMIN])
    await told(world, foreign)
    query = f"{ONE}{{ totalCount }} }} }}"
    answer = await world.ask(query, {"id": world.id("Lead", foreign.id)}, role=Role.SALES_REP)
    assert (answer.data, answer.errors) == ({"lead": None}, [])


async def test_many_timelines_are_three_statements_beyond_the_page(world: World) -> None:
    for _ in range(12):
        await told(world, await world.lead())
    body = (
        f"nodes {{ {ENTRY} ... on Activity {{ user {{ id }} by: campaign {{ name }} }} "
        "... on LeadNote { author: user { id } mentionedUsers { id } } ... on LeadScoreHistory { rule { name } } "
        "... on CampaignLead { campaign { name } } ... on WorkflowExecution { workflow { name } } } "
        "totalCount pageInfo { hasNextPage }"
    )
    query = f"{{ leads(first: %d) {{ nodes {{ id timeline(first: 5) {{ {body} }} }} }} }}"
    both = Both(world.database)
    for leads in (1, 12):
        answer = await both.answer(await world.viewer(), query % leads)
        assert answer.errors == []
        nodes = answer.data["leads"]["nodes"]
        assert [len(node["timeline"]["nodes"]) for node in nodes] == [5] * leads
        assert {node["timeline"]["totalCount"] for node in nodes} == {7}
        assert len(answer.statements) == 4
    bare = "{ leads { nodes { timeline { totalCount } } } }"
    answer = await both.answer(await world.viewer(), bare)
    assert len(answer.statements) == 2
