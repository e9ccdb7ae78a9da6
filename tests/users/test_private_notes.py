"""A private note exists for its author, those it mentions, and administrators; for others nothing tells of it."""

import pytest
from test_visibility import REP, data, leads_where, set_visibility

from lma_graph.kernel.viewer import Role


@pytest.fixture
async def notes(world) -> dict[str, int]:
    """A lead with three notes of the manager: public, private, private with a mention; and one of the viewer."""
    manager, rep, viewer = (world.users[role] for role in (Role.MANAGER, REP, Role.VIEWER))
    lead = await world.lead(first_name="noted")
    written = {
        "public": await world.note(lead, content="public walrus", user_id=manager),
        "manager": await world.note(lead, content="manager walrus", user_id=manager, is_private=True),
        "mention": await world.note(
            lead, content="mention walrus", user_id=manager, is_private=True, mentioned_users=[rep, 1]
        ),
        "viewer": await world.note(lead, content="viewer walrus", user_id=viewer, is_private=True),
    }
    return {"lead": lead.id, **{name: row.id for name, row in written.items()}}


SEEN = {
    Role.ADMIN: {"public", "manager", "mention", "viewer"},
    Role.MANAGER: {"public", "manager", "mention"},
    REP: {"public", "mention"},
    Role.VIEWER: {"public", "viewer"},
}


@pytest.mark.parametrize("role", Role)
async def test_a_private_note_exists_for_author_mentioned_and_administrators(role, notes, world) -> None:
    seen = SEEN[role]
    lead = world.id("Lead", notes["lead"])
    listed = "totalCount nodes { content lead { notes { totalCount nodes { content } } } }"
    found = (await data(world, f'{{ lead(id: "{lead}") {{ notes {{ {listed} }} }} }}', role=role))["lead"]["notes"]
    assert {note["content"].split()[0] for note in found["nodes"]} == seen
    assert found["totalCount"] == len(seen)
    for note in found["nodes"]:
        again = note["lead"]["notes"]
        assert ({one["content"].split()[0] for one in again["nodes"]}, again["totalCount"]) == (seen, len(seen))
    for name in ("public", "manager", "mention", "viewer"):
        one = world.id("LeadNote", notes[name])
        expected = {"id": one} if name in seen else None
        query = f'{{ leadNote(id: "{one}") {{ id }} node(id: "{one}") {{ id }} nodes(ids: ["{one}"]) {{ id }} }}'
        assert await data(world, query, role=role) == {"leadNote": expected, "node": expected, "nodes": [expected]}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", ["public", "manager", "mention", "viewer"])
async def test_no_question_reveals_a_private_note(name, role, notes, world) -> None:
    seen = name in SEEN[role]
    here = ["noted"] if seen else []
    assert await leads_where(world, f'notes: {{ some: {{ content: {{ startsWith: "{name}" }} }} }}', role) == here
    assert await leads_where(world, f'notes: {{ none: {{ content: {{ startsWith: "{name}" }} }} }}', role) != here
    counted = f'notes: {{ count: {{ eq: 1, where: {{ content: {{ contains: "{name}" }} }} }} }}'
    assert await leads_where(world, counted, role) == here
    one = world.id("LeadNote", notes[name])
    assert await leads_where(world, f'notes: {{ some: {{ id: {{ eq: "{one}" }} }} }}', role) == here
    assert await leads_where(world, f"notes: {{ count: {{ eq: {len(SEEN[role])} }} }}", role) == ["noted"]
    private = len(SEEN[role]) - 1
    assert (
        await leads_where(
            world, f"notes: {{ count: {{ gt: {private}, where: {{ isPrivate: {{ eq: true }} }} }} }}", role
        )
        == []
    )
    found = await data(
        world, f'{{ searchLeads(query: "{name} walrus") {{ totalCount nodes {{ firstName }} }} }}', role=role
    )
    assert found["searchLeads"] == {"totalCount": len(here), "nodes": [{"firstName": "noted"}] if seen else []}


async def test_a_private_note_on_a_lead_of_others_is_not_there_even_for_its_author(world, owner) -> None:
    await set_visibility(world, owner, "OWN")
    lead = await world.lead(assigned_to_id=world.users[Role.ADMIN])
    note = await world.note(lead, content="mine walrus", is_private=True, user_id=world.users[REP])
    one = world.id("LeadNote", note.id)
    query = f'{{ leadNote(id: "{one}") {{ id }} searchLeads(query: "walrus") {{ totalCount }} }}'
    assert await data(world, query, role=REP) == {"leadNote": None, "searchLeads": {"totalCount": 0}}
    assert await data(world, query) == {"leadNote": {"id": one}, "searchLeads": {"totalCount": 1}}
